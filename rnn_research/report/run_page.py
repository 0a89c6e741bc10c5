"""report.html of one run: what came out, how it came, a sample, and where it comes from."""

from pathlib import Path
from typing import Any

import numpy as np

from rnn_research.config.flat import flatten
from rnn_research.errors import UserError, counted
from rnn_research.report import figures, html
from rnn_research.runs import history, metrics
from rnn_research.runs.directory import RunDirectory, write_text
from rnn_research.runs.files import REMEDY, read_text, there
from rnn_research.runs.migrations import read_config

HEADS = {
    "nats_per_token": "nats per symbol",
    "tokens": "symbols scored",
    "blocks": "blocks of the interval",
    "zero_start_excess_nats_most": "most that a zero carry costs a stream, nats per symbol",
    "zero_start_streams": "streams read from a zero carry",
    "zero_start_streams_stuck": "of these stuck",
}
"""Columns of the scores whose names in results.json are not yet words."""


def write_page(directory: RunDirectory) -> tuple[Path, ...]:
    """Draws the figures and writes the page, from result files alone.

    Returns:
      The page.

    Raises:
      UserError: if a file that it is made from is missing or damaged.
    """
    results = directory.read_results()
    config = flatten(read_config(directory))
    records = metrics.read(directory.metrics)
    if not any(record["kind"] == "train" for record in records):
        raise UserError(f"{directory.metrics} is damaged, it has no record of training: {REMEDY}")
    provenance = directory.read_provenance()
    objective = results["objective"]
    figures.learning_curve(
        records, objective, results.get("floor_unigram_nats"), directory.figures / "learning_curve.png"
    )
    figures.gradient_norms(records, directory.figures / "gradient_norms.png")
    network = f"{config['model.layers']} x {config['model.hidden']} {config['model.cell']}"
    title = f"{network} on {provenance['corpus'].get('corpus', config['task.name'])}"
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p class='quiet'>{html.escape(provenance['command'])}</p>",
        f"<p class='lead'>{html.escape(conclusion(results))}</p>",
        scores(results),
        "<h2>How it learned</h2>",
        html.figure(directory.figures / "learning_curve.png", learning_sentence(records, results)),
        html.figure(directory.figures / "gradient_norms.png", clipping_sentence(records, config)),
    ]
    if any(r["kind"] == "gradient_flow" for r in records):
        figures.gradient_reach(records, directory.figures / "gradient_reach.png")
        body += [
            "<h2>How far the gradient reaches</h2>",
            html.figure(directory.figures / "gradient_reach.png", reach_sentence(records)),
        ]
    if there(directory.sample):
        body += ["<h2>A sample of what it writes</h2>", f"<pre>{html.escape(read_text(directory.sample))}</pre>"]
    if changes := history.changes(directory):
        body += [
            "<h2>What was changed on the way</h2>",
            f"<p>{html.escape(changes_sentence(changes))}</p>",
            html.table(((step, line) for step, lines in changes for line in lines), ("after step", "field")),
        ]
    body += [
        "<h2>Where this comes from</h2>",
        html.details("every figure (results.json)", html.fields(results)),
        html.details("config", html.fields(config)),
        html.details("provenance: code, versions, machine, corpus", html.fields(flatten(provenance))),
    ]
    write_text(directory.report, html.page(title, body))
    return (directory.report,)


def conclusion(results: dict[str, Any]) -> str:
    """One sentence from the numbers."""
    objective = results["objective"]
    if results.get(f"test_{objective}") is None:
        if any(name.startswith("test_") for name in results):
            return f"{counted(results['step'], 'step')}; the {_words(objective)} of the test split is not a number."
        return f"{counted(results['step'], 'step')}; no test split was held out."
    if objective != "nats_per_token":
        return f"On sequences that it never saw: {_headline(results)}."
    nats, floor = results["test_nats_per_token"], results["floor_unigram_nats"]
    bits = (
        f"{results['test_bits_per_byte']:.3f} bits per byte, " if results.get("test_bits_per_byte") is not None else ""
    )
    need = f"On text that it never saw the model needs {bits}{nats:.3f} nats per symbol{_interval(results, objective)}"
    if nats < floor:
        return f"{need}; single symbols without context need {floor:.3f} nats."
    return f"{need}: no better than single symbols without context, which need {floor:.3f}."


def _headline(results: dict[str, Any]) -> str:
    """The score that a reader wants first (of classes the accuracy, else the objective), beside its floor."""
    objective = results["objective"]
    name = "accuracy" if results.get("test_accuracy") is not None else objective
    parts = [_beside_floor(results, name)]
    if name != objective:
        parts.append(_beside_floor(results, objective))
    return "; ".join(parts)


def _beside_floor(results: dict[str, Any], name: str) -> str:
    """A score with its interval, and on which side of its floor it lies, where it has one."""
    value, floor = results[f"test_{name}"], results.get(f"floor_{name}")
    shown = f"{_words(name)} {value:.4g}{_interval(results, name)}"
    if floor is None:
        return shown
    ends = [results.get(f"test_{name}_{end}95") for end in ("low", "high")]
    low, high = (value if end is None else end for end in ends)
    better, worse = (low > floor, high < floor) if name == "accuracy" else (high < floor, low > floor)
    if better:
        return f"{shown}, better than the floor of {floor:.4g}"
    return f"{shown}, {'worse than' if worse else 'not told apart from'} the floor of {floor:.4g}"


def _interval(results: dict[str, Any], name: str) -> str:
    """The interval of a test score and what it is over, or why there is none."""
    low, high = (results.get(f"test_{name}_{end}95") for end in ("low", "high"))
    over = results.get("interval_of_test", "")
    if low is not None and high is not None:
        return f" (95 % interval {low:.4g} to {high:.4g}{over and f', {over}'})"
    return f" ({over})" if over and name == results["objective"] else ""


def scores(results: dict[str, Any]) -> str:
    """The table of the splits: a row for each, a column for each figure that both have."""
    splits = [split for split in ("validation", "test") if f"{split}_{results['objective']}" in results]
    if not splits:
        return ""
    names = [n.removeprefix("test_") for n in results if n.startswith("test_") and not n.endswith("95")]
    rows = [(split, *(results.get(f"{split}_{name}", "") for name in names)) for split in splits]
    return html.table(rows, ("split", *(_words(name) for name in names)))


def changes_sentence(changes: list[tuple[int, list[str]]]) -> str:
    """That not all steps were of the config that the page shows."""
    steps = [f"{step:,}" for step, _ in changes]
    after = " and ".join(filter(None, [", ".join(steps[:-1]), steps[-1]]))
    return (
        f"It went on with other settings after step {after}: the config below is that of the last stretch, "
        "and history.jsonl holds what was true before."
    )


def _words(name: str) -> str:
    return HEADS.get(name, name.replace("_", " "))


def learning_sentence(records: list[dict[str, Any]], results: dict[str, Any]) -> str:
    """What the learning curve shows; a logged loss is the mean over the steps since the one before."""
    train = [r for r in records if r["kind"] == "train"]
    first, last = train[0], train[-1]
    kept = f"the model kept is the one of step {results['best_step']:,}."
    steps = "step" if first["step"] == 1 else "steps"
    begins = f"{first['loss']:.3f} in {_mean_of('first', first['step'])} {steps}"
    if first is last:
        return f"Training loss is {begins}, and was logged once; {kept}"
    ends = f"{last['loss']:.3f} in {_mean_of('last', last['step'] - train[-2]['step'])}"
    way = "falls" if last["loss"] < first["loss"] else "does not fall:"
    return f"Training loss {way} from {begins} to {ends} of {counted(results['step'], 'step')}; {kept}"


def _mean_of(which: str, steps: int) -> str:
    return f"the {which}" if steps == 1 else f"the mean of the {which} {steps:,}"


def reach_sentence(records: list[dict[str, Any]]) -> str:
    """How far the gradient of the last step's error reached at first and at last, layer by layer."""
    watched = [r for r in records if r["kind"] == "gradient_flow"]
    first, last = watched[0], watched[-1]
    parts = []
    for number, suffix in enumerate(figures.layer_suffixes(watched), 1):
        whose = f"in layer {number} the gradient" if suffix else "the gradient"
        exponent = last.get(f"top_exponent_nats_per_step{suffix}")
        parts.append(
            f"{whose} of the last step's error {_decay(last, suffix)}"
            + (f" (at step {first['step']:,}: {_rate(first, suffix)})" if first is not last else "")
            + (f", the top Lyapunov exponent is {exponent:+.3g} nats per step" if exponent is not None else "")
            + f", and {100 * last[f'exploding_share{suffix}']:.0f} % of the sequences explode"
        )
    return f"At step {last['step']:,} {'; '.join(parts)}."


def _decay(record: dict[str, Any], suffix: str) -> str:
    if f"slope_nats_per_step{suffix}" not in record:
        return "is exactly zero before it has reached far"
    rate = _rate(record, suffix)
    low, high = (record.get(f"slope_nats_per_step_{end}95{suffix}") for end in ("low", "high"))
    if low is None or high is None:  # one sequence, or a record of an older version
        return f"changes by {rate} backwards in time, without an interval to tell it from no decay"
    ends = f"{rate}, 95 % over sequences {low:+.3g} to {high:+.3g}"
    if (turned := record.get(f"turn_nats{suffix}")) is not None:
        way = "falls and rises again" if turned > 0 else "rises and falls again"
        return f"{way} by {abs(turned):.2g} nats backwards in time, so that no one rate is that of all lags ({ends})"
    if f"half_life_steps{suffix}" in record:
        return f"halves every {html.number(record[f'half_life_steps{suffix}'], 3)} steps back ({ends})"
    if low > 0:
        return f"grows backwards in time ({ends})"
    return f"is not told apart from one that does not decay backwards in time ({ends})"


def _rate(record: dict[str, Any], suffix: str) -> str:
    slope = record.get(f"slope_nats_per_step{suffix}")
    return "zero" if slope is None else f"{slope:+.3g} nats per step"


def clipping_sentence(records: list[dict[str, Any]], config: dict[str, Any]) -> str:
    """What the clipping did."""
    train = [r for r in records if r["kind"] == "train"]
    steps = np.diff([0, *(r["step"] for r in train)])  # a record is of the steps since the one before
    share = float(np.average([r["clipped"] for r in train], weights=steps))
    largest = max(r["grad_norm_max"] for r in train)
    if config["optimizer.clip.name"] == "none":
        return f"No clipping; the largest gradient norm was {html.number(largest, 3)}."
    return (
        f"Clipping ({config['optimizer.clip.name']}, limit {config['optimizer.clip.limit']:g}) changed "
        f"{100 * share:.1f} % of the steps; the largest norm before it was {html.number(largest, 3)}."
    )
