"""Penalties in the training loss: the gradient is the sum of both, the loss that is shown is the task's own."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rnn_research.analysis.jacobians import jacobians
from rnn_research.analysis.lyapunov import lyapunov
from rnn_research.analysis.regularizers import pascanu_omega
from rnn_research.cells import CELLS
from rnn_research.errors import UserError
from rnn_research.tasks.batches import Labelled, Padded
from rnn_research.training.added import regularizer
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.training.machines import devices
from rnn_research.training.step import program
from rnn_research.unroll import unroll

# With these a step subtracts the whole gradient from the parameters.
DESCENT = {"optimizer.name": "sgd", "optimizer.momentum": 0.0, "optimizer.learning_rate": 1.0}
DESCENT |= {"optimizer.clip.name": "none", "training.dtype": "float64"}


def with_(name, weight=0.7, **numbers):
    fields = {"name": name, "weight": weight, **numbers}
    return {f"training.regularizer.{field}": value for field, value in fields.items()}


def one_step(started, **fields):
    """Parameters before, the step's whole gradient, metrics, and the batch."""
    built, state, data = started(**DESCENT, **fields)
    batch = built.task.batch(data, state.key, state.step)
    before = jax.tree.map(jnp.copy, state.params)
    state, metrics = built.program.chunk(state, data, built.numbers, 1)
    whole = jax.tree.map(jnp.subtract, before, state.params)
    return built, before, whole, {name: float(value[0]) for name, value in metrics.items()}, batch


def task_loss(built, batch):
    """The mean negative log-likelihood of the targets; every chunk here has all of them."""

    def loss(params):
        outputs, _ = built.model.predict(params, batch, built.model.carry(params, 4))
        chosen = jnp.take_along_axis(jax.nn.log_softmax(outputs), batch.targets[..., None], -1)
        return -jnp.mean(chosen)

    return loss


def near(mine, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12), mine, expected)


def test_omega_of_a_vanilla_network_by_hand(started):
    """Value and gradient by equations 9 and 10, with numpy alone: h_t = tanh(W^T h_{t-1} + ...), E = mean NLL."""
    built, params, whole, metrics, batch = one_step(started, **with_("omega"))
    (((cell,),), w_HV) = params.stack.cells, params.w_HV
    w_x, w, b = np.asarray(cell.w_x_GDH[0]), np.asarray(cell.w_h_GHH[0]), np.asarray(cell.b_GH[0])
    inputs, targets = np.asarray(batch.inputs).T, np.asarray(batch.targets).T
    T, B = inputs.shape
    h = np.zeros((T + 1, B, 5))
    for t in range(T):
        h[t + 1] = np.tanh(w_x[inputs[t]] + h[t] @ w + b)
    scores = np.exp(h[1:] @ w_HV + params.b_V)
    d_y = (scores / scores.sum(-1, keepdims=True) - np.eye(w_HV.shape[1])[targets]) / (T * B)
    d_h = d_y @ w_HV.T
    omega, d_w = 0.0, np.zeros_like(w)
    for e in range(B):
        delta = np.zeros(5)
        for k in reversed(range(1, T)):
            delta = delta + d_h[k, e]
            a = (1 - h[k + 1, e] ** 2) * delta
            pulled = w @ a
            size, length = np.linalg.norm(pulled), np.linalg.norm(delta)
            omega += (size / length - 1) ** 2 / B
            d_w += 2 * (size / length - 1) * np.outer(pulled, a) / (size * length) / B
            delta = pulled
    of_task = jax.grad(task_loss(built, batch))(params)
    assert metrics["regularizer"] == pytest.approx(omega, rel=1e-10)
    ((mine,),), ((task,),) = whole.stack.cells, of_task.stack.cells
    np.testing.assert_allclose(mine.w_h_GHH[0], task.w_h_GHH[0] + 0.7 * d_w, rtol=1e-9, atol=1e-12)
    near((mine.w_x_GDH, mine.b_GH, whole.w_HV), (task.w_x_GDH, task.b_GH, of_task.w_HV))
    assert metrics["loss"] == pytest.approx(float(task_loss(built, batch)(params)), rel=1e-10)
    assert metrics["grad_norm"] == pytest.approx(float(optax.tree.norm(whole)), rel=1e-9), "of the whole gradient"


@pytest.mark.parametrize("residual", [False, True])
def test_omega_of_two_layers(started, residual):
    """Each by itself: what reaches the lower one's output comes through the upper one, also through its time.

    With a residual connection the readout sees the sum of both layers' outputs.
    """
    fields = {"model.layers": 2, "model.cell": "gru", "model.residual": residual}
    built, params, whole, metrics, batch = one_step(started, **with_("omega"), **fields)
    gru = CELLS["gru"]
    zero = gru.initial_carry((4, 5), jnp.float64)
    x_TBD = jax.nn.one_hot(batch.inputs.T, built.task.interface.inputs, dtype=jnp.float64)
    (lower,), (upper,) = params.stack.cells
    _, low_TBH = unroll(gru, lower, zero, x_TBD)
    _, top_TBH = unroll(gru, upper, zero, low_TBH)

    def nats(low_TBH, top_TBH):
        read_TBH = low_TBH + top_TBH if residual else top_TBH
        scores = jax.nn.log_softmax(read_TBH @ params.w_HV + params.b_V)
        return -jnp.mean(jnp.take_along_axis(scores, batch.targets.T[..., None], -1))

    d_low = jax.grad(lambda h: nats(h, unroll(gru, upper, zero, h)[1]))(low_TBH)
    d_top = jax.grad(nats, 1)(low_TBH, top_TBH)

    def omega(lower, upper):
        of_lower = pascanu_omega(gru, lower, zero, x_TBD, d_low)
        of_upper = pascanu_omega(gru, upper, zero, low_TBH, d_top)
        return jnp.mean(of_lower) + jnp.mean(of_upper)

    value, of_omega = jax.jit(jax.value_and_grad(omega, (0, 1)))(lower, upper)
    assert metrics["regularizer"] == pytest.approx(float(value), rel=1e-10)
    of_task = jax.grad(task_loss(built, batch))(params)
    for layer in (0, 1):
        mine, task, extra = whole.stack.cells[layer][0], of_task.stack.cells[layer][0], of_omega[layer]
        near(mine, jax.tree.map(lambda a, b: a + 0.7 * b, task, extra))
    near(whole.w_HV, of_task.w_HV)


@pytest.mark.parametrize("top", [1, 2])
def test_flossing_by_its_definition(started, top):
    """Squared exponents from the whole Jacobians, over two of the four sequences, in both layers."""
    fields = with_("flossing", top=top, burn_in=2, sequences=2)
    built, params, whole, metrics, batch = one_step(started, **fields, **{"model.layers": 2, "task.chunk_length": 8})
    elman = CELLS["elman"]

    def penalty(params):
        x = jax.nn.one_hot(batch.inputs[:2].T, built.task.interface.inputs, dtype=jnp.float64)
        total = 0.0
        for (cell,) in params.stack.cells:
            zero = elman.initial_carry((2, 5), jnp.float64)
            j = jacobians(elman, cell, zero, x)
            if top == 1:
                q = [jnp.broadcast_to(np.random.default_rng(0).normal(size=5), (2, 5))]
                for step in j:
                    q.append(jnp.einsum("bij,bj->bi", step, q[-1]))
                growth = jnp.log(jnp.linalg.norm(q[-1], axis=-1) / jnp.linalg.norm(q[2], axis=-1)) / (len(j) - 2)
                total += jnp.mean(growth**2)
            else:
                total += jnp.mean(jnp.sum(lyapunov(j, top, burn_in=2).exponents ** 2, -1))
            _, x = unroll(elman, cell, zero, x)
        return total

    value, of_penalty = jax.jit(jax.value_and_grad(penalty))(params)
    assert metrics["regularizer"] == pytest.approx(float(value), rel=1e-8)
    of_task = jax.grad(task_loss(built, batch))(params)
    sums = jax.tree.map(lambda a, b: a + 0.7 * b, of_task, of_penalty)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10), whole, sums)


def test_in_parts_it_is_the_same(started):
    """Omega is a mean over sequences, so that parts of equal size average to the whole."""
    _, _, one, metrics_of_one, _ = one_step(started, **with_("omega"))
    _, _, two, metrics_of_two, _ = one_step(started, **with_("omega"), **{"training.accumulate": 2})
    near(two, one)
    assert metrics_of_two == pytest.approx(metrics_of_one, rel=1e-9)


def test_padding_does_not_matter_to_omega():
    """A sequence shorter than its batch has the penalty that it has alone."""
    config = defaults("adding")
    config.task.update({"form": "1997", "length": 20, "batch_size": 2, "evaluation_sequences": 2})
    config.model.update({"cell": "elman", "hidden": 5})
    config.evaluation.batch_size = 2
    config.training.regularizer.name = "omega"
    built = build(config)
    penalty = regularizer.penalty(config, built.model, built.task)
    params = built.program.init(built.numbers).params
    batch = built.task.batch(built.task.splits["train"].data, jax.random.key(3), jnp.int32(0))
    lengths = [int(n) for n in batch.x.lengths_B]
    assert len(set(lengths)) == 2
    run = jax.jit(penalty)
    values = batch.x.values
    alone = [
        run(params, Labelled(Padded(values[b : b + 1, :n]), batch.label_B[b : b + 1]), ())
        for b, n in enumerate(lengths)
    ]
    beyond_BT = np.arange(values.shape[1]) >= np.asarray(lengths)[:, None]
    padded = batch.x._replace(values=jnp.where(beyond_BT[..., None], jnp.nan, values))
    together = run(params, batch._replace(x=padded), ())
    assert float(together) == pytest.approx(np.mean(alone), rel=1e-4)


def test_another_weight_compiles_nothing_anew(started, tiny):
    built, _, data = started(**with_("omega"))
    traced = []

    def counted(*args):
        traced.append(args)
        return built.task.batch(*args)

    config = tiny(**with_("omega"))
    functions = program(config, built.model, built.task._replace(batch=counted), 6)
    ends = []
    for weight in (0.0, 0.7, 3.0):
        state = built.program.init(built.numbers)
        state, metrics = functions.chunk(state, data, built.numbers._replace(regularizer_weight=weight), 2)
        ends.append(np.asarray(state.params.stack.cells[0][0].w_h_GHH))
    assert len(traced) == 1
    assert len({end.tobytes() for end in ends}) == 3
    plain, state, data = started()
    state, metrics = plain.program.chunk(state, data, plain.numbers, 2)
    np.testing.assert_allclose(state.params.stack.cells[0][0].w_h_GHH, ends[0], rtol=1e-5)
    assert "regularizer" not in metrics
    assert plain.numbers.regularizer_weight is None, "nothing is handed to a program that has no penalty"


def test_flossing_brings_the_top_exponent_to_zero_and_the_task_alone_does_not(started):
    tops = {}
    for name in ("none", "flossing"):
        fields = {"task.chunk_length": 20, "model.hidden": 8, "optimizer.learning_rate": 0.02, "training.steps": 60}
        built, state, data = started(**fields, **with_(name, weight=100.0, burn_in=4))
        tops[name] = [float(built.program.measure(state, data).top_LB.mean())]
        state, _ = built.program.chunk(state, data, built.numbers, 60)
        tops[name].append(float(built.program.measure(state, data).top_LB.mean()))
    assert tops["none"][0] == tops["flossing"][0] < -0.2
    assert abs(tops["flossing"][1]) < 0.2 * abs(tops["flossing"][0])
    assert abs(tops["none"][1]) > 2 * abs(tops["flossing"][1])


def test_several_cpu_devices_cannot_factorise_together(tiny, monkeypatch):
    monkeypatch.setattr(devices, "host_must_wait", lambda: True)
    build(tiny(**with_("flossing")))
    with pytest.raises(UserError, match=r"training.regularizer.top=2 needs one device"):
        build(tiny(**with_("flossing", top=2)))
