"""A cell over time: one layer (``unroll``, ``trace``) and many (``Stack``, ``unroll_stack``)."""

from rnn_research.unroll.scan import Edit, trace, unroll
from rnn_research.unroll.stack import Stack, StackEdit, StackParams, unroll_stack

__all__ = ["Edit", "Stack", "StackEdit", "StackParams", "trace", "unroll", "unroll_stack"]
