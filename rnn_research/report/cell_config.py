"""What a study of cells was asked, and the network that it read: two parts of a page that open on a click."""

from rnn_research.config.flat import flatten
from rnn_research.report import html
from rnn_research.runs.directory import RunDirectory, read_json


def config_details(out: RunDirectory, run: str) -> list[str]:
    """The study's analysis section, and the config of the run itself where the study has kept it.

    Args:
      out: where the study lies.
      run: what the second part is called.

    Raises:
      UserError: if the config is missing or damaged.
    """
    config = read_json(out.config, {"analysis": dict})
    parts = [html.details("analysis", html.fields(flatten(config["analysis"], "analysis.")))]
    # A study from before the run's config was kept lists defaults there, of a network that it did not read.
    if "run" in config:
        parts.insert(0, html.details(run, html.fields(flatten(config["run"]))))
    return parts
