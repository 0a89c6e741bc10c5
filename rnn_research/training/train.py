"""One run from a config and a directory: start or resume, train, score, and write the results."""

import contextlib
from functools import partial
from typing import Any

from ml_collections import ConfigDict

from rnn_research.decoding.writing import at_evaluations
from rnn_research.errors import RunFailed, one_of
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory, write_text
from rnn_research.runs.files import there
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training import going_on, loop
from rnn_research.training.build import Built, build
from rnn_research.training.machines import distributed
from rnn_research.training.member import finish, opened
from rnn_research.training.placement import SharedBatch

RESUME = ("auto", "never", "changed")


def train(
    config: ConfigDict, directory: RunDirectory, overrides: dict[str, Any], resume: str = "auto"
) -> dict[str, Any]:
    """Trains a run to its end, from wherever it stands.

    Args:
      config: the whole config.
      directory: its run directory.
      overrides: what the command line changed, for the record.
      resume: auto: go on from the newest checkpoint if the config is the same;
        never: refuse a used directory; changed: go on although the config differs.

    Returns:
      The headline figures, as written to results.json; ``stopped_by_signal``
      instead if a signal stopped the run before its end.

    Raises:
      UserError: for a wrong config or directory.
      RunFailed: if the loss is no longer finite.
    """
    one_of("--resume", resume, RESUME)
    config.lock()
    distributed.check_same("the config", config.to_dict())
    distributed.from_first(lambda: owner.check(directory, "run"))
    older = distributed.from_first(lambda: going_on.older_of_run(config, directory, overrides))
    going_on.keep(config, older, lambda line: print(line, flush=True) if distributed.first() else None)

    def look() -> Vocabulary | None:
        going_on.check_config(config, directory, resume)
        return _stored_vocabulary(directory)

    built = build(config, distributed.from_first(look))
    distributed.check_same("the corpus", built.task.facts.get("corpus_sha256"))
    if distributed.first():
        for note in built.task.facts.get("corpus_notes", ()):
            print(note, flush=True)
    with contextlib.ExitStack() as held:

        def take() -> dict[str, Any] | None:
            if resume != "changed":
                going_on.check_corpus(built.task, directory)
            held.enter_context(owner.taken(directory, "run"))
            return directory.read_results() if directory.done.exists() and resume != "changed" else None

        done = distributed.from_first(take)
        if done is not None:
            return done
        try:
            return _train(config, directory, overrides, built, resume)
        except RunFailed as error:
            if distributed.first():
                write_text(directory.failed, f"{error}\n")
            raise


def _train(
    config: ConfigDict, directory: RunDirectory, overrides: dict[str, Any], built: Built, resume: str
) -> dict[str, Any]:

    def say(line: str) -> None:
        if distributed.first():
            print(line, flush=True)

    with contextlib.ExitStack() as stack:
        member, state = opened(stack, built, config, directory, overrides, say, changed=resume == "changed")
        placement = SharedBatch(built.program, built.task, built.numbers)
        states = placement.place({0: state})
        del state  # its memory
        ends = partial(finish, placement, built.program, built.task)
        shown = at_evaluations(config, built.model, built.task.symbols)
        signal = loop.run(placement, built.task, built.schedule, states, [member], ends, shown=shown)
    if member.failure is not None:
        raise member.failure
    if member.results is None:
        return {"stopped_by_signal": signal, "step": member.step}
    return member.results


def _stored_vocabulary(directory: RunDirectory) -> Vocabulary | None:
    return going_on.read_vocabulary(directory) if there(directory.vocabulary) else None
