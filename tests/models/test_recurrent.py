"""The recurrent core from a config."""

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from rnn_research.cells import CELLS
from rnn_research.cells.initializers import Ring
from rnn_research.errors import UserError
from rnn_research.models.recurrent import check_kernel, stack_of, start_of
from rnn_research.runs.migrations import migrated
from rnn_research.training.defaults import defaults


def test_eigenvalues_begin_on_the_ring_of_the_config():
    config = defaults().model
    config.init.ring_least, config.init.ring_most, config.init.ring_phase = 0.9, 0.95, 0.5
    params = CELLS["lru"].init(jax.random.key(0), 2, 300, start_of(config.init))
    radius_H, angle_H = np.exp(-np.exp(params.nu_H)), np.exp(params.theta_H)
    assert (radius_H.min(), radius_H.max()) == pytest.approx((0.9, 0.95), abs=2e-3)
    assert 0 < angle_H.min() < angle_H.max() == pytest.approx(0.5, abs=0.02)


def test_a_run_from_before_the_ring_has_the_whole_disc():
    stored = defaults().to_dict()
    for field in ("least", "most", "phase"):
        del stored["model"]["init"][f"ring_{field}"]
    config = ConfigDict(migrated(stored)).model
    assert start_of(config.init).ring == Ring()
    assert stack_of(config).cell.name == "lstm"


def test_a_ring_that_is_none():
    config = defaults().model
    config.init.ring_least = config.init.ring_most = 0.5
    with pytest.raises(UserError, match=r"ring_most=0\.5 must be above model\.init\.ring_least=0\.5"):
        stack_of(config)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("hidden", "dtype", "words"),
    [
        (64, "float32", None),
        (128, "bfloat16", None),
        (128, "float32", "256 KiB.*choose auto or training.dtype=bfloat16"),
        (256, "bfloat16", "512 KiB.*choose auto$"),
        (100, "float32", "100 units.*choose auto$"),
        (64, "float64", "float64.*bfloat16"),
    ],
)
def test_a_kernel_that_cannot_be_is_refused_before_training(hidden, dtype, words):
    config = defaults().model
    config.unroll, config.hidden = "persistent", hidden
    assert stack_of(config).form == "persistent"  # what is trained can be read anywhere
    if words is None:
        check_kernel(config, dtype)
    else:
        with pytest.raises(UserError, match=words):
            check_kernel(config, dtype)
