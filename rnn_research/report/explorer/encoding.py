"""Arrays as text inside a page: sixteen levels, differences in time, deflate, base64.

Neighbouring activations are alike, so their differences in time take 1 to 3 bits where the
values take 4. Differences are taken modulo 16, so that no activation, however wild, takes more than 4.
"""

import base64
import zlib

import numpy as np

SIGNED_TOP, UNSIGNED_TOP = 7, 15
"""The level of a full activation: levels run from -7 to 7, and of a quantity that is never negative from 0 to 15."""


def packed(array: np.ndarray) -> str:
    """The bytes of an array, little-endian, deflated (zlib's format), in base64."""
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return base64.b64encode(zlib.compress(np.ascontiguousarray(little).tobytes(), 6)).decode("ascii")


def levels(q_NU: np.ndarray) -> tuple[np.ndarray, bool]:
    """Activations from -127 to 127 as levels ``int8 [N, U]``, and whether they have a sign."""
    signed = bool((q_NU < 0).any())
    top = SIGNED_TOP if signed else UNSIGNED_TOP
    return np.rint(q_NU.astype(np.float32) * (top / 127)).astype(np.int8), signed


def nibbles(level_NU: np.ndarray, signed: bool) -> np.ndarray:
    """Levels as bytes, unit after unit: two differences a byte, the earlier one in the upper half.

    Each unit starts from 0; 8 is added to levels with a sign first.
    """
    level_UN = np.ascontiguousarray(level_NU.T).astype(np.uint8) + np.uint8(8 if signed else 0)
    step_UN = np.diff(level_UN, axis=1, prepend=np.uint8(0)) & 15
    flat = step_UN.ravel()
    if flat.size % 2:
        flat = np.append(flat, np.uint8(0))
    return (flat[0::2] << 4) | flat[1::2]
