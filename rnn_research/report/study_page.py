"""report.html of a study of the gradient: a sentence of conclusion under each figure, computed from the numbers."""

from typing import Any

from rnn_research.report import gradient_figures as figures
from rnn_research.report import html
from rnn_research.report.gradient_figures import MOMENTS, label
from rnn_research.runs.configs import flatten
from rnn_research.runs.directory import RunDirectory, read_json, write_text


def write_page(directory: RunDirectory) -> None:
    """Draws the figures and writes the page, from result files alone."""
    results, config = read_json(directory.results), read_json(directory.config)
    study = config["analysis"]["study"]
    title, body = (anatomy if study == "anatomy" else memory)(directory, results)
    provenance = read_json(directory.provenance)
    body += [
        "<h2>Where this comes from</h2>",
        html.details("config", html.fields(flatten(config))),
        html.details("provenance: code, versions, machine", html.fields(flatten(provenance))),
    ]
    head = [f"<h1>{html.escape(title)}</h1>", f"<p class='quiet'>{html.escape(provenance['command'])}</p>"]
    write_text(directory.report, html.page(title, head + body))


def anatomy(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Lag profiles, rates and the LSTM's highway."""
    networks = results["networks"]
    body = []
    figures.lag_profiles(networks, directory.figures / "lag_profiles.png")
    body.append(html.figure(directory.figures / "lag_profiles.png", profile_sentence(networks)))
    body.append(rate_table(networks))
    figures.rates(networks, directory.figures / "rates.png")
    body.append(html.figure(directory.figures / "rates.png", rate_sentence(networks)))
    if any("log_highway" in found["initial"] for found in networks.values()):
        figures.highway(networks, directory.figures / "highway.png")
        body.append(html.figure(directory.figures / "highway.png", highway_sentence(networks)))
    return f"Anatomy of the gradient over {results['length']} steps", body


def rate_table(networks: dict[str, Any]) -> str:
    """Slope, exponent and half-life of every network and moment."""
    rows = [
        (
            label(network),
            MOMENTS[moment],
            f"{found['slope_nats_per_step']:.4f} [{found['slope_nats_per_step_low95']:.4f}, "
            f"{found['slope_nats_per_step_high95']:.4f}]",
            f"{found['top_exponent_nats_per_step']:.4f}",
            _steps(found["half_life_steps_median"]),
            f"{100 * found['exploding_share']:.0f} %",
        )
        for network, moments in networks.items()
        for moment, found in moments.items()
    ]
    head = ("network", "", "slope, nats per step [95 % over seeds]", "top exponent", "half-life, steps", "exploding")
    return html.table(rows, head)


def _steps(half_life: float | None) -> str:
    return "does not decay" if half_life is None else f"{half_life:.1f}"


def profile_sentence(networks: dict[str, Any]) -> str:
    """Which network loses the gradient first, and which keeps it longest."""
    slopes = {network: found["initial"]["slope_nats_per_step"] for network, found in networks.items()}
    fastest, slowest = min(slopes, key=slopes.__getitem__), max(slopes, key=slopes.__getitem__)
    return (
        f"At initialisation {label(fastest)} loses the gradient fastest ({slopes[fastest]:.3f} nats per step, a factor "
        f"of ten every {-2.302585 / slopes[fastest]:.0f} steps); {label(slowest)} keeps it best "
        f"({slopes[slowest]:+.4f} nats per step)."
    )


def rate_sentence(networks: dict[str, Any]) -> str:
    """How far slope and exponent are apart."""
    gaps = [
        abs(s - e)
        for moments in networks.values()
        for found in moments.values()
        for s, e in zip(found["slope_by_seed"], found["top_exponent_by_seed"], strict=True)
    ]
    return (
        "The rate at which the gradient decays is the network's top Lyapunov exponent: "
        f"over {len(gaps)} networks the two differ by {sorted(gaps)[len(gaps) // 2]:.4f} nats per step in the median "
        f"and {max(gaps):.4f} at most."
    )


def highway_sentence(networks: dict[str, Any]) -> str:
    """What the forget gates alone would let through."""
    parts = []
    for network, found in networks.items():
        if "log_highway" in found["initial"]:
            lane, whole = found["initial"]["log_highway"], found["initial"]["log_whole"]
            parts.append(f"{label(network)}: {(lane[0] - whole[0]) / 2.302585:+.1f}")
    return (
        f"Through all {len(lane)} steps, the forget gates alone carry this many powers of ten of what all paths carry "
        f"together: {'; '.join(parts)}. What is missing travels through the hidden state."
    )


def memory(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Curves of every seed, and the table of success."""
    points = results["points"]
    figures.success(points, directory.figures / "success.png")
    rows = [
        (
            label(p["network"]),
            p["length"],
            f"{p['solved']} of {p['seeds']}",
            f"{100 * p['success_rate_low95']:.0f} to {100 * p['success_rate_high95']:.0f} %",
            p.get("steps_to_success_median", "-"),
            p["best_objective_median"],
            p["parameters"],
        )
        for p in points
    ]
    head = ("network", "T", "solved", "95 % interval", "steps to success, median", "least error, median", "parameters")
    return "How far back can it learn?", [
        html.figure(directory.figures / "success.png", success_sentence(points)),
        html.table(rows, head),
    ]


def success_sentence(points: list[dict[str, Any]]) -> str:
    """Which networks solve it with every seed, and which with none."""
    every = [f"{label(p['network'])} (T = {p['length']})" for p in points if p["solved"] == p["seeds"]]
    never = [f"{label(p['network'])} (T = {p['length']})" for p in points if p["solved"] == 0]
    return f"Solved with every seed: {', '.join(every) or 'none'}. With none: {', '.join(never) or 'none'}."
