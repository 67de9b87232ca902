"""`RemoteMonitor`: every epoch's logs are sent to a server.

Training never waits long for the network and never stops for it: what cannot be sent is said once.
"""

import json
import math
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from minifit import console, interrupts
from minifit.callbacks.base import Callback, Run
from minifit.errors import ArgumentError, ArgumentTypeError, MissingPackageError

CONNECT = 1.0
"""Seconds for a connection to come about."""

READ = 2.0
"""Seconds for the server to begin its answer, and for all of it to have begun."""


class RemoteMonitor(Callback):
    """Posts the logs of every epoch to a server.

    Parameters
    ----------
    root : str, default "http://localhost:9000"
        The server, with ``http://`` or ``https://``; certificates are verified.
    path : str, default "/publish/epoch/end/"
        Added to `root`.
    field : str, default "data"
        The field of the form that holds the JSON; unused with `send_as_json`.
    headers : dict from str to str, optional
        More HTTP headers. They are never shown in messages.
    send_as_json : bool, default False
        Whether the body is the JSON itself, instead of a form.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For arguments that no request can be made of.
    MissingPackageError
        Before training, when the package requests cannot be imported.

    Notes
    -----
    What is sent is ``{"epoch": 0, "loss": 0.5, ...}``, epochs counted from 0. NumPy's numbers and arrays are numbers
    and lists, NaN and infinity are null. A server that cannot be reached within a second, or does not begin to answer
    within two, costs one warning a fit, and the next tries come 1, 2, 4, ... epochs later. What it answers is not
    read, and redirects are not followed.

    Examples
    --------
    >>> callback = RemoteMonitor("https://monitor.example.com", headers={"Authorization": "Bearer ..."})

    References
    ----------
    ``tf.keras.callbacks.RemoteMonitor`` (TensorFlow 2.7). Rules RM-1 to RM-4 of the semantics.
    """

    adds_keys = ()

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        self.root, self.path = _address(root, path)
        self.field = _text("field", field, "data")
        self.headers = None if headers is None else _checked_headers(headers)
        self.send_as_json = bool(send_as_json)
        self._begin()

    def _begin(self) -> None:
        self._warned = False
        self._wait = 0  # epochs between the last two tries, if the last one failed
        self._skip = 0  # epochs not to try at

    def check_run(self, run: Run) -> None:
        """Refuse to begin without the package that sends."""
        _requests()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Send the logs, unless the last try has failed just now."""
        if self._skip:
            self._skip -= 1
            return
        trouble, reached = self._post({"epoch": epoch, **{k: plain(v) for k, v in (logs or {}).items()}})
        self._wait = 0 if reached else max(2 * self._wait, 1)
        self._skip = max(self._wait - 1, 0)
        if trouble and not self._warned:
            self._warned = True
            console.warn(
                f"RemoteMonitor cannot deliver to {_shown(self.root)}: {trouble}. Training goes on and tries "
                "again; this is said once a fit. Check root and path, and that the server is running."
            )

    def on_train_end(self, logs: Any = None) -> None:
        """Forget what failed."""
        self.release()

    def release(self) -> None:
        """Forget what failed."""
        self._begin()

    def _post(self, event: dict[str, Any]) -> tuple[str, bool]:
        """What went wrong, or an empty text, and whether the server answered at all.

        The time limits of a socket are limits of each single piece: a server that sends a byte a second, or a slow
        look-up of its name, would keep within them for ever. So the request runs in a thread, which is left behind.
        """
        requests = _requests()
        outcome: list[tuple[str, bool]] = []
        body = {"json": event} if self.send_as_json else {"data": {self.field: json.dumps(event)}}
        thread = threading.Thread(
            target=lambda: outcome.append(_request(requests, self.root + self.path, self.headers, body)),
            name="RemoteMonitor",
            daemon=True,
        )
        thread.start()
        thread.join(CONNECT + READ)
        return outcome[0] if outcome else ("it does not answer in time", False)

    # -- state ------------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """When to try again."""
        return {"warned": self._warned, "wait": self._wait, "skip": self._skip}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._warned, self._wait, self._skip = state["warned"], state["wait"], state["skip"]


def plain(value: Any) -> Any:
    """A value in the words of JSON: NumPy's numbers and arrays as numbers and lists, NaN and infinity as None."""
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


def _request(requests: Any, url: str, headers: Any, body: dict[str, Any]) -> tuple[str, bool]:
    """Send, and look at the first line of the answer. Texts of exceptions hold the whole URL: they are not shown.

    `requests.post` is looked up when it is called, so that a test may put a function of its own in its place; what
    such a function returns may say nothing of an answer.
    """
    try:
        answer = requests.post(
            url, headers=headers, timeout=(CONNECT, READ), stream=True, allow_redirects=False, **body
        )
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
    return f"it answers {status} {reason or ''}".rstrip(), True


def _requests() -> Any:
    try:
        with interrupts.importing("requests"):
            import requests
    except ImportError as error:
        raise MissingPackageError(
            f"RemoteMonitor needs the package requests. Received: {error}. Install it with: pip install requests"
        ) from error
    return requests


# -- arguments -----------------------------------------------------------------------------------------------


def _text(name: str, value: Any, example: str) -> str:
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"{name} must be a string. Received: {type(value).__name__}. Pass for example {name}={example!r}."
        )
    return value


def _address(root: Any, path: Any) -> tuple[str, str]:
    root = _text("root", root, "http://localhost:9000")
    path = _text("path", path, "/publish/epoch/end/")
    try:
        parts = urlsplit(root + path)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or re.search(r"\s", root + path):
        raise ArgumentError(
            "root + path must be the address of a server. "
            f"Received: root={_shown(root)!r}. Pass for example root='http://localhost:9000'."
        )
    return root, path


def _shown(root: str) -> str:
    """The server without a name and password that may stand before its own, and without a query."""
    scheme, slashes, rest = root.partition("://")
    return f"{scheme}{slashes}{re.split('[/?#]', rest)[0].rpartition('@')[2]}"


def _checked_headers(headers: Any) -> dict[str, str]:
    """The headers, if HTTP can carry them. Values may be secret and are not shown."""
    if not isinstance(headers, Mapping):
        raise ArgumentTypeError(
            f"headers must be a dict. Received: {type(headers).__name__}. Pass for example {{'X-Run': '7'}}."
        )
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ArgumentTypeError(
                f"headers must go from strings to strings. Received: {type(value).__name__} for {name!r}. "
                "Pass for example {'X-Run': '7'}."
            )
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not re.fullmatch(
            r"(?:[!-\xff](?:[\t -\xff]*))?", value
        ):
            raise ArgumentError(
                f"headers must have names and values that HTTP allows: no line ends, nothing but Latin-1. Received: "
                f"one that breaks this under {name!r}. Look for a line end or a space before the value."
            )
    return dict(headers)
