"""Functions without closures and trees without integers: what a hand-written gradient must be given."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun


def opened(f: Callable[..., Any], *examples: Any) -> tuple[Callable[..., Any], list[Any]]:
    """A function with everything that it closes over handed out.

    Args:
      f: of the arguments that the examples stand for.
      examples: arrays, or their shapes and dtypes.

    Returns:
      ``pure(closed, *args)``, and the arrays ``closed`` for which it equals ``f(*args)``.
    """
    closed_jaxpr, shape = jax.make_jaxpr(f, return_shape=True)(*examples)
    jaxpr, structure = closed_jaxpr.jaxpr, jax.tree.structure(shape)

    def pure(closed: list[Any], *args: Any) -> Any:
        return jax.tree.unflatten(structure, jaxpr_as_fun(ClosedJaxpr(jaxpr, closed))(*jax.tree.leaves(args)))

    return pure, list(closed_jaxpr.consts)


def smooth(tree: Any) -> Any:
    """The tree with None for every leaf that has no gradient (integers, truth values, keys)."""
    return jax.tree.map(lambda leaf: leaf if _is_smooth(leaf) else None, tree)


def fixed(tree: Any) -> Any:
    """The tree with None for every leaf that has a gradient."""
    return jax.tree.map(lambda leaf: None if _is_smooth(leaf) else leaf, tree)


def joined(smooth: Any, fixed: Any) -> Any:
    """The tree whose ``smooth`` and ``fixed`` parts these are."""
    return jax.tree.map(lambda a, b: b if a is None else a, smooth, fixed, is_leaf=lambda leaf: leaf is None)


def _is_smooth(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jnp.inexact)
