"""Every field of a config, with its default. Configs start here and change what they study.

A number under ``model.init``, ``optimizer``, ``model.dropout``, ``training.label_noise``
or ``training.regularizer.weight`` is handed to the compiled program as an argument:
changing it compiles nothing anew.
"""

import math
from typing import Any

from ml_collections import ConfigDict

SYNTHETIC: dict[str, dict[str, Any]] = {
    "adding": {"form": "uniform"},
    "copying": {"symbols": 10},
    "temporal_order": {"symbols": 2},
    "parity": {"form": "every"},
    "flip_flop": {"symbols": 3, "probability": 0.1},
    "random_permutation": {},
    "delayed_xor": {"noise": 0.1},
}
"""Tasks that are drawn, and the fields that each has of its own."""

ANSWERED_ONCE = ("adding", "temporal_order", "random_permutation", "delayed_xor", "images")
"""Tasks whose sequences have one answer each."""

DECLARED = ("text", "images", *SYNTHETIC)
"""The tasks whose fields stand here."""


def defaults(task: str = "text") -> ConfigDict:
    """A one-layer LSTM of 128 units on a task.

    Args:
      task: a key of ``TASKS``; by default a language model of the embedded corpus.
    """
    config = ConfigDict()
    config.seed = 0
    config.task = task_defaults(task)

    config.model = ConfigDict()
    config.model.name = model_of(task)
    config.model.cell = "lstm"
    config.model.hidden = 128
    config.model.layers = 1
    config.model.embedding = 0  # 0: one-hot input
    config.model.dropout = 0.0  # between layers and before the output
    config.model.residual = False
    config.model.learned_carry = False
    config.model.unroll = "auto"  # fast, plain, persistent (on a GPU), parallel (in time); auto: fast where it can be
    config.model.remat = "none"  # computed again on the way back to save memory: none, gates, sqrt (long sequences)
    config.model.parallel = ConfigDict()  # of unroll=parallel
    config.model.parallel.method = "auto"  # associative (linear cells), deer, quasi (deer within units), or auto
    config.model.parallel.tolerance = 0.0  # relative, of Newton's method; 0: by the precision
    config.model.parallel.iterations = 100  # most of its rounds; a sequence that needs more goes through the loop
    config.model.parallel.damping = 0.0  # 0 to 1, for networks whose Jacobians grow
    config.model.init = ConfigDict()
    config.model.init.input = "glorot"
    config.model.init.input_scale = 1.0
    config.model.init.recurrent = "orthogonal"
    config.model.init.recurrent_scale = 1.0
    config.model.init.output = "glorot"
    config.model.init.output_scale = 1.0
    config.model.init.bias_half_width = 0.0  # biases begin in U(-a, a)
    config.model.init.forget_bias = 1.0  # added to the LSTM's forget bias
    config.model.init.ring_least = 0.0  # the LRU's eigenvalues begin with radii from here
    config.model.init.ring_most = 1.0  # to here, at most 1 (0.9 and 0.999 for long memories)
    config.model.init.ring_phase = 2 * math.pi  # and angles from 0 to here, at most 2 pi

    config.optimizer = ConfigDict()
    config.optimizer.name = "adam"
    config.optimizer.learning_rate = 2e-3
    config.optimizer.momentum = 0.9  # sgd's momentum; first decay of adam, adamw and lion
    config.optimizer.decay = 0.999  # rmsprop's decay; second decay of adam, adamw and lion
    config.optimizer.epsilon = 1e-8
    config.optimizer.weight_decay = 0.0  # adamw and lion
    config.optimizer.schedule = ConfigDict()
    config.optimizer.schedule.name = "constant"  # constant, exponential, cosine, linear or step
    config.optimizer.schedule.warmup_steps = 0  # linear from 0, before any schedule
    config.optimizer.schedule.factor = 0.95  # exponential: per epoch; step: per drop
    config.optimizer.schedule.after_epochs = 10  # exponential: first decay after this epoch
    config.optimizer.schedule.every_steps = 1000  # step: between drops
    config.optimizer.schedule.final = 0.0  # cosine and linear: last rate, as a share of the first
    config.optimizer.clip = ConfigDict()
    config.optimizer.clip.name = "global_norm"  # global_norm, value, adaptive or none
    config.optimizer.clip.limit = 1.0

    config.training = ConfigDict()
    config.training.steps = 0  # 0: as many as the epochs need
    config.training.epochs = 1
    config.training.accumulate = 1  # parts that a batch is computed in, to save memory
    config.training.dtype = "float32"  # float32, bfloat16 (compute; parameters stay float32) or float64
    config.training.log_every = 50  # steps in one compiled call
    config.training.checkpoint_every = 0  # steps; a checkpoint is also written at every evaluation
    config.training.patience = 0  # evaluations without a better validation loss before stopping; 0: never
    config.training.label_noise = 0.0  # share of training answers drawn anew; for numbers: deviation of the noise
    config.training.regularizer = ConfigDict()
    config.training.regularizer.name = "none"  # omega (Pascanu et al. 2013), flossing (Engelken 2023) or none
    config.training.regularizer.weight = 1.0  # of the penalty that is added to the loss
    config.training.regularizer.top = 1  # flossing: Lyapunov exponents a layer that are drawn to zero
    config.training.regularizer.burn_in = 0  # flossing: first time steps that the exponents leave out
    config.training.regularizer.sequences = 8  # flossing: sequences of each batch that have the penalty

    config.evaluation = ConfigDict()
    config.evaluation.every = 500  # steps; 0: only at the end
    config.evaluation.batch_size = 32  # streams that a split is scored in
    config.evaluation.carry = "stream"  # stream or zero, as in the task
    config.evaluation.sample_length = 400  # symbols of text to write at the end; 0: none
    config.evaluation.sample_prime = ""
    config.evaluation.sample_temperature = 1.0
    config.evaluation.show_scores = False  # print the scores of every step of a short text

    config.analysis = ConfigDict()
    config.analysis.gradient_flow = False  # measures the reach of the gradient while training
    config.analysis.gradient_flow_every = 0  # steps; 0: at every evaluation
    config.analysis.gradient_flow_sequences = 8  # of the batch that are measured
    return config


def model_of(task: str) -> str:
    """The model that reads a task, if none is named."""
    return "classifier" if task in ANSWERED_ONCE else "language_model"


def task_defaults(name: str) -> ConfigDict:
    """The fields of one task."""
    task = ConfigDict({"name": name})
    if name == "text":
        task.path = ""  # files or folders, commas between; gzip is unpacked; empty: the embedded corpus
        task.glob = "**/*"  # which files of a folder
        task.all_files = False  # hidden and binary files of a folder, too
        task.keep_byte_order_mark = False  # the mark counts as symbols, and UTF-16 is read byte for byte
        task.most_bytes = 2**28  # of text, unpacked; 0: no limit
        task.text = ""  # the text itself, instead of a path
        task.level = "bytes"  # bytes, codepoints, words, or tokens (blanks between, line ends <eos>)
        task.min_count = 1  # rarer words become <unk>
        task.split = "contiguous"  # contiguous: the end of the text is held out; streams: the end of every stream
        task.validation_fraction = 0.05
        task.test_fraction = 0.05
        task.batch_size = 32  # parallel streams
        task.chunk_length = 100  # time steps of truncated backpropagation
        task.carry = "stream"  # stream: handed from chunk to chunk; zero: anew at every chunk
        task.fresh_probability = 0.03  # of each stream to start anew at a chunk of training (carry=stream)
        task.reset_at_documents = False  # the carry starts anew where a document ends
        return task
    task.batch_size = 32
    if name == "images":
        task.path = ""  # a folder with MNIST's IDX files; empty: scikit-learn's digits
        task.form = "pixels"  # pixels or rows
        task.permuted = False
        task.permutation_seed = 0
        task.shuffle_seed = 0
        return task
    task.length = 100  # T
    task.steps_per_epoch = 100  # an epoch of fresh sequences is a matter of counting
    task.evaluation_sequences = 1000
    task.update(SYNTHETIC[name])
    return task
