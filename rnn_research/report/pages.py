"""Every page by the kind of its directory: made from the files that stand there, without training, a model or data.

Each command that leaves a page calls the very function that stands here, after it has written its files.
"""

from collections.abc import Callable
from pathlib import Path

from rnn_research.errors import UserError
from rnn_research.report import cells, cells_of_runs, run_page, stuck_streams
from rnn_research.report.gradient import study_page as study_page
from rnn_research.report.sweep import sweep_page as analysis_page
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory

PAGES: dict[str, Callable[[RunDirectory], tuple[Path, ...]]] = {
    "run": run_page.write_page,
    "study": study_page.write_page,
    "cells": cells.write_pages,
    "cells_of_runs": cells_of_runs.write_page,
    "analysis": analysis_page.write_page,
    "basins": stuck_streams.write_figure,
}
"""From a directory of a kind of ``owner.KINDS`` to what is written there for a reader."""

WITHOUT = {
    "sweep": "make one with --runs={path}, and then again with --page={path}/analysis",
    "benchmark": "experiments.benchmark writes its tables, benchmark.md, as it measures",
    "model": "nothing is written beside a model; its cells have a page, see experiments.interpretable_cells",
}
"""The kinds that have no page, and what there is instead."""


def write(directory: RunDirectory, flag: str) -> tuple[Path, ...]:
    """Makes the page of a directory again.

    Args:
      directory: what a command has left.
      flag: that named it, with its value.

    Returns:
      The files for a reader.

    Raises:
      UserError: if no command has left it, it has no page, or a file of it is missing or damaged.
    """
    kind = owner.kind_of(directory.path)
    if kind is None:
        raise UserError(f"{flag} is nothing that a command here has left: name a directory with a page")
    if kind not in PAGES:
        instead = WITHOUT[kind].format(path=directory.path)
        raise UserError(f"{flag} holds {owner.KINDS[kind]}, which has no page: {instead}")
    with owner.taken(directory, kind, flag.partition("=")[0]):
        try:
            return PAGES[kind](directory)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # A value in a file is of another shape than the page reads: of these files that is not checked one by one.
            raise UserError(
                f"{flag}: its files are damaged, or of another version ({type(error).__name__}: {str(error)[:160]}): "
                "give the command that made them again"
            ) from error
