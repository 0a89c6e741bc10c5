"""report.html of a study of the gradient, made from its result files alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnn_research.config.flat import flatten
from rnn_research.report import html
from rnn_research.report.gradient import (
    anatomy_page,
    clipping_page,
    forget_bias_page,
    images_page,
    memory_page,
    radius_page,
)
from rnn_research.runs.directory import RunDirectory, read_json, write_text
from rnn_research.runs.migrations import read_config

BODIES: dict[str, Callable[[RunDirectory, dict[str, Any]], tuple[str, list[str]]]] = {
    "anatomy": anatomy_page.page,
    "trained": anatomy_page.page,
    "radius": radius_page.page,
    "forget_bias": forget_bias_page.page,
    "clipping": clipping_page.page,
    "memory": memory_page.page,
    "images": images_page.page,
}
"""From a study's directory and results to the title and body of its page."""


def write_page(directory: RunDirectory) -> tuple[Path, ...]:
    """Draws the figures and writes the page.

    Returns:
      The page.

    Raises:
      UserError: if a file that it is made from is missing or damaged.
    """
    results, config = read_json(directory.results, dict), read_config(directory)
    provenance = directory.read_provenance()
    title, body = BODIES[config["analysis"]["study"]](directory, results)
    body += [
        "<h2>Where this comes from</h2>",
        html.details("config", html.fields(flatten(config))),
        html.details("provenance: code, versions, machine", html.fields(flatten(provenance))),
    ]
    head = [f"<h1>{html.escape(title)}</h1>", f"<p class='quiet'>{html.escape(provenance['command'])}</p>"]
    write_text(directory.report, html.page(title, head + body))
    return (directory.report,)
