"""`Checkpoint`: variables, layers, models and optimizers of a program in one file, for custom training loops.

A file holds arrays whose names come from the keyword arguments: ``model/0`` is the first weight of `model`. In the same
folder, a text file called ``checkpoint`` names the files of the folder, the latest first.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from zipfile import BadZipFile

import numpy as np

from minifit.arrays import Array
from minifit.checks import positive
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    NotBuiltError,
    ShapeError,
    quoted,
)
from minifit.optimizers import Optimizer
from minifit.parameters import Parameter, Variable
from minifit.saving import atomic, checkpoint_files
from minifit.saving.device_options import CheckpointOptions, check_device_options
from minifit.saving.load_status import LoadStatus


class Checkpoint:
    """Variables, models and optimizers that are saved and restored together.

    Parameters
    ----------
    root : Model, Layer, Module or Variable, optional
        An object without a name.
    **kwargs
        Variables, layers, models, modules and optimizers, or lists and dicts of them, under names of your choice.

    Attributes
    ----------
    save_counter : Variable
        The number of calls of `save`.

    Notes
    -----
    A model must have its weights before they are restored: build it, or call it once.

    Examples
    --------
    >>> import tempfile
    >>> step = Variable(3, trainable=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Checkpoint(step=step).save(f"{folder}/ckpt")
    ...     _ = step.assign(9)
    ...     _ = Checkpoint(step=step).restore(path).assert_consumed()
    >>> int(step)
    3

    References
    ----------
    ``tf.train.Checkpoint`` (TensorFlow 2.7), whose files have a different format.
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self.save_counter = Variable(0, trainable=False, dtype=np.int64, name="save_counter")
        self._tracked = dict(kwargs) if root is None else {"root": root, **kwargs}
        for name, value in kwargs.items():
            setattr(self, name, value)
        # Raise now for a value that cannot be saved. A model may still be unbuilt: its first data builds it.
        with suppress(NotBuiltError):
            for _ in self._parts():
                pass

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """Yield variables and optimizers with their names, each once; optimizers come last."""
        parts: dict[int, tuple[str, Any]] = {}
        for name, value in self._tracked.items():
            for path, part in _parts_of(name, value):
                parts.setdefault(id(part), (path, part))
        yield from sorted(parts.values(), key=lambda entry: isinstance(entry[1], Optimizer))
        yield "save_counter", self.save_counter

    def _arrays(self, make: bool = False) -> dict[str, Array]:
        """Return the arrays of all parts by name; with `make`, create the missing slots of optimizers first."""
        arrays: dict[str, Array] = {}
        trainable: dict[str, Parameter] = {}
        for name, part in self._parts():
            if isinstance(part, Parameter):
                arrays[name] = part.value
                if part.trainable and part.dtype == np.float32:
                    trainable[name] = part
                continue
            if make and trainable:
                part.plan(list(trainable.values()))
            arrays[f"{name}/iterations"] = part.iterations.value
            if not part.scheduled:
                arrays[f"{name}/learning_rate"] = part.learning_rate.value
            for path, parameter in trainable.items():
                arrays |= {f"{name}/{slot}/{path}": view for slot, view in part.slots_of(parameter).items()}
        return arrays

    def write(self, file_prefix: str | os.PathLike[str], options: CheckpointOptions | None = None) -> str:
        """Write a file with this name and return the name."""
        check_device_options(options, "Checkpoint")
        path = os.fspath(file_prefix)
        with atomic.writing(path) as file:
            np.savez(file, **{f"/{name}": array for name, array in self._arrays().items()})  # type: ignore[arg-type]
        return path

    def save(self, file_prefix: str | os.PathLike[str], options: CheckpointOptions | None = None) -> str:
        """Write a file whose name ends with the number of the call, such as ``ckpt-1``, and return the name."""
        check_device_options(options, "Checkpoint")
        self.save_counter.assign_add(1)
        path = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter)}")
        folder = os.path.dirname(path)
        checkpoint_files.write_index(
            folder, [*(p for p in checkpoint_files.read_index(folder) if p != path), path]
        )
        return path

    def read(self, save_path: str | os.PathLike[str], options: CheckpointOptions | None = None) -> LoadStatus:
        """Restore the values from a file that `write` or `save` wrote.

        Returns
        -------
        LoadStatus
            The variables missing from the file, and the number of its arrays left unused.

        Raises
        ------
        FileFormatError, ShapeError
            When the file is not a checkpoint, or a variable has a different shape; nothing is changed then.
        """
        check_device_options(options, "Checkpoint")
        stored = _read(os.fspath(save_path))
        has_more = any(name not in self._arrays() for name in stored)
        own = self._arrays(make=has_more)
        matches = {name: stored[name] for name in own if name in stored}
        for name, array in matches.items():
            if array.shape != own[name].shape:
                raise ShapeError(
                    "A checkpoint is restored to variables of the same shapes. "
                    f"Received: {quoted(name)} of shape {array.shape} for a variable of shape {own[name].shape}. "
                    "Create the variables that were saved."
                )
        for name, array in matches.items():
            own[name][...] = array
        return LoadStatus([name for name in own if name not in stored], len(stored.keys() - own.keys()))

    def restore(
        self, save_path: str | os.PathLike[str] | None, options: CheckpointOptions | None = None
    ) -> LoadStatus:
        """Restore the values from a file, as `read` does; None, for no file yet, changes nothing."""
        return LoadStatus(list(self._arrays())) if save_path is None else self.read(save_path, options)


def _parts_of(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the variables and optimizers in a value, with their names."""
    if isinstance(value, Parameter | Optimizer):
        yield name, value
    elif isinstance(value, Checkpoint):
        for inner, part in value._tracked.items():
            yield from _parts_of(f"{name}/{inner}", part)
    elif isinstance(value, list | tuple | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _parts_of(f"{name}/{key}", part)
    else:
        weights = getattr(value, "weights", getattr(value, "variables", None))
        if isinstance(value, type) or not isinstance(weights, list | tuple):
            raise ArgumentTypeError(
                "A checkpoint saves variables, layers, models, modules and optimizers. Received: "
                f"{name}={quoted(value)}. Leave it out, or put the number into a Variable."
            )
        for i, weight in enumerate(weights):
            yield f"{name}/{i}", weight


def _read(path: str) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name.removeprefix("/"): file[name] for name in file.files}
    except (BadZipFile, ValueError, EOFError, KeyError, AttributeError) as error:
        raise FileFormatError(
            f"A checkpoint must be a file that Checkpoint wrote. Received: {quoted(path)}: {error}. Copy it again."
        ) from None


# -- the files of a folder -----------------------------------------------------------------------------------


def latest_checkpoint(
    checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None
) -> str | None:
    """Return the latest file that `Checkpoint.save`, a manager or `save_weights` wrote to a folder; None without one.

    Parameters
    ----------
    checkpoint_dir : str or PathLike
    latest_filename : str, default "checkpoint"
        The file in the folder that names the others.

    References
    ----------
    ``tf.train.latest_checkpoint`` (TensorFlow 2.7).
    """
    paths = checkpoint_files.read_index(checkpoint_dir, latest_filename or checkpoint_files.FOLDERS_INDEX)
    return paths[-1] if paths else None


class CheckpointManager:
    """A series of checkpoint files, of which the last few are kept.

    Parameters
    ----------
    checkpoint : Checkpoint
    directory : str or PathLike
    max_to_keep : int or None
        The number of files to keep; all when None.
    checkpoint_name : str, default "ckpt"
        The prefix of their names.
    step_counter : Variable, optional
        The number of training steps so far, for `checkpoint_interval`.
    checkpoint_interval : int, optional
        The minimum number of steps between two files.
    init_fn : callable, optional
        Called by `restore_or_initialize` when there is no file.

    References
    ----------
    ``tf.train.CheckpointManager`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: str | os.PathLike[str],
        max_to_keep: int | None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,
        checkpoint_interval: int | None = None,
        init_fn: Callable[[], Any] | None = None,
    ) -> None:
        if (checkpoint_interval is None) != (step_counter is None):
            raise ArgumentError(
                "checkpoint_interval and step_counter belong together. Received: only one of them. Pass both, or "
                "neither."
            )
        self.checkpoint, self.directory = checkpoint, os.fspath(directory)
        self._most = None if max_to_keep is None else positive("max_to_keep", max_to_keep)
        self._name, self._steps, self._init = checkpoint_name, step_counter, init_fn
        self.checkpoint_interval = checkpoint_interval
        self._last: int | None = None

    @property
    def checkpoints(self) -> list[str]:
        """The kept files, oldest first."""
        return [path for path in checkpoint_files.read_index(self.directory) if os.path.isfile(path)]

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest file; None if there is none."""
        return self.checkpoints[-1] if self.checkpoints else None

    def save(
        self,
        checkpoint_number: Any = None,
        check_interval: bool = True,
        options: CheckpointOptions | None = None,
    ) -> str | None:
        """Write a file and remove the oldest beyond `max_to_keep`.

        Parameters
        ----------
        checkpoint_number : int or Variable, optional
            The number at the end of the name; the number of the call when None.
        check_interval : bool, default True
            Whether to skip the call while the interval is not over.

        Returns
        -------
        str or None
            The file; None when the call was skipped.
        """
        check_device_options(options, "CheckpointManager")
        if self.checkpoint_interval is not None:
            step = int(self._steps)
            if check_interval and self._last is not None and step - self._last < self.checkpoint_interval:
                return None
            self._last = step
        self.checkpoint.save_counter.assign_add(1)
        number = int(self.checkpoint.save_counter if checkpoint_number is None else checkpoint_number)
        path = self.checkpoint.write(os.path.join(self.directory, f"{self._name}-{number}"))
        paths = [*(p for p in self.checkpoints if p != path), path]
        kept = paths if self._most is None else paths[-self._most :]
        checkpoint_files.write_index(self.directory, kept)
        for old in paths[: len(paths) - len(kept)]:
            os.remove(old)
        return path

    def restore_or_initialize(self) -> str | None:
        """Restore the newest file and return it; without one, call `init_fn` and return None."""
        path = self.latest_checkpoint
        if path is not None:
            self.checkpoint.restore(path)
        elif self._init is not None:
            self._init()
        return path
