"""A recurrent classifier, many to one: a sequence is read to its end, and then answered once.

x_t = one-hot(symbol_t), a learned embedding, or numbers
h_t = the top of a stack of cells
y   = W h_T + b            T the last valid step; scores of the K classes, or K numbers

The answer of a class is scored by cross-entropy, that of numbers by squared error.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.linear import looks_up
from rnn_research.models import answers
from rnn_research.models.model import NONE, Edits, Model, Numbers, Objective, Recurrence, Scored
from rnn_research.models.readout import embedded, embedding_of, mean, read_out
from rnn_research.models.recurrent import output_start_of, stack_of, start_of
from rnn_research.tasks.batches import Labelled
from rnn_research.tasks.interface import Interface
from rnn_research.types import Array, Carry, DTypeLike, Key
from rnn_research.unroll import StackParams, stack, unroll_stack

READS = (Labelled,)


class ClassifierParams(NamedTuple):
    """``embedding_VE`` is None where symbols are read one-hot, or numbers are read."""

    embedding_VE: Array | None
    stack: StackParams
    w_HK: Array
    b_K: Array


def classifier(config: Any, interface: Interface, dtype: DTypeLike = jnp.float32) -> Model:
    """Builds the model.

    Args:
      config: the model section.
      interface: of the task that it reads.
      dtype: of the parameters.
    """
    shape = stack_of(config)
    answer = interface.answer

    def init(key: Key, starts: Any) -> ClassifierParams:
        """``starts`` has the fields of ``config.model.init``; its numbers may be traced."""
        k_embedding, k_stack, k_w, k_b = jax.random.split(key, 4)
        weight, bias = output_start_of(starts)
        return ClassifierParams(
            embedding_VE=embedding_of(k_embedding, interface.inputs, config.embedding, dtype),
            stack=stack.init(shape, k_stack, config.embedding or interface.inputs, start_of(starts), dtype),
            w_HK=weight(k_w, (shape.output_size, answer.size), dtype),
            b_K=bias(k_b, (answer.size,), dtype),
        )

    def initial(params: ClassifierParams, B: int) -> Carry:
        return stack.initial_carry(shape, params.stack, (B,), jnp.promote_types(dtype, jnp.float32))

    def network(params: ClassifierParams, batch: Labelled, key: Key | None, numbers: Numbers, edits: Edits) -> Array:
        values, lengths_B = jnp.swapaxes(batch.x.values, 0, 1), batch.x.lengths_B
        # The first layer looks its symbols up itself, but for a residual connection, which may need their vectors.
        looked_up = looks_up() and not (config.embedding or shape.residual)
        x = values if looked_up else embedded(params.embedding_VE, values, interface.inputs, params.w_HK)
        # With static zero dropout nothing is drawn; a traced rate is always applied.
        rate = numbers.get("dropout", 0.0)
        key = None if isinstance(rate, float) and rate == 0 else key
        if key is not None and config.embedding:
            x = stack.drop(jax.random.fold_in(key, 0), x, rate)
        carry = initial(params, values.shape[1])
        _, h_TBH = unroll_stack(
            shape,
            params.stack,
            carry,
            x,
            dropout=rate,
            key=key,
            lengths=lengths_B,
            edit=edits.get("stack"),
        )
        if key is not None:
            h_TBH = stack.drop(jax.random.fold_in(key, shape.layers), h_TBH, rate)
        return read_out(params.w_HK, params.b_K, last(h_TBH, lengths_B))

    def counts(batch: Labelled) -> dict[str, Array]:
        return {answers.minimised(answer): answers.counts(answer, batch.label_B, over=())}

    def loss(
        params: ClassifierParams,
        batch: Labelled,
        carry: Carry,
        *,
        key: Key | None = None,
        numbers: Numbers = NONE,
        edits: Edits = NONE,
    ) -> Scored:
        sums = answers.sums(answer, network(params, batch, key, numbers, edits), batch.label_B, over=())
        name = answers.minimised(answer)
        return Scored({name: sums[name][0]}, (), sums)

    def predict(
        params: ClassifierParams,
        batch: Labelled,
        carry: Carry,
        *,
        key: Key | None = None,
        numbers: Numbers = NONE,
        edits: Edits = NONE,
    ) -> tuple[Array, Carry]:
        return network(params, batch, key, numbers, edits), ()

    def recurrences(params: ClassifierParams, batch: Labelled, carry: Carry) -> dict[str, Recurrence]:
        values, lengths_B = jnp.swapaxes(batch.x.values, 0, 1), batch.x.lengths_B

        def of_outputs(h: Array) -> Array:
            return read_out(params.w_HK, params.b_K, h)

        return {
            "stack": Recurrence(
                shape,
                params.stack,
                initial(params, values.shape[1]),
                embedded(params.embedding_VE, values, interface.inputs, params.w_HK),
                lengths_B,
                of_outputs,
                lambda h_TBH: mean(answer, of_outputs(last(h_TBH, lengths_B)), batch.label_B, over=()),
                lambda h_BH: answers.each(answer, of_outputs(h_BH), batch.label_B),
            )
        }

    return Model(
        stacks=(("stack", shape),),
        init=init,
        carry=lambda params, B: (),
        counts=counts,
        loss=loss,
        recurrences=recurrences,
        predict=predict,
        figures=lambda totals, facts: answers.figures(answer, totals),
        objective=Objective(*answers.objective_of(answer)),
    )


def last(h_TBH: Array, lengths_B: Array | None) -> Array:
    """The top's output at the last valid step of each sequence, ``[B, H]``."""
    if lengths_B is None:
        return h_TBH[-1]
    return h_TBH[lengths_B - 1, jnp.arange(h_TBH.shape[1])]
