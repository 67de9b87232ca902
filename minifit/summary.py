"""Values of your own for TensorBoard, as with ``tf.summary``.

    writer = minifit.summary.create_file_writer("logs/mine")

    class Norms(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            writer.scalar("norm", np.linalg.norm(self.model.get_weights()[0]), step=epoch)

Without a `step` it is the number of batches that the training under way has learned from.
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
    """Writes values to a new event file in a folder; `create_file_writer` makes one.

    ``with writer:`` closes it at the end; so does the end of the program.

    Parameters
    ----------
    logdir : str or PathLike
    flush_secs : float
        Seconds after which at the latest a value is in the file.
    run : str
        Becomes part of the file's name.
    """

    def __init__(self, logdir: str | os.PathLike[str], flush_secs: float = 2.0, run: str = "") -> None:
        self._events = EventWriter(folder_path("logdir", logdir), flush_secs=flush_secs, run=run)

    def scalar(self, name: str, data: Any, step: int | None = None, description: str | None = None) -> None:
        """Write a number; arguments as for `scalar`."""
        number = _numbers(name, data)
        if number.ndim:
            raise ShapeError(
                f"A scalar is a single number. Received: {quoted(name)} of shape {number.shape}. "
                "Pass for example its mean."
            )
        if description is None:
            self._events.scalar(_name(name), float(number), _resolved(step))
        else:
            self._add(scalar_value(_name(name), float(number), _told(description)), step)

    def histogram(
        self,
        name: str,
        data: Any,
        step: int | None = None,
        buckets: int | None = None,
        description: str | None = None,
    ) -> None:
        """Write how numbers are distributed; arguments as for `histogram`."""
        count = BUCKETS if buckets is None else positive("buckets", buckets, example=BUCKETS)
        if count > MOST_BUCKETS:
            raise ArgumentError(
                f"buckets must be at most {MOST_BUCKETS:,}. Received: buckets={quoted(buckets)}. "
                f"Pass for example buckets={BUCKETS}."
            )
        self._add(histogram_value(_name(name), _numbers(name, data), count, _told(description)), step)

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
        self._add(image_value(_name(name), _numbers(name, data), most, _told(description)), step)

    def text(self, name: str, data: Any, step: int | None = None, description: str | None = None) -> None:
        """Write a text; arguments as for `text`."""
        if isinstance(data, str):
            said: bytes | tuple[bytes, ...] = data.encode(errors="replace")
        elif isinstance(data, list | tuple) and data and all(isinstance(line, str) for line in data):
            said = tuple(line.encode(errors="replace") for line in data)
        else:
            raise ArgumentTypeError(
                f"A text is a string, or a list of them. Received: {quoted(data)} for {quoted(name)}. "
                "Pass str(...) of it."
            )
        self._add(Value(_name(name), "text", said, description=_told(description)), step)

    def _add(self, value: Value, step: int | None) -> None:
        self._events.add(_resolved(step), value)

    @contextmanager
    def as_default(self, step: int | None = None) -> "Iterator[SummaryWriter]":
        """While the block runs, the functions of this module write here, with this step if they are given none."""
        writer = _writer.set(self)
        token = None if step is None else _step.set(lambda: step)
        try:
            yield self
        finally:
            _writer.reset(writer)
            if token is not None:
                _step.reset(token)

    def flush(self) -> None:
        """See that all values are in the file."""
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
    """A writer of values for TensorBoard.

    Parameters
    ----------
    logdir : str or PathLike
        A folder; it is made with the first value.
    max_queue, name : optional
        Accepted as in TensorFlow; a thread writes, and memory is bounded anyhow.
    flush_millis : int, default 2000
        Milliseconds after which at the latest a value is in the file.
    filename_suffix : str, optional
        Becomes part of the file's name.

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
        The tag; a slash makes groups.
    data : float
    step : int, optional
        The step of the block in `SummaryWriter.as_default`, or of the training under way, when None.
    description : str, optional
        Markdown, shown with it.

    Returns
    -------
    bool
        Whether there is a default writer; nothing is written where there is none.

    Raises
    ------
    ShapeError, ArgumentTypeError, ArgumentError
        When it is no single number, or the step is none, or no step is known.

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
    """Write how numbers are distributed to the default writer.

    Parameters
    ----------
    data : array of any shape
    buckets : int, default 30
        Equal parts of their range, 100,000 at most.
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
        How many are written at most.
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
    """See that all values of a writer, or of the default one, are in the file."""
    writer = writer or _writer.get()
    if writer is not None:
        writer.flush()


class _Training:
    """A training under way, with the files that a callback offers for what layers and models write."""

    def __init__(self, steps: Callable[[], int]) -> None:
        self.steps = steps
        self.events: Callable[[], EventWriter] | None = None
        self.every = 1

    def writer(self) -> SummaryWriter | None:
        """Return the writer, if this batch is one of those that are written."""
        if self.events is None or self.steps() % self.every:
            return None
        made = SummaryWriter.__new__(SummaryWriter)
        made._events = self.events()
        return made


@contextmanager
def following(steps: Callable[[], int]) -> Iterator[None]:
    """While the block runs, values without a step get this one: `fit` says how far it is."""
    tokens = _step.set(steps), _training.set(_Training(steps))
    try:
        yield
    finally:
        _step.reset(tokens[0])
        _training.reset(tokens[1])


def offer(events: Callable[[], EventWriter] | None, every: int = 1) -> None:
    """Let what a model's `call` writes without a writer go to these files, in each of so many batches; None ends it."""
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
            raise ArgumentError("A value needs a step outside of training. Received: none. Pass step=0.")
        return steps()
    if isinstance(step, int) and 0 <= step < 2**63:  # nearly always
        return int(step)
    number = np.asarray(step)
    if number.ndim or number.dtype.kind not in "iuf" or number != np.trunc(number) or abs(number) >= 2**63:
        raise ArgumentTypeError(
            f"A step is a whole number of 64 bits. Received: step={quoted(step)}. Pass for example step=epoch."
        )
    return int(number)


def _numbers(name: str, data: Any) -> Array:
    try:
        found = np.asarray(data)
    except ValueError:  # rows of different lengths
        found = np.asarray(None)
    if found.dtype.kind not in "biuf":
        raise ArgumentTypeError(
            f"A scalar, a histogram or an image is made of real numbers. Received: {quoted(data)} for {quoted(name)}. "
            "Encode it as numbers."
        )
    return found


def _told(description: str | None) -> str:
    if not isinstance(description, str | None):
        raise ArgumentTypeError(
            f"A description is a string. Received: description={quoted(description)}. Pass str(...) of it."
        )
    return description or ""


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise ArgumentTypeError(
            f"A value has a name. Received: name={quoted(name)}. Pass for example 'norm'."
        )
    return name
