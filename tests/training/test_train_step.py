"""The step of training: in fixed numbers, many in one program, and with its numbers as arguments."""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.training.step import program

WHAT_TO_DO = """
One step of training gives other numbers than it did, so no earlier run can be repeated.
If nothing was meant to change, look at what differs: the loss (model or task), the norms (gradient
or clipping), the parameters alone (optimiser or schedule). If it was, compute the numbers anew
outside this code (they came from PyTorch's autograd and Adam in float64) and put them here.
"""


def filled(tree):
    """Every leaf in fixed numbers: sin(k + 1), sin(k + 2), ... for leaf k."""
    leaves, structure = jax.tree.flatten(tree)
    filled = [jnp.sin(k + 1.0 + jnp.arange(leaf.size)).reshape(leaf.shape) for k, leaf in enumerate(leaves)]
    return jax.tree.unflatten(structure, filled)


def test_one_step_in_fixed_numbers(started):
    """One LSTM of 3 units reads el and ho beside it, and is scored on lh and oe."""
    built, state, data = started(
        **{
            "task.text": "elhhoe",
            "task.validation_fraction": 0.0,
            "task.test_fraction": 0.0,
            "task.batch_size": 2,
            "task.chunk_length": 2,
            "model.cell": "lstm",
            "model.hidden": 3,
            "optimizer.learning_rate": 0.1,
            "optimizer.epsilon": 1e-2,
            "optimizer.schedule.name": "linear",
            "optimizer.clip.limit": 0.1,
            "training.steps": 4,
        }
    )
    state = state.replace(params=filled(state.params), step=jnp.array(1))
    state, metrics = built.program.chunk(state, data, built.numbers, 1)

    def near(mine, expected):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-5, err_msg=WHAT_TO_DO)

    near(metrics["loss"], [1.531111524288741])
    near(metrics["grad_norm"], [0.32018922578307996])
    near(metrics["grad_norm_clipped"], [0.1])
    near(metrics["learning_rate"], [0.075])
    near(state.params.w_HV[0, :3], [-0.715298615, -1.003856668, -0.31789105])
    near(state.params.b_V[:3], [-0.895520708, -0.224042659, 0.59979807])
    ((layer,),) = state.params.stack.cells
    near([jnp.sum(w) for w in layer], [1.227563854, -0.948867937, -0.365040071])
    near([jnp.sum(w**2) for w in layer], [24.229538863, 18.103199328, 5.90760767])
    near(state.carry[0][0].h, [[-0.2883593, 0.243693085, 0.292578859], [0.117713206, 0.024171336, 0.005401983]])
    near(state.carry[0][0].c, [[-0.835638289, 0.639770196, 0.662757584], [0.16338364, 0.086162856, 0.045063112]])
    assert state.step == 2, WHAT_TO_DO


def test_a_chunk_of_n_steps_is_n_single_steps(started):
    """Three passes over the text, with dropout, so that step, carry and key all matter."""
    built, state, data = started(**{"model.dropout": 0.3})
    single = jax.jit(built.program.step)
    alone, losses = state, []
    for _ in range(6):
        alone, metrics = single(alone, data, built.numbers)
        losses.append(metrics["loss"])
    together, metrics = built.program.chunk(state, data, built.numbers, 6)
    np.testing.assert_allclose(metrics["loss"], losses, rtol=1e-6)
    for mine, other in zip(
        jax.tree.leaves((together.params, together.carry)), jax.tree.leaves((alone.params, alone.carry))
    ):
        np.testing.assert_allclose(mine, other, atol=1e-6)
    assert together.step == alone.step == 6
    assert len(set(np.round(losses, 6))) == 6


def test_dropout_is_drawn_anew_at_every_step(started):
    """At a rate of zero and with a zero carry, the same chunk has another loss only because of dropout."""
    fields = {"optimizer.learning_rate": 0.0, "task.carry": "zero", "task.chunk_length": 100}
    for rate, different in ((0.0, 1), (0.5, 3)):
        built, state, data = started(**fields, **{"model.dropout": rate})
        assert built.task.splits["train"].batches == 1
        _, metrics = built.program.chunk(state, data, built.numbers, 3)
        assert len(set(np.asarray(metrics["loss"]).tolist())) == different


def test_another_learning_rate_compiles_nothing_anew(started, tiny):
    """Rate, momentum, clip limit and dropout are arguments: the program is traced once."""
    built, _, data = started(**{"model.dropout": 0.1})
    traced = []

    def counted(*args):
        traced.append(args)
        return built.task.batch(*args)

    config = tiny(**{"model.dropout": 0.1})
    functions = program(config, built.model, built.task._replace(batch=counted), 6)
    ends = []
    for changes in ({}, {"learning_rate": 0.1}, {"momentum": 0.5}, {"clip_limit": 0.01}):
        numbers = built.numbers._replace(optimizer=built.numbers.optimizer._replace(**changes))
        state = built.program.init(numbers)
        ends.append(np.asarray(functions.chunk(state, data, numbers, 2)[0].params.w_HV))
        before = len(traced)
    state = built.program.init(numbers)
    ends.append(np.asarray(functions.chunk(state, data, numbers._replace(dropout=0.6), 2)[0].params.w_HV))
    assert len(traced) == before == 1
    assert len({end.tobytes() for end in ends}) == 5, "each of them changes the result"
