"""Studies: from a config to results; ``STUDIES`` maps each name to what makes it, its fields and its checks."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from rnn_research.config import Field, Section, declared
from rnn_research.errors import one_of
from rnn_research.studies import anatomy, checks, clipping, fields, forget_bias, images, memory, radius, trained_run
from rnn_research.studies.learning import Parts
from rnn_research.studies.study import Keep, Say
from rnn_research.training import typed


class StudyKind(NamedTuple):
    """A study as it is registered.

    Attributes:
      run: ``(config, say, keep, runs) -> results``; of every part, ``runs`` gives the runs that it rests on.
      fields: of ``config.analysis``, but for its name.
      check: refuses what its fields cannot be together.
      begin: ``(config, say, keep)``: what is measured, and may be refused, before anything is trained.
      parts: ``config -> {part: {run: overrides}}``: the runs of a sweep that it is a measurement of.
    """

    run: Callable[..., dict[str, Any]]
    fields: Section
    check: Callable[[ConfigDict], None]
    begin: Callable[[ConfigDict, Say, Keep], None] = lambda config, say, keep: None
    parts: Callable[[ConfigDict], Parts] = lambda config: {}


STUDIES: dict[str, StudyKind] = {
    "anatomy": StudyKind(anatomy.run, anatomy.FIELDS, checks.anatomy, anatomy.begin, anatomy.parts),
    "trained": StudyKind(trained_run.run, trained_run.FIELDS, checks.trained),
    "radius": StudyKind(radius.run, radius.FIELDS, checks.radius),
    "forget_bias": StudyKind(forget_bias.run, forget_bias.FIELDS, checks.forget_bias),
    "clipping": StudyKind(clipping.run, clipping.FIELDS, checks.clipping, parts=clipping.parts),
    "memory": StudyKind(memory.run, memory.FIELDS, checks.memory_of, parts=memory.parts),
    "images": StudyKind(images.run, images.FIELDS, checks.images, parts=images.parts),
}


def check(config: ConfigDict) -> StudyKind:
    """The study of a config, which is refused if it cannot be made.

    Raises:
      UserError: naming a field, its value and what would be right.
    """
    kind = STUDIES[one_of("analysis.study", config.analysis.study, STUDIES)]
    typed.check(config)
    fields.checked(config.analysis.study, kind.fields, config.analysis)
    kind.check(config)
    return kind


def fields_of_config(config: ConfigDict) -> Mapping[str, Field]:
    """The fields that a config has of its study."""
    name = config.analysis.get("study", "")
    known: dict[str, Field | Section] = {"study": Field("anatomy", "which study", choices=STUDIES)}
    return declared({**known, **(STUDIES[name].fields if name in STUDIES else {})}, "analysis.")


__all__ = ["STUDIES", "StudyKind", "check", "fields_of_config"]
