"""ProgbarLogger, RemoteMonitor and TensorBoard: what is seen outside of the program."""

import contextlib
import io
import re
import socket
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
def samples_or_steps(keras: Any, folder: Path) -> Any:
    def totals(*modes: str, verbose: int = 1) -> Any:
        def train() -> None:
            callbacks = tuple(keras.callbacks.ProgbarLogger(count_mode=mode) for mode in modes)
            fit(model_of(keras), callbacks, batch_size=2, verbose=verbose)

        return sorted(set(re.findall(r"\b(\d+/\d+)\b", printed(train, Terminal()))))[-1:]

    return {
        "fit's own": totals(),
        "a ProgbarLogger of samples": totals("samples"),
        "a ProgbarLogger of steps": totals("steps"),
        "verbose=0": totals("steps", verbose=0),
    }


@scenario("PB-3")
def values_in_the_last_line(keras: Any, folder: Path) -> Any:
    def shown(*values: float) -> Any:
        def train() -> None:
            fit(model_of(keras), (scores(keras, values),), len(values), batch_size=1, verbose=2)

        return re.findall(r"score: ([^ \r\n\x08\x1b]+)", printed(train))

    return {"forms": shown(2.0, 0.00001, 12345.678), "values that look alike": shown(1.00001, 1.00002)}


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
    def count(verbose: int) -> Any:
        text = printed(lambda: fit(model_of(keras), epochs=2, batch_size=1, verbose=verbose))
        codes = any(mark in text for mark in "\r\x08\x1b")
        shows = [line for line in text.replace("\r", "\n").split("\n") if "loss" in line]
        return {"lines with a loss": len(shows), "control codes": codes}

    return {"verbose=1": count(1), "verbose=2": count(2)}


cannot_ask("how often a bar draws, and which batches run together, is a matter of minifit's own loop", "PB-6")


@scenario("PB-7")
def output_that_fails(keras: Any, folder: Path) -> Any:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("No space left on device")

    with heard_warnings() as texts:
        try:
            with contextlib.redirect_stdout(Full()):
                epochs: Any = len(fit(model_of(keras), epochs=2, verbose=2).epoch)
        except OSError:
            epochs = "raises OSError"
    return {"epochs": epochs, "warnings": len(texts) if epochs == 2 else None}


def monitor(keras: Any, **options: Any) -> Any:
    return keras.callbacks.RemoteMonitor(path="/here/", **options)


@scenario("RM-1")
def server_that_is_down(keras: Any, folder: Path) -> Any:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    with heard_warnings() as texts:
        epochs = len(fit(model_of(keras), (monitor(keras, root=f"http://127.0.0.1:{port}"),), 3).epoch)
    return {"epochs": epochs, "warnings": len(texts)}


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
def replaced_post(keras: Any, folder: Path) -> Any:
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
    return calls
