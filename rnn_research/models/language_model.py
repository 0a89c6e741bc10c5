"""A recurrent language model: symbols in, scores of the next symbol out.

x_t = one-hot(symbol_t), or a learned embedding
h_t = the top of a stack of cells
y_t = W h_t + b            scores (logits); softmax gives the probabilities
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.initializers import normal
from rnn_research.cells.linear import is_symbols, looks_up, matmul
from rnn_research.errors import at_least
from rnn_research.models.model import Model
from rnn_research.models.recurrent import output_start_of, stack_of, start_of, with_resets
from rnn_research.types import Array, Carry, DTypeLike, Key
from rnn_research.unroll import StackEdit, StackParams, stack, unroll_stack


class LanguageModelParams(NamedTuple):
    """``embedding_VE`` is None where symbols are read one-hot."""

    embedding_VE: Array | None
    stack: StackParams
    w_HV: Array
    b_V: Array


def inputs_of(params: LanguageModelParams, inputs: Array, input_size: int) -> Array:
    """What the first layer reads: numbers as they are, symbols one-hot or embedded, ``[T, B, D]``."""
    if params.embedding_VE is not None:
        return matmul(inputs, params.embedding_VE)
    return jax.nn.one_hot(inputs, input_size, dtype=params.w_HV.dtype) if is_symbols(inputs) else inputs


def outputs_of(params: LanguageModelParams, h: Array) -> Array:
    """The scores ``[..., V]`` of the top's outputs ``[..., H]``."""
    return matmul(h, params.w_HV) + params.b_V.astype(h.dtype)


def language_model(config: Any, input_size: int, output_size: int, dtype: DTypeLike = jnp.float32) -> Model:
    """Builds the model.

    Args:
      config: the model section.
      input_size: symbols read, V.
      output_size: symbols scored, V.
      dtype: of the parameters.
    """
    shape = stack_of(config)
    at_least("--config.model.embedding", config.embedding, 0)

    def init(key: Key, starts: Any) -> LanguageModelParams:
        """``starts`` has the fields of ``config.model.init``; its numbers may be traced."""
        k_embedding, k_stack, k_w, k_b = jax.random.split(key, 4)
        weight, bias = output_start_of(starts)
        embedding = normal(1.0)(k_embedding, (input_size, config.embedding), dtype) if config.embedding else None
        return LanguageModelParams(
            embedding_VE=embedding,
            stack=stack.init(shape, k_stack, config.embedding or input_size, start_of(starts), dtype),
            w_HV=weight(k_w, (shape.output_size, output_size), dtype),
            b_V=bias(k_b, (output_size,), dtype),
        )

    def initial_carry(params: LanguageModelParams, batch: int) -> Carry:
        # Carries stay in at least float32, whatever the weights are computed in.
        return stack.initial_carry(shape, params.stack, (batch,), jnp.promote_types(dtype, jnp.float32))

    def apply(
        params: LanguageModelParams,
        inputs: Array,
        carry: Carry,
        *,
        train: bool = False,
        key: Key | None = None,
        dropout: float | Array = 0.0,
        ends_TB: Array | None = None,
        lengths_B: Array | None = None,
        edit: StackEdit | None = None,
    ) -> tuple[Array, Carry]:
        """``inputs`` are symbols ``[T, B]`` (negative: none of them), or numbers or distributions ``[T, B, D]``."""
        # The first layer looks its symbols up itself, but for a residual connection, which may need their vectors.
        looked_up = looks_up() and not (config.embedding or shape.residual)
        x = inputs if looked_up else inputs_of(params, inputs, input_size)
        # With static zero dropout nothing is drawn; a traced rate is always applied.
        key = key if train and not (isinstance(dropout, float) and dropout == 0) else None
        if ends_TB is not None:
            edit = with_resets(initial_carry(params, inputs.shape[1]), edit)
        if key is not None:
            x = stack.drop(jax.random.fold_in(key, 0), x, dropout) if config.embedding else x
        carry, h = unroll_stack(
            shape, params.stack, carry, x, dropout=dropout, key=key, lengths=lengths_B, edit=edit, edit_xs=ends_TB
        )
        if key is not None:
            h = stack.drop(jax.random.fold_in(key, shape.layers), h, dropout)
        return outputs_of(params, h), carry

    return Model(init, apply, initial_carry)
