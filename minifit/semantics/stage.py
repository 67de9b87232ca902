"""The stage of the scenarios: tiny models, data and observers that any framework with the names of Keras can have.

The model is ``y = w x`` with one weight that begins at 0, the data are x = 1, 2, 3, 4 and y = 2 x, the optimizer is
SGD with a rate of 0.01. Everything is written for Python 3.9, and for no framework in particular.
"""

import contextlib
import json
import logging
import threading
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple
from urllib.parse import parse_qs

import numpy as np

from minifit.semantics.playing import AbsentError, absent_name

X = np.array([[1.0], [2.0], [3.0], [4.0]], np.float32)
Y = 2.0 * X
RATE = 0.01

HOOKS = tuple(
    f"on_{phase}_{edge}"
    for phase in (
        "train", "epoch", "train_batch", "test", "test_batch", "predict", "predict_batch",
    )
    for edge in ("begin", "end")
)  # fmt: skip
"""The names of all hooks."""


def model_of(keras: Any, **options: Any) -> Any:
    """Return the compiled model ``y = w x`` with w = 0."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    settings = {"optimizer": keras.optimizers.SGD(RATE), "loss": "mse"}
    settings.update(options)
    model.compile(**settings)
    model.set_weights([np.zeros((1, 1), np.float32)])
    return model


def fit(model: Any, callbacks: Any = (), epochs: int = 1, **options: Any) -> Any:
    """Train silently on all four rows in one batch, in their order, and return what ``fit`` returns."""
    settings: Dict[str, Any] = {"batch_size": 4, "shuffle": False, "verbose": 0}
    settings.update(options)
    data = settings.pop("data", (X, Y))
    callbacks = list(callbacks) if isinstance(callbacks, tuple) else callbacks
    return model.fit(*data, epochs=epochs, callbacks=callbacks, **settings)


def listener(keras: Any, **hooks: Callable[..., None]) -> Any:
    """Return a callback whose hooks are these functions, each given the callback as its first argument."""
    return type("Listener", (keras.callbacks.Callback,), hooks)()


def recorder(keras: Any, events: List[Any], hooks: Sequence[str] = HOOKS) -> Any:
    """Return a callback that adds the names of hooks to a list as they are called, with their index if there is one."""

    def hook(name: str) -> Callable[..., None]:
        def record(self: Any, *arguments: Any, **keywords: Any) -> None:
            index = [a for a in arguments if isinstance(a, (int, np.integer))]
            events.append(f"{name[3:]} {index[0]}" if index else name[3:])

        return record

    return listener(keras, **{name: hook(name) for name in hooks})


def scores(keras: Any, values: Sequence[Any], key: str = "score") -> Any:
    """Return a callback that writes a value into the logs at the end of each epoch; None writes nothing."""

    def write(self: Any, epoch: int, logs: Any = None) -> None:
        if values[epoch] is not None:
            logs[key] = values[epoch]

    return listener(keras, on_epoch_end=write)


def epochs_of(keras: Any, values: Sequence[Any], *callbacks: Any, **options: Any) -> int:
    """Return how many epochs are trained while ``score`` takes these values."""
    history = fit(model_of(keras), (scores(keras, values), *callbacks), epochs=len(values), **options)
    return len(history.epoch)


def rate_of(model: Any) -> float:
    """Return the learning rate of a model's optimizer."""
    return float(np.asarray(model.optimizer.learning_rate))


def weight_of(model: Any) -> float:
    """Return the one weight of the model."""
    return float(np.asarray(model.get_weights()[0]).ravel()[0])


def weighted_by_epoch(keras: Any) -> Any:
    """Return a callback that sets the weight to the number of the epoch, from 1, at the end of each."""
    return listener(
        keras,
        on_epoch_end=lambda self, epoch, logs=None: self.model.set_weights([np.full((1, 1), epoch + 1.0)]),
    )


def refusal(action: Callable[[], Any]) -> str:
    """Return "refused" when an action raises ValueError or TypeError, the class of another error, or "accepted"."""
    try:
        action()
    except Exception as error:
        unless_absent(error)
        return "refused" if isinstance(error, (ValueError, TypeError)) else f"raises {type(error).__name__}"
    return "accepted"


def tried(action: Callable[[], Any]) -> Any:
    """Return what an action returns, or "raises" and the class of its exception."""
    try:
        return action()
    except Exception as error:
        unless_absent(error)
        return f"raises {type(error).__name__}"


def unless_absent(error: Exception) -> None:
    """Raise the error again when it says that a name or an argument does not exist: that is no refusal."""
    if isinstance(error, AbsentError) or absent_name(error) is not None:
        raise error


@contextlib.contextmanager
def heard_warnings() -> Iterator[List[str]]:
    """Give the list of warnings within the block, whether they are raised as such or logged."""
    texts: List[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: texts.append(record.getMessage())  # type: ignore[method-assign]
    loggers = [logging.getLogger(name) for name in ("tensorflow", "absl")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield texts
        ours = (w for w in caught if not issubclass(w.category, (DeprecationWarning, ResourceWarning)))
        texts.extend(str(w.message) for w in ours)
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def table(path: Any) -> List[List[str]]:
    """Return the rows of a CSV file without quotes."""
    return [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]


@contextlib.contextmanager
def served() -> Iterator[Tuple[str, List[Any]]]:
    """Serve on this computer: give the address and the list of posts, each as its path, content type and data."""
    posts: List[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kind = self.headers["Content-Type"].partition(";")[0]
            if kind == "application/json":
                posts.append([self.path, "body", body])
            else:
                posts.extend([self.path, name, text] for name, (text,) in parse_qs(body).items())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", posts
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def strict_json(text: str) -> Any:
    """Return what a text of JSON says; NaN and infinity, which are no JSON, as the word invalid."""
    return json.loads(text, parse_constant=lambda word: "invalid")


def stopping_at(keras: Any, last: int) -> Any:
    """Return a callback that stops training at the end of an epoch."""

    def stop(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == last:
            self.model.stop_training = True

    return listener(keras, on_epoch_end=stop)


def events_in(folder: Any) -> List[Any]:
    """Return the values in the event files of a folder: subfolder, tag and step; a graph has the tag ``(graph)``."""
    found: List[Any] = []
    for file in sorted(folder.rglob("*tfevents*")):
        for event in map(fields, records(file.read_bytes())):
            step = next((value for number, value in event if number == 2), 0)
            for number, value in event:
                if number == 4:
                    found.append((file.parent.name, "(graph)", step))
                elif number == 5:
                    tags = [dict(fields(item))[1].decode() for key, item in fields(value) if key == 1]
                    found += [(file.parent.name, tag, step) for tag in tags]
    return found


def records(data: bytes) -> Iterator[bytes]:
    """Yield the records of an event file: a length of 8 bytes, 4 of a checksum, the record, 4 of a checksum."""
    place = 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 8], "little")
        yield data[place + 12 : place + 12 + length]
        place += length + 16


def fields(message: bytes) -> List[Tuple[int, Any]]:
    """Return the fields of a protocol buffer's message by their numbers."""
    found: List[Tuple[int, Any]] = []
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place, value, shift = place + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while place < len(message):
        key = varint()
        if key & 7 == 0:
            found.append((key >> 3, varint()))
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        found.append((key >> 3, message[place : place + size]))
        place += size
    return found


def logs_in(arguments: Any, keywords: Any) -> Any:
    """Return the logs that a hook is given, by position or by name."""
    candidates = [*arguments, keywords.get("logs")]
    return next((value for value in candidates if isinstance(value, dict)), {})


def backing_up(keras: Any, folder: Any, **options: Any) -> Any:
    """Return a BackupAndRestore, which TensorFlow 2.7 calls experimental."""
    has = hasattr(keras.callbacks, "BackupAndRestore") or not hasattr(keras.callbacks, "experimental")
    place = keras.callbacks if has else keras.callbacks.experimental
    return place.BackupAndRestore(str(folder), **options)
