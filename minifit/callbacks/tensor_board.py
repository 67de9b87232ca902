"""`TensorBoard`: event files that TensorBoard shows in the same way as those of tf.keras.

Values of epochs and batches, weights and the model are in ``train/``, validation values in ``validation/``; the tables
of embeddings are in ``train/`` too, the timeline of a profiled batch in ``plugins/profile/``.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from minifit import console, summary
from minifit.callbacks.base import Callback, Run, implements, written_by_chief
from minifit.checks import positive, whole
from minifit.errors import ArgumentError, UnknownNameError
from minifit.schedules import LearningRateSchedule
from minifit.settings import Setting, as_given, flag, unnamed
from minifit.tensorboard import graphs, models
from minifit.tensorboard.folders import Folders, folder_path
from minifit.tensorboard.profile import Profiler, Trace, batches_to_profile
from minifit.tensorboard.projector import metadata_files
from minifit.tensorboard.scalars import numbers
from minifit.tensorboard.writer import EventWriter

_IGNORED = ("batch_size", "embeddings_data", "embeddings_layer_names", "write_grads")
"""Arguments of TensorFlow 1 that have no effect."""


def _every(name: str, value: Any) -> int:
    return 0 if value is None or whole(value) == 0 else positive(name, value, example=1)


def _update_freq(value: Any) -> Any:
    if isinstance(value, str) and value not in ("batch", "epoch"):
        raise ArgumentError(
            "update_freq must be 'batch', 'epoch' or a positive number of batches. "
            f"Received: update_freq={value!r}. Pass for example update_freq=100."
        )
    if value == "batch":
        return 1
    return value if value == "epoch" else positive("update_freq", value, example=100)


def _refuse_unknown(kwargs: Mapping[str, Any]) -> None:
    unknown = sorted(kwargs.keys() - set(_IGNORED))
    if unknown:
        raise ArgumentError(
            f"TensorBoard has no argument {unknown[0]!r}. Besides its own it accepts {', '.join(_IGNORED)}, "
            "which have no effect."
        )
    if ignored := [name for name in _IGNORED if kwargs.get(name)]:
        console.warn(
            f"TensorBoard ignores {', '.join(ignored)} of TensorFlow 1. Leave it out; all Embedding layers "
            "are shown."
        )


class _ProfileBatch(Setting):
    """The batches to profile, counted from the beginning of a fit."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for other batches during a fit."""
        if owner._in_fit and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} counts batches from the beginning of a fit and cannot change during it. "
                f"Received: {self.name}={value!r}. Set it before fit."
            )


class _Metadata(Setting):
    """The files with labels, by the names of existing layers."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for a layer that the model does not have."""
        if isinstance(value, dict) and owner.model is not None:
            known = [layer.name for layer in models.embeddings(owner.model.layers)]
            for name in value.keys() - set(known):
                raise UnknownNameError.of("Embedding layer", name, known)


@written_by_chief
class TensorBoard(Callback):
    """A callback that writes event files for TensorBoard.

    Parameters
    ----------
    log_dir : str or PathLike, default "logs"
        The folder that TensorBoard reads. Give each run its own, to compare them side by side. A folder that is set
        during training applies from the next value on.
    histogram_freq : int, default 0
        The interval, in epochs from the first, between histograms of the weights of all layers and, with validation
        data, of the layers' outputs for its first 1,024 rows. 0 for none.
    write_graph : bool, default True
        Whether to write the layers for the graph page.
    write_images : bool, default False
        Whether to write weights as images, too, in epochs with histograms.
    write_steps_per_second : bool, default False
        Whether to write the training speed.
    update_freq : {"epoch", "batch"} or int, default "epoch"
        The interval between values of batches, which are written in addition to those of epochs: "batch", or a number
        of batches; "epoch" writes none. Values that the model's `call` writes with `minifit.summary` in these batches
        are then written too, but not those of validation.
    profile_batch : int, pair of int or str, default 2
        The batch, or the first and last batch, to profile, counted from 1 in every fit; 0 for none. ``"10,20"`` is a
        pair.
    embeddings_freq : int, default 0
        The interval, in epochs, between the tables of all `Embedding` layers for the projector page. 0 for none.
    embeddings_metadata : str or dict from str to str, optional
        The file with a label for each row of a table, relative to `log_dir`: one file for all layers, or a dict by the
        layer's name.
    **kwargs
        ``write_grads``, ``batch_size``, ``embeddings_layer_names`` and ``embeddings_data`` of TensorFlow 1 are
        accepted with a warning and have no effect.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a value that cannot be used; before training, if a layer in `embeddings_metadata` does not exist.
    OSError
        Before training, if `log_dir` cannot be created.

    Notes
    -----
    A thread writes the files every two seconds and at the end of training. If the disk refuses them, one warning is
    given and training continues. With BackupAndRestore, a resumed run truncates its files to their sizes at the
    backup, so that no step appears twice.

    Examples
    --------
    >>> callback = TensorBoard("logs/first", histogram_freq=1, profile_batch=0)

    References
    ----------
    ``tf.keras.callbacks.TensorBoard`` (TensorFlow 2.7). Rules TB-1 to TB-12 of the semantics.
    """

    adds_keys = ()
    log_dir = Setting(folder_path)
    histogram_freq = Setting(_every)
    embeddings_freq = Setting(_every)
    write_graph, write_images, write_steps_per_second = Setting(flag), Setting(flag), Setting(flag)
    update_freq = Setting(unnamed(_update_freq))
    embeddings_metadata = _Metadata(unnamed(metadata_files))
    profile_batch = _ProfileBatch(as_given(unnamed(batches_to_profile)))

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 2,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
        **kwargs: Any,
    ) -> None:
        _refuse_unknown(kwargs)
        self._in_fit = False
        self.log_dir = log_dir
        self.histogram_freq, self.embeddings_freq = histogram_freq, embeddings_freq
        self.write_graph, self.write_images = write_graph, write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = update_freq
        self.embeddings_metadata = embeddings_metadata
        self.profile_batch = profile_batch
        self._profiler = Profiler(profile_batch)
        self._folders = Folders(self.log_dir)
        # the model whose graph is written
        self._shown: Any = None
        # steps of the optimizer at the last call of on_train_batch_end
        self._seen = 0
        # seconds, and steps of the optimizer
        self._epoch_began = self._batch_began = (0.0, 0)

    def check_run(self, run: Run) -> None:
        """Create the folder, and warn about values that cannot be written."""
        # raises for a layer that this model does not have
        self.embeddings_metadata = self.embeddings_metadata
        self._here().begin_run()
        os.makedirs(self._folders.root, exist_ok=True)
        if self.histogram_freq and not run.validated:
            console.warn(
                "Histograms of layers' outputs need validation data. Received: histogram_freq="
                f"{self.histogram_freq} without it. Only weights are written; pass validation_data for both."
            )

    def watches(self, hook: str) -> bool:
        """Return True if every batch is written, and for a hook that a subclass overrides."""
        if hook == "on_train_batch_end" and self.update_freq == 1:
            return True
        return implements(self, hook, beyond=TensorBoard)

    def wake_after(self) -> int | None:
        """Return the number of batches until the next one to write or to profile."""
        intervals = [self._profiler.wake_after()]
        if self.update_freq != "epoch":
            intervals.append(self.update_freq - self._steps() % self.update_freq)
        return min((n for n in intervals if n is not None), default=None)

    # -- the hooks --------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin to count batches."""
        self._in_fit = True
        self._seen = self._steps()
        self._offer()
        self._profiler = Profiler(self.profile_batch)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Write the graph of the model, once, and start the clock of the epoch."""
        if self.write_graph and self._shown is not self.model:
            self._write_graph()
        self._epoch_began = time.perf_counter(), self._steps()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Start the clock of the batch; begin the profile if it is due."""
        if self.write_steps_per_second:
            self._batch_began = time.perf_counter(), self._steps()
        if self._profiler.busy:
            self._profiler.batch_begins(batch, self.model.training_state)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write the values of the batch if they are due; end the profile."""
        if self._profiler.busy:
            self._write_profile(self._profiler.batch_ends(batch, self.model.training_state))
        if self.update_freq != "epoch":
            step, before = self._steps(), self._seen
            self._seen = step
            if step // self.update_freq != before // self.update_freq:
                self._write_batch(step, logs or {})

    def _offer(self) -> None:
        """Send values that the model's `call` writes to the files of training, if batches are written."""
        if self.update_freq != "epoch":
            summary.offer(lambda: self._writer("train"), self.update_freq)

    def on_test_begin(self, logs: Any = None) -> None:
        """Stop values of the model's `call` during an evaluation."""
        summary.offer(None)

    def on_test_end(self, logs: Any = None) -> None:
        """Write the result of the evaluation over the steps of the optimizer."""
        if self._in_fit:
            self._offer()
        if logs and self.model.optimizer is not None:
            writer, step = self._writer("validation"), self._steps()
            for name, value in numbers(logs):
                writer.scalar(f"evaluation_{name}_vs_iterations", value, step)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the values of the epoch, and the histograms and embeddings that are due."""
        self._write_epoch(epoch, logs or {})
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_histograms(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            folders = self._here()
            folders.attempt(
                models.write_embeddings, self.model.layers, folders.root, epoch, self.embeddings_metadata
            )

    def release(self) -> None:
        """Write the remaining values and close the files."""
        self._in_fit = False
        summary.offer(None)
        if self.model is not None:
            self._write_profile(self._profiler.end(self.model.training_state))
        self._folders.close()

    # -- state ------------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Return the sizes of the files after flushing them, and True if the graph is written."""
        return {"folders": self._here().get_state(), "shown": self._shown is self.model}

    def set_state(self, state: dict[str, Any]) -> None:
        """Truncate the files to these sizes, and continue in new ones."""
        self._here().set_state(state["folders"])
        self._shown = self.model if state["shown"] else None
        self._seen = 0 if self.model is None else self._steps()

    # -- writing ----------------------------------------------------------------------------------------

    def _here(self) -> Folders:
        """Return the files below `log_dir` as it is now."""
        if self._folders.log_dir != self.log_dir:
            self._folders.move(self.log_dir)
        return self._folders

    def _writer(self, name: str) -> EventWriter:
        return self._here().writer(name, self.model.training_state.engine)

    def _steps(self) -> int:
        """Return the number of batches that the optimizer has learned from."""
        return int(self.model.optimizer.iterations.value)

    def _write_graph(self) -> None:
        self._shown = self.model
        writer, described = self._writer("train"), graphs.keras_graph(self.model)
        if described is not None:
            writer.add(0, described)
        writer.add(0, graph=graphs.op_graph(self.model))

    def _write_batch(self, step: int, logs: Mapping[str, Any]) -> None:
        writer = self._writer("train")
        for name, value in numbers(logs):
            writer.scalar(f"batch_{name}", value, step)
        if self.write_steps_per_second:
            writer.scalar("batch_steps_per_second", self._rate_since(self._batch_began), step)

    def _write_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        scalars = dict(numbers(logs))
        train = {name: value for name, value in scalars.items() if not name.startswith("val_")}
        if train and isinstance(schedule := self.model.optimizer.learning_rate, LearningRateSchedule):
            train["learning_rate"] = float(schedule(np.float32(self._steps())))
        if train and self.write_steps_per_second:
            train["steps_per_second"] = self._rate_since(self._epoch_began)
        for name, value in train.items():
            self._writer("train").scalar(f"epoch_{name}", value, epoch)
        for name, value in scalars.items():
            if name.startswith("val_"):
                self._writer("validation").scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)

    def _rate_since(self, began: tuple[float, int]) -> float:
        """Return steps per second."""
        seconds, steps = time.perf_counter() - began[0], self._steps() - began[1]
        return steps / seconds if seconds else 0.0

    def _write_histograms(self, epoch: int) -> None:
        writer, layers = self._writer("train"), self.model.layers
        for value in models.weights(layers, images=self.write_images):
            writer.add(epoch, value)
        if (data := self.model.training_state.judged_on) is not None:
            outputs = self.model.layer_outputs(models.first_rows(data))
            for value in models.activations(layers, outputs):
                writer.add(epoch, value)

    def _write_profile(self, trace: Trace | None) -> None:
        if trace is not None:
            folders = self._here()
            folders.attempt(trace.write, folders.root)
