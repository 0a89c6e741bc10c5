"""A recurrent language model: symbols in, scores of the next symbol out.

x_t = one-hot(symbol_t), or a learned embedding
h_t = the top of a stack of cells
y_t = W h_t + b            scores (logits); softmax gives the probabilities

It reads ``Stream``, whose carry goes on from batch to batch, and ``Asked``, where
whole sequences have answers at some steps, which may also be numbers.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.linear import looks_up
from rnn_research.models import answers
from rnn_research.models.carries import begin, with_resets
from rnn_research.models.model import NONE, Decoder, Edits, Model, Numbers, Objective, Recurrence, Scored
from rnn_research.models.perplexity import figures_of_text
from rnn_research.models.readout import embedded, embedding_of, mean, read_out
from rnn_research.models.recurrent import output_start_of, stack_of, start_of
from rnn_research.tasks.batches import Asked, Stream
from rnn_research.tasks.interface import Interface
from rnn_research.types import Array, Carry, DTypeLike, Key
from rnn_research.unroll import StackParams, stack, unroll_stack

READS = (Stream, Asked)


class LanguageModelParams(NamedTuple):
    """``embedding_VE`` is None where symbols are read one-hot."""

    embedding_VE: Array | None
    stack: StackParams
    w_HV: Array
    b_V: Array


class Opened(NamedTuple):
    """A batch as the unroll reads it: time leads."""

    inputs: Array
    targets: Array
    carry: Carry
    ends_TB: Array | None
    lengths_B: Array | None


def language_model(config: Any, interface: Interface, dtype: DTypeLike = jnp.float32) -> Model:
    """Builds the model.

    Args:
      config: the model section.
      interface: of the task that it reads.
      dtype: of the parameters.
    """
    shape = stack_of(config)
    answer, streams = interface.answer, interface.batch is Stream

    def init(key: Key, starts: Any) -> LanguageModelParams:
        """``starts`` has the fields of ``config.model.init``; its numbers may be traced."""
        k_embedding, k_stack, k_w, k_b = jax.random.split(key, 4)
        weight, bias = output_start_of(starts)
        return LanguageModelParams(
            embedding_VE=embedding_of(k_embedding, interface.inputs, config.embedding, dtype),
            stack=stack.init(shape, k_stack, config.embedding or interface.inputs, start_of(starts), dtype),
            w_HV=weight(k_w, (shape.output_size, answer.size), dtype),
            b_V=bias(k_b, (answer.size,), dtype),
        )

    def initial(params: LanguageModelParams, B: int) -> Carry:
        # Carries stay in at least float32, whatever the weights are computed in.
        return stack.initial_carry(shape, params.stack, (B,), jnp.promote_types(dtype, jnp.float32))

    def opened(params: LanguageModelParams, batch: Any, carry: Carry) -> Opened:
        B = len(batch.targets)
        if streams:
            ends_TB = None if batch.ends_BT is None else batch.ends_BT.T
            start = begin(initial(params, B), carry, batch.fresh_B)
            return Opened(jnp.swapaxes(batch.inputs, 0, 1), batch.targets.T, start, ends_TB, None)
        values, targets = (jnp.swapaxes(leaf, 0, 1) for leaf in (batch.x.values, batch.targets))
        return Opened(values, targets, initial(params, B), None, batch.x.lengths_B)

    def network(
        params: LanguageModelParams, read: Opened, key: Key | None, numbers: Numbers, edits: Edits
    ) -> tuple[Array, Carry]:
        # The first layer looks its symbols up itself, but for a residual connection, which may need their vectors.
        looked_up = looks_up() and not (config.embedding or shape.residual)
        x = read.inputs if looked_up else embedded(params.embedding_VE, read.inputs, interface.inputs, params.w_HV)
        # With static zero dropout nothing is drawn; a traced rate is always applied.
        rate = numbers.get("dropout", 0.0)
        key = None if isinstance(rate, float) and rate == 0 else key
        edit = edits.get("stack")
        if read.ends_TB is not None:
            edit = with_resets(initial(params, read.inputs.shape[1]), edit)
        if key is not None and config.embedding:
            x = stack.drop(jax.random.fold_in(key, 0), x, rate)
        carry, h_TBH = unroll_stack(
            shape,
            params.stack,
            read.carry,
            x,
            dropout=rate,
            key=key,
            lengths=read.lengths_B,
            edit=edit,
            edit_xs=read.ends_TB,
        )
        if key is not None:
            h_TBH = stack.drop(jax.random.fold_in(key, shape.layers), h_TBH, rate)
        return read_out(params.w_HV, params.b_V, h_TBH), carry

    def counts(batch: Any) -> dict[str, Array]:
        return {answers.minimised(answer): answers.counts(answer, batch.targets, over=(1,))}

    def loss(
        params: LanguageModelParams,
        batch: Any,
        carry: Carry,
        *,
        key: Key | None = None,
        numbers: Numbers = NONE,
        edits: Edits = NONE,
    ) -> Scored:
        read = opened(params, batch, carry)
        logits_TBV, after = network(params, read, key, numbers, edits)
        sums = answers.sums(answer, logits_TBV, read.targets, over=(0,))
        name = answers.minimised(answer)
        return Scored({name: sums[name][0]}, after if streams else (), sums)

    def predict(
        params: LanguageModelParams,
        batch: Any,
        carry: Carry,
        *,
        key: Key | None = None,
        numbers: Numbers = NONE,
        edits: Edits = NONE,
    ) -> tuple[Array, Carry]:
        logits_TBV, after = network(params, opened(params, batch, carry), key, numbers, edits)
        return jnp.swapaxes(logits_TBV, 0, 1), after if streams else ()

    def recurrences(params: LanguageModelParams, batch: Any, carry: Carry) -> dict[str, Recurrence]:
        read = opened(params, batch, carry)
        last = batch.last_answer()

        def of_outputs(h: Array) -> Array:
            return read_out(params.w_HV, params.b_V, h)

        x_TBD = embedded(params.embedding_VE, read.inputs, interface.inputs, params.w_HV)
        return {
            "stack": Recurrence(
                shape,
                params.stack,
                read.carry,
                x_TBD,
                read.lengths_B,
                of_outputs,
                lambda h_TBH: mean(answer, of_outputs(h_TBH), read.targets, over=(0,)),
                lambda h_BH: answers.each(answer, of_outputs(h_BH), last),
            )
        }

    def step(params: LanguageModelParams, carry: Carry, inputs: Array, edits: Edits) -> tuple[Array, Carry]:
        logits_TNV, carry = network(params, Opened(inputs[None], inputs, carry, None, None), None, NONE, edits)
        return logits_TNV[0], carry

    def figures(totals: Mapping[str, tuple[float, float]], facts: Any) -> dict[str, float]:
        return figures_of_text(totals, facts) if streams else answers.figures(answer, totals)

    return Model(
        stacks=(("stack", shape),),
        init=init,
        carry=initial if streams else lambda params, B: (),
        counts=counts,
        loss=loss,
        recurrences=recurrences,
        predict=predict,
        figures=figures,
        objective=Objective("nats_per_token", "nats") if streams else Objective(*answers.objective_of(answer)),
        decoder=Decoder(step) if streams else None,
    )
