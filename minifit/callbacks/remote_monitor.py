"""`RemoteMonitor`: sends the logs of every epoch to a server.

Training never waits long for the network and never stops for it: a failure to send gives one warning.
"""

import inspect
import json
import math
import os
import re
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from minifit import console, interrupts
from minifit.callbacks.base import Callback, Run, written_by_chief
from minifit.errors import ArgumentError, ArgumentTypeError, MissingPackageError, legible, quoted
from minifit.settings import Setting, flag

CONNECT = 1.0
"""The time limit of a connection, in seconds."""

READ = 2.0
"""The time limit of an answer, in seconds."""

_turns: dict[str, threading.Lock] = {}
"""Locks by address: requests run one at a time, so a server that never ends its answer occupies one thread."""

if hasattr(os, "register_at_fork"):
    # a forked process does not have the thread that holds the lock
    os.register_at_fork(after_in_child=_turns.clear)

_EXAMPLES = {"root": "http://localhost:9000", "path": "/publish/epoch/end/", "field": "data"}


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"{name} must be a string. Received: {type(value).__name__}. Pass for example {name}={_EXAMPLES[name]!r}."
        )
    return value


class _PartOfAddress(Setting):
    """`root` or `path`, which together are the address of a server."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise if the two are not an address."""
        parts = {**vars(owner), self.name: value}
        # while the object is created
        if "root" not in parts:
            return
        address = parts["root"] + parts["path"]
        try:
            split = urlsplit(address)
            sound = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
        except ValueError:
            sound = False
        if not sound or re.search(r"\s", address):
            raise ArgumentError(
                "root + path must be the address of a server. "
                f"Received: root={quoted(_shown(parts['root']))}. Pass for example root='http://localhost:9000'."
            )


def _shown(root: str) -> str:
    """Return the server of an address, without a user name, password, path or query."""
    scheme, slashes, rest = root.partition("://")
    return f"{scheme}{slashes}{re.split('[/?#]', rest)[0].rpartition('@')[2]}"


def _checked_headers(_: str, headers: Any) -> dict[str, str] | None:
    """Return the headers, after checking that HTTP allows them. Values may be secret and are not shown."""
    if headers is None:
        return None
    if not isinstance(headers, Mapping):
        raise ArgumentTypeError(
            f"headers must be a dict. Received: {type(headers).__name__}. Pass for example {{'X-Run': '7'}}."
        )
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ArgumentTypeError(
                f"headers must map strings to strings. Received: {type(value).__name__} for {quoted(name)}. "
                "Pass for example {'X-Run': '7'}."
            )
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not re.fullmatch(
            r"(?:[!-\xff](?:[\t -\xff]*))?", value
        ):
            raise ArgumentError(
                f"headers must have names and values that HTTP allows: Latin-1 characters without line ends. Received: "
                f"an invalid header {quoted(name)}. Look for a line end, or for a space before the value."
            )
    return dict(headers)


@written_by_chief
class RemoteMonitor(Callback):
    """A callback that posts the logs of every epoch to a server.

    Parameters
    ----------
    root : str, default "http://localhost:9000"
        The server, with ``http://`` or ``https://``; certificates are verified. ``python -m minifit.monitor`` listens
        at the default address and shows live curves.
    path : str, default "/publish/epoch/end/"
        Added to `root`.
    field : str, default "data"
        The form field that holds the JSON; unused with `send_as_json`.
    headers : dict from str to str, optional
        More HTTP headers. They are never shown in messages.
    send_as_json : bool, default False
        Whether to send the JSON as the body instead of in a form.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For arguments that do not make a valid request.
    MissingPackageError
        Before training, if the package requests cannot be imported.

    Notes
    -----
    The JSON is ``{"epoch": 0, "loss": 0.5, ...}``, with epochs counted from 0. NumPy numbers and arrays are sent as
    numbers and lists, NaN and infinity as null. A server that cannot be reached within a second, or does not begin to
    answer within two, costs one warning per fit, and the next attempts follow 1, 2, 4, ... epochs later. The body of
    its answer is not read, and redirects are not followed.

    Examples
    --------
    >>> callback = RemoteMonitor("https://monitor.example.com", headers={"Authorization": "Bearer ..."})

    References
    ----------
    ``tf.keras.callbacks.RemoteMonitor`` (TensorFlow 2.7). Rules RM-1 to RM-4 of the semantics.
    """

    adds_keys = ()
    root, path = _PartOfAddress(_text), _PartOfAddress(_text)
    field, headers, send_as_json = Setting(_text), Setting(_checked_headers), Setting(flag)

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        self.path, self.root = path, root
        self.field, self.headers, self.send_as_json = field, headers, send_as_json
        self._begin()

    def _begin(self) -> None:
        self._warned = False
        # epochs between the last two attempts, if the last one failed
        self._wait = 0
        # epochs to skip before the next attempt
        self._skip = 0

    def check_run(self, run: Run) -> None:
        """Raise if the package requests is missing."""
        _requests()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Send the logs, unless a recent attempt has failed."""
        if self._skip:
            self._skip -= 1
            return
        problem, reached = self._post({"epoch": epoch, **{k: plain(v) for k, v in (logs or {}).items()}})
        self._wait = 0 if reached else max(2 * self._wait, 1)
        self._skip = max(self._wait - 1, 0)
        if problem and not self._warned:
            self._warned = True
            console.warn(
                f"RemoteMonitor cannot send to {_shown(self.root)}: {problem}. Training continues, with further "
                "attempts; this warning appears once per fit. Check root and path, and that the server is running."
            )

    def on_train_end(self, logs: Any = None) -> None:
        """Reset the failures."""
        self.release()

    def release(self) -> None:
        """Reset the failures."""
        self._begin()

    def _post(self, event: dict[str, Any]) -> tuple[str, bool]:
        """Return the problem, or an empty string, and True if the server answered at all.

        The time limits of a socket apply to each single read: a server that sends a byte a second, or a slow look-up
        of its name, would never exceed them. So the request runs in a thread that training does not wait for; the next
        request to that address begins when it has ended. If no thread can be started, the calling thread sends.
        """
        requests, url = _requests(), self.root + self.path
        form = () if self.send_as_json else ({self.field: json.dumps(event)},)
        body = {"json": event} if self.send_as_json else {}
        outcome = [("it does not answer in time", False)]
        turn = _turns.setdefault(url, threading.Lock())
        deadline = time.monotonic() + CONNECT + READ
        if not turn.acquire(timeout=CONNECT + READ):
            return outcome[-1]

        def send() -> None:
            try:
                outcome.append(_request(requests, url, *form, headers=self.headers, **body))
            finally:
                turn.release()

        thread = threading.Thread(target=send, name="RemoteMonitor", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            send()
        else:
            thread.join(max(deadline - time.monotonic(), 0))
        return outcome[-1]

    # -- state ------------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Return the state of the attempts."""
        return {"warned": self._warned, "wait": self._wait, "skip": self._skip}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of a captured run."""
        self._warned, self._wait, self._skip = state["warned"], state["wait"], state["skip"]


def plain(value: Any) -> Any:
    """Return a value that JSON can hold: NumPy numbers and arrays as numbers and lists, NaN and infinity as None."""
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [plain(inner) for inner in value]
    return str(value)


def _limits(post: Any, *args: Any, **options: Any) -> dict[str, Any]:
    """Return the limits of a request; none if a test's replacement accepts only the arguments of tf.keras."""
    limits = {"timeout": (CONNECT, READ), "stream": True, "allow_redirects": False}
    try:
        inspect.signature(post).bind(*args, **options, **limits)
    except (TypeError, ValueError):
        return {}
    return limits


def _request(requests: Any, *args: Any, **options: Any) -> tuple[str, bool]:
    """Send a request, and check the status of the answer. The texts of exceptions hold the whole URL: they are hidden.

    `requests.post` is looked up at every call, so that a test may replace it, and called as tf.keras calls it. The
    object that a replacement returns may lack a status.
    """
    try:
        post = requests.post
        answer = post(*args, **options, **_limits(post, *args, **options))
        status, reason = getattr(answer, "status_code", None), getattr(answer, "reason", None)
        if hasattr(answer, "close"):
            answer.close()
    except requests.exceptions.Timeout:
        return "it does not answer in time", False
    except requests.exceptions.SSLError:
        return "its certificate cannot be verified, or it speaks no TLS", False
    except Exception as error:
        return f"the request failed with {type(error).__name__}", False
    if not isinstance(status, int) or status < 300:
        return "", True
    if status < 400:
        return f"it answers {status}, and redirects are not followed", True
    return f"it answers {status} {legible(reason or '', 100)}".rstrip(), True


def _requests() -> Any:
    try:
        with interrupts.importing("requests"):
            import requests
    except ImportError as error:
        raise MissingPackageError.of("RemoteMonitor", "requests", error) from error
    return requests
