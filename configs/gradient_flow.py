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
from rnn_research.studies.study_defaults import study_defaults


def get_config(study: str = "anatomy") -> ConfigDict:
    """The config of one study."""
    one_of("--config=configs/gradient_flow.py", study, STUDIES)
    config = study_defaults(study, {"images": "images", "clipping": "temporal_order"}.get(study, "adding"))
    config.evaluation.sample_length = 0
    config.optimizer.learning_rate = 1e-3
    config.model.hidden = 64
    STUDIES[study](config)
    return config


def anatomy(config: ConfigDict) -> None:
    """Six networks over 200 steps."""
    config.optimizer.learning_rate = 3e-3
    config.task.length = 20  # of the sequences trained on
    config.task.evaluation_sequences = 200
    config.training.steps = 1500
    config.evaluation.every = 100


def measured(config: ConfigDict) -> None:
    """One run at its start and at its checkpoint; or networks that are not trained."""


def memory(config: ConfigDict) -> None:
    """Three tasks, three lengths each, six networks."""
    config.optimizer.learning_rate = 3e-3
    config.evaluation.every = 250


def clipping(config: ConfigDict) -> None:
    """Pascanu's network and alphabet; ten seeds a point."""
    config.task.batch_size = 20
    config.task.evaluation_sequences = 10_000
    config.evaluation.batch_size = 500
    config.model.cell = "elman"
    config.model.hidden = 50
    config.optimizer.name = "sgd"
    config.optimizer.momentum = 0.0
    config.optimizer.learning_rate = 0.03
    config.training.steps = 10_000
    config.evaluation.every = 500


def images(config: ConfigDict) -> None:
    """Four networks on scikit-learn's digits, 64 pixels or 8 rows each."""
    config.optimizer.learning_rate = 3e-3
    config.optimizer.schedule.name = "cosine"
    config.training.steps = 4000
    config.evaluation.every = 1000


STUDIES: dict[str, Callable[[ConfigDict], None]] = {
    "anatomy": anatomy,
    "trained": measured,
    "radius": measured,
    "forget_bias": measured,
    "clipping": clipping,
    "memory": memory,
    "images": images,
}
