"""Clipping, then the optimiser, then the rate: an optax chain whose numbers may be traced.

The chain is built inside the traced step from ``Numbers``, so that a learning
rate or a clip limit is an argument of the compiled program, not a constant in it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from rnn_research.config import Field, Section, check
from rnn_research.errors import UserError
from rnn_research.types import Array, Params

OPTIMIZERS: dict[str, Callable[..., optax.GradientTransformation]] = {
    "sgd": lambda rate, o: optax.sgd(rate, momentum=o.momentum),
    # torch7's form, without bias correction; epsilon outside the root.
    "rmsprop": lambda rate, o: optax.rmsprop(rate, decay=o.decay, eps=o.epsilon, eps_in_sqrt=False),
    "adagrad": lambda rate, o: optax.adagrad(rate, initial_accumulator_value=0.0, eps=o.epsilon),
    "adam": lambda rate, o: optax.adam(rate, b1=o.momentum, b2=o.decay, eps=o.epsilon),
    "adamw": lambda rate, o: optax.adamw(rate, b1=o.momentum, b2=o.decay, eps=o.epsilon, weight_decay=o.weight_decay),
    "lion": lambda rate, o: optax.lion(rate, b1=o.momentum, b2=o.decay, weight_decay=o.weight_decay),
}


def clip_by_unit(limit: float | Array) -> optax.GradientTransformation:
    """Adaptive clipping (Brock et al. 2021, eq. 3): |G_i| <= limit * max(|W_i|, 1e-3) for every unit i.

    W_i are the weights into a unit, the second last axis; a vector is one unit.
    (optax's own takes the first axis, which is the gates of a cell's weights.)
    """

    def norm(w: Array) -> Array:
        return jnp.linalg.norm(w, axis=-2 if w.ndim > 1 else None, keepdims=True)

    def clip(gradient: Array, w: Array) -> Array:
        size, most = norm(gradient), limit * jnp.maximum(norm(w), 1e-3)
        return jnp.where(size > most, gradient * (most / jnp.maximum(size, 1e-6)), gradient)

    return optax.stateless(lambda gradients, params: jax.tree.map(clip, gradients, params))


CLIPPING: dict[str, Callable[[Any], optax.GradientTransformation]] = {
    "none": lambda limit: optax.identity(),
    "global_norm": optax.clip_by_global_norm,  # Pascanu, Mikolov and Bengio 2013, algorithm 1
    "value": optax.clip,
    "adaptive": clip_by_unit,
}

SCHEDULES = ("constant", "exponential", "cosine", "linear", "step")

FIELDS: Section = {
    "name": Field("adam", "of the parameters", choices=OPTIMIZERS),
    "learning_rate": Field(2e-3, "before the schedule", low=0, free=True),
    "momentum": Field(0.9, "sgd's momentum; first decay of adam, adamw and lion", low=0, below=1, free=True),
    "decay": Field(0.999, "rmsprop's decay; second decay of adam, adamw and lion", low=0, below=1, free=True),
    "epsilon": Field(1e-8, "added to what is divided by", low=0, free=True),
    "weight_decay": Field(0.0, "of adamw and lion", low=0, free=True),
    "schedule": {
        "name": Field("constant", "of the learning rate", choices=SCHEDULES),
        "warmup_steps": Field(0, "linear from 0, before any schedule", low=0),
        "factor": Field(0.95, "exponential: per epoch; step: per drop", low=0),
        "after_epochs": Field(10, "exponential: first decay after this epoch", low=0),
        "every_steps": Field(1000, "step: between drops", low=1),
        "final": Field(0.0, "cosine and linear: last rate, as a share of the first", low=0),
    },
    "clip": {
        "name": Field("global_norm", "how gradients are clipped", choices=CLIPPING),
        "limit": Field(1.0, "the norm, the value, or the share of the weights' norm that passes", free=True),
    },
}


class Numbers(NamedTuple):
    """The numbers of an optimiser that change nothing about the program."""

    learning_rate: float | Array
    momentum: float | Array
    decay: float | Array
    epsilon: float | Array
    weight_decay: float | Array
    clip_limit: float | Array


def numbers_of(config: Any) -> Numbers:
    """From ``config.optimizer``.

    Raises:
      UserError: for an unknown optimiser, schedule or clipping, or a number out of range.
    """
    check(FIELDS, config, "optimizer.")
    if config.clip.name != "none" and not config.clip.limit > 0:
        raise UserError(
            f"optimizer.clip.limit={config.clip.limit} must be above 0 (optimizer.clip.name=none switches clipping off)"
        )
    return Numbers(
        learning_rate=config.learning_rate,
        momentum=config.momentum,
        decay=config.decay,
        epsilon=config.epsilon,
        weight_decay=config.weight_decay,
        clip_limit=config.clip.limit,
    )


def clipper(config: Any, numbers: Numbers) -> optax.GradientTransformation:
    """The first half of the chain."""
    return CLIPPING[config.clip.name](numbers.clip_limit)


def optimizer(config: Any, numbers: Numbers, rate: Array | float) -> optax.GradientTransformation:
    """The second half of the chain, at the rate of this step."""
    return OPTIMIZERS[config.name](rate, numbers)


def init(config: Any, numbers: Numbers, params: Params) -> tuple[Any, Any]:
    """States of both halves."""
    return clipper(config, numbers).init(params), optimizer(config, numbers, numbers.learning_rate).init(params)


def rate(config: Any, numbers: Numbers, step: Array, steps: int, steps_per_epoch: int) -> Array:
    """The learning rate of a step.

    Args:
      config: ``config.optimizer``.
      numbers: holds the base rate.
      step: counted from 0.
      steps: of the whole run (cosine and linear end there).
      steps_per_epoch: for decay per epoch.
    """
    schedule = config.schedule
    warmup = schedule.warmup_steps
    past_T = jnp.clip((step - warmup) / max(1, steps - warmup), 0.0, 1.0)
    if schedule.name == "exponential":
        # After epoch N (counted from 1) every epoch multiplies once more.
        decays = jnp.maximum(0, step // steps_per_epoch - schedule.after_epochs + 1)
        share = schedule.factor**decays
    elif schedule.name == "cosine":
        share = schedule.final + (1 - schedule.final) * 0.5 * (1 + jnp.cos(jnp.pi * past_T))
    elif schedule.name == "linear":
        share = 1 + (schedule.final - 1) * past_T
    elif schedule.name == "step":
        share = schedule.factor ** (step // schedule.every_steps)
    else:
        share = jnp.ones(())
    if warmup:
        share = share * jnp.minimum(1.0, (step + 1) / warmup)
    return numbers.learning_rate * share
