"""Images as sequences: order, permutation, epochs, and IDX files."""

import gzip
import os
import struct
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from rnn_research.errors import UserError
from rnn_research.tasks import TASKS
from rnn_research.tasks import sequential_images as module
from rnn_research.training.defaults import defaults

KEY = jax.random.key(0)


def built(**fields):
    config = defaults("images")
    config.task.update(fields)
    return TASKS["images"].build(config.task, config.evaluation)


def test_rows_and_pixels_are_the_same_picture():
    rows, pixels = built(form="rows"), built(form="pixels")
    a, b = (np.asarray(t.batch(t.splits["train"].data, KEY, jnp.int32(5)).x.values) for t in (rows, pixels))
    assert a.shape == (32, 8, 8)
    assert b.shape == (32, 64, 1)
    assert (a.reshape(32, 64) == b[..., 0]).all()


def test_a_permutation_moves_pixels_and_is_the_same_for_every_split():
    plain, permuted = built(), built(permuted=True)
    orders = []
    for split in ("train", "test"):
        before, after = (np.asarray(t.splits[split].data.x_NTD)[..., 0] for t in (plain, permuted))
        assert (before != after).any()
        orders.append([tuple(np.sort(before, 0)[:, 0]), tuple(np.sort(before, 1)[0])])
        assert (np.sort(before, 1) == np.sort(after, 1)).all()
    order = np.random.default_rng(0).permutation(64)
    assert (after == before[:, order]).all()


def test_the_splits_share_no_image_and_lose_none():
    task = built()
    everything = np.concatenate([np.asarray(p.data.x_NTD)[..., 0] for p in task.splits.values()])
    source = load_digits().images.reshape(-1, 64) / 16.0
    assert len(everything) == len(source)
    assert sorted(map(tuple, everything)) == sorted(map(tuple, source))


def test_an_epoch_reads_every_image_once_and_the_next_in_another_order():
    orders = [[int(i) for s in range(5) for i in module.shuffled(100, jnp.int32(e * 5 + s), 20, 0)] for e in (0, 1)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(100))
    assert orders[0] != orders[1]


def test_evaluation_scores_every_image_once():
    task = built()
    part = task.splits["test"]
    classes = [np.asarray(task.evaluation_batch(part.data, KEY, jnp.int32(k)).label_B) for k in range(part.batches)]
    asked = np.concatenate(classes)
    assert (asked[asked >= 0] == np.asarray(part.data.y_N)).all()


def idx_file(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def test_idx_files_plain_and_gzipped(tmp_path):
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "plain").write_bytes(idx_file(pixels))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(idx_file(pixels)))
    assert (module.idx(tmp_path, "plain", 3) == pixels).all()
    assert (module.idx(tmp_path, "packed", 3) == pixels).all()


HEAD = idx_file(np.zeros(9, np.uint8))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is not an IDX file"),
        (b"\0\0\x08", "is not an IDX file"),
        (b"\0\0\x0d\x01\0\0\0\x01a", "is not an IDX file"),
        (idx_file(np.zeros((3, 3), np.uint8)), "with 1 axes"),
        (HEAD[:-1], "fewer than the 9 bytes"),
        (HEAD + b"x", "more than the 9 bytes"),
        (b"\0\0\x08\x01\xff\xff\xff\xff", "fewer than the 4,294,967,295 bytes"),
    ],
)
def test_what_is_no_idx_file_is_refused(tmp_path, raw, words):
    (tmp_path / "broken").write_bytes(raw)
    with pytest.raises(UserError, match=f"broken.*{words}"):
        module.idx(tmp_path, "broken", 1)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(raw))
    with pytest.raises(UserError, match=f"packed.gz.*{words}"):
        module.idx(tmp_path, "packed", 1)


@pytest.mark.parametrize(
    "damage",
    [lambda raw: raw[:-9], lambda raw: raw[:20], lambda raw: raw[1:], lambda raw: raw[:30] + b"\xff" * 9 + raw[39:]],
)
def test_a_damaged_archive_is_refused(tmp_path, damage):
    noise = np.random.default_rng(0).integers(0, 256, 999, dtype=np.uint8)
    (tmp_path / "packed.gz").write_bytes(damage(gzip.compress(idx_file(noise))))
    with pytest.raises(UserError, match=r"packed.gz cannot be read .*download it anew"):
        module.idx(tmp_path, "packed", 1)


def mnist_folder(folder, train=24, test=3, labels=None, size=(4, 5), test_size=None, largest=9):
    """The four files, with pictures of noise."""
    draw = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for split, count in (("train", train), ("test", test)):
        images, classes = module.MNIST[split]
        shape = (count, *(test_size if test_size and split == "test" else size))
        (folder / images).write_bytes(idx_file(draw.integers(0, 256, shape, dtype=np.uint8)))
        named = draw.integers(0, largest + 1, count if labels is None else labels, dtype=np.uint8)
        named[-1:] = largest
        (folder / classes).write_bytes(idx_file(named))
    return folder


@pytest.mark.parametrize("train", [12, 24, 100])
def test_a_folder_of_any_size(tmp_path, train):
    """A twelfth validates; every image is read, and in its place."""
    folder = mnist_folder(tmp_path / "few", train)
    task = built(path=str(folder), batch_size=4)
    sizes = {name: len(part.data.y_N) for name, part in task.splits.items()}
    assert sizes == {"train": train - train // 12, "validation": train // 12, "test": 3}
    assert task.length == 20
    stored = module.idx(folder, module.MNIST["train"][0], 3).reshape(train, -1) / 255
    read = np.concatenate([np.asarray(task.splits[n].data.x_NTD)[..., 0] for n in ("train", "validation")])
    np.testing.assert_allclose(read, stored, rtol=1e-6)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"train": 1}, "1 image: at least 12"),
        ({"train": 0, "labels": 0}, "0 images: at least 12"),
        ({"test": 0}, "0 images: at least 1"),
        ({"labels": 7}, "24 images and .* 7 labels"),
        ({"size": (0, 5)}, "0 x 5 pixels"),
        ({"test_size": (5, 4)}, "two sizes, 4 x 5 and 5 x 4"),
        ({"largest": 10}, "a label 10, classes are 0 to 9"),
    ],
)
def test_files_that_do_not_fit_each_other(tmp_path, fields, words):
    with pytest.raises(UserError, match=f"task.path=.*{words}"):
        built(path=str(mnist_folder(tmp_path / "wrong", **fields)), batch_size=4)


def test_a_folder_in_the_place_of_a_file(tmp_path):
    folder = mnist_folder(tmp_path / "wrong")
    (folder / module.MNIST["test"][0]).unlink()
    (folder / module.MNIST["test"][0]).mkdir()
    with pytest.raises(UserError, match="no file t10k-images-idx3-ubyte"):
        built(path=str(folder))


def test_a_folder_without_mnist_is_refused(tmp_path):
    with pytest.raises(UserError, match="no file train-images-idx3-ubyte"):
        built(path=str(tmp_path))


def test_mnist_as_published():
    root = Path(os.environ.get("RNN_RESEARCH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
    if not (root / "mnist").is_dir():
        pytest.skip(f"MNIST's IDX files are not in {root / 'mnist'}")
    images, labels = module.labelled(root / "mnist", *module.MNIST["test"], least=1)
    assert images.shape == (10_000, 28, 28)
    # Known of the canonical file: the first test images and the size of each class.
    assert list(labels[:10]) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert list(np.bincount(labels)) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
