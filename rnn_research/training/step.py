"""The pure step of training, many of them in one compiled program."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from rnn_research.models import Model
from rnn_research.tasks import Batch, Task
from rnn_research.tasks.batches import in_parts
from rnn_research.training import optimizer
from rnn_research.training.added import gradient_watch, label_noise, regularizer
from rnn_research.training.machines import devices
from rnn_research.training.numbers import Numbers
from rnn_research.training.state import Purpose, TrainState, cast, purpose_key
from rnn_research.training.walk import Sums, Walk, walker
from rnn_research.types import Array, Carry, Key, Params


class Program(NamedTuple):
    """The functions of a run; ``config`` is closed over, so one Program belongs to one config.

    Attributes:
      model: whose they are.
      init: ``(numbers) -> TrainState``.
      step: ``(state, data, numbers) -> (state, metrics)``, pure.
      chunk: ``(state, data, numbers, n) -> (state, metrics [n])``: n steps in one jit, state donated.
      walk: ``(params, data, batches, streams, start) -> ({name: [batches, B] sums}, carry)``, one program whether
        ``start`` is None (the initial carry) or a carry that all streams begin with; see ``walk_split``.
      evaluate: its sums from the initial carry.
      measure: ``(state, data) -> Measured``, the reach of the gradient, jitted; see ``gradient_watch``.
    """

    model: Model
    init: Callable[..., TrainState]
    step: Callable[..., tuple[TrainState, dict[str, Array]]]
    chunk: Callable[..., tuple[TrainState, dict[str, Array]]]
    walk: Walk
    evaluate: Callable[..., Sums]
    measure: Callable[..., gradient_watch.Measured]


def program(config: Any, model: Model, task: Task, steps: int, batch_over: int | None = None) -> Program:
    """Builds the functions of a run of ``steps`` steps, whose batch is shared by so many devices (None: by all)."""
    compute = jnp.dtype(config.training.dtype)
    steps_per_epoch = task.splits["train"].batches
    batch_size = task.splits["train"].batch_size
    parts = config.training.accumulate
    penalty = regularizer.penalty(config, model, task)
    noise = label_noise.noise_of(config, task)

    initializers = {name: value for name, value in config.model.init.items() if isinstance(value, str)}

    def init(numbers: Numbers) -> TrainState:
        key = jax.random.key(numbers.seed)
        starts = ConfigDict({**initializers, **numbers.start})
        params = model.init(purpose_key(key, 0, Purpose.PARAMS), starts)
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            params=params,
            opt_state=optimizer.init(config.optimizer, numbers.optimizer, params),
            carry=model.carry(params, batch_size),
            key=key,
        )

    def loss_of(
        params: Params, batch: Batch, carry: Carry, key: Key, numbers: Numbers, counted: dict[str, Array]
    ) -> tuple[Array, Any]:
        """What is minimised; and the carry after the batch, with the loss's terms where there is more than one."""
        own = {"dropout": numbers.dropout if config.model.dropout else 0.0}
        scored = model.loss(cast(params, compute), batch, carry, key=key, numbers=own)
        terms = {name: jnp.sum(numerator_B) / counted[name] for name, numerator_B in scored.loss.items()}
        loss = jnp.sum(jnp.stack(list(terms.values())))
        if penalty is None:
            return loss, (scored.carry, terms if len(terms) > 1 else {})
        assert numbers.regularizer_weight is not None, "numbers_of gives it"
        extra = penalty(params, batch, carry)
        extra = extra / parts  # a mean over the sequences of a part
        return loss + numbers.regularizer_weight * extra, (scored.carry, {"loss": loss, "regularizer": extra})

    def gradient(state: TrainState, batch: Batch, numbers: Numbers) -> tuple[dict[str, Array], Carry, Params]:
        """The model's loss and its terms by name, the carry after the batch, and the whole gradient."""
        key = purpose_key(state.key, state.step, Purpose.DROPOUT)
        counted = {name: jnp.maximum(1, jnp.sum(n_B)) for name, n_B in model.counts(batch).items()}
        value_and_grad = jax.value_and_grad(loss_of, has_aux=True)
        if parts == 1:
            (loss, (carry, terms)), grads = value_and_grad(state.params, batch, state.carry, key, numbers, counted)
            return {"loss": loss, **terms}, carry, grads

        def part(total: tuple[Array, Params], inputs: tuple[Array, Batch, Carry]) -> tuple[Any, Any]:
            number, piece, carry = inputs
            of_part = jax.random.fold_in(key, number)
            (loss, aux), grads = value_and_grad(state.params, piece, carry, of_part, numbers, counted)
            return jax.tree.map(jnp.add, total, (loss, grads)), aux

        zero = jax.tree.map(jnp.zeros_like, (jnp.zeros((), jnp.promote_types(compute, jnp.float32)), state.params))
        split = (jnp.arange(parts), in_parts(batch, parts), in_parts(state.carry, parts))
        (loss, grads), (carries, terms) = jax.lax.scan(part, zero, split)
        losses = {"loss": loss, **jax.tree.map(jnp.sum, terms)}
        return losses, jax.tree.map(lambda c: c.reshape(-1, *c.shape[2:]), carries), grads

    def step(state: TrainState, data: Any, numbers: Numbers) -> tuple[TrainState, dict[str, Array]]:
        batch = task.batch(data, purpose_key(state.key, state.step, Purpose.BATCH), state.step)
        batch = devices.along_batch(batch, batch_over)
        if noise is not None:
            key = purpose_key(state.key, state.step, Purpose.LABELS)
            batch = batch.with_answers(noise(key, batch.answers, numbers.label_noise))
        losses, carry, grads = gradient(state, batch, numbers)
        rate = optimizer.rate(config.optimizer, numbers.optimizer, state.step, steps, steps_per_epoch)
        clip_state, opt_state = state.opt_state
        clip = optimizer.clipper(config.optimizer, numbers.optimizer)
        clipped, clip_state = clip.update(grads, clip_state, state.params)
        update = optimizer.optimizer(config.optimizer, numbers.optimizer, rate).update
        updates, opt_state = update(clipped, opt_state, state.params)
        before, after = optax.tree.norm(grads), optax.tree.norm(clipped)
        metrics = {
            **losses,
            "grad_norm": before,
            "grad_norm_clipped": after,
            "clipped": (after < before * (1 - 1e-6)).astype(jnp.float32),
            "learning_rate": rate,
        }
        state = dataclasses.replace(
            state,
            step=state.step + 1,
            params=optax.apply_updates(state.params, updates),
            opt_state=(clip_state, opt_state),
            carry=carry,
        )
        return state, metrics

    @partial(jax.jit, static_argnames="n", donate_argnames="state")
    def chunk(state: TrainState, data: Any, numbers: Numbers, n: int) -> tuple[TrainState, dict[str, Array]]:
        return jax.lax.scan(lambda s, _: step(s, data, numbers), state, length=n)

    walk = walker(task, model, compute)

    def evaluate(params: Params, data: Any, batches: int, streams: int) -> Sums:
        return walk(params, data, batches, streams)[0]

    return Program(model, init, step, chunk, walk, evaluate, gradient_watch.measurement(config, model, task))
