"""Interventions against loops in numpy that do by hand what the edit is said to do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.clamps import clamps_of
from rnn_research.analysis.interventions import Intervention, edit_of
from rnn_research.analysis.units.unit import Unit
from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.errors import UserError
from rnn_research.unroll import Stack, unroll_stack
from tests.analysis.build import layers, near

L, H, T, B, D = 2, 4, 5, 3, 2


@pytest.fixture(scope="module")
def lstm():
    start = CellInit(normal(1.0), normal(1.0), normal(0.5))
    return layers(CELLS["lstm"], D, H, T, B, L, dtype=jnp.float32, start=start)


def by_hand(params, carry, x_TBD, change):
    """Outputs and last carries of a stack of LSTMs; ``change(layer, h, c)`` after each step."""
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    read = np.asarray(x_TBD, np.float64)
    ends = []
    for layer, (p,) in enumerate(params.cells):
        w_x, w_h, b = (np.asarray(a, np.float64) for a in p)
        h, c = (np.asarray(a, np.float64) for a in carry[layer][0])
        outputs = []
        for x in read:
            a_i, a_f, a_o, a_g = (x @ w_x[k] + h @ w_h[k] + b[k] for k in range(4))
            c = sigma(a_f) * c + sigma(a_i) * np.tanh(a_g)
            h = sigma(a_o) * np.tanh(c)
            h, c = change(layer, h.copy(), c.copy())
            outputs.append(h)
        read = np.array(outputs)
        ends.append((h, c))
    return read, ends


def change_of(layer, quantity, index, kind, value):
    def change(here, h, c):
        if here == layer:
            a = h if quantity == "h" else c
            a[:, index] = {"clamp": value, "zero": 0.0, "mean": value, "shift": a[:, index] + value}[kind]
        return h, c

    return change


@pytest.mark.parametrize(
    ("layer", "quantity", "index", "kind"),
    [(0, "h", 1, "clamp"), (0, "c", 0, "zero"), (1, "h", 3, "mean"), (1, "c", 2, "shift"), (1, "c", 1, "clamp")],
)
def test_against_a_loop_by_hand(lstm, layer, quantity, index, kind):
    shape, params, carry, x_TBD = lstm
    edit = edit_of(Intervention(layer, quantity, index, kind, -0.7))
    ends, h_TBH = unroll_stack(shape, params, carry, x_TBD, edit=edit)
    expected, last = by_hand(params, carry, x_TBD, change_of(layer, quantity, index, kind, -0.7))
    np.testing.assert_allclose(h_TBH, expected, rtol=1e-4, atol=1e-5)
    for (mine,), (h, c) in zip(ends, last, strict=True):
        np.testing.assert_allclose(mine.h, h, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(mine.c, c, rtol=1e-4, atol=1e-5)


def test_an_edit_of_c_shows_one_step_later(lstm):
    shape, params, carry, x_TBD = lstm
    plain = unroll_stack(shape, params, carry, x_TBD)[1]
    held = unroll_stack(shape, params, carry, x_TBD, edit=edit_of(Intervention(1, "c", 2, "clamp", 3.0)))[1]
    np.testing.assert_array_equal(held[0], plain[0])
    assert np.all(held[1, :, 2] != plain[1, :, 2])


def test_no_intervention_is_the_plain_network_bit_for_bit(lstm):
    shape, params, carry, x_TBD = lstm
    plain = unroll_stack(shape, params, carry, x_TBD)
    jax.tree.map(np.testing.assert_array_equal, unroll_stack(shape, params, carry, x_TBD, edit=edit_of()), plain)
    # A unit that is not there is another program, and rounds as it pleases.
    nobody = edit_of(Intervention(0, "h", jnp.array(-1), "clamp", 5.0))
    near(unroll_stack(shape, params, carry, x_TBD, edit=nobody), plain, rtol=1e-5, atol=1e-6)


def test_several_at_once_in_order(lstm):
    shape, params, carry, x_TBD = lstm
    both = (Intervention(1, "h", 0, "clamp", 0.5), Intervention(1, "h", 0, "shift", 0.25))
    h_TBH = unroll_stack(shape, params, carry, x_TBD, edit=edit_of(*both))[1]
    assert np.all(h_TBH[..., 0] == 0.75)


def test_many_units_are_one_program(lstm):
    shape, params, carry, x_TBD = lstm

    def under(index, value):
        edit = edit_of(Intervention(0, "c", index, "clamp", value))
        return unroll_stack(shape, params, carry, x_TBD, edit=edit)[1]

    for over in (jax.vmap(under), lambda i, v: jax.lax.map(lambda one: under(*one), (i, v))):
        h_UTBH = jax.jit(over)(jnp.arange(H), jnp.linspace(-1, 1, H))
        for index, value in enumerate(np.linspace(-1, 1, H)):
            expected = by_hand(params, carry, x_TBD, change_of(0, "c", index, "clamp", value))[0]
            np.testing.assert_allclose(h_UTBH[index], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("intervention", "words"),
    [
        (Intervention(0, "f", 0, "zero"), "gates live inside the step"),
        (Intervention(0, "h", 0, "ablate"), "kind='ablate' is unknown"),
        (Intervention(-1, "h", 0, "zero"), "layers begin at 0"),
        (Intervention(0, "h", H, "zero"), "units are 0 to 3"),
        (Intervention(0, "h", -1, "zero"), "units are 0 to 3"),
    ],
    ids=str,
)
def test_refused(lstm, intervention, words):
    shape, params, carry, x_TBD = lstm
    with pytest.raises(UserError, match=words) as refused:
        unroll_stack(shape, params, carry, x_TBD, edit=edit_of(intervention))
    assert "\n" not in str(refused.value)


def test_a_cell_without_c_is_refused():
    shape, params, carry, x_TBD = layers(CELLS["gru"], 2, 3, 2, 1, 1, dtype=jnp.float32)
    with pytest.raises(UserError, match="carries h alone"):
        unroll_stack(shape, params, carry, x_TBD, edit=edit_of(Intervention(0, "c", 0, "zero")))


def test_clamps_as_written():
    stack = Stack(CELLS["lstm"], 40, 2)
    assert clamps_of("", stack) == ()
    assert clamps_of("layer1.h[37]=0.9, layer2.c[5]=-1e1,layer2.h[0]=-0", stack) == (
        Intervention(0, "h", 37, "clamp", 0.9),
        Intervention(1, "c", 5, "clamp", -10.0),
        Intervention(1, "h", 0, "clamp", 0.0),
    )
    with pytest.raises(UserError, match=r"--clamp=layer1\.c\[2\]=0: gru carries no c: clamp its h"):
        clamps_of("layer1.c[2]=0", Stack(CELLS["gru"], 40, 2))
    with pytest.raises(UserError, match=r"layer1\.h\[1\] is clamped twice"):
        clamps_of("layer1.h[1]=1,layer1.h[1]=-1", stack)
    for wrong in ("layer1.h", "layer1.h[]=2", "37=1", ",", "layer0.h[2]=3", "1:c37=1", "h[2]=1"):
        with pytest.raises(UserError, match=r"must be UNIT=VALUE, as in layer1\.c\[37\]=-1"):
            clamps_of(wrong, stack)


def test_the_name_of_a_unit():
    assert str(Unit(0, "c", 37)) == "layer1.c[37]"
    assert Unit.parse("layer12.h[0]") == Unit(11, "h", 0)
    for wrong in ("layer0.h[1]", "c[1]", "layer1.c[-1]", "layer1.c[1] "):
        with pytest.raises(UserError, match="names no unit"):
            Unit.parse(wrong)
