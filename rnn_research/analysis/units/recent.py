"""What the last characters tell of a concept, counted: the mean label after every context, the longer ones first.

A control that reads each of the last characters by itself misses what two tell together. Contexts of 0 to K
characters are counted on the first part of a text; the mean label of a longer one leans on the shorter one's by
``LEAN`` positions, as interpolated n-gram models do (Jelinek and Mercer 1980; MacKay and Peto 1995).
"""

import numpy as np

LEAN = 4.0


class Contexts:
    """The contexts of all positions of two parts, numbered alike."""

    def __init__(self, select_N: np.ndarray, confirm_N: np.ndarray, count: int) -> None:
        """Numbers them: ``select_N`` and ``confirm_N`` are the parts' symbols, ``count`` the longest context."""
        self._parts = []
        both_N = np.concatenate([select_N, confirm_N]).astype(np.int64)
        V = int(both_N.max(initial=0)) + 2
        id_N = np.zeros(len(both_N), np.int64)
        for back in range(count):
            # A context across the border of the parts, or from before the text, is merely one more.
            id_N = np.unique(id_N * V + np.roll(both_N, back) + 1, return_inverse=True)[1].reshape(-1)
            self._parts.append((id_N[: len(select_N)], id_N[len(select_N) :]))

    def predicted(self, y_NC: np.ndarray, counted_N: np.ndarray, at_N: np.ndarray) -> np.ndarray:
        """The mean label that the contexts of some positions of the second part had in the first, ``[N, C]``.

        Args:
          y_NC: the label at every position of the first part, or one column a class.
          counted_N: which of them are counted.
          at_N: positions of the second part.
        """
        y_NC = y_NC[counted_N].astype(np.float64)
        found_NC = np.broadcast_to(y_NC.mean(axis=0), (len(at_N), y_NC.shape[1]))
        for select_N, confirm_N in self._parts:
            seen_N, asked_N = select_N[counted_N], confirm_N[at_N]
            size = int(max(select_N.max(initial=0), confirm_N.max(initial=0))) + 1
            n_I1 = np.bincount(seen_N, minlength=size)[:, None]
            sum_IC = np.stack([np.bincount(seen_N, y_N, size) for y_N in y_NC.T], axis=1)
            found_NC = (sum_IC[asked_N] + LEAN * found_NC) / (n_I1[asked_N] + LEAN)
        return found_NC
