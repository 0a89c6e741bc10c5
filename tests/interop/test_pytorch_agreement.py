"""PyTorch's own modules as oracle: the same outputs, final states and gradients from the same weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.interop import from_pytorch, read_tensors, to_pytorch, write_tensors
from rnn_research.unroll import unroll_stack
from rnn_research.unroll.stack import initial_carry

torch = pytest.importorskip("torch", reason="PyTorch, the oracle of these tests, is not installed (extra: benchmark)")

T, B, D, H = 3, 2, 3, 4
MODULES = {
    "RNN tanh": (torch.nn.RNN, {"nonlinearity": "tanh"}),
    "RNN relu": (torch.nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (torch.nn.LSTM, {}),
    "GRU": (torch.nn.GRU, {}),
}
SHAPES = [(1, False), (2, True), (3, False)]


def made(kind, layers, bidirectional, dtype, bias=True):
    make, options = MODULES[kind]
    torch.manual_seed(0)
    module = make(D, H, layers, bidirectional=bidirectional, bias=bias, dtype=getattr(torch, dtype), **options)
    return module, options


def arrays(module):
    return {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("layers", "bidirectional"), SHAPES)
@pytest.mark.parametrize("kind", MODULES)
def test_values_and_gradients(kind, layers, bidirectional):
    """In float64 to 1e-10, from states that are not zero; in float32, see below."""
    module, options = made(kind, layers, bidirectional, "float64")
    stack, params = from_pytorch(arrays(module), **options)
    assert (stack.layers, stack.bidirectional) == (layers, bidirectional)
    rng = np.random.default_rng(0)
    x_TBD = rng.normal(size=(T, B, D))
    weight = rng.normal(size=(T, B, stack.output_size))
    start = jax.tree.map(lambda c: rng.normal(size=c.shape), initial_carry(stack, params, (B,), jnp.float64))

    @jax.jit
    def ours(params, start, x_TBD):
        def loss(params, start, x_TBD):
            carry, h = unroll_stack(stack, params, start, x_TBD)
            return jnp.sum(h * weight) + sum(jnp.sum(c**2) for c in jax.tree.leaves(carry)), (carry, h)

        return jax.grad(loss, argnums=(0, 1, 2), has_aux=True)(params, start, x_TBD)

    (of_params, of_start, of_x), (carry, h) = ours(params, start, x_TBD)

    x = torch.tensor(x_TBD, requires_grad=True)
    flat = [carry for layer in start for carry in layer]
    state = [torch.tensor(np.stack(leaves), requires_grad=True) for leaves in zip(*flat, strict=True)]
    out, last = module(x, tuple(state) if len(state) == 2 else state[0])
    last = last if isinstance(last, tuple) else (last,)
    ((out * torch.tensor(weight)).sum() + sum((c**2).sum() for c in last)).backward()

    near = lambda mine, theirs: np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10)  # noqa: E731
    near(h, out.detach().numpy())
    near(of_x, x.grad.numpy())
    directions = stack.directions
    for part in range(len(state)):
        for row in range(layers * directions):
            near(carry[row // directions][row % directions][part], last[part][row].detach().numpy())
            near(of_start[row // directions][row % directions][part], state[part].grad[row].numpy())
    # dL/dbias_ih is dL/db_GH, and the weights' gradients are laid out as the weights are.
    gradients = to_pytorch(stack, of_params)
    for name, parameter in module.named_parameters():
        if not name.startswith("bias_hh"):
            near(gradients[name], parameter.grad.numpy())
        elif kind == "GRU":
            near(gradients[name][2 * H :], parameter.grad.numpy()[2 * H :])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", MODULES)
def test_float32_through_a_file_and_back(kind, bias, tmp_path):
    """A saved module computes the same here, and what comes back computes the same there."""
    from safetensors.torch import load_file, save_file

    module, options = made(kind, 2, True, "float32", bias)
    save_file({f"rnn.{name}": tensor for name, tensor in module.state_dict().items()}, tmp_path / "theirs.safetensors")
    stack, params = from_pytorch(read_tensors(tmp_path / "theirs.safetensors"), prefix="rnn.", **options)
    x_TBD = np.random.default_rng(0).normal(size=(T, B, D)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.tensor(x_TBD))[0].numpy()
    run = jax.jit(lambda p, x: unroll_stack(stack, p, initial_carry(stack, p, (B,)), x)[1])
    np.testing.assert_allclose(run(params, x_TBD), expected, rtol=1e-5, atol=1e-5)

    write_tensors(tmp_path / "ours.safetensors", to_pytorch(stack, params, bias=bias))
    again, _ = made(kind, 2, True, "float32", bias)
    for parameter in again.parameters():
        torch.nn.init.zeros_(parameter)
    again.load_state_dict(load_file(tmp_path / "ours.safetensors"))
    with torch.no_grad():
        back = again(torch.tensor(x_TBD))[0].numpy()
    np.testing.assert_allclose(back, expected, rtol=1e-6, atol=1e-6)
    if not bias:  # nothing was summed on the way
        np.testing.assert_array_equal(back, expected)
