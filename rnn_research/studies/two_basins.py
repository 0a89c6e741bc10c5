"""Whether language models can begin to read: streams from a zero and from a warm carry, and unprimed samples.

A text is read in one stream and in many, and each of the many from the initial and
from a warm carry (``training.zero_start``). Samples without priming text are scored by
a trigram model of the training text: one is stuck that needs 0.3 nats a symbol
(``zero_start.STUCK``) more than any of as many samples from the warm carry of the same
network. How probable their first symbols are is asked of another network, the judge,
which reads passages of the text beside them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.decoding.generate import generate, prime
from rnn_research.models import Model, ngram
from rnn_research.models.answers import nats_of
from rnn_research.restore.trained import Trained
from rnn_research.runs.statistics import mean_interval
from rnn_research.tasks.batches import Stream
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training import zero_start
from rnn_research.training.walk import Walk
from rnn_research.types import Carry, Params

SAMPLES = 256
LENGTH = 200
"""Symbols of a sample."""
BEGINNING = 20
"""Symbols whose probability the judge tells."""
PASSAGES = 100


class Judge(NamedTuple):
    """What samples are held against.

    Attributes:
      network: one that was trained longer, or None.
      trigrams: of the training text, orders 1 to 3.
      first: the symbol that is read before a sample, and stands before each passage.
      passages_NL: of a text that no network has trained on.
    """

    network: Trained | None
    trigrams: ngram.NGrams
    first: int
    passages_NL: np.ndarray


def judge_of(network: Trained | None, vocabulary: Vocabulary, training_N: np.ndarray, test_N: np.ndarray) -> Judge:
    """The judge, from a run that was trained longer (or None) and the symbols of two splits."""
    first = int(np.maximum(vocabulary.encode(b"\n"), 0)[0])
    return Judge(
        network,
        ngram.fit(training_N, len(vocabulary), 3),
        first,
        passages(test_N, first),
    )


def passages(symbols_N: np.ndarray, first: int, count: int = PASSAGES, length: int = LENGTH) -> np.ndarray:
    """Passages ``[count, length]`` that follow the symbol ``first``, spread evenly over a text."""
    begins = np.flatnonzero(symbols_N[: len(symbols_N) - length] == first) + 1
    chosen = begins[np.linspace(0, len(begins) - 1, count).astype(int)]
    return symbols_N[chosen[:, None] + np.arange(length)]


def samples(model: Model, params: Params, first: int, seed: int, start: Carry | None = None) -> np.ndarray:
    """Unprimed samples ``[SAMPLES, LENGTH]``, from the initial carry or from ``start``."""
    began = prime(model, params, jnp.array([first]), SAMPLES, start=start)
    return np.asarray(generate(model, params, began, jax.random.key(seed), length=LENGTH)[1]).T


def trigram_nats(judge: Judge, symbols_NL: np.ndarray) -> np.ndarray:
    """Nats a symbol of every sample, ``[N]``, under the trigram model."""
    before_N2 = np.full((len(symbols_NL), 2), judge.first)  # no sample is the context of the next
    rows = np.concatenate([before_N2, symbols_NL], axis=1)
    log_N = ngram.log_probability(judge.trigrams, rows.ravel())[-1]
    return -log_N.reshape(rows.shape)[:, 2:].mean(axis=1)


def judged(judge: Judge, symbols_NL: np.ndarray) -> np.ndarray:
    """Nats of every symbol under the judge's network, ``[N, L]``, which reads ``first`` before them."""
    assert judge.network is not None, "it takes a network"
    model, params = judge.network.model, judge.network.params
    first_N1 = np.full((len(symbols_NL), 1), judge.first)
    read_NL = np.concatenate([first_N1, symbols_NL[:, :-1]], axis=1)
    batch = Stream(jnp.asarray(read_NL), jnp.asarray(symbols_NL), jnp.ones(len(read_NL), bool))

    @jax.jit
    def nats(params: Params) -> Any:
        logits_NLV, _ = model.predict(params, batch, model.carry(params, len(read_NL)))
        return nats_of(logits_NLV, batch.targets)[0]

    return np.asarray(nats(params))


def reading(run: Trained, model: Model, walk: Walk, splits: Sequence[Any], judge: Judge) -> dict[str, Any]:
    """All that is measured of one run.

    Args:
      run: its config, parameters and step.
      model: one for all runs of a shape, so that one program reads them.
      walk: of that model.
      splits: the text as many streams, and as one.
      judge: what the samples are held against.
    """
    many, one = splits
    sums, carry = jax.tree.map(np.asarray, walk(run.params, many.data, many.batches, many.batch_size))
    best = zero_start.of_the_best(carry, sums)
    warm, _ = jax.tree.map(np.asarray, walk(run.params, many.data, many.batches, many.batch_size, best))
    begun = zero_start.compared(sums, warm)
    alone, _ = jax.tree.map(np.asarray, walk(run.params, one.data, one.batches, one.batch_size))
    draws = (model, run.params, judge.first, run.config.seed)
    from_warm_NL = samples(*draws, start=jax.tree.map(lambda c: c[0], best))
    bar = float(trigram_nats(judge, from_warm_NL).max()) + zero_start.STUCK
    found = {
        "seed": run.config.seed,
        "learning_rate": run.config.optimizer.learning_rate,
        "fresh_probability": run.config.task.fresh_probability,
        "nats_in_many_streams": _ratio(sums),
        "nats_in_one_stream": _ratio(alone),
        "streams": int(np.isfinite(begun.excess_B).sum()),
        "streams_stuck": begun.stuck,
        "zero_start_excess_nats_most": float(np.nanmax(begun.excess_B)),
        "nats_from_zero": _listed(begun.zero_B),
        "nats_from_warm": _listed(begun.warm_B),
        "samples": SAMPLES,
        "samples_bar_nats": bar,
        **_of_samples(judge, samples(*draws), bar, ""),
    }
    if judge.network is not None:
        # How probable the network's text is to the judge where it began well, whatever the network can do.
        found |= {f"{name}_warm": nats for name, nats in judged_figures(judged(judge, from_warm_NL)).items()}
    if run.start is not None:
        found |= _of_samples(judge, samples(*draws, start=run.start), bar, "_mean_carry")
    return found


def _of_samples(judge: Judge, symbols_NL: np.ndarray, bar: float, suffix: str) -> dict[str, float]:
    nats_N = trigram_nats(judge, symbols_NL)
    figures: dict[str, float] = {
        "samples_stuck": int(np.sum(nats_N > bar)),
        "trigram_nats_median": float(np.median(nats_N)),
        "trigram_nats_most": float(nats_N.max()),
    }
    if judge.network is not None:
        figures |= judged_figures(judged(judge, symbols_NL))
    return {f"{name}{suffix}": value for name, value in figures.items()}


JUDGED = ("judged_nats_first", "judged_nats_last", "judged_nats_first_warm", "judged_nats_last_warm")


def judged_figures(nats_NL: np.ndarray) -> dict[str, float]:
    """Nats a symbol of the beginnings, and of the ends, which a network reads with a warm carry."""
    first, last = nats_NL[:, :BEGINNING].mean(), nats_NL[:, -BEGINNING:].mean()
    return {"judged_nats_first": float(first), "judged_nats_last": float(last)}


def cost(readings: Sequence[dict[str, Any]], probability: float, base: float = 0.0) -> np.ndarray:
    """Nats a symbol that fresh starts cost where no stream is stuck, one number a seed: the mean over its rates.

    Runs of one seed and rate are compared on the streams that are stuck in neither, both read from the initial carry.
    """
    of = {(r["fresh_probability"], r["learning_rate"], r["seed"]): r for r in readings}
    rates, seeds = ({r[name] for r in readings} for name in ("learning_rate", "seed"))
    return np.array(
        [
            np.mean([_difference(of[probability, rate, seed], of[base, rate, seed]) for rate in sorted(rates)])
            for seed in sorted(seeds)
            if all((p, rate, seed) in of for p in (probability, base) for rate in rates)
        ]
    )


def summary(readings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """For each probability of a fresh start: how many runs, streams and samples are stuck, and what it costs.

    The cost is beside no fresh starts, a mean over seeds with Student's 95 % interval.
    """
    found: dict[str, Any] = {}
    for p in sorted({r["fresh_probability"] for r in readings}):
        own = [r for r in readings if r["fresh_probability"] == p]
        name = f"fresh_{p:g}"
        found |= {
            f"{name}_runs": len(own),
            f"{name}_runs_with_stuck_streams": sum(r["streams_stuck"] > 0 for r in own),
            f"{name}_streams_stuck": sum(r["streams_stuck"] for r in own),
            f"{name}_streams": sum(r["streams"] for r in own),
            f"{name}_zero_start_excess_nats_most": max(r["zero_start_excess_nats_most"] for r in own),
            f"{name}_one_over_many_streams_most": max(_apart(r) for r in own),
            f"{name}_samples": sum(r["samples"] for r in own),
            f"{name}_samples_stuck": sum(r["samples_stuck"] for r in own),
        }
        for figure in JUDGED:
            if all(figure in r for r in own):
                found[f"{name}_{figure}"] = float(np.mean([r[figure] for r in own]))
        if all("samples_stuck_mean_carry" in r for r in own):
            found[f"{name}_samples_stuck_mean_carry"] = sum(r["samples_stuck_mean_carry"] for r in own)
        if p and len(costs_N := cost(readings, p)) > 1:
            mean, low, high = mean_interval(costs_N)
            found |= {f"{name}_cost_nats": mean, f"{name}_cost_nats_low95": low, f"{name}_cost_nats_high95": high}
    return found


def _apart(reading: dict[str, Any]) -> float:
    """How far the losses in one stream and in many lie apart, as a share of the smaller."""
    one, many = reading["nats_in_one_stream"], reading["nats_in_many_streams"]
    return max(one, many) / min(one, many) - 1


def _difference(first: dict[str, Any], second: dict[str, Any]) -> float:
    zero_2B, warm_2B = (
        np.array([r[name] for r in (first, second)], float) for name in ("nats_from_zero", "nats_from_warm")
    )
    healthy_B = (zero_2B - warm_2B <= zero_start.STUCK).all(axis=0)  # False where a stream is too short: nan
    return float((zero_2B[0] - zero_2B[1])[healthy_B].mean())


def _ratio(sums: dict[str, Any]) -> float:
    nats, tokens = sums["nats"]
    return float(nats.sum(dtype=np.float64) / tokens.sum())


def _listed(values_B: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 5) for value in values_B]
