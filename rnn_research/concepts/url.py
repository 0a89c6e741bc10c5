"""Web addresses in a text of any kind."""

import re

from rnn_research.concepts.concept import Concept, binary
from rnn_research.concepts.spans import covered, matches

# A mark at the end of a sentence is no part of it.
_URL = re.compile(r"\b(?:(?:https?|ftp)://|mailto:|www\.)[^\s<>\"'`{}|\\^\[\]()]*[^\s<>\"'`{}|\\^\[\]().,;:!?]")


def url(text: str) -> list[Concept]:
    """Where addresses stand."""
    in_url_N = covered(len(text), matches(_URL, text))
    return [binary("url", in_url_N, "Every character of an address with http, https, ftp, mailto or www.")]
