"""Where the gradient goes in a recurrent network: measured, network beside network.

    python -m experiments.gradient_flow --config=configs/gradient_flow.py:anatomy --workdir=runs/anatomy
    python -m experiments.gradient_flow --config=configs/gradient_flow.py:memory --workdir=runs/memory

anatomy   Elman, LSTM and GRU side by side, at initialisation and after training
memory    success and steps to success on the adding problem, for every network

Time on 2 cores: anatomy 4 minutes on a busy machine, mostly compilation; memory has
not been timed at full size. Result: results.json, figures and report.html; of
anatomy, that the gradient's decay rate is the top Lyapunov exponent (README).
"""

from ml_collections import ConfigDict

from rnn_research.errors import one_of
from rnn_research.training.defaults import defaults

STUDIES = ("anatomy", "memory")


def get_config(study: str = "anatomy") -> ConfigDict:
    """The config of one study."""
    one_of("--config=configs/gradient_flow.py", study, STUDIES)
    config = defaults("adding")
    config.analysis.study = study
    config.analysis.seeds = 5
    config.evaluation.sample_length = 0
    config.optimizer.learning_rate = 1e-3
    config.model.hidden = 64
    if study == "anatomy":
        config.analysis.length = 200  # of the sequences measured
        config.analysis.sequences = 32
        config.analysis.sequences_seed = 0
        config.analysis.first_lag = 40  # slopes leave out the first steps back ...
        config.analysis.last_lag = 160  # ... and the first steps of the sequence
        config.analysis.networks = (
            "elman",
            "elman_relu",
            "gru",
            "lstm_forget_bias_0",
            "lstm_forget_bias_1",
            "lstm_forget_bias_2",
        )
        config.task.length = 50  # of the sequences trained on
        config.task.evaluation_sequences = 200
        config.training.steps = 300
        config.evaluation.every = 300
    else:
        config.analysis.networks = (
            "elman",
            "elman_orthogonal",
            "irnn",
            "gru",
            "lstm_forget_bias_0",
            "lstm_forget_bias_1",
        )
        config.analysis.lengths = (100,)
        config.analysis.solved = 0.01
        config.analysis.rates = (("irnn", 3e-4),)
        config.training.steps = 6000
        config.evaluation.every = 250
    return config
