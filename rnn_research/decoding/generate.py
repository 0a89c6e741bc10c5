"""Text from a language model: one jitted scan, and the choices that sampling leaves open.

The lecture asks why one samples from the softmax instead of taking the best
symbol, and what happens when the softmax vector itself is fed back. Both can
be run:

    sample    feed back a draw from the distribution
    argmax    feed back its mode: the text soon repeats itself
    softmax   feed back the whole distribution: the input is no longer a symbol, so
              the network reads blends that it never saw (the text shown is the mode)
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.models.model import NONE, Edits, Model
from rnn_research.tasks.batches import Stream
from rnn_research.types import Array, Carry, Key, Params
from rnn_research.unroll import StackEdit

FEEDBACK = ("sample", "argmax", "softmax")


class Choice(NamedTuple):
    """How a symbol is chosen.

    Attributes:
      temperature: divides the logits; 0 is greedy.
      top_k: only the k most probable symbols; 0 is all.
      top_p: the fewest symbols whose probabilities reach p (Holtzman et al. 2020); 1 is all.
      feedback: one of ``FEEDBACK``.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    feedback: str = "sample"


def restrict(logits: Array, top_k: int, top_p: float) -> Array:
    """Logits ``[..., V]`` with all but the allowed symbols at minus infinity.

    Of equal logits at the edge of the top k all stay. The most probable symbol always stays.
    """
    if top_k and top_k < logits.shape[-1]:
        edge = jax.lax.top_k(logits, top_k)[0][..., -1:]
        logits = jnp.where(logits < edge, -jnp.inf, logits)
    if top_p < 1:
        ordered = jnp.sort(logits, axis=-1, descending=True)
        mass = jax.nn.softmax(ordered)
        # A symbol stays if those before it do not reach p yet.
        stays = jnp.cumsum(mass, axis=-1) - mass < top_p
        stays = stays.at[..., 0].set(True)
        edge = jnp.min(jnp.where(stays, ordered, jnp.inf), axis=-1, keepdims=True)
        logits = jnp.where(logits < edge, -jnp.inf, logits)
    return logits


class Generation(NamedTuple):
    """Where a text stands: the carry, the next input ``[N, V]`` or ``[N]``, and the position."""

    carry: Carry
    logits_NV: Array
    position: Array


@partial(jax.jit, static_argnames=("model", "samples", "edit"))
def prime(
    model: Model,
    params: Params,
    symbols_T: Array,
    samples: int,
    edit: StackEdit | None = None,
    start: Carry | None = None,
) -> Generation:
    """Reads the priming text once for all N samples, from the model's initial carry or from ``start``, without B."""
    inputs_NT = jnp.broadcast_to(symbols_T, (samples, len(symbols_T)))
    carry = model.carry(params, samples)
    if start is not None:
        carry = jax.tree.map(lambda all_of_them, one: jnp.broadcast_to(one, all_of_them.shape), carry, start)
    read = Stream(inputs_NT, inputs_NT, jnp.zeros(samples, bool))
    logits_NTV, carry = model.predict(params, read, carry, edits=edits_of(edit))
    return Generation(carry, logits_NTV[:, -1], jnp.zeros((), jnp.int32))


def edits_of(edit: StackEdit | None) -> Edits:
    """An edit of a model's one stack."""
    return NONE if edit is None else {"stack": edit}


@partial(jax.jit, static_argnames=("model", "length", "choice", "edit"))
def generate(
    model: Model,
    params: Params,
    start: Generation,
    key: Key,
    *,
    length: int,
    choice: Choice = Choice(),
    edit: StackEdit | None = None,
) -> tuple[Generation, Array]:
    """Goes on for ``length`` symbols.

    The draw at a position depends on the key and the position alone, so that a
    text made in pieces (to stream it) is the text made at once.

    Returns:
      Where the text stands now, and the symbols ``[T, N]``.
    """
    assert model.decoder is not None, "a model that writes"
    step_of = model.decoder.step
    samples, V = start.logits_NV.shape
    draws = choice.temperature > 0 and choice.feedback == "sample"

    def noise(t: Array) -> Array:
        # The largest of logits + Gumbel noise is a draw from the softmax.
        return jax.random.gumbel(jax.random.fold_in(key, t), (samples, V), start.logits_NV.dtype)

    times_T = start.position + jnp.arange(length)
    noise_TNV: Any = jax.vmap(noise)(times_T) if draws else None

    def step(state: tuple[Carry, Array], noise_NV: Any) -> tuple[tuple[Carry, Array], Array]:
        carry, logits_NV = state
        if draws:
            scaled = restrict(logits_NV / choice.temperature, choice.top_k, choice.top_p)
            symbol_N = jnp.argmax(scaled + noise_NV, axis=-1)
        else:
            symbol_N = jnp.argmax(logits_NV, axis=-1)
        fed = symbol_N
        if choice.feedback == "softmax":
            scaled = logits_NV / (choice.temperature or 1.0)
            fed = jax.nn.softmax(restrict(scaled, choice.top_k, choice.top_p))
        logits_NV, carry = step_of(params, carry, fed, edits_of(edit))
        return (carry, logits_NV), symbol_N

    (carry, logits_NV), symbols_TN = jax.lax.scan(step, (start.carry, start.logits_NV), noise_TNV, length=length)
    return Generation(carry, logits_NV, start.position + length), symbols_TN
