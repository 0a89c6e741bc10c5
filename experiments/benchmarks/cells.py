"""Recurrent layers alone: forward, and forward + backward, ours beside other libraries'.

Inputs are as wide as the layers (D = H). The backward pass gives the gradient
of all weights and of the inputs from a dense gradient of the outputs.
"""

from typing import Any

import jax

from experiments.benchmarks import peers, pytorch
from experiments.benchmarks.case import GATES, Case, Shape
from experiments.benchmarks.comparison import PYTORCH, Run, case_of, left_out, pass_of, results_of, sentence
from experiments.benchmarks.floor import Machine, machine
from experiments.benchmarks.peers import BOTH, FORWARD, candidates
from experiments.benchmarks.suite import Options, Say

SHAPES = (Shape(32, 100, 128), Shape(64, 100, 256), Shape(100, 100, 512), Shape(1, 1000, 128), Shape(16, 1024, 768))
CASES = (
    *(Case(cell, shape) for shape in SHAPES for cell in ("lstm", "gru")),
    *(Case("lstm", Shape(32, 100, 128, layers)) for layers in (2, 3)),
    *(Case("elman", shape) for shape in SHAPES[:2]),
)
ON_A_GPU = tuple(Case(cell, Shape(32, 1000, 64)) for cell in ("lstm", "gru", "elman"))
"""More cases where there is one: small enough for a persistent kernel in float32."""
SECONDS = 3.0  # for the rounds of one pass of one case


def measure(options: Options, say: Say) -> dict[str, Any]:
    """Every case in turn; within a case, everyone in every round."""
    here = machine(options.dtype, options.rounds)
    say(str(here))
    for who, reason in left_out().items():
        say(f"{who} is left out: {reason}")
    cases = cases_of(options)
    found = {}
    for number, case in enumerate(cases, start=1):
        found[str(case)] = one(case, here, options.rounds)
        say(f"{number}/{len(cases)}  {case}  {sentence(found[str(case)]['passes'][BOTH])}")
    return results_of(here, found)


def cases_of(options: Options) -> list[Case]:
    """Those of the shapes given, with all cells or those given; else those of ``CASES`` that have a cell given."""
    cells = options.cells or tuple(GATES)
    own = CASES if jax.default_backend() == "cpu" else (*CASES, *ON_A_GPU)
    given = [Case(cell, shape) for shape in options.shapes or () for cell in cells]
    return [case._replace(dtype=options.dtype) for case in given or own if case.cell in cells]


def one(case: Case, here: Machine, rounds: int) -> dict[str, Any]:
    """Both passes of one case."""
    everyone = passes_of_everyone(case)
    forward = case.forward()
    work = {FORWARD: forward, BOTH: forward.with_backward()}
    found = {
        name: pass_of({who: passes[name] for who, passes in everyone.items()}, work[name], here, rounds, SECONDS)
        for name in work
    }
    return case_of(case, found)


def passes_of_everyone(case: Case) -> dict[str, dict[str, Run]]:
    """Both passes of everyone who is here and has the cell."""
    absent = left_out()
    there = {
        who: peer
        for who, peer in candidates().items()
        if who not in absent and case.cell in peer.cells and peer.fits(case)
    }
    everyone = {who: peers.passes(peer.build(case), case) for who, peer in there.items()}
    return everyone if PYTORCH in absent else {**everyone, PYTORCH: pytorch.passes(case)}
