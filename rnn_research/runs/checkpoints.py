"""Checkpoints by orbax: asynchronous, atomic, checked, the newest two and the best.

A state is stored as a flat dictionary from the name of a leaf to its array, and
beside it the checksum of each leaf, so that damage is found before it is used.
"""

import contextlib
import errno
import functools
import logging
import math
import re
import sys
import tempfile
import threading
import zlib
from collections.abc import Collection, Container, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from orbax.checkpoint import checkpoint_manager
from orbax.checkpoint import v1 as ocp

from rnn_research.errors import UserError
from rnn_research.runs.files import NUMBER, REMEDY, read_json, read_records, there
from rnn_research.runs.older_names import of_today

State = TypeVar("State")
Snapshot = dict[str, np.ndarray]

STEP = re.compile("0|[1-9][0-9]{0,17}")
"""The name of a checkpoint: its step."""


def flat(state: Any) -> dict[str, jax.Array]:
    """``{".params.w_HV": array, ...}``; typed keys become their data."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(state)
    return {jax.tree_util.keystr(path): _plain(leaf) for path, leaf in leaves}


def _plain(leaf: Any) -> Any:
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


class Checkpoints:
    """The checkpoints of one run."""

    def __init__(self, path: Path, objective: str, newest: int = 2, reading: bool = False):
        """Opens the folder.

        Args:
          path: the folder, made if it is missing.
          objective: the metric whose least value makes a checkpoint the best.
          newest: how many of the last to keep beside the best.
          reading: only to read, perhaps while a training process writes: nothing there is touched.
        """
        _hush()
        policies = ocp.training.preservation_policies
        self._objective, self._workdir = objective, path.parent
        self._pending: Any = None
        if there(path) and not path.is_dir():
            raise UserError(f"{path} is no folder, checkpoints lie in one: {REMEDY}")
        unreadable = _unreadable(path, objective)
        self._set_aside = list(unreadable.values())
        self._view: tempfile.TemporaryDirectory[str] | None = None
        # Where none can be read nothing is moved: the next start would find a run that has not begun.
        if unreadable and (reading or len(unreadable) == len(_steps_in(path))):
            self._view = _view_without(path, unreadable)
        else:
            for step in unreadable:
                step.rename(step.with_name(f"{step.name}.damaged"))
        self._manager = _open(
            path if self._view is None else Path(self._view.name),
            preservation_policy=policies.AnyPreservationPolicy(
                [
                    policies.LatestN(newest),
                    policies.BestN(
                        get_metric_fn=lambda metrics: -metrics[objective],
                        n=1,
                        keep_checkpoints_without_metrics=False,
                    ),
                ]
            ),
            cleanup_tmp_directories=not reading,
        )

    def save(self, step: int, snapshot: Snapshot, objective: float | None) -> None:
        """Starts to write a snapshot (from ``jax.device_get(flat(state))``); returns before it is written.

        Raises:
          UserError: if the disk is full now, or was for the save before.
        """
        self.wait()
        if self._manager.latest is not None and step <= self._manager.latest.step:
            return  # saved before the run was stopped here
        checksums = {name: zlib.crc32(array.tobytes()) for name, array in snapshot.items()}
        metrics = None if objective is None else {self._objective: float(objective)}
        with self._readable(step):
            self._pending = self._manager.save_async(
                step, snapshot, metrics=metrics, custom_metadata={"crc32": checksums}, force=True
            )

    def wait(self) -> None:
        """Until what was begun is written."""
        pending, self._pending = self._pending, None
        if pending is not None:
            with self._readable(None):
                pending.result()

    @contextlib.contextmanager
    def _readable(self, step: int | None) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not _disk_is_full(error):
                raise
            good = self.steps()
            last = f"the last good checkpoint is step {good[-1]}" if good else "there is no checkpoint yet"
            raise UserError(
                f"--workdir={self._workdir}: the disk is full; {last}: "
                "free some space and give the same command again"
            ) from error

    def steps(self) -> list[int]:
        """Of the checkpoints on disk, ascending."""
        return sorted(int(step.name) for step in _steps_in(Path(self._manager.directory)))

    @property
    def set_aside(self) -> list[str]:
        """A sentence for every checkpoint that could not even be listed, the newest first."""
        return list(self._set_aside)

    def best_step(self) -> int | None:
        """The step with the least objective; the newest if none was ever measured, or none is finite."""
        checkpoints = self._manager.checkpoints
        measured = [c for c in checkpoints if c.metrics and math.isfinite(c.metrics[self._objective])]
        if measured:
            return min(measured, key=lambda c: c.metrics[self._objective]).step
        return checkpoints[-1].step if checkpoints else None

    def restore(self, step: int, like: State, part: str = "", anew: Collection[str] = ()) -> State:
        """The state saved at a step, in the structure, dtypes and shardings of ``like``.

        Args:
          step: which checkpoint.
          like: what to fill.
          part: which part of the stored state ``like`` is, say ``".params"``.
          anew: parts of the state that are as in ``like`` where the stored ones do not fit.

        Raises:
          UserError: if its fields differ from those of ``like``, one line a field.
          Damaged: if it cannot be read or a checksum is wrong.
        """
        try:
            stored = self._manager.load(step)
            checksums = self._manager.metadata(step).custom_metadata["crc32"]
        except Exception as error:
            raise Damaged(f"checkpoint {step} cannot be read ({_first_line(error)})") from error
        read = {name: np.asarray(array) for name, array in stored.items() if name.startswith(part)}
        wanted = {part + name: leaf for name, leaf in flat(like).items()}
        stored = of_today(read, wanted)
        replaced = _misfits(stored, wanted, anew)
        kept = {name: array for name, array in stored.items() if not name.startswith(replaced)}
        problems = _field_differences(kept, {name: leaf for name, leaf in wanted.items() if not name.startswith(replaced)})
        if problems:
            raise UserError(
                f"--workdir={self._workdir}: checkpoint {step} does not fit this config "
                f"({'; '.join(problems)}): choose another directory"
            )
        for name, array in read.items():
            if zlib.crc32(array.tobytes()) != checksums.get(name):
                raise Damaged(f"checkpoint {step} is damaged: {name} has a wrong checksum")
        leaves, structure = jax.tree_util.tree_flatten_with_path(like)
        named = [(part + jax.tree_util.keystr(path), leaf) for path, leaf in leaves]
        return jax.tree.unflatten(
            structure, [_placed(kept[name], leaf) if name in kept else leaf for name, leaf in named]
        )

    def misfits(self, step: int, like: State, anew: Collection[str]) -> list[str]:
        """Which parts of ``anew`` the checkpoint of a step, which can be read, does not fit."""
        wanted = flat(like)
        stored = {name: np.asarray(array) for name, array in self._manager.load(step).items()}
        return list(_misfits(of_today(stored, wanted), wanted, anew))

    def restore_newest(self, like: State, anew: Collection[str] = ()) -> tuple[State | None, int, list[str]]:
        """The newest checkpoint that is whole.

        Args:
          like: what to fill.
          anew: as in ``restore``.

        Returns:
          The state (None if there is no checkpoint at all), its step, and a
          sentence for every damaged one that was passed over (and removed).

        Raises:
          UserError: if there are checkpoints and none is whole.
        """
        passed_over = list(self._set_aside)
        for step in reversed(self.steps()):
            try:
                state = self.restore(step, like, anew=anew)
            except Damaged as error:
                passed_over.append(str(error))
                continue
            for damaged in [s for s in self.steps() if s > step]:
                self._manager.delete(damaged)
            return state, step, passed_over
        if passed_over:
            raise UserError(
                f"--workdir={self._workdir}: no checkpoint is whole ({'; '.join(passed_over)}): {REMEDY}"
            )
        return None, 0, []

    def restore_best(self, like: State, anew: Collection[str] = ()) -> tuple[State, int, list[str]]:
        """The best checkpoint that is whole; returns and raises as ``restore_newest``."""
        passed_over: list[str] = []
        while (step := self.best_step()) is not None:
            try:
                return self.restore(step, like, anew=anew), step, passed_over
            except Damaged as error:
                passed_over.append(str(error))
                self._manager.delete(step)
        raise UserError(
            f"--workdir={self._workdir}: no checkpoint is whole ({'; '.join(passed_over)}): {REMEDY}"
        )

    def close(self) -> None:
        """Waits for what was begun, and closes."""
        try:
            self.wait()
        finally:
            with self._readable(None):
                self._manager.close()
            if self._view is not None:
                self._view.cleanup()


class Damaged(Exception):
    """A checkpoint that cannot be used."""


def _open(path: Path, **options: Any) -> ocp.training.Checkpointer:
    """The folder's keeper; among several processes, one that waits for none of the others, which leave it alone."""
    if jax.process_count() == 1:
        return ocp.training.Checkpointer(path, **options)
    this = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(primary_host=this, active_processes={this})
    path.mkdir(parents=True, exist_ok=True)
    # orbax refuses to make a folder for some of the processes, even one that is there.
    make, checkpoint_manager._create_root_directory = checkpoint_manager._create_root_directory, lambda *_: None
    try:
        return ocp.training.Checkpointer(path, context=ocp.Context(multiprocessing_options=alone), **options)
    finally:
        checkpoint_manager._create_root_directory = make


def _steps_in(path: Path) -> list[Path]:
    """What stands in a folder under the name of a step, whatever it is.

    Raises:
      UserError: if the folder cannot be read.
    """
    if not there(path):
        return []
    try:
        return [step for step in path.iterdir() if STEP.fullmatch(step.name)]
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): {REMEDY}") from error


def _unreadable(path: Path, objective: str) -> dict[Path, str]:
    """Checkpoints that cannot be listed, or are of another run: orbax opens all, and would fail or take them.

    Returns:
      A sentence for each, the newest first.
    """
    sentences = {}
    measured = {
        record["step"]: record[objective]
        for record in read_records(path.parent / "metrics.jsonl")[0]
        if record["kind"] == "validation" and objective in record
    }
    for step in sorted(_steps_in(path), key=lambda step: int(step.name), reverse=True):
        file, known = step / "metrics" / "metrics", measured.get(int(step.name))
        if not step.is_dir():
            sentences[step] = f"checkpoint {step.name} is damaged: {step} is no folder"
        elif there(file):
            try:
                found = read_json(file, {objective: NUMBER})[objective]
            except UserError as error:
                sentences[step] = f"checkpoint {step.name} is damaged: its metrics cannot be read ({error})"
                continue
            if known is not None and not math.isclose(found, known, rel_tol=1e-6) and math.isfinite(found):
                sentences[step] = (
                    f"checkpoint {step.name} is of another run: its validation {objective} is {found:.7g}, "
                    f"in metrics.jsonl {known:.7g}"
                )
    return sentences


def _view_without(path: Path, unreadable: Container[Path]) -> "tempfile.TemporaryDirectory[str]":
    """A folder elsewhere that leads to all other checkpoints."""
    view = tempfile.TemporaryDirectory(prefix="checkpoints-")
    for step in path.iterdir():
        if STEP.fullmatch(step.name) and step not in unreadable:
            Path(view.name, step.name).symlink_to(step.resolve(), target_is_directory=True)
    return view


def _placed(array: np.ndarray, like: jax.Array) -> jax.Array:
    if jnp.issubdtype(like.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(jnp.asarray(array))
    return jax.device_put(array, like.sharding)


def _misfits(
    stored: Mapping[str, np.ndarray], wanted: Mapping[str, jax.Array], parts: Collection[str]
) -> tuple[str, ...]:
    """The parts of a state, by the beginning of their names, that are stored in other shapes than are wanted."""
    of = lambda part, leaves: {name: leaf for name, leaf in leaves.items() if name.startswith(part)}  # noqa: E731
    return tuple(part for part in parts if _field_differences(of(part, stored), of(part, wanted)))


def _field_differences(stored: dict[str, np.ndarray], wanted: dict[str, jax.Array]) -> list[str]:
    lines = []
    for name in sorted(stored.keys() | wanted.keys()):
        if name not in wanted:
            lines.append(f"{name} is stored but not wanted")
        elif name not in stored:
            lines.append(f"{name} is wanted but not stored")
        elif stored[name].shape != wanted[name].shape or stored[name].dtype != wanted[name].dtype:
            lines.append(
                f"{name} is {stored[name].dtype}{list(stored[name].shape)}, "
                f"not {wanted[name].dtype}{list(wanted[name].shape)}"
            )
    return lines


def _disk_is_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left on device" in str(error) or "Disk quota exceeded" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:160]}" if text else type(error).__name__


@functools.cache
def _hush() -> None:
    """Keeps off the terminal what orbax and its event loops say: whatever fails there reaches us as an exception."""
    logging.getLogger("absl").addFilter(lambda record: "orbax" not in record.pathname)
    logging.getLogger("asyncio").addFilter(lambda record: "never retrieved" not in record.getMessage())
    before = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        # After one array failed, the others still report to a loop that has gone.
        if "Event loop is closed" not in str(unraisable.exc_value):
            before(unraisable)

    sys.unraisablehook = hook
    threads = threading.excepthook
    # Of several threads that write, one has told us.
    threading.excepthook = lambda died: None if _disk_is_full(died.exc_value) else threads(died)
