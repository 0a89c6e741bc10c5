"""An image as a sequence: pixel by pixel or row by row, in order or permuted (Le, Jaitly and Hinton 2015).

``config.form = pixels`` reads one grey value a step (8 x 8 digits: T = 64;
MNIST: T = 784); ``rows`` reads a row a step. ``config.permuted`` shuffles the
pixels by one fixed permutation, the same for every image. The class is asked at
the last step.

    a 2 x 2 image [[0, 1], [.5, 0]]    pixels: 0, 1, .5, 0      rows: (0, 1), (.5, 0)

Digits are scikit-learn's 1,797 scans by default; ``config.path`` names a folder
with MNIST's four IDX files, plain or gzipped. Guessing gives the floor, an
accuracy of 1/10.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.config import Field, Section, check
from rnn_research.errors import UserError, counted
from rnn_research.tasks.batches import Labelled, Padded
from rnn_research.tasks.interface import Interface, classes
from rnn_research.tasks.task import EVALUATION, Split, Task
from rnn_research.types import Array, Key

MNIST = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
MNIST_VALIDATION = 5_000  # the last training images
VALIDATION_SHARE = 12  # or one of so many, where there are fewer than MNIST's
CLASSES = 10
MOST_BYTES = 2**32  # of a file, unpacked

FIELDS: Section = {
    "batch_size": Field(32, "images in a batch", low=1),
    "path": Field("", "a folder with MNIST's IDX files; empty: scikit-learn's digits"),
    "form": Field("pixels", "what is read at a step", choices=("pixels", "rows")),
    "permuted": Field(False, "pixels are shuffled, all images alike"),
    "permutation_seed": Field(0, "of that permutation", low=0),
    "shuffle_seed": Field(0, "of the order of the images"),
}


class Images(NamedTuple):
    """Pictures as sequences ``[N, T, D]`` in [0, 1] and their classes ``[N]``."""

    x_NTD: Array | np.ndarray
    y_N: Array | np.ndarray


def sequential_images(config: Any, evaluation: Any) -> Task:
    """Builds the task.

    Raises:
      UserError: for files that are missing or are not IDX.
    """
    check(FIELDS, config, "task.")
    check(EVALUATION, evaluation, "evaluation.")
    parts = mnist(_folder(config.path)) if config.path else digits()
    if config.permuted:
        pixels = parts["train"][0].shape[1] * parts["train"][0].shape[2]
        order = np.random.default_rng(config.permutation_seed).permutation(pixels)
        parts = {name: (permute(x, order), y) for name, (x, y) in parts.items()}
    sequences = {name: as_sequences(x, y, config.form) for name, (x, y) in parts.items()}
    if config.batch_size > len(sequences["train"].y_N):
        raise UserError(
            f"task.batch_size={config.batch_size} is more than "
            f"the {counted(len(sequences['train'].y_N), 'image')} there are"
        )
    T, D = sequences["train"].x_NTD.shape[1:]
    splits = {}
    for name, part in sequences.items():
        size = config.batch_size if name == "train" else min(evaluation.batch_size, len(part.y_N))
        splits[name] = Split(part, len(part.y_N) // size if name == "train" else -(-len(part.y_N) // size), size)

    def batch(data: Images, key: Key, step: Array) -> Labelled:
        return take(data, shuffled(data.y_N.shape[0], step, config.batch_size, config.shuffle_seed))

    def evaluation_batch(data: Images, key: Key, step: Array) -> Labelled:
        size = min(evaluation.batch_size, data.y_N.shape[0])
        return take(data, step * size + jnp.arange(size))

    return Task(
        name="images",
        interface=Interface(Labelled, D, classes(CLASSES)),
        splits=splits,
        batch=batch,
        evaluation_batch=evaluation_batch,
        facts={
            "task": "images",
            "source": "MNIST" if config.path else "scikit-learn digits",
            "steps": T,
            "images": {name: len(part.y_N) for name, part in sequences.items()},
            "floor_accuracy": 0.1,
        },
        length=T,
    )


def shuffled(images: int, step: Array, batch_size: int, seed: int) -> Array:
    """The images of a step: every epoch is a new order, what is left over at its end is not read."""
    per_epoch = images // batch_size
    key = jax.random.fold_in(jax.random.key(seed), step // per_epoch)
    order = jax.random.permutation(key, images)
    return jax.lax.dynamic_slice_in_dim(order, step % per_epoch * batch_size, batch_size)


def take(data: Images, index_B: Array) -> Labelled:
    """A batch of some images; an index beyond the last is not scored."""
    images = len(data.x_NTD)
    inside_B = index_B < images
    index_B = jnp.minimum(index_B, images - 1)
    y_B = jnp.where(inside_B, jnp.asarray(data.y_N)[index_B], -1)
    return Labelled(Padded(jnp.asarray(data.x_NTD)[index_B]), y_B)


def as_sequences(x_NYX: np.ndarray, y_N: np.ndarray, form: str) -> Images:
    """Pixels: ``[N, Y*X, 1]``; rows: ``[N, Y, X]``."""
    x = x_NYX.astype(np.float32)
    return Images(x.reshape(len(x), -1, 1) if form == "pixels" else x, y_N.astype(np.int32))


def permute(x_NYX: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The same pixels at other places."""
    return x_NYX.reshape(len(x_NYX), -1)[:, order].reshape(x_NYX.shape)


def digits() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """scikit-learn's scans: 1,297 to train, 200 to validate, 300 to test, in a fixed random order."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    x, y = found.images[order] / 16.0, found.target[order]
    return {"train": (x[:1297], y[:1297]), "validation": (x[1297:1497], y[1297:1497]), "test": (x[1497:], y[1497:])}


def mnist(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """55,000 to train, 5,000 to validate, 10,000 to test; of fewer images a twelfth validates too.

    Raises:
      UserError: for files that are missing, damaged, or do not fit each other.
    """
    x, y = labelled(folder, *MNIST["train"], least=VALIDATION_SHARE)
    test = labelled(folder, *MNIST["test"], least=1)
    if test[0].shape[1:] != x.shape[1:]:
        sizes = " and ".join(f"{a.shape[1]} x {a.shape[2]}" for a in (x, test[0]))
        raise UserError(f"task.path={folder}: images to train and to test are of two sizes, {sizes}")
    cut = len(x) - min(MNIST_VALIDATION, len(x) // VALIDATION_SHARE)
    return {
        "train": (x[:cut] / 255.0, y[:cut]),
        "validation": (x[cut:] / 255.0, y[cut:]),
        "test": (test[0] / 255.0, test[1]),
    }


def _folder(path: str) -> Path:
    try:
        folder = Path(path).expanduser()
        there = folder.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, the home of nobody
        raise UserError(f"task.path={path!r} cannot be a folder ({error}): name another") from error
    if not there:
        raise UserError(f"task.path={path}: no such folder: name the one with MNIST's four files")
    return folder


def labelled(folder: Path, images: str, labels: str, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Images ``[N, Y, X]`` and their classes ``[N]``, of two IDX files.

    Raises:
      UserError: also if there are fewer than ``least``, or classes beyond the tenth.
    """
    x, y = idx(folder, images, 3), idx(folder, labels, 1)
    said = f"task.path={folder}: {images} has {counted(len(x), 'image')}"
    if len(x) != len(y):
        raise UserError(f"{said} and {labels} {counted(len(y), 'label')}: there must be as many")
    if len(x) < least:
        raise UserError(f"{said}: at least {least} are needed")
    if not x.size:
        raise UserError(f"{said} of {x.shape[1]} x {x.shape[2]} pixels: there is nothing to see")
    if y.max() >= CLASSES:
        raise UserError(f"task.path={folder}: {labels} has a label {y.max()}, classes are 0 to {CLASSES - 1}")
    return x, y


def idx(folder: Path, name: str, axes: int) -> np.ndarray:
    """One IDX file of unsigned bytes, plain or gzipped, of so many axes.

    Raises:
      UserError: if it is missing or is not such a file.
    """
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            break
    else:
        raise UserError(f"task.path={folder}: no file {name} or {name}.gz in this folder")
    said = f"task.path={folder}: {path.name}"
    head = 4 + 4 * axes
    try:
        with open(path, "rb") as plain, gzip.open(plain) if path.suffix == ".gz" else plain as file:
            raw = file.read(head)
            if len(raw) < head or raw[:4] != bytes((0, 0, 8, axes)):
                raise UserError(f"{said} is not an IDX file of unsigned bytes with {axes} axes: download it anew")
            shape = struct.unpack(f">{axes}I", raw[4:])
            size = math.prod(shape)
            if size > MOST_BYTES:
                raise UserError(f"{said} says it has {size:,} bytes, at most {MOST_BYTES:,} are read")
            values = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{said} cannot be read ({error}): download it anew") from error
    if len(values) != size:
        than = "more" if len(values) > size else "fewer"
        raise UserError(f"{said} has {than} than the {size:,} bytes that its head promises: download it anew")
    return np.frombuffer(values, np.uint8).reshape(shape)
