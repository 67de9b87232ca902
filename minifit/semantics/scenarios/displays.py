"""ProgbarLogger, RemoteMonitor and TensorBoard: what is seen outside of the program."""

import contextlib
import io
import re
import socket
import threading
from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import cannot_ask, scenario
from minifit.semantics.stage import (
    X,
    Y,
    fit,
    heard_warnings,
    listener,
    model_of,
    scores,
    served,
    strict_json,
    tried,
)


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self) -> bool:
        """Answer as a terminal does."""
        return True


def printed(action: Any, stream: Any = None) -> str:
    """Return what an action prints."""
    stream = io.StringIO() if stream is None else stream
    with contextlib.redirect_stdout(stream):
        action()
    return str(stream.getvalue())


@scenario("PB-1")
def stream_of_the_bar(keras: Any, folder: Path) -> Any:
    stream = io.StringIO()

    def redirect(self: Any, logs: Any = None) -> None:
        import sys

        sys.stdout = stream

    watching = listener(keras, on_train_begin=redirect)
    before = printed(lambda: fit(model_of(keras), (watching,), verbose=2))
    return {"in the new stream": "loss" in stream.getvalue(), "in the old one": "loss" in before}


@scenario("PB-2")
def bars_of_a_fit(keras: Any, folder: Path) -> Any:
    def bars(*callbacks: Any, verbose: int = 1) -> Any:
        """Return the totals of the bars that are drawn, and how often the loss of the epoch is shown."""

        def train() -> None:
            fit(model_of(keras), callbacks, batch_size=2, verbose=verbose)

        text = COLOUR.sub("", printed(train, Terminal()))
        return [sorted(set(re.findall(r"(?<!\d)2/(\d+)\b", text))), text.count("loss: 27.5625")]

    return {
        "fit's own": bars(),
        "with one in the list": bars(keras.callbacks.ProgbarLogger())[1],
        "verbose=0": bars(keras.callbacks.ProgbarLogger(), verbose=0),
    }


COLOUR = re.compile("\x1b\\[[0-9;]*m")


@scenario("PB-8")
def samples_or_steps(keras: Any, folder: Path) -> Any:
    def totals(**options: Any) -> Any:
        def train() -> None:
            fit(model_of(keras), (keras.callbacks.ProgbarLogger(**options),), batch_size=2, verbose=1)

        return sorted(set(re.findall(r"\b\d+/(\d+)\b", printed(train, Terminal()).split("loss: 27")[0])))[-1:]

    return {
        "steps": totals(count_mode="steps"),
        "samples": totals(count_mode="samples"),
        "by default": totals(),
    }


@scenario("PB-3")
def values_in_the_last_line(keras: Any, folder: Path) -> Any:
    def of_batches(self: Any, batch: int, logs: Any = None) -> None:
        logs["score"] = float(batch)

    def of_the_epoch(self: Any, epoch: int, logs: Any = None) -> None:
        logs["score"] = 9.0

    writing = listener(keras, on_train_batch_end=of_batches, on_epoch_end=of_the_epoch)
    text = printed(lambda: fit(model_of(keras), (writing,), batch_size=1, verbose=1), Terminal())
    return {
        "forms": shown(keras, 2.0, 0.00001, 12345.678),
        "a key that a callback adds to the logs of batches and epoch": SCORE.findall(text)[-1:],
    }


SCORE = re.compile(r"score: ([^ \r\n\x08\x1b]+)")


def shown(keras: Any, *values: float) -> Any:
    """Return how these values of an epoch are shown."""

    def train() -> None:
        fit(model_of(keras), (scores(keras, values),), len(values), batch_size=1, verbose=2)

    return SCORE.findall(printed(train))


@scenario("PB-9")
def values_that_look_alike(keras: Any, folder: Path) -> Any:
    return shown(keras, 1.00001, 1.00002)


@scenario("PB-4")
def validation_has_no_bar(keras: Any, folder: Path) -> Any:
    def lines(action: Any) -> int:
        return sum("/" in line for line in printed(action).replace("\r", "\n").splitlines()[-1:])

    model = model_of(keras)
    text = printed(lambda: fit(model, validation_data=(X, Y), verbose=2))
    return {
        "lines of fit with validation": len([line for line in text.splitlines() if "loss" in line]),
        "evaluate prints": lines(lambda: model.evaluate(X, Y, verbose=1)),
        "predict prints": lines(lambda: model.predict(X, verbose=1)),
    }


@scenario("PB-5")
def output_that_is_no_terminal(keras: Any, folder: Path) -> Any:
    return lines_of(keras, verbose=1)


def lines_of(keras: Any, verbose: int) -> Any:
    """Return how many lines two epochs print, and whether there are control codes in them."""
    text = printed(lambda: fit(model_of(keras), epochs=2, batch_size=1, verbose=verbose))
    codes = any(mark in text for mark in "\r\x08\x1b")
    shows = [line for line in text.replace("\r", "\n").split("\n") if "loss" in line]
    return {"lines with a loss": len(shows), "control codes": codes}


@scenario("PB-10")
def one_line_an_epoch(keras: Any, folder: Path) -> Any:
    return lines_of(keras, verbose=2)


cannot_ask("how often a bar draws, and which batches run together, is a matter of minifit's own loop", "PB-6")


@scenario("PB-7")
def output_that_fails(keras: Any, folder: Path) -> Any:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("No space left on device")

    def train() -> int:
        with contextlib.redirect_stdout(Full()):
            return len(fit(model_of(keras), epochs=2, verbose=2).epoch)

    with heard_warnings() as texts:
        epochs = tried(train)
    named = model_of(keras, metrics=[keras.metrics.MeanAbsoluteError(name="up\x1b[2A")])
    return {
        "epochs": epochs,
        "warnings": len(texts),
        "the name of a metric moves the cursor": "\x1b[2A" in printed(lambda: fit(named, verbose=2)),
    }


def monitor(keras: Any, **options: Any) -> Any:
    return keras.callbacks.RemoteMonitor(path="/here/", **options)


@scenario("RM-1")
def server_that_is_down(keras: Any, folder: Path) -> Any:
    return {"epochs": without_server(keras)[0]}


def without_server(keras: Any) -> Any:
    """Return how many epochs train while nothing listens, and how many warnings there are."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    with heard_warnings() as texts:
        epochs = len(fit(model_of(keras), (monitor(keras, root=f"http://127.0.0.1:{port}"),), 3).epoch)
    return epochs, len(texts)


@scenario("RM-2")
def numbers_that_are_sent(keras: Any, folder: Path) -> Any:
    def sent(value: Any) -> Any:
        with served() as (address, posts):
            try:
                fit(model_of(keras), (scores(keras, [value]), monitor(keras, root=address)))
            except (TypeError, ValueError) as error:
                return f"raises {type(error).__name__}"
        return strict_json(posts[0][-1])["score"] if posts else None

    values = {"NumPy number": np.float32(0.5), "array": np.array([0.5, 0.25]), "NaN": float("nan")}
    return {name: sent(value) for name, value in values.items()}


@scenario("RM-3")
def form_of_a_post(keras: Any, folder: Path) -> Any:
    def sent(**options: Any) -> Any:
        with served() as (address, posts):
            fit(model_of(keras), (scores(keras, [0.5]), monitor(keras, root=address, **options)))
        ((path, form, text),) = posts
        return [path, form, sorted(strict_json(text))]

    return {
        "by default": sent(),
        "another field": sent(field="mine"),
        "send_as_json": sent(send_as_json=True),
    }


@scenario("RM-4")
def call_of_requests(keras: Any, folder: Path) -> Any:
    callback = monitor(keras, root="http://127.0.0.1:9")
    import requests

    calls: Any = []
    original = requests.post

    def post(*arguments: Any, **keywords: Any) -> Any:
        calls.append(str(arguments[0] if arguments else keywords["url"]))
        raise requests.exceptions.ConnectionError("not here")

    requests.post = post
    try:
        fit(model_of(keras), (callback,))
    finally:
        requests.post = original
    return {"calls": calls, "closes its connection": closes_its_connection(keras)}


def closes_its_connection(keras: Any) -> Any:
    """Tell whether a connection that the server would keep open is closed after an answer."""
    closed: Any = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(10.0)

        def serve() -> None:
            connection = server.accept()[0]
            with connection, contextlib.suppress(socket.timeout):
                connection.settimeout(5.0)
                head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
                length = int(re.search(rb"content-length: *(\d+)", head.lower())[1])  # type: ignore[index]
                while len(body) < length:
                    body += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                closed.append(connection.recv(1) == b"")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        fit(model_of(keras), (monitor(keras, root=f"http://127.0.0.1:{server.getsockname()[1]}"),))
        thread.join()
    return closed == [True]


@scenario("RM-5")
def server_that_stays_down(keras: Any, folder: Path) -> Any:
    return {"warnings": without_server(keras)[1]}
