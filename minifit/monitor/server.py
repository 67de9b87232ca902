"""The server of the page, of the posts, and for `RemoteMonitor`: on this machine, for this machine.

Any site that is open in a browser here can send requests to it. So it answers only by the names of this machine (a
foreign name may have been led here by its owner), and takes no post that a browser has made.
"""

import errno
import io
import os
import socket
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from minifit.errors import ArgumentError, MinifitError, legible
from minifit.monitor.posts import LIMIT, Posts, logs_of

PUBLISH = "/publish/epoch/end/"
"""The path that `RemoteMonitor` posts to."""

NAME = 150
"""Characters of the name of a run."""

SECONDS = 10.0
"""Time for a request to arrive, all of it, and again for its answer to leave."""

CONNECTIONS = 32
"""Connections at a time; further ones are closed at once."""

PAGE = Path(__file__).with_name("page.html").read_text(encoding="utf-8")


def _source(tag: str) -> str:
    """The hash of the page's one script or style, by which its policy permits this one and no other."""
    text = PAGE.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src {_source('script')}; style-src {_source('style')}; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Part of every answer: the page loads nothing from elsewhere, and other sites can neither frame nor read it."""


class Refusal(MinifitError):
    """A request that is refused, with the status of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Arriving(io.RawIOBase):
    """The bytes of a connection until its time is over: a limit of a socket alone counts for each piece."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = time.monotonic() + SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(max(self._end - time.monotonic(), 0.001))
        return self._connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """One request, then the connection is closed."""

    server: "Listener"
    server_version, sys_version = "minifit", ""
    default_request_version = "HTTP/1.0"  # for answers to what is no HTTP
    _unread = 0  # bytes of the body

    def setup(self) -> None:
        """Give the request its time."""
        super().setup()
        self.rfile.close()
        self.rfile: io.BufferedReader = io.BufferedReader(_Arriving(self.connection))

    def do_GET(self) -> None:
        """Send the page, or posts."""
        self._respond(self._get)

    def do_POST(self) -> None:
        """Take the logs of an epoch."""
        self._respond(self._post)

    def _respond(self, answer: Callable[[], None]) -> None:
        size = self.headers.get("Content-Length", "")
        self._unread = int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0
        try:
            self._check_host()
            answer()
        except Refusal as refusal:
            self._refuse(refusal)

    def _check_host(self) -> None:
        """Refuse a foreign name that leads to this machine."""
        hosts = self.headers.get_all("Host", [])
        try:
            names = [urlsplit(f"//{host}").hostname for host in hosts]
        except ValueError:
            names = []
        if len(names) != 1 or names[0] not in ("localhost", "127.0.0.1", "::1"):
            raise Refusal(
                403,
                "The monitor answers by the names of this machine alone. Received: "
                f"{legible(', '.join(hosts)) or 'no name'}. Use http://localhost:{self.server.server_port}.",
            )

    def _get(self) -> None:
        address = urlsplit(self.path)
        if self.path == "/":
            self._send(200, PAGE, "text/html")
        elif address.path == "/posts":
            count = address.query.removeprefix("after=")
            if not (count.isascii() and count.isdigit() and len(count) < 16):
                raise Refusal(
                    400,
                    "Posts are asked for by their number. Received: "
                    f"{legible(address.query) or 'none'}. Ask for /posts?after=0.",
                )
            self._send(200, self.server.posts.after(int(count)), "application/json")
        else:
            raise self._elsewhere(405 if self.path == PUBLISH else 404)

    def _post(self) -> None:
        if self.path != PUBLISH:
            raise self._elsewhere(405 if self.path in ("/", "/posts") else 404)
        kind = self._check_sender()
        body = self._body()
        name = self.headers.get("X-Run", "")
        try:
            if len(name) > NAME:
                raise ArgumentError(
                    f"The name of a run has {NAME} characters at most. Received: {len(name)} in the header X-Run. "
                    "Pass a shorter one."
                )
            logs = logs_of(kind, body)
        except ArgumentError as error:
            raise Refusal(400, str(error)) from error
        try:
            self.server.posts.add(logs, name)
        except (ArgumentError, OSError) as error:
            raise Refusal(507, str(error)) from error
        self._send(204)

    def _elsewhere(self, status: int) -> Refusal:
        return Refusal(
            status,
            f"The page is read at /, logs are posted to {PUBLISH}. Received: {legible(self.command)} "
            f"{legible(self.path)}. Leave RemoteMonitor's path as it is.",
        )

    def _check_sender(self) -> str:
        """Refuse what a page in a browser may have sent, and return the content type."""
        signs = [name for name in ("Origin", "Referer", "Sec-Fetch-Site") if name in self.headers]
        if signs:
            raise Refusal(
                403,
                f"Posts come from programs, not from pages in a browser. Received: a request with {signs[0]}. "
                "Post with RemoteMonitor.",
            )
        kind = self.headers.get_content_type()  # text/plain where none is said
        if kind not in ("application/json", "application/x-www-form-urlencoded"):
            raise Refusal(
                415,
                "The content type must be application/json or application/x-www-form-urlencoded. Received: "
                f"{legible(self.headers.get('Content-Type', 'none'))}. Post with RemoteMonitor.",
            )
        return kind

    def _body(self) -> bytes:
        size = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (size.isascii() and size.isdigit()):
            raise Refusal(
                411,
                f"A post must say its length. Received: Content-Length: {legible(size) or 'none'}. "
                "Post with RemoteMonitor.",
            )
        if len(size) > 15 or int(size) > LIMIT:
            raise Refusal(
                413,
                f"A post has {LIMIT} bytes at most. Received: {legible(size)}. Log numbers, not arrays.",
            )
        body = self.rfile.read(self._unread)
        if len(body) < self._unread:
            raise ConnectionAbortedError("the body ends early")  # there is nobody to answer
        self._unread = 0
        return body

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, then take the rest of the body: a client whose connection is closed while it sends sees no answer."""
        self._send(refusal.status, f"{refusal}\n", "text/plain")
        self.connection.shutdown(socket.SHUT_WR)
        left = min(self._unread, 16 * LIMIT)
        while left and (piece := self.rfile.read1(left)):
            left -= len(piece)

    def _send(self, status: int, text: str = "", kind: str = "") -> None:
        self.connection.settimeout(SECONDS)
        body = text.encode()
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
        if status == 405:
            self.send_header("Allow", "POST" if self.path == PUBLISH else "GET")
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no HTTP, or a method that nothing here has."""
        text = f"The monitor takes GET and POST in HTTP. Received: {legible(message or code)}. Use RemoteMonitor."
        self._send(code, f"{text}\n", "text/plain")

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


class Listener(ThreadingHTTPServer):
    """A server at one address of this machine.

    Parameters
    ----------
    address : str
        ``127.0.0.1`` or ``::1``.
    port : int
    posts : Posts
    """

    allow_reuse_address = os.name != "nt"  # where it would allow a port that another server has
    allow_reuse_port = False
    request_queue_size = CONNECTIONS

    def __init__(self, address: str, port: int, posts: Posts) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.posts = posts
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__((address, port), Handler)

    def server_bind(self) -> None:
        """Take the port, without HTTPServer's question to a name server."""
        if os.name == "nt":
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for a connection, if there are not too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread can be started
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an error of the monitor; that of a client that went away or was too slow is its own."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Monitor:
    """The server: ``localhost`` in both of its meanings, 127.0.0.1 and ::1 where the machine has it.

    Parameters
    ----------
    port : int, default 9000
        0 lets the system choose one.
    file : str, optional
        Where posts are kept.

    Attributes
    ----------
    port : int
    posts : Posts

    Raises
    ------
    ArgumentError
        When the port or the file is taken, or the file is none of posts.
    OSError
        When the port or the file cannot be used.
    """

    def __init__(self, port: int = 9000, file: str | None = None) -> None:
        self.posts = Posts(file)
        self._listeners: list[Listener] = []
        self._over = False
        try:
            self._listen("127.0.0.1", port)
            self.port = self._listeners[0].server_port
            self._listen("::1", self.port)
        except BaseException:
            self.close()
            raise

    def _listen(self, address: str, port: int) -> None:
        try:
            self._listeners.append(Listener(address, port, self.posts))
        except OSError as error:
            if address == "::1" and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return
            if error.errno == errno.EADDRINUSE:
                raise ArgumentError(
                    f"The port must be free. Received: {port}, which another program listens on, perhaps another "
                    f"monitor. Pass another --port, and RemoteMonitor(root='http://localhost:PORT')."
                ) from error
            raise OSError(
                error.errno, f"The monitor cannot listen on port {port}: {error.strerror}"
            ) from error

    def serve(self, pause: float = 0.5) -> None:
        """Answer requests until `stop`, which is noticed after so many seconds, or Ctrl-C."""
        first, *others = self._listeners
        threads = [threading.Thread(target=self._answer, args=(each, pause), daemon=True) for each in others]
        try:
            for thread in threads:
                thread.start()
            first.serve_forever(pause)
        finally:
            self._over = True
            for thread, each in zip(threads, others, strict=True):
                if thread.is_alive():
                    each.shutdown()

    def _answer(self, listener: Listener, pause: float) -> None:
        """Answer requests at one more address, in a thread that may begin when all is over already."""
        try:
            listener.serve_forever(pause)
        except (OSError, ValueError):  # its socket is closed
            if not self._over:
                raise

    def stop(self) -> None:
        """End `serve`, which another thread is in."""
        self._listeners[0].shutdown()

    def close(self) -> None:
        """Give back the port and the file."""
        for each in self._listeners:
            each.server_close()
        self.posts.close()
