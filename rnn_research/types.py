"""The one glossary: axis letters and array aliases used everywhere.

An array's name carries its axes, one capital letter an axis, in order:

====== ==========================================
letter axis
====== ==========================================
B      batch (examples, or parallel text streams)
T      time steps
S      time steps of a whole split (long, unchunked)
D      input features
E      embedding features
H      hidden units
G      gates of a cell
L      layers of a stack
V      vocabulary
K      classes
N      samples, draws, bootstrap replicates
M      state of a cell, flattened (H, or 2H with a c); or members of a population
R      Lyapunov exponents or directions
Q      quantiles
====== ==========================================

``logits_TBV`` is time-major: unrolls keep time first, since ``lax.scan`` walks
the leading axis. ``...`` in a docstring's shape stands for any batch axes.
"""

from typing import Any

import jax
from jax.typing import DTypeLike

Array = jax.Array
"""Any array; its name or annotation tells its axes."""

Key = jax.Array
"""A typed key from ``jax.random.key``: never reused, only folded in."""

Params = Any
"""A nested named tuple or struct of arrays."""

Carry = Any
"""What a cell hands from one time step to the next: a named tuple of ``[..., H]``."""

__all__ = ["Array", "Carry", "DTypeLike", "Key", "Params"]
