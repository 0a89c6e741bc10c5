"""Whole steps of training a character model: one-hot symbols, layers, scores, clipping by norm, Adam.

Ours are the steps of ``experiments.train``, several of them in one compiled
call; the others call their compiled step as often.
"""

import string
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from ml_collections import ConfigDict

from experiments.benchmarks import pytorch
from experiments.benchmarks.case import Case, Shape, Work
from experiments.benchmarks.comparison import PYTORCH, Run, case_of, left_out, pass_of, results_of, sentence
from experiments.benchmarks.floor import machine
from experiments.benchmarks.peers import FORMS, Core, candidates
from experiments.benchmarks.suite import Options, Say
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.types import Array

V = len(string.printable)
SHAPES = (Shape(32, 100, 128), Shape(64, 100, 256), Shape(32, 100, 128, 3))
STEPS = 4  # of one call
SECONDS = 8.0
STEP = "a training step"


def measure(options: Options, say: Say) -> dict[str, Any]:
    """Every case in turn; within a case, everyone in every round."""
    here = machine(rounds=options.rounds)
    cases = [Case(cell, shape, features=V) for shape in options.shapes or SHAPES for cell in options.cells or ("lstm",)]
    found = {}
    for number, case in enumerate(cases, start=1):
        steps = pass_of(everyone(case), work_of(case), here, options.rounds, SECONDS, STEPS)
        found[str(case)] = case_of(case, {STEP: steps})
        say(f"{number}/{len(cases)}  {case}  {sentence(steps)}")
    return results_of(here, found)


def everyone(case: Case) -> dict[str, Run]:
    """``STEPS`` steps of everyone who is here and has the cell."""
    symbols_TB = np.random.default_rng(0).integers(0, V, (case.shape.T + 1, case.shape.B))
    absent = left_out()
    found = {f"ours, {form}": ours(form, case) for form in FORMS}
    for who, peer in candidates().items():
        if who not in (*absent, *found) and case.cell in peer.cells and peer.fits(case):
            found[who] = steps_of(peer.build(case), case, jnp.asarray(symbols_TB))
    return found if PYTORCH in absent else {**found, PYTORCH: pytorch.train_steps(case, symbols_TB, STEPS)}


def work_of(case: Case) -> Work:
    """Of one step; reading a one-hot symbol takes no product, scoring takes one."""
    B, T, H, _ = case.shape
    layers = case._replace(features=0).forward()
    return layers._replace(operations=layers.operations + 2 * B * T * H * V).with_backward()


def config_of(case: Case, form: str = list(FORMS)[-1]) -> ConfigDict:
    """Of a run of ours on random symbols."""
    B, T, H, L = case.shape
    config = defaults()
    # All symbols once, so that there are V of them, then any.
    config.task.text = string.printable + "".join(np.random.default_rng(0).choice(list(string.printable), B * 4 * T))
    config.task.validation_fraction = config.task.test_fraction = 0.0
    config.task.batch_size, config.task.chunk_length, config.task.carry = B, T, "zero"
    config.model.update(cell=case.cell, hidden=H, layers=L, unroll=form)
    config.optimizer.learning_rate, config.optimizer.clip.limit = pytorch.RATE, pytorch.CLIP
    return config


def ours(form: str, case: Case) -> Run:
    """Steps of the training program in one compiled call."""
    config = config_of(case, form)
    built = build(config)
    data = jax.device_put(built.task.splits["train"].data)
    state = built.program.init(built.numbers)

    def run() -> Any:
        nonlocal state
        state, metrics = built.program.chunk(state, data, built.numbers, STEPS)
        return jax.block_until_ready(metrics)

    return run


def steps_of(core: Core, case: Case, symbols_TB: Array) -> Run:
    """Steps of the same model around another library's layers."""
    chain = optax.chain(optax.clip_by_global_norm(pytorch.CLIP), optax.adam(pytorch.RATE))
    w_HV = jax.nn.initializers.glorot_normal()(jax.random.key(1), (case.shape.H, V))
    params = (core.params, w_HV, jnp.zeros(V))
    state = (params, chain.init(params))

    def loss_of(params: Any) -> Array:
        layers, w_HV, b_V = params
        logits_TBV = core.apply(layers, jax.nn.one_hot(symbols_TB[:-1], V)) @ w_HV + b_V
        return optax.softmax_cross_entropy_with_integer_labels(logits_TBV, symbols_TB[1:]).mean()

    def step(state: Any) -> Any:
        params, chain_state = state
        loss, gradient = jax.value_and_grad(loss_of)(params)
        updates, chain_state = chain.update(gradient, chain_state, params)
        return (optax.apply_updates(params, updates), chain_state), loss

    compiled: Callable[..., Any] = jax.jit(step, donate_argnums=0)

    def run() -> Any:
        nonlocal state
        for _ in range(STEPS):
            state, loss = compiled(state)
        return jax.block_until_ready(loss)

    return run
