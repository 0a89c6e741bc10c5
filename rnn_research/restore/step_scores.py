"""The scores of every step of a short text, as the lecture's figure of "hello" shows them."""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.restore.trained import Trained
from rnn_research.tasks.batches import Stream
from rnn_research.unroll import unroll_stack


def table(run: Trained, text: str) -> str:
    """A line for each step: input, hidden state, score of each symbol, target and its probability."""
    symbols = run.vocabulary.encode(text.encode())
    inputs_BT, targets_T = jnp.asarray(symbols[:-1])[None], symbols[1:]
    batch = Stream(inputs_BT, jnp.asarray(targets_T)[None], jnp.ones(1, bool))
    (one,) = run.model.recurrences(run.params, batch, run.model.carry(run.params, 1)).values()
    h_TBH = unroll_stack(one.stack, one.params, one.carry, one.x)[1]
    h_TH, logits_TV = np.asarray(h_TBH)[:, 0], np.asarray(one.read(h_TBH))[:, 0]
    probability_TV = np.asarray(jax.nn.softmax(logits_TV))

    names = [repr(s)[1:-1] for s in run.vocabulary.symbols]
    header = f"input  {'hidden state':<{7 * h_TH.shape[1]}}  scores: " + "".join(f"{n:>7}" for n in names)
    lines = [header + "   target  probability"]
    for t, target in enumerate(targets_T):
        hidden = "".join(f"{h:7.2f}" for h in h_TH[t])
        scores = "".join(f"{y:7.2f}" for y in logits_TV[t])
        right = "right" if logits_TV[t].argmax() == target else "wrong"
        end = f"{names[target]:<6}  {probability_TV[t, target]:.3f}  {right}"
        lines.append(f"{names[symbols[t]]:<5}  {hidden}          {scores}   {end}")
    return "\n".join(lines)
