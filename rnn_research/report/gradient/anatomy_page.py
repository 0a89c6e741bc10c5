"""The anatomy's page: lag profiles and the table of rates, then what lies behind them."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.errors import counted
from rnn_research.report import html
from rnn_research.report.figures import GREY, save
from rnn_research.report.gradient.gate_figures import distributions, gate_sentence, gates, highway, highway_sentence
from rnn_research.report.gradient.lasting import (
    decays,
    disagreement,
    hidden_early_decay,
    lasts,
    over,
    turned_words,
    turning,
    untold_early_decay,
)
from rnn_research.report.gradient.spectra import rate_sentence, rates, spectra, spectrum_sentence
from rnn_research.report.gradient.styles import (
    MOMENTS,
    Networks,
    label,
    moments_of,
    powers_of_ten,
    style,
    with_interval,
)
from rnn_research.report.gradient.weights import bptt, bptt_sentence, sensitivity, sensitivity_sentence
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.half_lives import DECAYS, GROWS, UNDECIDED, UNTESTED, ZERO

TURNS = "turns"
LEAST = -60  # powers of ten: what falls below leaves the panel, and is far below float32


def page(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and body, for a study of networks and for a single run."""
    networks, folder = results["networks"], directory.figures
    body = [figure(folder / "lag_profiles.png", lag_profiles, profile_sentence, networks), rate_table(networks)]
    if any("layers" in found for moments in networks.values() for found in moments.values()):
        body.append(layer_table(networks))
    body.append(figure(folder / "rates.png", rates, rate_sentence, networks))
    body.append(figure(folder / "spectra.png", spectra, spectrum_sentence, networks))
    if any("log_highway" in found["initial"] for found in networks.values()):
        body.append(figure(folder / "highway.png", highway, highway_sentence, networks))
    if any("gates" in found["initial"] for found in networks.values()):
        body.append(
            figure(folder / "gates.png", gates if len(networks) == 1 else distributions, gate_sentence, networks)
        )
    body.append(figure(folder / "bptt.png", bptt, bptt_sentence, networks))
    body.append(figure(folder / "sensitivity.png", sensitivity, sensitivity_sentence, networks))
    of_run = f" of {results['run']}" if "run" in results else ""
    return f"Anatomy of the gradient{of_run} over {results['length']} steps", body


def figure(path: Path, draw: Any, sentence: Any, networks: Networks) -> str:
    """Draws, and puts the sentence under it."""
    draw(networks, path)
    return html.figure(path, sentence(networks))


def lag_profiles(networks: Networks, path: Path) -> None:
    """log ||dE/dh_t|| against lag, and below it the local slope; a column for each moment; see ``drawn_sentence``."""
    moments = moments_of(networks)
    size = (5.4 * len(moments), 6.6)
    drawn, panels = plt.subplots(
        2, len(moments), figsize=size, sharex=True, sharey="row", squeeze=False, height_ratios=(3, 2)
    )
    for column, moment in enumerate(moments):
        axes, below = panels[:, column]
        for network, found in networks.items():
            name, colour, line = style(network)
            learned = learned_of(found[moment])
            profile = powers_of_ten(found[moment]["profile"])[::-1]
            lag = np.arange(len(profile))
            axes.plot(lag, profile, color=colour, ls=line, lw=1.6, label=f"{name}{learned and f' ({learned})'}")
            for log_T in found[moment].get("profile_by_seed", ()):
                axes.plot(lag, powers_of_ten(log_T)[::-1], color=colour, ls=line, lw=0.6, alpha=0.5)
            low, high = (powers_of_ten(found[moment][f"profile_{end}"])[::-1] for end in ("low", "high"))
            axes.fill_between(lag, low, high, color=colour, alpha=0.15, lw=0)
            slopes = np.array(found[moment]["local_slopes"], np.float64)
            below.plot(found[moment]["local_slope_lags"], slopes, color=colour, ls=line, lw=1.3)
        first, last = next(iter(networks.values()))[moment]["fitted_lags"]
        for panel in (axes, below):
            panel.axvspan(first, last, color=GREY, alpha=0.08, lw=0)
        below.axhline(0, color="black", lw=0.8)
        below.margins(y=0.15)
        below.text((first + last) / 2, 0.02, "lags that are fitted", **_below(below))
        axes.set(title=MOMENTS[moment])
        below.set_xlabel("lag (steps back from the error)")
        axes.legend(frameon=False, fontsize=8)
    # Once all is drawn: the panels share their axis.
    top = panels[0][0]
    top.set_ylim(bottom=max(top.get_ylim()[0], LEAST))
    for axes in panels[0] if top.get_ylim()[0] < -38 else ():
        axes.axhline(-38, color=GREY, lw=0.8, ls=":")
        axes.text(2, -38, " float32 ends here", color=GREY, fontsize=8, va="bottom")
    top.set_ylabel("log10 of |dE/dh|, relative to lag 0")
    panels[1][0].set_ylabel("local slope, nats per step")
    save(drawn, panels.flat, path)


def _below(axes: Any) -> dict[str, Any]:
    return {"transform": axes.get_xaxis_transform(), "color": GREY, "fontsize": 8, "ha": "center", "va": "bottom"}


def learned_of(found: dict[str, Any]) -> str:
    """How many seeds had learned the task; empty for a moment without a task."""
    return f"{found['learned']} of {found['seeds']} learned" if "learned" in found else ""


def profile_sentence(networks: Networks) -> str:
    """Where the gradient decays, where it cannot be told, where seeds disagree, and what the fit does not see."""
    if len(networks) == 1:
        ((network, found),) = networks.items()
        parts = [f"{MOMENTS[m]} {one_slope(found[m])}" for m in moments_of(networks)]
        whose = f"The gradient in the first layer of {label(network)}"
        text = f"{whose} [95 % over {over_of(networks)}]: {'; '.join(parts)}."
        return text + early_sentence(networks) + untold_sentence(networks) + drawn_sentence(networks)
    text = " ".join(decay_sentence(networks, moment) for moment in moments_of(networks))
    return (
        text
        + disagreement_sentence(networks)
        + early_sentence(networks)
        + untold_sentence(networks)
        + learned_sentence(networks)
        + drawn_sentence(networks)
    )


def over_of(networks: Networks) -> str:
    """What the intervals of all slopes are over."""
    return over(next(found for moments in networks.values() for found in moments.values()))


def one_slope(found: dict[str, Any]) -> str:
    """Slope with its interval, and what follows for the half-life."""
    if found["slope_nats_per_step"] is None:
        return "is exactly zero"
    slope, low, high = (found[f"slope_nats_per_step{end}"] for end in ("", "_low95", "_high95"))
    ends = "" if low is None or high is None else f" [{low:+.4f}, {high:+.4f}]"
    fitted = f"{slope:+.4f}{ends} nats per step"
    if (turned := turning(found)) is not None:
        return f"{turned_words(turned)}, so that no one rate ({fitted} in the mean) is that of all fitted lags"
    return f"{fitted}, half-life {lasts(found)} steps" if decays(found) else f"{fitted}, {lasts(found)}"


def decay_sentence(networks: Networks, moment: str) -> str:
    """Networks by what their interval over seeds says, at one moment."""
    here = {label(n): found[moment] for n, found in networks.items() if moment in found}
    by_verdict: dict[str, list[str]] = {}
    for name, found in here.items():
        turned = turning(found)
        if turned is not None:
            by_verdict.setdefault(TURNS, []).append(f"{name} ({turned_words(turned)})")
            continue
        half_life = f" {lasts(found)}" if found["half_life_steps"] is not None else ""
        by_verdict.setdefault(found["half_life_steps_decay"], []).append(name + half_life)
    words = {
        DECAYS: f"half-life in steps [95 % over {over_of(networks)}]",
        GROWS: "growing",
        UNDECIDED: UNDECIDED,
        UNTESTED: "half-life in steps, of one network",
        ZERO: "exactly zero",
        TURNS: "of no one rate over the lags that are fitted",
    }
    parts = [f"{words[verdict]}: {', '.join(by_verdict[verdict])}" for verdict in words if verdict in by_verdict]
    return f"The gradient backwards in time, {MOMENTS[moment]}. {'. '.join(p[0].upper() + p[1:] for p in parts)}."


def disagreement_sentence(networks: Networks) -> str:
    """Networks of which some seeds fall and others do not, with every seed's half-life."""
    parts = [
        f"{label(network)} {MOMENTS[moment]} ({odd})"
        for network, moments in networks.items()
        for moment, found in moments.items()
        if (odd := disagreement(found))
    ]
    return f" Seeds disagree: {'; '.join(parts)}." if parts else ""


def early_sentence(networks: Networks) -> str:
    """Networks whose first lags fall faster than the fit says."""
    parts = [
        f"{label(network)} {MOMENTS[moment]} by {found['early_slope_nats_per_step']:+.3f} nats per step "
        f"(fitted: {found['slope_nats_per_step']:+.3f})"
        for network, moments in networks.items()
        for moment, found in moments.items()
        if hidden_early_decay(found)
    ]
    lags = next(found["early_lags"] for moments in networks.values() for found in moments.values())
    head = f" Over lags {lags[0]} to {lags[1]}, which the fit leaves out, the gradient falls faster: "
    return f"{head}{'; '.join(parts)}." if parts else ""


def untold_sentence(networks: Networks) -> str:
    """Networks of one seed whose first lags fall faster than the fit says, without an interval to tell it by."""
    parts = [
        f"{label(network)} {MOMENTS[moment]} by {found['early_slope_nats_per_step']:+.3f} nats per step "
        f"(fitted: {found['slope_nats_per_step']:+.3f})"
        for network, moments in networks.items()
        for moment, found in moments.items()
        if untold_early_decay(found)
    ]
    if not parts:
        return ""
    lags = next(found["early_lags"] for moments in networks.values() for found in moments.values())
    return (
        f" One network of a kind has no interval over seeds to tell it by; over lags {lags[0]} to {lags[1]}, which the "
        f"fit leaves out, the gradient falls faster, as the local slope (below) shows: {'; '.join(parts)}."
    )


def learned_sentence(networks: Networks) -> str:
    """Which networks had learned the task when they were measured again, and which had not."""
    trained = {label(n): f["trained"] for n, f in networks.items() if "learned" in f.get("trained", ())}
    if not trained:
        return ""
    one = next(iter(trained.values()))
    head = f" Learned is a {one['objective'].replace('_', ' ')} below {one['learned_below']:g}: "
    every = [f"{name} in {counted(f['steps'], 'step')}" for name, f in trained.items() if f["learned"] == f["seeds"]]
    some = [f"{name} {f['learned']} of {f['seeds']}" for name, f in trained.items() if 0 < f["learned"] < f["seeds"]]
    none = [name for name, f in trained.items() if not f["learned"]]
    parts = [f"by every seed of {', '.join(every)}"] if every else []
    parts += [f"by some seeds of {', '.join(some)}"] if some else []
    parts += [f"by none of {', '.join(none)}, none of whose networks came below it"] if none else []
    return head + "; ".join(parts) + "."


def drawn_sentence(networks: Networks) -> str:
    """What lines and bands are."""
    found = next(found for moments in networks.values() for found in moments.values())
    seeds = len(found["slope_by_seed"])
    if seeds == 1:
        return " Line: the median over the sequences; band: their quartiles."
    thin = "; thin: every seed" if "profile_by_seed" in found else ""
    return (
        f" Thick line: the median over {seeds} seeds of each one's median over its sequences{thin}; "
        "band: the quartiles over the sequences, each the median over the seeds."
    )


def rate_table(networks: Networks) -> str:
    """Slope, exponent, half-life and one-step Jacobian of every network and moment."""
    rows = [
        (
            label(network),
            MOMENTS[moment],
            learned_of(found) or "-",
            with_interval(found, "slope_nats_per_step", ".4f"),
            with_interval(found, "early_slope_nats_per_step", ".4f"),
            with_interval(found, "top_exponent_nats_per_step", ".4f"),
            lasts(found),
            ", ".join("-" if steps is None else html.number(steps, 3) for steps in found["half_life_steps_by_seed"]),
            f"{100 * found['exploding_share']:.0f} %",
            f"{found['jacobian_spectral_norm']:.3f}",
            f"{found['jacobian_spectral_radius']:.3f}",
        )
        for network, moments in networks.items()
        for moment, found in moments.items()
    ]
    lags = next(found["early_lags"] for moments in networks.values() for found in moments.values())
    whose = f"[95 % over {over_of(networks)}]"
    seeds = " [95 % over seeds]" if over_of(networks) == "seeds" else ""  # over sequences the slope alone has one
    early = f"slope over lags {lags[0]} to {lags[1]}{seeds}"
    slopes = (f"slope, nats per step {whose}", early, f"top exponent{seeds}")
    lives = (f"half-life, steps {whose}", "by seed (-: does not fall)", "exploding")
    return html.table(rows, ("network", "", "task", *slopes, *lives, "norm of ds'/ds", "radius of ds'/ds"))


def layer_table(networks: Networks) -> str:
    """Slope and exponent by layer, the lowest first."""
    rows = [
        (
            MOMENTS[moment],
            number + 1,
            with_interval(layer, "slope_nats_per_step", ".4f"),
            with_interval(layer, "top_exponent_nats_per_step", ".4f"),
        )
        for moments in networks.values()
        for moment, found in moments.items()
        for number, layer in enumerate(found.get("layers", ()))
    ]
    return html.table(rows, ("", "layer", "slope, nats per step", "the layer's own top exponent"))
