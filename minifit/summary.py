"""Values of your own for TensorBoard, as with ``tf.summary``.

    writer = minifit.summary.create_file_writer("logs/mine")

    class Norms(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            writer.scalar("norm", np.linalg.norm(self.model.get_weights()[0]), step=epoch)

The default `step` is the number of batches that the current training has learned from.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import positive
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, quoted
from minifit.tensorboard.events import Value
from minifit.tensorboard.folders import folder_path
from minifit.tensorboard.histograms import BUCKETS, MOST_BUCKETS, histogram_value
from minifit.tensorboard.images import image_value
from minifit.tensorboard.scalars import scalar_value
from minifit.tensorboard.writer import EventWriter

__all__ = ["SummaryWriter", "create_file_writer", "flush", "histogram", "image", "scalar", "text"]

_step: ContextVar[Callable[[], int] | None] = ContextVar("step", default=None)
_writer: ContextVar["SummaryWriter | None"] = ContextVar("writer", default=None)
_training: ContextVar["_Training | None"] = ContextVar("training", default=None)


class SummaryWriter:
    """A writer of values to a new event file in a folder; `create_file_writer` returns one.

    ``with writer:`` closes it at the end of the block; otherwise the end of the program does.

    Parameters
    ----------
    logdir : str or PathLike
    flush_secs : float
        The longest time until a value is in the file, in seconds.
    run : str
        Part of the file's name.
    """

    def __init__(self, logdir: str | os.PathLike[str], flush_secs: float = 2.0, run: str = "") -> None:
        self._events = EventWriter(folder_path("logdir", logdir), flush_secs=flush_secs, run=run)

    def scalar(self, name: str, data: Any, step: int | None = None, description: str | None = None) -> None:
        """Write a number; arguments as for `scalar`."""
        number = _numbers(name, data)
        if number.ndim:
            raise ShapeError(
                f"A scalar must be a single number. Received: {quoted(name)} of shape {number.shape}. "
                "Pass for example its mean."
            )
        if description is None:
            self._events.scalar(_name(name), float(number), _resolved(step))
        else:
            self._add(scalar_value(_name(name), float(number), _checked(description)), step)

    def histogram(
        self,
        name: str,
        data: Any,
        step: int | None = None,
        buckets: int | None = None,
        description: str | None = None,
    ) -> None:
        """Write a histogram of numbers; arguments as for `histogram`."""
        count = BUCKETS if buckets is None else positive("buckets", buckets, example=BUCKETS)
        if count > MOST_BUCKETS:
            raise ArgumentError(
                f"buckets must be at most {MOST_BUCKETS:,}. Received: buckets={quoted(buckets)}. "
                f"Pass for example buckets={BUCKETS}."
            )
        self._add(histogram_value(_name(name), _numbers(name, data), count, _checked(description)), step)

    def image(
        self,
        name: str,
        data: Any,
        step: int | None = None,
        max_outputs: int = 3,
        description: str | None = None,
    ) -> None:
        """Write images; arguments as for `image`."""
        most = positive("max_outputs", max_outputs)
        self._add(image_value(_name(name), _numbers(name, data), most, _checked(description)), step)

    def text(self, name: str, data: Any, step: int | None = None, description: str | None = None) -> None:
        """Write a text; arguments as for `text`."""
        if isinstance(data, str):
            content: bytes | tuple[bytes, ...] = data.encode(errors="replace")
        elif isinstance(data, list | tuple) and data and all(isinstance(line, str) for line in data):
            content = tuple(line.encode(errors="replace") for line in data)
        else:
            raise ArgumentTypeError(
                f"A text must be a string or a list of strings. Received: {quoted(data)} for {quoted(name)}. "
                "Convert it with str."
            )
        self._add(Value(_name(name), "text", content, description=_checked(description)), step)

    def _add(self, value: Value, step: int | None) -> None:
        self._events.add(_resolved(step), value)

    @contextmanager
    def as_default(self, step: int | None = None) -> "Iterator[SummaryWriter]":
        """Make this the default writer of the module's functions in a block, with `step` as their default step."""
        writer = _writer.set(self)
        token = None if step is None else _step.set(lambda: step)
        try:
            yield self
        finally:
            _writer.reset(writer)
            if token is not None:
                _step.reset(token)

    def flush(self) -> None:
        """Write all pending values to the file."""
        self._events.flush()

    def close(self) -> None:
        """Flush, and close the file."""
        self._events.close()

    def __enter__(self) -> "SummaryWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create_file_writer(
    logdir: str | os.PathLike[str],
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
) -> SummaryWriter:
    """Return a new writer of values for TensorBoard.

    Parameters
    ----------
    logdir : str or PathLike
        A folder; it is created with the first value.
    max_queue, name : optional
        Accepted for compatibility with TensorFlow, and ignored: a thread writes, with bounded memory.
    flush_millis : int, default 2000
        The longest time until a value is in the file, in milliseconds.
    filename_suffix : str, optional
        Part of the file's name.

    Returns
    -------
    SummaryWriter

    Examples
    --------
    >>> with create_file_writer("logs/mine") as writer:
    ...     writer.scalar("answer", 42, step=0)
    ...     writer.text("note", "*Markdown*", step=0)

    References
    ----------
    ``tf.summary.create_file_writer`` (TensorFlow 2.7).
    """
    millis = 2000 if flush_millis is None else positive("flush_millis", flush_millis, example=2000)
    return SummaryWriter(logdir, millis / 1000, (filename_suffix or "").lstrip("."))


def scalar(name: str, data: Any, step: int | None = None, description: str | None = None) -> bool:
    """Write a number to the default writer.

    Parameters
    ----------
    name : str
        The tag; the part before a slash is its group.
    data : float
    step : int, optional
        If None, the step of `SummaryWriter.as_default`, or else of the current training.
    description : str, optional
        Markdown, shown with the value.

    Returns
    -------
    bool
        True if there is a default writer; otherwise nothing is written.

    Raises
    ------
    ShapeError, ArgumentTypeError, ArgumentError
        If `data` is not a single number, `step` is not an integer, or no step is known.

    References
    ----------
    ``tf.summary.scalar`` (TensorFlow 2.7).
    """
    return _default(lambda writer: writer.scalar(name, data, step, description))


def histogram(
    name: str,
    data: Any,
    step: int | None = None,
    buckets: int | None = None,
    description: str | None = None,
) -> bool:
    """Write a histogram of numbers to the default writer.

    Parameters
    ----------
    data : array of any shape
    buckets : int, default 30
        The number of equal parts of their range, at most 100,000.
    name, step, description
        As for `scalar`.

    References
    ----------
    ``tf.summary.histogram`` (TensorFlow 2.7).
    """
    return _default(lambda writer: writer.histogram(name, data, step, buckets, description))


def image(
    name: str, data: Any, step: int | None = None, max_outputs: int = 3, description: str | None = None
) -> bool:
    """Write images to the default writer.

    Parameters
    ----------
    data : array of shape (n, height, width, channels)
        Floats from 0 to 1, or uint8; one to four channels.
    max_outputs : int, default 3
        The largest number of images to write.
    name, step, description
        As for `scalar`.

    References
    ----------
    ``tf.summary.image`` (TensorFlow 2.7).
    """
    return _default(lambda writer: writer.image(name, data, step, max_outputs, description))


def text(name: str, data: Any, step: int | None = None, description: str | None = None) -> bool:
    """Write a text to the default writer.

    Parameters
    ----------
    data : str or list of str
        Markdown.
    name, step, description
        As for `scalar`.

    References
    ----------
    ``tf.summary.text`` (TensorFlow 2.7).
    """
    return _default(lambda writer: writer.text(name, data, step, description))


def flush(writer: SummaryWriter | None = None) -> None:
    """Write all pending values of a writer, or of the default one, to its file."""
    writer = writer or _writer.get()
    if writer is not None:
        writer.flush()


class _Training:
    """A running training, with the files that a callback offers for the values of layers and models."""

    def __init__(self, steps: Callable[[], int]) -> None:
        self.steps = steps
        self.events: Callable[[], EventWriter] | None = None
        self.every = 1

    def writer(self) -> SummaryWriter | None:
        """Return the writer, if the values of this batch are to be written."""
        if self.events is None or self.steps() % self.every:
            return None
        writer = SummaryWriter.__new__(SummaryWriter)
        writer._events = self.events()
        return writer


@contextmanager
def following(steps: Callable[[], int]) -> Iterator[None]:
    """Use `steps()` as the default step of values while the block runs; `fit` passes its count of batches."""
    tokens = _step.set(steps), _training.set(_Training(steps))
    try:
        yield
    finally:
        _step.reset(tokens[0])
        _training.reset(tokens[1])


def offer(events: Callable[[], EventWriter] | None, every: int = 1) -> None:
    """Send values that a model's `call` writes to these files, every `every` batches; None ends it."""
    training = _training.get()
    if training is not None:
        training.events, training.every = events, every


def _default(write: Callable[[SummaryWriter], None]) -> bool:
    writer, training = _writer.get(), _training.get()
    if writer is None and training is not None:
        writer = training.writer()
    if writer is not None:
        write(writer)
    return writer is not None


def _resolved(step: int | None) -> int:
    if step is None:
        steps = _step.get()
        if steps is None:
            raise ArgumentError("Outside of training a value needs a step. Pass for example step=0.")
        return steps()
    # the usual case, without the cost of an array
    if isinstance(step, int) and 0 <= step < 2**63:
        return int(step)
    number = np.asarray(step)
    if number.ndim or number.dtype.kind not in "iuf" or number != np.trunc(number) or abs(number) >= 2**63:
        raise ArgumentTypeError(
            f"step must be an integer of 64 bits. Received: step={quoted(step)}. Pass for example step=epoch."
        )
    return int(number)


def _numbers(name: str, data: Any) -> Array:
    try:
        numbers = np.asarray(data)
    except ValueError:
        # rows of different lengths
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "biuf":
        raise ArgumentTypeError(
            f"A scalar, a histogram or an image needs real numbers. Received: {quoted(data)} for {quoted(name)}. "
            "Encode it as numbers."
        )
    return numbers


def _checked(description: str | None) -> str:
    if not isinstance(description, str | None):
        raise ArgumentTypeError(
            f"description must be a string. Received: description={quoted(description)}. Convert it with str."
        )
    return description or ""


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise ArgumentTypeError(
            f"name must be a string that is not empty. Received: name={quoted(name)}. Pass for example 'norm'."
        )
    return name
