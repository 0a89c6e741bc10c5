"""Measurements of a few seeds as a dictionary ready for JSON: means, intervals, medians."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from rnn_research.analysis.decay import early_lags, fitted_lags, line, local_slopes
from rnn_research.analysis.lyapunov import finite_time
from rnn_research.analysis.theory import pascanu_bound
from rnn_research.runs.half_lives import half_lives
from rnn_research.runs.statistics import mean_interval
from rnn_research.studies.measure import Detail, Reach
from rnn_research.types import Array

WINDOW = 20  # steps of a finite-time exponent


def described(far: Reach, near: Detail, params_M: Any, config: ConfigDict) -> dict[str, Any]:
    """Means and 95 % intervals over seeds; the first layer's where layers differ.

    With one seed the slope's interval is the bootstrap's over sequences.
    """
    slope_M, top_M = (np.asarray(rate, np.float64) for rate in (far.slope_L[:, 0], far.exponents_LR[:, 0, 0]))
    over_sequences = (float(far.slope_low_L[0, 0]), float(far.slope_high_L[0, 0])) if len(slope_M) == 1 else None
    early = early_lags(far.median_LT.shape[-1])
    found: dict[str, Any] = {
        **interval("slope_nats_per_step", slope_M),
        **half_lives(slope_M, over_sequences if np.isfinite(slope_M).all() else None),
        **interval("early_slope_nats_per_step", [line(log_T, early) for log_T in far.median_LT[:, 0]]),
        "early_lags": list(early),
        "fitted_lags": list(fitted_lags(far.median_LT.shape[-1])),
        **interval("top_exponent_nats_per_step", top_M),
        "slope_by_seed": [finite(s) for s in slope_M],
        "top_exponent_by_seed": [finite(e) for e in top_M],
        "slope_over_exponent_median": finite(float(np.median(slope_M / top_M))),
        "slope_minus_exponent_largest": finite(float(np.abs(slope_M - top_M).max())),
        "exploding_share": float(far.exploding_share_L[:, 0].mean()),
        "profile": _median(far.median_LT[:, 0]),
        **along_the_lags(_median(far.median_LT[:, 0])),
        "profile_low": _median(far.low_LT[:, 0]),
        "profile_high": _median(far.high_LT[:, 0]),
        **({"profile_by_seed": [_rounded(log_T) for log_T in far.median_LT[:, 0]]} if len(slope_M) > 1 else {}),
        "exponents": far.exponents_LR[:, 0].mean(axis=0).tolist(),
        "running_exponent": far.running_T.mean(axis=0).tolist(),
        **finite_time_spread(far.local_T),
        "bptt_norm_share": _median(near.bptt_share_T),
        "log_dh_ds": _median(near.log_dh_ds_T),
        "log_dh_dh0": _median(near.log_dh_dh0_T),
        **one_step(near.jacobians_KMM),
    }
    if over_sequences is not None:
        found["slope_nats_per_step_low95"], found["slope_nats_per_step_high95"] = map(finite, over_sequences)
    if far.slope_L.shape[1] > 1:
        found["layers"] = [
            {
                "slope_nats_per_step": finite(float(far.slope_L[:, l].mean())),
                "top_exponent_nats_per_step": finite(float(far.exponents_LR[:, l, 0].mean())),
                "profile": _median(far.median_LT[:, l]),
            }
            for l in range(far.slope_L.shape[1])
        ]
    if near.highway is not None:
        lanes, whole = near.highway
        found["log_highway"], found["log_whole"] = _median(lanes), _median(whole)
    if near.gates[0]:
        found["gates"] = [
            {
                gate: {"left": float(left.mean()), "right": float(right.mean()), "histogram": shares.mean(0).tolist()}
                for gate, (left, right, shares) in layer.items()
            }
            for layer in near.gates
        ]
    (cell_M,) = params_M.stack.cells[0]
    if config.model.cell.startswith("elman"):
        bound_M = np.asarray(jax.vmap(lambda w_GHH: pascanu_bound(w_GHH[0]))(jnp.asarray(cell_M.w_h_GHH)))
        found.update(interval("bound_nats_per_step", bound_M))
    return found


def along_the_lags(profile_T: list[float | None]) -> dict[str, Any]:
    """The local slope of a profile, window by window, for what one fitted slope does not show."""
    log_T = np.array([np.nan if v is None else v for v in profile_T])
    lags, slopes = local_slopes(log_T, max(2, len(log_T) // 20))
    return {"local_slope_lags": lags.tolist(), "local_slopes": [finite(float(s)) for s in slopes]}


def one_step(jacobians_MKNN: np.ndarray | Array) -> dict[str, Any]:
    """Singular values, spectral norm and radius of the one-step Jacobians, medians over steps and seeds."""
    flat_KNN = np.asarray(jacobians_MKNN).reshape(-1, *jacobians_MKNN.shape[-2:])
    sigma_KN = np.linalg.svd(flat_KNN, compute_uv=False)
    radius_K = np.abs(np.linalg.eigvals(flat_KNN)).max(axis=-1)
    return {
        "jacobian_singular_values": _median(sigma_KN),
        "jacobian_spectral_norm": float(np.median(sigma_KN[:, 0])),
        "jacobian_spectral_radius": float(np.median(radius_K)),
    }


def finite_time_spread(local_MT: np.ndarray | Array) -> dict[str, Any]:
    """How much the top exponent varies from window to window of one sequence."""
    window = min(WINDOW, local_MT.shape[1])
    windows = np.asarray(finite_time(jnp.asarray(local_MT).T, window))
    low, high = np.quantile(windows, [0.05, 0.95])
    return {
        "finite_time_window_steps": window,
        "finite_time_exponent_5": float(low),
        "finite_time_exponent_95": float(high),
    }


def interval(name: str, values_M: Sequence[float] | np.ndarray | Array) -> dict[str, float | int | None]:
    """Mean over the seeds that have a value, with Student's 95 % interval, and how many of how many they are.

    A ReLU network that is dead has none: its gradient is exactly zero. None stands
    for a mean of no seed, and for the interval of fewer than two.
    """
    values_M = np.asarray(values_M)
    known_M = values_M[np.isfinite(values_M)]
    found = mean_interval(known_M) if len(known_M) else (np.nan,) * 3
    mean, low, high = map(finite, found)
    counts = {f"{name}_seeds": len(known_M), f"{name}_seeds_of": len(values_M)}
    return {name: mean, f"{name}_low95": low, f"{name}_high95": high, **counts}


def finite(value: float) -> float | None:
    """JSON knows no infinity and no NaN."""
    return float(value) if np.isfinite(value) else None


def _median(values: np.ndarray | Array) -> list[float | None]:
    """Over the first axis; None for the log of zero."""
    with np.errstate(invalid="ignore"):
        middle = np.median(np.asarray(values, np.float64), axis=0)
    return _rounded(middle, 6)


def _rounded(values: np.ndarray | Array, places: int = 4) -> list[float | None]:
    return [round(float(v), places) if np.isfinite(v) else None for v in np.asarray(values, np.float64)]
