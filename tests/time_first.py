"""A language model as its equations are written: inputs and scores lead with time."""

import jax.numpy as jnp

from rnn_research.models import MODELS
from rnn_research.tasks.batches import Stream
from rnn_research.tasks.text.language_modelling import interface
from rnn_research.training.defaults import defaults


def language_model(config, V, dtype=jnp.float32):
    """Of V symbols, from the model section."""
    return MODELS["language_model"].build(config, interface(V), dtype)


def of_stack(shape, V):
    """A language model over this stack, for parameters made by hand."""
    config = defaults().model
    config.update({"cell": shape.cell.name, "hidden": shape.hidden, "layers": shape.layers})
    return language_model(config, V)


def apply(model, params, inputs, carry, *, ends_TB=None, edit=None, **drawn):
    """``inputs [T, B]`` (or ``[T, B, V]``) to scores ``[T, B, V]`` and the carry after them."""
    inputs = jnp.swapaxes(inputs, 0, 1)
    B, T = inputs.shape[:2]
    ends_BT = None if ends_TB is None else ends_TB.T
    batch = Stream(inputs, jnp.zeros((B, T), jnp.int32), jnp.zeros(B, bool), ends_BT)
    edits = {} if edit is None else {"stack": edit}
    scores, carry = model.predict(params, batch, carry, edits=edits, **drawn)
    return jnp.swapaxes(scores, 0, 1), carry
