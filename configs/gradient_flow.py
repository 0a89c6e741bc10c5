"""Where the gradient goes in a recurrent network: measured, network beside network.

    python -m experiments.gradient_flow --config=configs/gradient_flow.py:anatomy --workdir=runs/anatomy

anatomy      (the default) Elman, LSTM and GRU side by side, at initialisation and after training
trained      the same of a run of your own: --run=DIR
radius       the rate against the gain of the recurrent matrix: the edge between vanishing and exploding
forget_bias  an LSTM's half-life against its forget bias and the prediction -ln 2 / ln sigma(b)
clipping     temporal order without clipping, by value, by global norm, adaptive
memory       success and steps to success on adding, copying and temporal order, against length
images       digits read pixel by pixel and row by row; MNIST where task.path names the folder of its files

Time on 2 cores: anatomy, radius and forget_bias a minute or two each; images a
quarter of an hour; clipping and memory about an hour each. A study that is killed
and started again goes on with the points that are missing. Result: README.
"""

from collections.abc import Callable

from ml_collections import ConfigDict

from rnn_research.errors import one_of
from rnn_research.training.defaults import defaults, task_defaults


def get_config(study: str = "anatomy") -> ConfigDict:
    """The config of one study."""
    one_of("--config=configs/gradient_flow.py", study, STUDIES)
    config = defaults("images" if study == "images" else "adding")
    config.analysis.study = study
    config.analysis.seeds = 5
    config.evaluation.sample_length = 0
    config.optimizer.learning_rate = 1e-3
    config.model.hidden = 64
    STUDIES[study](config)
    return config


def sequences(config: ConfigDict, length: int, count: int) -> None:
    """The sequences that are measured, and how."""
    config.analysis.length = length
    config.analysis.sequences = count
    config.analysis.sequences_seed = 0
    config.analysis.state = "h"  # whose gradient is followed: h or c


def anatomy(config: ConfigDict) -> None:
    """Six networks over 200 steps."""
    sequences(config, 200, 32)
    config.analysis.networks = (
        "elman",
        "elman_relu",
        "gru",
        "lstm_forget_bias_0",
        "lstm_forget_bias_1",
        "lstm_forget_bias_2",
    )
    config.analysis.rates = (("elman", 1e-3),)
    config.optimizer.learning_rate = 3e-3
    config.task.length = 20  # of the sequences trained on
    config.task.evaluation_sequences = 200
    config.analysis.solved = 0.05  # mean squared error: it needs both numbers, one of them alone leaves 1/12
    config.training.steps = 1500
    config.evaluation.every = 100


def trained(config: ConfigDict) -> None:
    """One run, at its start and at its checkpoint."""
    sequences(config, 0, 32)  # as long as those it was trained on
    config.analysis.run = ""
    config.analysis.step = 0  # which checkpoint; 0: the best by validation


def radius(config: ConfigDict) -> None:
    """Gains from 0.5 to 1.6 over 500 steps."""
    sequences(config, 500, 16)
    config.analysis.gains = tuple(0.5 + 0.1 * g for g in range(12))
    config.analysis.lags = (50, 100, 200, 400)


def forget_bias(config: ConfigDict) -> None:
    """Forget biases from -2 to 6, over 500 steps."""
    sequences(config, 500, 8)
    config.model.cell = "lstm"
    config.analysis.biases = (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    config.analysis.scales = (0.1, 1.0)  # of the recurrent matrices


def memory(config: ConfigDict) -> None:
    """Three tasks, three lengths each, six networks."""
    config.analysis.networks = (
        "elman",
        "elman_orthogonal",
        "irnn",
        "gru",
        "lstm_forget_bias_0",
        "lstm_forget_bias_1",
    )
    config.optimizer.learning_rate = 3e-3
    config.analysis.rates = (("elman", 1e-3), ("elman_orthogonal", 1e-3), ("irnn", 1e-3))
    config.analysis.tasks = ("adding", "copying", "temporal_order")
    config.analysis.problems = ConfigDict()
    # Solved: below this share of the floor. Adding: MSE 0.01; temporal order: 1 % of sequences wrong.
    config.analysis.problems.adding = ConfigDict({"lengths": (50, 100), "solved": 0.06, "steps": 6000})
    config.analysis.problems.copying = ConfigDict({"lengths": (10, 20, 50), "solved": 0.1, "steps": 4000})
    config.analysis.problems.temporal_order = ConfigDict({"lengths": (20, 50, 100), "solved": 1 / 75, "steps": 6000})
    config.evaluation.every = 250


def clipping(config: ConfigDict) -> None:
    """Pascanu's network and alphabet; ten seeds a point."""
    config.task = task_defaults("temporal_order")
    config.task.batch_size = 20
    config.task.evaluation_sequences = 10_000
    config.evaluation.batch_size = 500
    config.model.cell = "elman"
    config.model.hidden = 50
    config.optimizer.name = "sgd"
    config.optimizer.momentum = 0.0
    config.optimizer.learning_rate = 0.03
    config.analysis.seeds = 10
    config.analysis.kinds = (("none", 1.0), ("value", 0.1), ("global_norm", 1.0), ("adaptive", 0.1))
    config.analysis.lengths = (20, 30, 50, 75, 100)
    config.analysis.solved = 0.01  # share of the sequences answered wrong
    config.training.steps = 10_000
    config.evaluation.every = 500


def images(config: ConfigDict) -> None:
    """Four networks on scikit-learn's digits, 64 pixels or 8 rows each."""
    config.analysis.networks = ("elman", "irnn", "lstm_forget_bias_1", "gru")
    config.analysis.forms = ("pixels", "permuted", "rows")
    config.analysis.rates = (("elman", 3e-4), ("irnn", 1e-4))
    config.optimizer.learning_rate = 3e-3
    config.optimizer.schedule.name = "cosine"
    config.training.steps = 4000
    config.evaluation.every = 1000


STUDIES: dict[str, Callable[[ConfigDict], None]] = {
    "anatomy": anatomy,
    "trained": trained,
    "radius": radius,
    "forget_bias": forget_bias,
    "clipping": clipping,
    "memory": memory,
    "images": images,
}
