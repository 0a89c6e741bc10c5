"""The text that belongs to a trained language model: a split of its corpus, or a file of the user's."""

from ml_collections import ConfigDict

from rnn_research.errors import UserError, at_least, one_of
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks.text import corpus as corpora
from rnn_research.tasks.text import language_modelling as text_task


def own_text(config: ConfigDict, text: str, most: int, most_flag: str) -> corpora.Corpus:
    """A text of the user's (``--text``), read as that of the run; what is left out is printed.

    Raises:
      UserError: if it cannot be read.
    """
    at_least(most_flag, most, 0)
    reading = corpora.reading_of(config.task)._replace(flag="--text", most=most, most_flag=most_flag)
    corpus = corpora.read(text, reading)
    for note in corpus.notes:
        print(note, flush=True)
    return corpus


Documents = list[tuple[str, bytes]]
"""Names and texts."""


def read_text(
    config: ConfigDict,
    directory: RunDirectory,
    text: str | None,
    split: str,
    most: int = corpora.MOST_BYTES,
    most_flag: str = "--most_bytes",
) -> tuple[Documents, str]:
    """The documents, and what they are called.

    Args:
      config: of the run.
      directory: of the run.
      text: a file or folder of the user's (``--text``), or None.
      split: of the run's corpus otherwise (``--split``).
      most: bytes that the user's text may have; 0 for any number.
      most_flag: the flag that raises them.

    Raises:
      UserError: if the file cannot be read, or the corpus of the run is no longer what it was.
    """
    if text:
        corpus = own_text(config, text, most, most_flag)
        return list(zip(corpus.names, corpus.documents, strict=True)), text
    one_of("--split", split, ("train", "validation", "test"))
    corpus = text_task.load(config.task)
    trained_on = directory.read_provenance()["corpus"].get("corpus_sha256", "")
    if corpus.sha256 != trained_on:
        raise UserError(
            f"--split={split}: the corpus has changed since the run was trained "
            f"(sha256 {corpus.sha256[:12]}, then {trained_on[:12]}): take a file with --text=FILE instead"
        )
    parts = text_task.parts_of(corpus, config.task)
    if split not in parts:
        there = "validation" if "validation" in parts else "train"
        raise UserError(
            f"--split={split}: this run held out no {split} split (it has {', '.join(parts)}): "
            f"take --split={there}, or a text of your own with --text=FILE"
        )
    return parts[split], f"{split} split"
