"""Sentences of the gradient pages on planted results: the finding is there, it is not, or seeds are too few."""

import numpy as np
import pytest

from rnn_research.report.gradient import (
    anatomy_page,
    clipping_page,
    forget_bias_page,
    images_page,
    memory_page,
    radius_page,
    spectra,
)
from rnn_research.report.gradient.gate_figures import gate_sentence, highway_sentence
from rnn_research.report.gradient.lasting import hidden_early_decay, lasts
from rnn_research.report.gradient.spectra import rate_sentence, spectrum_sentence
from rnn_research.report.gradient.weights import bptt_sentence, sensitivity_sentence
from rnn_research.runs.half_lives import half_lives

DECAY, NONE = (-0.2, -0.22, -0.18, -0.21, -0.19), (-0.003, 0.001, -0.06, 0.0005, -0.009)


def measured(slopes=DECAY, exponents=None, early=None, early_high=-0.01, interval=None, **more):
    """One moment of one network, as ``described`` has it."""
    known = [s for s in slopes if s is not None]
    mean = float(np.mean(known)) if known else None
    return {
        "slope_nats_per_step": mean,
        "slope_nats_per_step_low95": interval and interval[0],
        "slope_nats_per_step_high95": interval and interval[1],
        "early_slope_nats_per_step": mean if early is None else early,
        "early_slope_nats_per_step_high95": early_high,
        "early_lags": [0, 40],
        "slope_by_seed": list(slopes),
        "top_exponent_by_seed": list(slopes if exponents is None else exponents),
        **half_lives([np.nan if s is None else s for s in slopes], interval),
        **more,
    }


def test_a_half_life_stands_where_the_decay_is_told_and_nowhere_else():
    assert lasts(measured(DECAY)).startswith("3.47 [")
    assert lasts(measured(NONE)) == "not told apart from no decay (at least 15)"
    assert lasts(measured((0.1, 0.11, 0.12))) == "grows"
    assert lasts(measured((None, None))) == "no gradient"
    assert lasts(measured((-0.2,))) == "3.47 (not tested: one network)"


def test_networks_are_told_apart_by_what_their_seeds_say():
    networks = {
        "elman": {"initial": measured(DECAY), "trained": measured(DECAY)},
        "elman_relu": {"initial": measured((0.1, 0.12, 0.11, 0.1, 0.09)), "trained": measured(NONE)},
    }
    text = anatomy_page.profile_sentence(networks)
    assert "at initialisation. Half-life in steps [95 % over seeds]: Elman tanh 3.47 [" in text
    assert ". Growing: Elman ReLU." in text
    assert "after training. Half-life in steps [95 % over seeds]: Elman tanh" in text
    assert ". Not told apart from no decay: Elman ReLU." in text
    assert "Seeds disagree: Elman ReLU after training (231, does not fall, 11.6, does not fall, 77)." in text
    assert "Seeds disagree" not in anatomy_page.profile_sentence({"elman": networks["elman"], "gru": networks["elman"]})


def test_one_network_has_its_interval_over_sequences():
    found = {
        "lstm": {
            "initial": measured((-0.02,), interval=(-0.03, 0.01)),
            "trained": measured((-0.2,), interval=(-0.3, -0.1)),
        }
    }
    text = anatomy_page.profile_sentence(found)
    assert "at initialisation -0.0200 [-0.0300, +0.0100] nats per step, not told apart from no decay" in text
    assert "after training -0.2000 [-0.3000, -0.1000] nats per step, half-life 3.47 [2.31, 6.93] steps" in text


def test_a_fast_early_decay_is_said_where_there_is_one():
    flat = (0.001, -0.002, 0.002)
    two = {"gru": {"initial": measured()}, "lstm_forget_bias_2": {"initial": measured(flat, early=-0.023)}}
    assert "falls faster: LSTM, forget bias 2 at initialisation by -0.023" in anatomy_page.profile_sentence(two)
    assert "falls faster" not in anatomy_page.profile_sentence({"gru": two["gru"], "elman": two["gru"]})
    untold = {"gru": two["gru"], "elman": {"initial": measured(flat, early=-0.023, early_high=0.001)}}
    assert "falls faster" not in anatomy_page.profile_sentence(untold)


def test_one_network_whose_first_lags_fall_faster_is_said_to_have_no_interval():
    one = measured((-0.06,), early=-0.17, early_high=None, interval=(-0.07, -0.05))
    text = anatomy_page.profile_sentence({"lstm": {"initial": one}})
    assert (
        "One network of a kind has no interval over seeds to tell it by; over lags 0 to 40, which the fit leaves"
        in text
    )
    assert "as the local slope (below) shows: lstm at initialisation by -0.170 nats per step (fitted: -0.060)." in text
    assert "has no interval over seeds" not in anatomy_page.profile_sentence(
        {"lstm": {"initial": one | {"early_slope_nats_per_step": -0.06}}}
    )
    assert "[95 % over sequences]" in text


def test_the_picture_of_profiles_says_what_its_lines_and_bands_are():
    one = {"lstm": {"initial": measured((-0.06,))}}
    assert anatomy_page.profile_sentence(one).endswith(" Line: the median over the sequences; band: their quartiles.")
    several = {name: {"initial": measured(DECAY, profile_by_seed=[])} for name in ("gru", "elman")}
    text = anatomy_page.profile_sentence(several)
    assert (
        "Thick line: the median over 5 seeds of each one's median over its sequences; thin: every seed; band:" in text
    )
    assert text.endswith("band: the quartiles over the sequences, each the median over the seeds.")
    older = {name: {"initial": measured(DECAY)} for name in several}
    assert "thin" not in anatomy_page.profile_sentence(older)


def bent(slope=-0.03, **more):
    """Falls by 0.1 nats a step up to lag 50, and rises by 0.05 from there on."""
    lag = np.arange(101)
    profile = np.where(lag < 50, -0.1 * lag, -5 + 0.05 * (lag - 50))[::-1]
    return measured((slope,) * 5, profile=profile.tolist(), fitted_lags=[20, 80], **more)


def test_a_profile_that_falls_and_rises_again_has_no_half_life():
    both = {"elman": {"initial": measured(DECAY)}, "gru": {"initial": bent()}}
    text = anatomy_page.profile_sentence(both)
    assert "Of no one rate over the lags that are fitted: GRU (falls and rises again, by 1.3 nats from lag" in text
    assert "Half-life in steps [95 % over seeds]: Elman tanh 3.47 [" in text
    assert "GRU 23" not in text
    assert "half-life" not in anatomy_page.profile_sentence({"gru": both["gru"]})
    assert "so that no one rate (-0.0300 nats per step in the mean)" in anatomy_page.profile_sentence(
        {"gru": both["gru"]}
    )
    assert lasts(bent()).startswith("falls and rises again, by 1.3 nats from lag")
    point = {
        "recurrent_scale": 1.0,
        "forget_bias": 2.0,
        "predicted_half_life_steps": 1.0,
        **measured(DECAY),
        **half_lives(DECAY, name="highway_half_life_steps"),
    }
    text = forget_bias_page.sentence([point | {"turn": [50, 78, 1.3]}])
    assert "has no one rate over the fitted lags at a bias of +2 (x 1) it falls and rises again, by 1.3 nats" in text
    assert "no one rate" not in forget_bias_page.sentence([point | {"turn": None}])


@pytest.mark.parametrize(
    ("learned", "said"),
    [
        (5, "by every seed of GRU in 300 steps"),
        (2, "by some seeds of GRU 2 of 5"),
        (0, "by none of GRU, none of whose"),
    ],
)
def test_it_is_said_who_learned(learned, said):
    task = {"objective": "mean_squared_error", "learned_below": 0.05, "learned": learned, "seeds": 5, "steps": 300}
    networks = {"gru": {"initial": measured(), "trained": measured(**task)}, "elman": {"initial": measured()}}
    assert f"Learned is a mean squared error below 0.05: {said}" in anatomy_page.learned_sentence(networks)


def test_the_slope_is_the_exponent_only_where_it_is():
    agree = {"gru": {"initial": measured(DECAY, [1.02 * s for s in DECAY])}}
    assert rate_sentence(agree).startswith("The gradient decays or grows at the rate of the network's top Lyapunov")
    apart = {"gru": {"initial": measured((-0.1505,), (-0.0480,))}}
    text = rate_sentence(apart)
    assert text.startswith("Here the slope is not the rate of the top Lyapunov exponent")
    assert "slope -0.1505 and exponent -0.0480" in text
    some = rate_sentence({"gru": agree["gru"], "elman": apart["gru"]})
    assert some.startswith("Slope and top Lyapunov exponent agree within a tenth or 0.005 nats per step in 5 of 6")
    stacked = rate_sentence({"gru": {"initial": measured(layers=[])}})
    assert stacked.startswith("In a stack")
    assert "exactly zero" in rate_sentence({"gru": {"initial": measured((None,), (None,))}})


@pytest.mark.parametrize(
    ("norms", "said"),
    [
        ((2.0, 3.0), "At initialisation one step can stretch some direction more"),
        ((1.0, 1.0), "stretches no direction much more"),
        ((2.0, 1.0), "At initialisation what one step can stretch"),
    ],
)
def test_one_step_beside_many(norms, said):
    networks = {
        name: {"initial": {"jacobian_spectral_norm": norm, "top_exponent_nats_per_step": -0.01}}
        for name, norm in zip(("elman", "gru"), norms, strict=True)
    }
    assert said in spectrum_sentence(networks)


def spectrum(exponents, sigma):
    known = {"jacobian_spectral_norm": sigma[0], "top_exponent_nats_per_step": exponents[0]}
    return {"gru": {"initial": known | {"exponents": exponents, "jacobian_singular_values": sigma}}}


def test_exponents_are_drawn_by_rank_the_largest_first_and_both_axes_have_their_names(monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(spectra, "save", lambda drawn, panels, path: shown.extend(panels))
    spectra.spectra(spectrum([-0.31, -0.29, -0.3], [2.0, 0.5, 0.1]), tmp_path / "x.png")
    assert list(shown[0].lines[0].get_ydata()) == [-0.29, -0.3, -0.31]
    assert [axes.get_ylabel() for axes in shown] == ["Lyapunov exponent, nats per step", "singular value of ds'/ds"]


def test_a_singular_value_that_is_drawn_higher_than_it_is_is_said_to_be():
    assert "below 0.0001 are drawn at it" in spectrum_sentence(spectrum([-0.1], [2.0, 0.0]))
    assert "drawn at it" not in spectrum_sentence(spectrum([-0.1], [2.0, 0.1]))


def test_each_moment_has_a_sentence_of_its_own():
    """Training may turn round what is true at the beginning."""
    stretch = lambda norm: {"jacobian_spectral_norm": norm, "top_exponent_nats_per_step": -0.01}  # noqa: E731
    text = spectrum_sentence({"lstm": {"initial": stretch(1.0), "trained": stretch(3.5)}})
    assert "At initialisation one step stretches no direction much more" in text
    assert "After training one step can stretch some direction more" in text
    lanes = lambda lane, whole: {"log_highway": [lane] * 60, "log_whole": [whole] * 60}  # noqa: E731
    text = highway_sentence({"lstm": {"initial": lanes(-20.0, -2.0), "trained": lanes(-2.1, -2.0)}})
    assert text.index("Most of what passes goes by way") < text.index("after training") < text.index("do not add to it")


def test_what_lies_within_the_interval_of_the_fit_falls_no_faster():
    found = measured((-0.062,) * 5, early=-0.166, interval=(-0.44, 0.32))
    assert not hidden_early_decay(found)
    assert hidden_early_decay(found | {"slope_nats_per_step_low95": -0.1})


def test_what_passes_by_the_hidden_state():
    lanes = lambda lane, whole: {"initial": {"log_highway": [lane] * 60, "log_whole": [whole] * 60}}  # noqa: E731
    assert "Most of what passes goes by way" in highway_sentence({"lstm": lanes(-20.0, -2.0)})
    assert "Other paths do not add" in highway_sentence({"lstm": lanes(-2.1, -2.0)})
    both = {"lstm_forget_bias_0": lanes(-20.0, -2.0), "lstm_forget_bias_2": lanes(-2.1, -2.0)}
    assert "In LSTM, forget bias 0 most of what passes" in highway_sentence(both)
    assert "cannot be set beside" in highway_sentence({"lstm": lanes(None, -2.0)})


def test_saturation_is_said_where_there_is_some():
    gates = lambda left: {"gru": {"initial": {"gates": [{"z": {"left": left, "right": 0.0}}]}}}  # noqa: E731
    assert gate_sentence(gates(0.5)).startswith("The most saturated gate is z of GRU")
    assert gate_sentence(gates(0.01)).startswith("No gate is saturated")


def test_weights_felt_where_the_first_state_is_forgotten_or_not():
    network = lambda weights, state: {"gru": {"initial": {"log_dh_ds": [weights], "log_dh_dh0": [state]}}}  # noqa: E731
    assert sensitivity_sentence(network(1.0, -20.0)).startswith("Stable is not the same as learnable")
    assert "hardly felt either" in sensitivity_sentence(network(-20.0, -20.0))
    assert "No network has forgotten" in sensitivity_sentence(network(1.0, 0.0))
    assert "moves no network's last state" in sensitivity_sentence(network(None, None))


def test_a_dead_network_has_no_sum():
    share = lambda values: {"gru": {"initial": {"bptt_norm_share": values}}}  # noqa: E731
    assert bptt_sentence(share([0.0, 0.1, 0.9])).endswith("GRU 1.")
    assert bptt_sentence(share([None, 0.0, 0.0])).endswith("GRU none.")


def curve(edges, gap=0.001, above=0):
    points = [{"slope_nats_per_step": 0.1, "top_exponent_nats_per_step": 0.1 + gap, "slope_by_seed": [0.1] * 5}]
    known = [e for e in edges if e is not None]
    mean = float(np.mean(known)) if len(known) == len(edges) else None
    return {"points": points, "edge_gain": mean, "edge_gain_by_seed": edges, "slopes_above_bound": above}


def test_the_edge_and_its_side_of_one():
    text = radius_page.rate_sentence({"tanh_gaussian": curve([1.2, 1.3])})
    assert "all networks do so above the gain of 1" in text
    assert "The mean slope follows the top exponent" in text
    assert "No network of 5 lies above the bound." in text
    mixed = radius_page.rate_sentence({"tanh_gaussian": curve([1.2, 0.999], gap=0.1, above=2)})
    assert "1 of the 2 networks do so above the gain of 1" in mixed
    assert "(the lowest at 0.999)" in mixed
    assert "does not follow" in mixed
    assert "2 of 5 networks lie above the bound." in mixed
    never = radius_page.rate_sentence({"tanh_gaussian": curve([1.2, None])})
    assert never.startswith("Within these gains some seed's slope never passes zero: tanh, Gaussian.")


def bias_point(scale, bias, slopes, highway, early=None):
    found = half_lives(highway, name="highway_half_life_steps")
    return {
        "recurrent_scale": scale,
        "forget_bias": bias,
        "predicted_half_life_steps": 1.0,
        **measured(slopes, early=early),
        **found,
    }


def test_the_prediction_of_the_forget_bias_is_held_to_every_scale():
    follows, not_so = (-0.69, -0.7, -0.68), (-0.2, -0.21, -0.19)
    text = forget_bias_page.sentence(
        [bias_point(0.1, 1.0, follows, follows), bias_point(1.0, 2.0, NONE, not_so, early=-0.1)]
    )
    assert "with recurrent matrices x 0.1 it follows the prediction (1.00 to 1.00 times)" in text
    assert "with recurrent matrices x 1 it does not follow the prediction" in text
    assert "is not told apart from no decay at a bias of +2 (x 1)." in text
    assert "At 1 of 2 points the first lags fall faster" in text
    plain = forget_bias_page.sentence([bias_point(0.1, 1.0, follows, follows)])
    assert "not told apart" not in plain
    assert "fall faster" not in plain


def clipping_point(kind, length, solved, low, high):
    ends = {"success_rate_low95": low, "success_rate_high95": high}
    return {"clipping": kind, "length": length, "solved": solved, "seeds": 10, **ends}


def test_clipping_helps_where_the_intervals_are_apart():
    none, helped = clipping_point("none", 50, 0, 0, 0.28), clipping_point("global_norm", 50, 6, 0.31, 0.83)
    text = clipping_page.sentence([none, helped], 0.03)
    assert text.startswith("Clipping by global norm turns failures into successes at T = 50 (the intervals are apart)")
    level = clipping_page.sentence([none, clipping_point("global_norm", 50, 1, 0.02, 0.4)], 0.03)
    assert "turns" not in level
    assert "T = 50: 0 and 1 of 10" in level
    worse = clipping_page.sentence(
        [clipping_point("none", 50, 10, 0.7, 1), clipping_point("global_norm", 50, 0, 0, 0.28)], 1
    )
    assert "turns successes into failures at T = 50" in worse


def test_the_axis_of_lengths_says_what_is_as_long(monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(clipping_page, "save", lambda drawn, panels, path: shown.extend(panels))
    point = clipping_point("none", 50, 0, 0, 0.28)
    clipping_page.success([point | {"success_rate": 0.0}], tmp_path / "x.png")
    assert shown[0].get_xlabel() == "length T of the task (task.length)"


def image(network, mean, low, high):
    return {
        "network": network,
        "form": "rows",
        "test_accuracy": mean,
        "test_accuracy_low95": low,
        "test_accuracy_high95": high,
    }


def test_the_best_image_network_and_those_it_is_not_told_from():
    apart = images_page.sentence([image("gru", 0.95, 0.93, 0.97), image("irnn", 0.2, 0.15, 0.25)])
    assert "rows: GRU 95.0 %, IRNN 20.0 %" in apart
    assert "guessing:" not in apart
    close = images_page.sentence(
        [image("gru", 0.95, 0.9, 0.99), image("elman", 0.93, 0.88, 0.96), image("irnn", 0.11, 0.07, 0.15)]
    )
    assert "GRU 95.0 % (its interval meets that of Elman tanh)" in close
    assert close.endswith("Not told apart from guessing: IRNN on rows.")
    assert "meets that of Elman tanh" in images_page.sentence(
        [image("gru", 0.9, None, None), image("elman", 0.2, None, None)]
    )


@pytest.mark.parametrize(("best", "said"), [(0.16, "seed of GRU never comes"), (0.01, "seed of every network comes")])
def test_who_stays_at_the_floor(best, said):
    point = {"network": "gru", "length": 50, "best_objective_median": best, "floor_mean_squared_error": 1 / 6}
    assert said in memory_page.curve_sentence([point])


def test_a_profile_that_falls_deeper_after_training_stays_in_its_panel(monkeypatch, tmp_path):
    """The panels share their axis: its limits are those of all that is drawn."""
    shown = []
    monkeypatch.setattr(anatomy_page, "save", lambda drawn, panels, path: shown.extend(panels))
    moment = lambda nats: {  # noqa: E731
        "profile_by_seed": [[1.1 * nats * (100 - t) for t in range(101)], [None] * 101],
        **{name: [nats * (100 - t) for t in range(101)] for name in ("profile", "profile_low", "profile_high")},
        "local_slope_lags": [50.0],
        "local_slopes": [nats],
        "fitted_lags": [20, 80],
    }
    anatomy_page.lag_profiles({"lstm": {"initial": moment(-0.01), "trained": moment(-0.5)}}, tmp_path / "x.png")
    assert [line.get_linewidth() < 1 for line in shown[1].lines[:3]] == [False, True, True], "single seeds are thin"
    deepest = min(line.get_ydata().min() for line in shown[1].lines)
    assert shown[1].get_ylim()[0] < deepest < -20
