"""How probable a trained model found every symbol of a text."""

import numpy as np

from rnn_research.analysis.interventions import Intervention
from rnn_research.models.model import Model
from rnn_research.studies.cells.intervened import NOBODY, read_under
from rnn_research.studies.cells.parallel_reading import WARM_UP, streams_at
from rnn_research.tasks.text.vocabulary import OUTSIDE
from rnn_research.types import Params


def probabilities(
    model: Model, params: Params, symbols_N: np.ndarray, V: int, *, streams: int = 32, warm_up: int = WARM_UP
) -> np.ndarray:
    """The probability of each symbol given those before it, ``[N]``.

    The text is read as streams side by side, each from ``warm_up`` symbols before its own stretch, so
    that none is scored by a cold carry. The text's first symbol has none before it: 1 / V.

    Args:
      model: a language model.
      params: its parameters.
      symbols_N: the text; a symbol that the model does not know has probability 0.
      V: symbols that it knows.
      streams: read side by side.
      warm_up: symbols that a stream reads before its own.
    """
    N = len(symbols_N)
    stretch = -(-max(N - 1, 1) // streams)
    own_B = stretch * np.arange(streams)
    laid = streams_at(symbols_N, np.maximum(own_B - warm_up, 0), stretch + warm_up)
    (loss_SB,) = read_under(model, params, laid, [Intervention(0, "h", NOBODY, "zero")]).loss_USB
    p_N = np.zeros(N)
    p_N[:1] = 1 / V
    scored_SB = (laid.place_SB >= own_B) & (laid.place_SB < np.minimum(own_B + stretch, N - 1))
    p_N[laid.place_SB[scored_SB] + 1] = np.exp(-loss_SB[scored_SB])
    return np.where(symbols_N == OUTSIDE, 0, p_N)
