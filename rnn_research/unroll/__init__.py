"""A cell over time: one layer (``unroll``, ``trace``), many (``Stack``, ``unroll_stack``), all of time at once."""

from rnn_research.unroll.form import Edit, Form, Walk
from rnn_research.unroll.forms import FORMS, REMATS, unroll
from rnn_research.unroll.newton import Convergence
from rnn_research.unroll.parallel import Solver, unroll_parallel, unroll_parallel_reported
from rnn_research.unroll.scan import trace
from rnn_research.unroll.stack import Stack, StackEdit, StackParams, passed_on, unroll_stack

__all__ = [
    "FORMS",
    "REMATS",
    "Convergence",
    "Edit",
    "Form",
    "Solver",
    "Stack",
    "StackEdit",
    "StackParams",
    "Walk",
    "passed_on",
    "trace",
    "unroll",
    "unroll_parallel",
    "unroll_parallel_reported",
    "unroll_stack",
]
