"""Where the config of a study begins: all fields of the task that it is about, and its own."""

from ml_collections import ConfigDict

from rnn_research.config import values
from rnn_research.errors import one_of
from rnn_research.studies import STUDIES
from rnn_research.studies.cells import bounds
from rnn_research.training import defaults


def study_defaults(study: str, task: str) -> ConfigDict:
    """The config of a study.

    Args:
      study: a key of ``STUDIES``.
      task: a key of ``TASKS``.

    Raises:
      UserError: for an unknown name.
    """
    one_of("analysis.study", study, STUDIES)
    config = defaults.defaults(task)
    config.analysis.study = study
    config.analysis.update(values(STUDIES[study].fields))
    return config


def cell_study_defaults() -> ConfigDict:
    """The config of a cell study."""
    config = defaults.defaults()
    config.analysis.update(values(bounds.FIELDS))
    return config
