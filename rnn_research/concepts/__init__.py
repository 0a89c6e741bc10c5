"""Concepts: exact labels for every position of a text, to ask which hidden units follow them.

A label says what holds after its character has been read, since that is when a model
that reads character by character must know it: an opening quote is inside the string
that it opens, a closing one is outside again. Where a character alone cannot tell, as
in the first letters of a keyword, the label is what the whole token turns out to be.

====== ======================================
letter axis
====== ======================================
N      positions of a text
L      its lines
====== ======================================
"""

from rnn_research.concepts.concept import Concept, decode, over_bytes
from rnn_research.concepts.custom import by_pattern, from_file
from rnn_research.concepts.documents import labels_of_documents, parted
from rnn_research.concepts.kinds import Choice, choose
from rnn_research.concepts.labelling import CONCEPTS, GROUPS, labels, labels_of_bytes
from rnn_research.concepts.show import show_labels

__all__ = [
    "CONCEPTS",
    "GROUPS",
    "Choice",
    "Concept",
    "by_pattern",
    "choose",
    "decode",
    "from_file",
    "labels",
    "labels_of_bytes",
    "labels_of_documents",
    "over_bytes",
    "parted",
    "show_labels",
]
