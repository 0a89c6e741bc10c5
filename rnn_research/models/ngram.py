"""n-gram models of every order at once, in interpolated modified Kneser-Ney form (Chen and Goodman 1998, section 3).

For a gram of k symbols, h its context (the first k - 1) and w its last symbol,

    p(w | h) = (c(hw) - D(c(hw))) / c(h.)  +  (D1 N1(h.) + D2 N2(h.) + D3 N3+(h.)) / c(h.) * p'(w | h')

where h' is h without its oldest symbol, c(h.) the sum over w, and N1(h.), N2(h.)
and N3+(h.) count the symbols seen once, twice and more often after h. With n1 to n4 how many
grams of that order have count 1 to 4,

    Y = n1 / (n1 + 2 n2)    D1 = 1 - 2 Y n2 / n1    D2 = 2 - 3 Y n3 / n2    D3+ = 3 - 4 Y n4 / n3

In p', a gram counts how many different symbols stand before it, not how often it
occurs. Below one symbol all V are alike: 1 / V. A context that was never seen leaves p'.

What the report leaves open:

- The text is one stream without sentences. Its beginning is a predecessor like any
  symbol, so that every gram that occurs has one.
- Where n1 to n4 give no discounts above zero (small texts, few symbols, one symbol
  repeated), D1, D2 and D3+ are 0.5, 1 and 1.5, as in KenLM's fallback. So no probability
  is ever zero.

A gram is known by its rank among the grams of its order, found from the rank of its
context: a text of N symbols takes N log N per order and no strings.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnn_research.errors import UserError

DISCOUNTS_WITHOUT_COUNTS = (0.5, 1.0, 1.5)


class Interpolation(NamedTuple):
    """One order's part: ``p = share[gram] + backoff[context] * p'``.

    Attributes:
      share_G: what is left of a gram's count after the discount, over its context's.
      backoff_C: the weight of the lower order in a context.

    Both hold one entry more, 0 and 1, which is what -1 (never seen) reads.
    """

    share_G: np.ndarray
    backoff_C: np.ndarray


class NGrams(NamedTuple):
    """Models of 1 to O symbols. The contexts C of one order are the grams G of the order below.

    Attributes:
      V: the vocabulary's size.
      keys: per order, ``[G]`` sorted: context's rank * V + last symbol.
      counted: per order, from how often grams occur: the top of a model of that order.
      continued: per order but the last, from how many symbols stand before them: p' of all higher models.
    """

    V: int
    keys: tuple[np.ndarray, ...]
    counted: tuple[Interpolation, ...]
    continued: tuple[Interpolation, ...]

    @property
    def orders(self) -> int:
        """The longest gram, in symbols: one more than its context."""
        return len(self.keys)


def fit(symbols_N: np.ndarray, V: int, order: int) -> NGrams:
    """Counts a text.

    Args:
      symbols_N: integers from 0 to V - 1; none is a text too.
      V: the vocabulary's size, symbols that the text lacks included.
      order: symbols of the longest gram, 1 or more: one more than its context.

    Raises:
      UserError: for an order below 1, or a symbol outside of the vocabulary.

    Memory is some 50 bytes for each different gram of each order: 1.8 GB for 2.6 million
    characters of English and order 21, in which half of all grams are different.
    """
    if order < 1:
        raise UserError(f"order={order} must be 1 or more symbols")
    symbols_N = _within(symbols_N, V)
    keys: list[np.ndarray] = []
    counted: list[Interpolation] = []
    continued: list[Interpolation] = []
    # Ranks of the grams of one order, by where they end; at first the empty gram, before and after each symbol.
    ranks, contexts_G, C = np.zeros(len(symbols_N) + 1, np.int64), np.zeros(0, np.int64), 1
    for k in range(1, order + 1):
        places = ranks[:-1] * V + symbols_N[k - 1 :]
        keys_G, longer, counts_G = np.unique(places, return_inverse=True, return_counts=True)
        if k > 1:
            suffix_G = np.empty(len(keys_G), np.int64)
            suffix_G[longer] = ranks[1:]
            before_C = np.bincount(suffix_G, minlength=len(contexts_G))
            before_C[ranks[:1]] += 1  # the beginning of the text
            continued.append(_interpolation(before_C, contexts_G, C))
            C = len(contexts_G)
        contexts_G = keys_G // V
        keys.append(keys_G)
        counted.append(_interpolation(counts_G, contexts_G, C))
        ranks = longer
    return NGrams(V, tuple(keys), tuple(counted), tuple(continued))


def log_probability(model: NGrams, symbols_N: np.ndarray, targets_N: np.ndarray | None = None) -> np.ndarray:
    """Log probability in nats of every symbol after those before it, ``[O, N]``: row k - 1 by the model of k symbols.

    Args:
      model: of ``fit``.
      symbols_N: the text. Its first symbols have a short context; where they follow
        another text, give that too and leave its columns away.
      targets_N: the symbol to score after the context at each place, if it is not
        the text's own (say, a closing bracket everywhere).

    Raises:
      UserError: for a symbol outside of the vocabulary.
    """
    symbols_N = _within(symbols_N, model.V)
    own = targets_N is None
    targets_N = symbols_N if targets_N is None else _within(targets_N, model.V)
    log_ON = np.empty((model.orders, len(symbols_N)))
    lower_N = np.full(len(symbols_N), 1 / model.V)
    contexts_N = np.zeros(len(symbols_N), np.int64)
    for k, keys_G in enumerate(model.keys):
        grams_N = _ranks(keys_G, contexts_N, targets_N, model.V)
        log_ON[k] = np.log(_mixed(model.counted[k], grams_N, contexts_N, lower_N))
        if k < len(model.continued):
            lower_N = _mixed(model.continued[k], grams_N, contexts_N, lower_N)
            contexts_N = _next_contexts(grams_N if own else _ranks(keys_G, contexts_N, symbols_N, model.V))
    return log_ON


def distribution(
    model: NGrams, symbols_N: np.ndarray, order: int | None = None, rows: int = 1 << 16
) -> Iterator[np.ndarray]:
    """Yields the whole distribution of every symbol after those before it, ``[n, V]``, at most ``rows`` places at once.

    Args:
      model: of ``fit``.
      symbols_N: the text.
      order: symbols of the model's longest gram; None for the longest of all.
      rows: a piece takes some 3 * 8 * V * rows bytes.

    Raises:
      UserError: for an order that was not counted, or a symbol outside of the vocabulary.
    """
    order = model.orders if order is None else order
    if not 1 <= order <= model.orders:
        raise UserError(f"order={order} was not counted: take 1 to {model.orders}, or fit a longer model")
    symbols_N = _within(symbols_N, model.V)
    for start in range(0, len(symbols_N), rows):
        first = max(0, start - order + 1)
        piece = symbols_N[first : start + rows]
        contexts_n = np.zeros(len(piece), np.int64)
        p_nV = np.full((len(piece), model.V), 1 / model.V)
        for k in range(order):
            part = model.counted[k] if k == order - 1 else model.continued[k]
            p_nV = part.backoff_C[contexts_n, None] * p_nV
            _add_shares(p_nV, part, model.keys[k], contexts_n)
            contexts_n = _next_contexts(_ranks(model.keys[k], contexts_n, piece, model.V))
        yield p_nV[start - first :]


def discounts(counts_G: np.ndarray) -> tuple[float, float, float]:
    """D1, D2 and D3+ from how many grams have count 1 to 4; the fixed ones where that gives none above zero."""
    n1, n2, n3, n4 = (float(n) for n in np.bincount(np.minimum(counts_G, 5), minlength=6)[1:5])
    if not (n1 and n2 and n3 and n4):
        return DISCOUNTS_WITHOUT_COUNTS
    Y = n1 / (n1 + 2 * n2)
    found = (1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3)
    return found if min(found) > 0 else DISCOUNTS_WITHOUT_COUNTS


def _interpolation(counts_G: np.ndarray, contexts_G: np.ndarray, C: int) -> Interpolation:
    taken_G = np.array([0, *discounts(counts_G)])[np.minimum(counts_G, 3)]
    total_C = np.bincount(contexts_G, counts_G, minlength=C)
    freed_C = np.bincount(contexts_G, taken_G, minlength=C)
    # The text's last context may have nothing after it.
    backoff_C = np.divide(freed_C, total_C, out=np.ones(C), where=total_C > 0)
    return Interpolation(np.append((counts_G - taken_G) / total_C[contexts_G], 0), np.append(backoff_C, 1))


def _mixed(part: Interpolation, grams_N: np.ndarray, contexts_N: np.ndarray, lower_N: np.ndarray) -> np.ndarray:
    return part.share_G[grams_N] + part.backoff_C[contexts_N] * lower_N


def _ranks(keys_G: np.ndarray, contexts_N: np.ndarray, symbols_N: np.ndarray, V: int) -> np.ndarray:
    """The rank of context and symbol among the grams of one order; -1 where they were never seen."""
    if not len(keys_G):
        return np.full(len(symbols_N), -1)
    wanted_N = contexts_N * V + symbols_N  # below zero where the context was never seen
    found_N = np.minimum(np.searchsorted(keys_G, wanted_N), len(keys_G) - 1)
    return np.where(keys_G[found_N] == wanted_N, found_N, -1)


def _next_contexts(grams_N: np.ndarray) -> np.ndarray:
    """The gram that ends before each place."""
    return np.concatenate([np.full(min(1, len(grams_N)), -1), grams_N[:-1]])


def _add_shares(p_nV: np.ndarray, part: Interpolation, keys_G: np.ndarray, contexts_n: np.ndarray) -> None:
    """Adds the share of every gram that has the context, in place. The grams of a context lie side by side."""
    V = p_nV.shape[1]
    first_n = np.searchsorted(keys_G, contexts_n * V)
    size_n = np.searchsorted(keys_G, (contexts_n + 1) * V) - first_n  # none for -1: no key is below zero
    row = np.repeat(np.arange(len(contexts_n)), size_n)
    gram = np.arange(len(row)) + np.repeat(first_n - np.cumsum(size_n) + size_n, size_n)
    p_nV[row, keys_G[gram] % V] += part.share_G[gram]


def _within(symbols_N: np.ndarray, V: int) -> np.ndarray:
    symbols_N = np.asarray(symbols_N, np.int64)
    if symbols_N.size and not 0 <= symbols_N.min() <= symbols_N.max() < V:
        low, high = symbols_N.min(), symbols_N.max()
        raise UserError(
            f"symbols {low} to {high} are not all from 0 to {V - 1}: use the vocabulary of the counted text"
        )
    return symbols_N
