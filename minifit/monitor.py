"""``python -m minifit.monitor``: a page with live curves of what `RemoteMonitor` posts.

The server stands at the default address of `RemoteMonitor`, http://localhost:9000, and listens on this machine alone.
It keeps posts in memory and in a file, a line each. The page, monitor.html, asks for new ones every second.

Any site that is open in a browser here can send requests to it. So it answers only to the names of this machine, since
a foreign name may lead here, and takes no post that a browser has made.
"""

import argparse
import errno
import json
import math
import os
import re
import secrets
import selectors
import socket
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs

from minifit import console
from minifit.errors import MESSAGE, ArgumentError, FileFormatError, MinifitError, legible, quoted
from minifit.saving.paths import absolute
from minifit.saving.stream import Stream

PUBLISH = "/publish/epoch/end/"
"""The path that `RemoteMonitor` posts to."""

LIMIT = 1 << 20
"""Bytes of a post."""

MEMORY = 64 << 20
"""Characters of all posts."""

SECONDS = 10.0
"""Time for each piece of a request to arrive, or of an answer to leave."""

PAGE = Path(__file__).with_name("monitor.html").read_text(encoding="utf-8")


def _hash(tag: str) -> str:
    """Return the hash of the page's one script or style, by which the policy permits that one and no other."""
    text = PAGE.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src {_hash('script')}; style-src {_hash('style')}; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Part of every answer: the page loads nothing from elsewhere, and other sites can neither frame nor read it."""


class Monitor:
    """The server, and the posts as texts in JSON.

    A post is ``{"run": "2026-11-30T20:00:00.123456+00:00", "name": "", "time": ..., "logs": {"epoch": 0, ...}}``. An
    epoch that does not come after the last one of the same name begins a run, which is called by its time. So does
    the first one without a name after a start: nothing tells whether it goes on with a run in the file.
    """

    def __init__(self, port: int = 9000, file: str = "monitor.jsonl") -> None:
        self.id = secrets.token_hex(8)
        """Tells a page whether the server is still the same."""
        self.texts: list[str] = []
        self._size = 0
        self._last: dict[str, tuple[str, int]] = {}  # by name: the run and its last epoch
        self._turn = threading.Lock()
        self._over = False
        self._listeners: list[_Listener] = []
        self._stream = Stream(file, "the file of posts")
        try:
            if self._stream.is_file:  # and no device
                self._read()
            self.port = self._listen(port)
        except BaseException:
            self.close()
            raise

    # -- posts ------------------------------------------------------------------------------------------

    def add(self, logs: dict[str, Any], name: str = "") -> None:
        """Keep the logs of an epoch; in memory alone when the file takes no more."""
        now, epoch = datetime.now(UTC).isoformat(), logs["epoch"]
        with self._turn:
            run, last = self._last.get(name, (now, -1))
            if epoch <= last:
                run = now
            text = json.dumps({"run": run, "name": name, "time": now, "logs": logs})
            self._keep(text, run, name, epoch)
            if self._stream.change() in ("removed", "replaced"):
                self._stream.follow()
            self._stream.write(f"{text}\n")

    def after(self, count: int) -> str:
        """Return the posts behind the first `count`, in JSON."""
        return f'{{"server": "{self.id}", "posts": [{", ".join(self.texts[count:])}]}}'

    def _keep(self, text: str, run: str, name: str, epoch: int) -> None:
        if self._size + len(text) > MEMORY:
            raise ArgumentError(
                f"The monitor keeps {MEMORY >> 20} MiB of posts. Received: more. Start it with another --file."
            )
        self.texts.append(text)
        self._size += len(text)
        self._last[name] = run, epoch

    def _read(self) -> None:
        """Take the posts of the file. A crash leaves a part of the last line, a power failure zeros behind it."""
        with open(self._stream.place, "rb") as file:
            lines = file.read(2 * MEMORY).splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            begins = line.startswith(b'{"run": ') or b'{"run": '.startswith(line.rstrip(b"\0"))
            if self._restore(line):
                if not line.endswith(b"\n"):
                    self._stream.write("\n")
            elif begins and not line.endswith(b"\n"):
                self._stream.cut(self._stream.size - len(line))
            else:
                raise FileFormatError(
                    "Every line of a file of posts is one that the monitor wrote. Received: "
                    f"{quoted(self._stream.path)} with line {number}: {quoted(line[:100])}. Pass another --file."
                )
        self._last.pop("", None)

    def _restore(self, line: bytes) -> bool:
        """Keep a line of the file, if it is a post."""
        try:
            text = line.decode().rstrip("\n")
            post = json.loads(text, parse_constant=int)  # NaN is no integer either
            texts, epoch = (post["run"], post["name"], post["time"]), post["logs"]["epoch"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return False
        good = type(epoch) is int and all(isinstance(each, str) for each in texts)
        if good:
            self._keep(text, *texts[:2], epoch)
        return good

    # -- the server -------------------------------------------------------------------------------------

    def _listen(self, port: int) -> int:
        """Listen at both addresses of ``localhost``, where the machine has both, and return the port."""
        for address in ("127.0.0.1", "::1"):
            try:
                self._listeners.append(_Listener(address, port, self))
            except (OSError, OverflowError) as error:
                if not self._listeners or getattr(error, "errno", 0) == errno.EADDRINUSE:
                    raise ArgumentError(
                        f"The port must be free to listen on. Received: {port} ({error}). Pass another --port, and "
                        "RemoteMonitor(root='http://localhost:PORT')."
                    ) from error
            port = self._listeners[0].server_address[1]
        return port

    def serve(self, pause: float = 0.5) -> None:
        """Answer requests until `stop` or Ctrl-C, which are noticed within `pause` seconds."""
        with selectors.DefaultSelector() as ready:
            for listener in self._listeners:
                ready.register(listener, selectors.EVENT_READ, listener)
            while not self._over:
                for key, _ in ready.select(pause):
                    key.data.handle_request()

    def stop(self) -> None:
        """End `serve`, which another thread is in."""
        self._over = True

    def close(self) -> None:
        """Give back the port and the file."""
        for listener in self._listeners:
            listener.server_close()
        with self._turn:
            self._stream.close()


class _Listener(ThreadingMixIn, TCPServer):
    """A server at one address, with a thread for each connection."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # where it would allow a port that another server has
    timeout = 0

    def __init__(self, address: str, port: int, monitor: Monitor) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.monitor = monitor
        super().__init__((address, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an error of the monitor; a client that went away or was too slow is none."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Refusal(MinifitError):
    """A request that is refused, with the status of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    """One request, then the connection is closed."""

    server: _Listener
    timeout = SECONDS
    default_request_version = "HTTP/1.0"  # for answers to what is no HTTP
    error_message_format = "<!doctype html><title>%(message)s</title><p>%(explain)s</p>\n"

    def do_GET(self) -> None:
        """Send the page, or posts."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Take the logs of an epoch."""
        self._answer(self._post)

    def _answer(self, act: Callable[[], None]) -> None:
        try:
            self._check_host()
            act()
        except _Refusal as refusal:
            rule = str(refusal).partition(". ")[0]
            self.send_error(refusal.status, rule if rule.isascii() else None, str(refusal))
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1(1 << 16):  # a client that is cut off while it sends sees no answer
                pass

    def _check_host(self) -> None:
        """Refuse a foreign name that leads to this machine."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not re.fullmatch(r"(?i)(localhost|127\.0\.0\.1|\[::1\])(:\d*)?", hosts[0]):
            raise _Refusal(
                403,
                "The monitor answers by the names of this machine alone. Received: "
                f"{quoted(', '.join(hosts))}. Use http://localhost.",
            )

    def _get(self) -> None:
        count = re.fullmatch(r"/posts\?after=([0-9]{1,15})", self.path)
        if self.path == "/":
            self._send(200, "text/html", PAGE)
        elif count:
            self._send(200, "application/json", self.server.monitor.after(int(count[1])))
        else:
            raise self._elsewhere()

    def _post(self) -> None:
        if self.path != PUBLISH:
            raise self._elsewhere()
        signs = [name for name in ("Origin", "Referer", "Sec-Fetch-Site") if name in self.headers]
        if signs:
            raise _Refusal(
                403,
                f"Posts come from programs, not from pages in a browser. Received: a request with {signs[0]}. "
                "Post with RemoteMonitor.",
            )
        size = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,15}", size) or int(size) > LIMIT:
            raise _Refusal(
                413,
                f"A post says its length, {LIMIT} bytes at most. Received: {quoted(size)}. "
                "Log numbers, not arrays.",
            )
        body = self.rfile.read(int(size))
        if len(body) < int(size):
            raise ConnectionAbortedError("the body ends early")
        try:
            logs = logs_of(self.headers.get_content_type(), body)
        except ArgumentError as error:
            raise _Refusal(400, str(error)) from error
        try:
            self.server.monitor.add(logs, self.headers.get("X-Run", ""))
        except (ArgumentError, OSError) as error:
            raise _Refusal(507, str(error)) from error
        self._send(204)

    def _elsewhere(self) -> _Refusal:
        return _Refusal(
            404,
            f"The page is read at /, logs are posted to {PUBLISH}. Received: {self.command} {quoted(self.path)}. "
            "Leave RemoteMonitor's path as it is.",
        )

    def _send(self, status: int, kind: str = "", text: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """End the head of an answer, refusals of the base class included, with what all have."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def logs_of(kind: str, body: bytes) -> dict[str, Any]:
    """Return the logs in the body of a post, JSON or a form; numbers that are NaN or infinite are None."""
    try:
        text = body.decode()
        if kind != "application/json":
            fields = parse_qs(text, strict_parsing=True, errors="strict", max_num_fields=1)
            if list(fields) != ["data"]:
                raise ValueError(f"the fields {quoted(list(fields))}")
            (text,) = fields["data"]
        logs = json.loads(text, parse_constant=_finite, parse_float=_finite)
        json.dumps(logs)  # fails for what is nested too deeply
    except (ValueError, RecursionError) as error:
        raise ArgumentError(
            f"A post must be JSON in UTF-8, or a form whose one field, data, has it. Received: {error}. "
            "Post what RemoteMonitor posts."
        ) from error
    epoch = logs.get("epoch") if isinstance(logs, dict) else None
    if not isinstance(logs, dict) or type(epoch) is not int or not 0 <= epoch < 1 << 53:
        raise ArgumentError(
            "A post must be a JSON object with an epoch, a whole number from 0 on. Received: "
            f'{quoted(logs)}. Post for example {{"epoch": 0, "loss": 0.5}}.'
        )
    return logs


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def main(arguments: list[str]) -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        "python -m minifit.monitor",
        description="Show live curves of what RemoteMonitor posts, to this machine alone.",
    )
    parser.add_argument("--port", type=int, default=9000, help="9000 unless given; 0 lets the system choose")
    parser.add_argument(
        "--file", default="monitor.jsonl", help="where posts are appended; monitor.jsonl unless given"
    )
    options = parser.parse_args(arguments)
    try:
        with closing(Monitor(options.port, options.file)) as monitor:
            kept = f"{absolute(options.file)}, which has {len(monitor.texts)} of them"
            console.say(f"Curves at http://localhost:{monitor.port} until Ctrl-C. Posts are kept in {kept}.")
            monitor.serve()
    except (MinifitError, OSError) as error:
        sys.exit(f"minifit.monitor: {legible(error, MESSAGE)}")
    except KeyboardInterrupt:
        console.say("The monitor has ended.")


if __name__ == "__main__":
    main(sys.argv[1:])
