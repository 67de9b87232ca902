"""`TensorBoard`: event files that TensorBoard shows as it shows those of tf.keras.

What is written where: values of epochs and batches, weights and the model in ``train/``, validation in
``validation/``, tables of embeddings beside them, the timeline of a profiled batch in ``plugins/profile/``.
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
"""What TensorFlow 1 took."""


def _every(name: str, value: Any) -> int:
    return 0 if value is None or whole(value) == 0 else positive(name, value, example=1)


def _update_freq(value: Any) -> Any:
    if isinstance(value, str) and value not in ("batch", "epoch"):
        raise ArgumentError(
            "update_freq is 'batch', 'epoch' or a positive number of batches. "
            f"Received: update_freq={value!r}. Pass for example update_freq=100."
        )
    if value == "batch":
        return 1
    return value if value == "epoch" else positive("update_freq", value, example=100)


def _refuse_unknown(kwargs: Mapping[str, Any]) -> None:
    unknown = sorted(kwargs.keys() - set(_IGNORED))
    if unknown:
        raise ArgumentError(
            f"TensorBoard takes no argument {unknown[0]!r}. Besides its own it knows {', '.join(_IGNORED)}, "
            "which do nothing."
        )
    if given := [name for name in _IGNORED if kwargs.get(name)]:
        console.warn(
            f"TensorBoard ignores {', '.join(given)}, which TensorFlow 1 took. Leave it out; all Embedding layers "
            "are shown."
        )


class _ProfileBatch(Setting):
    """The batches to profile, which are counted from the beginning of a fit."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for others while a fit counts."""
        if owner._in_fit and self.differs(owner, value):
            raise ArgumentError(
                f"Batches are counted from the beginning of a fit. Received: {self.name}={value!r} in the middle of "
                "one. Set it before fit."
            )


class _Metadata(Setting):
    """The files with labels, by the names of layers that there are."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for a layer that the model does not have."""
        if isinstance(value, dict) and owner.model is not None:
            known = [layer.name for layer in models.embeddings(owner.model.layers)]
            for name in value.keys() - set(known):
                raise UnknownNameError.of("Embedding layer", name, known)


@written_by_chief
class TensorBoard(Callback):
    """Writes event files for TensorBoard.

    Parameters
    ----------
    log_dir : str or PathLike, default "logs"
        The folder to point TensorBoard at. Give every run one of its own, to see them side by side. Another one that is
        set while training goes on counts from the next value on.
    histogram_freq : int, default 0
        After every so many epochs, counted from the first, histograms of the weights of all layers and, with
        validation data, of what the layers make of it (its first 1,024 rows). 0 for none.
    write_graph : bool, default True
        Whether to write the layers for the graph page.
    write_images : bool, default False
        Whether to show weights as images, too, in epochs with histograms.
    write_steps_per_second : bool, default False
        Whether to write the training speed.
    update_freq : {"epoch", "batch"} or int, default "epoch"
        Whether loss and metrics are written after every batch, or after so many, besides those of epochs. What the
        model's `call` writes with `minifit.summary` in these batches is then written, too; not while it is judged.
    profile_batch : int, pair of int or str, default 2
        The batch, or the first and last batch, to profile, counted from 1 in every fit; 0 for none. ``"10,20"`` is a
        pair.
    embeddings_freq : int, default 0
        After every so many epochs, the tables of all `Embedding` layers for the projector page. 0 for none.
    embeddings_metadata : str or dict from str to str, optional
        The file with a label for each row of a table, relative to `log_dir`: one for all layers, or by the layer's
        name.
    **kwargs
        ``write_grads``, ``batch_size``, ``embeddings_layer_names`` and ``embeddings_data`` of TensorFlow 1 are
        accepted, with a warning, and do nothing.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a value that cannot be used; before training for a layer in `embeddings_metadata` that does not exist.
    OSError
        Before training, when `log_dir` cannot be made.

    Notes
    -----
    A thread writes the files, every two seconds and at the end of training. When the disk does not take them there
    is one warning, and training goes on. With BackupAndRestore a resumed run cuts its files to where they were, so
    that no step stands twice.

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
        self._shown: Any = None  # the model whose graph is written
        self._seen = 0  # steps of the optimizer at the last batch that was looked at
        self._epoch_began = self._batch_began = (0.0, 0)  # seconds, and steps of the optimizer

    def check_run(self, run: Run) -> None:
        """Make the folder, and say what cannot be shown."""
        self.embeddings_metadata = (
            self.embeddings_metadata
        )  # raises for a layer that this model does not have
        self._here().begin_run()
        os.makedirs(self._folders.root, exist_ok=True)
        if self.histogram_freq and not run.validated:
            console.warn(
                "Histograms of what layers make of data need validation data. Received: histogram_freq="
                f"{self.histogram_freq} and none. Only those of the weights are written; pass validation_data for both."
            )

    def watches(self, hook: str) -> bool:
        """Batches only where every one is written."""
        if hook == "on_train_batch_end" and self.update_freq == 1:
            return True
        return implements(self, hook, beyond=TensorBoard)

    def wake_after(self) -> int | None:
        """In how many batches one is written, or profiled."""
        wanted = [self._profiler.wake_after()]
        if self.update_freq != "epoch":
            wanted.append(self.update_freq - self._steps() % self.update_freq)
        return min((n for n in wanted if n is not None), default=None)

    # -- the hooks --------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin to count."""
        self._in_fit = True
        self._seen = self._steps()
        self._offer()
        self._profiler = Profiler(self.profile_batch)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Show the model, once, and look at the clock."""
        if self.write_graph and self._shown is not self.model:
            self._write_graph()
        self._epoch_began = time.perf_counter(), self._steps()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Look at the clock; begin to profile."""
        if self.write_steps_per_second:
            self._batch_began = time.perf_counter(), self._steps()
        if self._profiler.busy:
            self._profiler.batch_begins(batch, self.model.training_state)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write the values of the batch, if it is its turn; end the profile."""
        if self._profiler.busy:
            self._write_profile(self._profiler.batch_ends(batch, self.model.training_state))
        if self.update_freq != "epoch":
            step, before = self._steps(), self._seen
            self._seen = step
            if step // self.update_freq != before // self.update_freq:
                self._write_batch(step, logs or {})

    def _offer(self) -> None:
        """Let values that the model's `call` writes go to the files of training, where batches are written."""
        if self.update_freq != "epoch":
            summary.offer(lambda: self._writer("train"), self.update_freq)

    def on_test_begin(self, logs: Any = None) -> None:
        """Let what is judged write no values among those of training."""
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
        """Write the values of the epoch and what is due besides."""
        self._write_epoch(epoch, logs or {})
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_histograms(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            folders = self._here()
            folders.attempt(
                models.write_embeddings, self.model.layers, folders.root, epoch, self.embeddings_metadata
            )

    def release(self) -> None:
        """Write what is left and close the files."""
        self._in_fit = False
        summary.offer(None)
        if self.model is not None:
            self._write_profile(self._profiler.end(self.model.training_state))
        self._folders.close()

    # -- state ------------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """The files and their sizes, when all is in them, and whether the graph is."""
        return {"folders": self._here().get_state(), "shown": self._shown is self.model}

    def set_state(self, state: dict[str, Any]) -> None:
        """Cut the files to these sizes, and go on in new ones."""
        self._here().set_state(state["folders"])
        self._shown = self.model if state["shown"] else None
        self._seen = 0 if self.model is None else self._steps()

    # -- what is written --------------------------------------------------------------------------------

    def _here(self) -> Folders:
        """Return the files below `log_dir` as it is now."""
        if self._folders.log_dir != self.log_dir:
            self._folders.move(self.log_dir)
        return self._folders

    def _writer(self, name: str) -> EventWriter:
        return self._here().writer(name, self.model.training_state.engine)

    def _steps(self) -> int:
        """How many batches the optimizer has learned from."""
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
        drawn = dict(numbers(logs))
        train = {name: value for name, value in drawn.items() if not name.startswith("val_")}
        if train and isinstance(schedule := self.model.optimizer.learning_rate, LearningRateSchedule):
            train["learning_rate"] = float(schedule(np.float32(self._steps())))
        if train and self.write_steps_per_second:
            train["steps_per_second"] = self._rate_since(self._epoch_began)
        for name, value in train.items():
            self._writer("train").scalar(f"epoch_{name}", value, epoch)
        for name, value in drawn.items():
            if name.startswith("val_"):
                self._writer("validation").scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)

    def _rate_since(self, began: tuple[float, int]) -> float:
        """Steps in a second."""
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
