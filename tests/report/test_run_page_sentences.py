"""Headlines of a run's page on planted results: classes, text, floors, and what is not there."""

import pytest

from rnn_research.report import figures
from rnn_research.report.run_page import clipping_sentence, conclusion, learning_sentence

TEXT = {"objective": "nats_per_token", "test_bits_per_byte": 2.0, "test_nats_per_token_low95": 1.3}
TEXT |= {"test_nats_per_token_high95": 1.5, "floor_unigram_nats": 3.1, "step": 10}
CLASSES = {"objective": "nats_per_answer", "test_nats_per_answer": 0.359, "test_accuracy": 0.87, "step": 10}


def test_text_is_held_to_single_symbols():
    text = conclusion(TEXT | {"test_nats_per_token": 1.4})
    assert "2.000 bits per byte, 1.400 nats per symbol (95 % interval 1.3 to 1.5); single symbols" in text
    assert "no better than single symbols" in conclusion(TEXT | {"test_nats_per_token": 3.2})


def test_a_text_without_interval_or_bytes_is_told_without_them():
    bare = {"objective": "nats_per_token", "test_nats_per_token": 1.4, "floor_unigram_nats": 3.1}
    assert conclusion(bare) == (
        "On text that it never saw the model needs 1.400 nats per symbol; single symbols without context need 3.100 "
        "nats."
    )


def test_classes_have_their_accuracy_first_and_no_empty_brackets():
    text = conclusion(CLASSES)
    assert text == "On sequences that it never saw: accuracy 0.87; nats per answer 0.359."
    assert "accuracy 0.87, better than the floor of 0.5;" in conclusion(CLASSES | {"floor_accuracy": 0.5})
    assert "accuracy 0.87, worse than the floor of 0.9;" in conclusion(CLASSES | {"floor_accuracy": 0.9})


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.03, "better than"), (0.16, 0.17, "not told apart from"), (0.2, 0.3, "worse than")],
)
def test_a_number_is_held_to_its_floor_by_its_interval(low, high, said):
    error = "mean_squared_error"
    results = {"objective": error, f"test_{error}": (low + high) / 2, f"floor_{error}": 1 / 6, "step": 1}
    text = conclusion(results | {f"test_{error}_low95": low, f"test_{error}_high95": high})
    assert f"(95 % interval {low:g} to {high:g}), {said} the floor of 0.1667." in text


def test_a_score_that_is_no_number_is_not_a_split_that_was_not_held_out():
    assert "is not a number" in conclusion({"objective": "nats_per_answer", "step": 10, "test_sequences": 5})
    assert "no test split was held out" in conclusion({"objective": "nats_per_answer", "step": 10})


@pytest.mark.parametrize(
    ("last", "said"), [(1.0, "Training loss falls from 2.000"), (2.5, "Training loss does not fall: from 2.000")]
)
def test_a_loss_falls_where_it_falls(last, said):
    """A record is the mean over the steps since the one before: the first is not the loss at the start."""
    records = [{"kind": "train", "loss": 2.0, "step": 6}, {"kind": "train", "loss": last, "step": 10}]
    text = learning_sentence(records, {"step": 10, "best_step": 5})
    assert text.startswith(said)
    assert f"in the mean of the first 6 steps to {last:.3f} in the mean of the last 4 of 10 steps;" in text


def test_a_loss_that_was_logged_once_neither_falls_nor_stays():
    text = learning_sentence([{"kind": "train", "loss": 2.0, "step": 10}], {"step": 10, "best_step": 10})
    assert text.startswith(
        "Training loss is 2.000 in the mean of the first 10 steps, and was logged once; the model kept"
    )
    alone = [{"kind": "train", "loss": loss, "step": step} for step, loss in ((1, 2.0), (2, 1.0))]
    assert "from 2.000 in the first step to 1.000 in the last of 2 steps" in learning_sentence(
        alone, {"step": 2, "best_step": 2}
    )


def trained(step, clipped, norm):
    return {"step": step, "kind": "train", "clipped": clipped, "grad_norm_max": norm, "grad_norm": norm} | {
        "grad_norm_clipped": norm
    }


def test_a_record_counts_for_as_many_steps_as_it_is_of():
    config = {"optimizer.clip.name": "global_norm", "optimizer.clip.limit": 0.1}
    records = [trained(50, 0.14, 1.0), trained(51, 0.0, 0.5)]  # 7 of 51 steps
    assert "changed 13.7 % of the steps" in clipping_sentence(records, config)


def test_norms_that_are_all_zero_are_drawn_without_a_warning(tmp_path, recwarn):
    figures.gradient_norms([trained(1, 0.0, 0.0), trained(2, 0.0, 0.0)], tmp_path / "norms.png")
    assert (tmp_path / "norms.png").exists()
    assert not recwarn.list
