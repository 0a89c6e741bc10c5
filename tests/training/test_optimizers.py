"""Each optimiser over steps of changing rate: the papers' formulas in NumPy, and torch.optim where it imports."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.training import optimizer
from rnn_research.training.defaults import defaults
from rnn_research.training.optimizer import OPTIMIZERS

STEPS = 6
RATES = [0.1, 0.1, 0.05, 0.05, 0.02, 0.01]
START = np.random.default_rng(0).normal(size=(3, 4))
GRADIENTS = np.random.default_rng(1).normal(size=(STEPS, 3, 4))
M, D, EPS, DECAY = 0.8, 0.9, 1e-4, 0.3


def section(name, epsilon):
    config = defaults().optimizer
    config.update({"name": name, "momentum": M, "decay": D, "epsilon": epsilon, "weight_decay": DECAY})
    return config


def mine(name, epsilon=EPS):
    """Parameters after each step; the rate is traced, as in a compiled run."""
    config = section(name, epsilon)
    numbers = optimizer.numbers_of(config)
    params = {"w": jnp.asarray(START)}
    _, state = optimizer.init(config, numbers, params)

    @jax.jit
    def step(params, state, gradient, rate):
        updates, state = optimizer.optimizer(config, numbers, rate).update({"w": gradient}, state, params)
        return jax.tree.map(jnp.add, params, updates), state

    found = []
    for gradient, rate in zip(GRADIENTS, RATES, strict=True):
        params, state = step(params, state, jnp.asarray(gradient), jnp.asarray(rate))
        found.append(params["w"])
    return np.array(found)


def sgd(w, g, rate, k, s):
    s["v"] = M * s.get("v", 0) + g
    return w - rate * s["v"]


def rmsprop(w, g, rate, k, s):
    s["v"] = D * s.get("v", 0) + (1 - D) * g**2
    return w - rate * g / (np.sqrt(s["v"]) + EPS)


def adagrad(w, g, rate, k, s):
    s["v"] = s.get("v", 0) + g**2
    return w - rate * g / np.sqrt(s["v"] + EPS)


def adam(w, g, rate, k, s):
    """Kingma and Ba 2015, algorithm 1."""
    s["m"] = M * s.get("m", 0) + (1 - M) * g
    s["v"] = D * s.get("v", 0) + (1 - D) * g**2
    return w - rate * (s["m"] / (1 - M**k)) / (np.sqrt(s["v"] / (1 - D**k)) + EPS)


def adamw(w, g, rate, k, s):
    """Loshchilov and Hutter 2019: the decay is apart from the moments."""
    return adam(w, g, rate, k, s) - rate * DECAY * w


def lion(w, g, rate, k, s):
    """Chen et al. 2023, algorithm 2."""
    m = s.get("m", 0)
    s["m"] = D * m + (1 - D) * g
    return w - rate * (np.sign(M * m + (1 - M) * g) + DECAY * w)


FORMULAS = {f.__name__: f for f in (sgd, rmsprop, adagrad, adam, adamw, lion)}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_against_its_formula(name):
    w, memory, expected = START, {}, []
    for k, (gradient, rate) in enumerate(zip(GRADIENTS, RATES, strict=True), 1):
        w = FORMULAS[name](w, gradient, rate, k, memory)
        expected.append(w)
    np.testing.assert_allclose(mine(name), expected, rtol=1e-6)  # optax's debiasing computes in float32


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad", "adam", "adamw"])
def test_against_torch(name):
    torch = pytest.importorskip("torch", reason="torch is the oracle here, and is not installed")
    w = torch.nn.Parameter(torch.tensor(START))
    theirs = {
        "sgd": lambda: torch.optim.SGD([w], momentum=M),
        "rmsprop": lambda: torch.optim.RMSprop([w], alpha=D, eps=EPS),
        "adagrad": lambda: torch.optim.Adagrad([w], eps=0),
        "adam": lambda: torch.optim.Adam([w], betas=(M, D), eps=EPS),
        "adamw": lambda: torch.optim.AdamW([w], betas=(M, D), eps=EPS, weight_decay=DECAY),
    }[name]()
    expected = []
    for gradient, rate in zip(GRADIENTS, RATES, strict=True):
        theirs.param_groups[0]["lr"] = rate
        w.grad = torch.tensor(gradient)
        theirs.step()
        expected.append(w.detach().numpy().copy())
    # Adagrad's epsilon stands inside the root here and outside in torch: without it they are one.
    found = mine(name, 0.0 if name == "adagrad" else EPS)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (
            "name",
            "adamax",
            r"optimizer.name='adamax' is unknown, did you mean 'adam\w*'.; known: adagrad, adam, ",
        ),
        ("learning_rate", -1.0, "optimizer.learning_rate=-1.0 must be at least 0"),
        ("learning_rate", float("nan"), "optimizer.learning_rate=nan must be finite"),
        ("momentum", 1.0, "optimizer.momentum=1.0 must be at least 0 and below 1"),
        ("decay", -0.1, "optimizer.decay=-0.1 must be at least 0 and below 1"),
    ],
)
def test_wrong_numbers(field, value, sentence):
    config = defaults().optimizer
    config[field] = value
    with pytest.raises(UserError, match=sentence):
        optimizer.numbers_of(config)
