"""A web server on this machine that answers as it is told: well, late, wrong, or half."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler"], None]
"""What is done with one request."""


class Handler(BaseHTTPRequestHandler):
    """Answers each request as the server's list says, or with the file itself when the list is used up."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        self.server.requests.append({"path": self.path} | {k.lower(): v for k, v in self.headers.items()})
        answer = self.server.answers.pop(0) if self.server.answers else file()
        answer(self)

    def start(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            headers["Content-Length"] = str(length)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Serves one file of bytes under every path, and writes down what was asked for."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.etag = '"1"'
        self.answers: list[Answer] = []
        self.requests: list[dict[str, str]] = []
        self.go_on = threading.Event()  # what stalls waits for it

    def url(self, name: str = "data.bin") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def ranges(self) -> list[str | None]:
        """The ranges that were asked for, request by request."""
        return [request.get("range") for request in self.requests]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what many tests are about."""


@contextmanager
def serving(content: bytes) -> Iterator[Server]:
    with Server(content) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.go_on.set()
            server.shutdown()
            thread.join()


def file(
    send: int | None = None,
    *,
    content: bytes | None = None,
    length: int | None = None,
    etag: str | None = None,
    ranges: bool = True,
    stall: bool = False,
    **headers: str,
) -> Answer:
    """The file, or the rest of it that was asked for.

    Parameters
    ----------
    send : int, optional
        Bytes after which the connection is cut, or stalls.
    content, etag : optional
        In place of the server's.
    length : int, optional
        The length to claim; -1 to claim none.
    ranges : bool
        Whether a wish for the rest is understood.
    """

    def answer(handler: Handler) -> None:
        server = handler.server
        whole = server.content if content is None else content
        name = server.etag if etag is None else etag
        begin = 0
        wish = handler.headers.get("Range")
        if wish and ranges and handler.headers.get("If-Range", name) == name:
            begin = int(wish.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(whole):
                return handler.start(416, 0, Content_Range=f"bytes */{len(whole)}")
        rest = whole[begin:]
        said = len(rest) if length is None else None if length < 0 else length
        more = {"Content_Range": f"bytes {begin}-{len(whole) - 1}/{len(whole)}"} if begin else {}
        handler.start(206 if begin else 200, said, **({"ETag": name} if name else {}), **more, **headers)
        handler.wfile.write(rest[:send])
        if stall:
            handler.wfile.flush()
            server.go_on.wait()
        if send is not None or length is not None:
            handler.hang_up()
        return None

    return answer


def status(code: int, body: bytes = b"<html>sorry</html>", **headers: str) -> Answer:
    """An answer that is not the file."""

    def answer(handler: Handler) -> None:
        handler.start(code, len(body), **headers)
        handler.wfile.write(body)

    return answer


def hang_up(handler: Handler) -> None:
    """No answer at all."""
    handler.hang_up()


def say_nothing(handler: Handler) -> None:
    """No answer, and the connection stays."""
    handler.server.go_on.wait()
    handler.hang_up()
