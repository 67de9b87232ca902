"""The server takes what RemoteMonitor posts, and from nobody else; it outlives what is sent to it."""

import contextlib
import errno
import inspect
import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from minifit.callbacks import RemoteMonitor
from minifit.errors import ArgumentError
from minifit.monitor import server
from minifit.monitor.posts import LIMIT
from minifit.monitor.server import HEADERS, PAGE, PUBLISH, Listener, Monitor
from tests.callbacks.recording import data, small_model

X, Y = data()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor(0)
    thread = threading.Thread(target=made.serve, args=(0.01,))
    thread.start()
    yield made
    made.stop()
    thread.join()
    made.close()


def connection(monitor: Monitor) -> socket.socket:
    return socket.create_connection(("127.0.0.1", monitor.port))


def answer_of(monitor: Monitor, sent: bytes) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of the answer to some bytes."""
    with connection(monitor) as client:
        client.sendall(sent)
        with client.makefile("rb") as stream:
            head, _, body = stream.read().partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body.decode()


def request(
    monitor: Monitor,
    method: str = "POST",
    path: str = PUBLISH,
    body: bytes = b'{"epoch": 0}',
    **headers: str | None,
) -> tuple[int, dict[str, str], str]:
    """The answer to a request as RemoteMonitor makes it, but for the headers that are given (None takes one out)."""
    usual: dict[str, str | None] = {
        "Host": f"localhost:{monitor.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    usual |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in usual.items() if v is not None), "", ""]
    return answer_of(monitor, "\r\n".join(lines).encode() + body)


def head(size: int) -> bytes:
    """The head of a post of so many bytes."""
    lines = [f"POST {PUBLISH} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    return "\r\n".join([*lines, f"Content-Length: {size}", "", ""]).encode()


def logs(monitor: Monitor) -> list[Any]:
    return [json.loads(text)["logs"] for text in monitor.posts.texts]


# -- what is taken -----------------------------------------------------------------------------------------


def test_remote_monitor_posts_here_by_default() -> None:
    callback, port = RemoteMonitor(), inspect.signature(Monitor).parameters["port"].default
    assert (callback.root, callback.path, callback.field) == (f"http://localhost:{port}", PUBLISH, "data")


@pytest.mark.parametrize("send_as_json", [False, True])
def test_a_fit_is_posted(send_as_json: bool, monitor: Monitor) -> None:
    root = f"http://localhost:{monitor.port}"
    callback = RemoteMonitor(root, send_as_json=send_as_json, headers={"X-Run": "first"})
    history = (
        small_model().fit(X, Y, epochs=3, validation_data=(X, Y), verbose=0, callbacks=[callback]).history
    )
    assert logs(monitor) == [{"epoch": e, **{k: v[e] for k, v in history.items()}} for e in range(3)]
    status, _, text = request(monitor, "GET", "/posts?after=1")
    answer = json.loads(text)
    assert (status, answer["total"], answer["server"]) == (200, 3, monitor.posts.server)
    assert [(post["run"], post["name"]) for post in answer["posts"]] == [(1, "first")] * 2


@pytest.mark.parametrize("host", ["localhost", "LocalHost:80", "127.0.0.1:9000", "[::1]:9000", "localhost:"])
def test_every_name_of_this_machine_is_one(host: str, monitor: Monitor) -> None:
    assert request(monitor, Host=host)[0] == 204


def test_a_post_may_be_as_large_as_the_limit(monitor: Monitor) -> None:
    body = b'{"epoch": 0, "a": "%s"}' % (b"x" * (LIMIT - 21))
    assert len(body) == LIMIT
    assert request(monitor, body=body)[0] == 204


def test_both_meanings_of_localhost_are_listened_to(monitor: Monitor) -> None:
    addresses = [each.server_address[0] for each in monitor._listeners]
    assert addresses in (["127.0.0.1"], ["127.0.0.1", "::1"])
    for address in addresses:
        socket.create_connection((str(address), monitor.port)).close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this machine")
def test_no_other_address_is_listened_to(monitor: Monitor) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", monitor.port))


def test_the_page(monitor: Monitor) -> None:
    status, headers, text = request(monitor, "GET", "/")
    assert (status, headers["Content-Type"], text) == (200, "text/html; charset=utf-8", PAGE)
    assert HEADERS.items() <= headers.items()
    assert "Access-Control-Allow-Origin" not in headers


def test_the_page_needs_nothing_from_elsewhere() -> None:
    assert set(re.findall(r"\bhttps?://[^\s\"'`]+", PAGE)) == {
        "http://www.w3.org/2000/svg",  # a name, not a place
        "http://localhost:${location.port",
    }
    assert not re.search(
        r"<(script|style|link|img|iframe)\b[^>]*\bsrc=|@import|innerHTML|insertAdjacent|eval\(", PAGE
    )


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"method": "GET", "path": "/posts"}, 400, "Received: none. Ask for /posts?after=0"),
        ({"method": "GET", "path": "/posts?after=-1"}, 400, "Received: after=-1"),
        ({"method": "GET", "path": "/posts?after=" + "9" * 5000}, 400, "Received: after=999"),
        ({"method": "GET", "path": "/../server.py"}, 404, "Received: GET /../server.py"),
        ({"method": "GET", "path": "//evil.example/"}, 404, "is read at /"),
        ({"method": "GET", "path": "/favicon.ico"}, 404, "is read at /"),
        ({"method": "GET", "path": PUBLISH}, 405, PUBLISH),
        ({"path": "/"}, 405, PUBLISH),
        ({"path": PUBLISH[:-1]}, 404, f"logs are posted to {PUBLISH}"),
        ({"path": f"http://evil.example{PUBLISH}"}, 404, PUBLISH),
        ({"method": "PUT"}, 501, "Received: Unsupported method ('PUT')"),
        ({"method": "OPTIONS", "Origin": "http://evil.example"}, 501, "GET and POST"),
        ({"Host": "evil.example"}, 403, "Received: evil.example. Use http://localhost:"),
        ({"Host": "localhost.evil.example:9000"}, 403, "names of this machine"),
        ({"Host": "localhost:9000@evil.example"}, 403, "names of this machine"),
        ({"Host": "[::1"}, 403, "names of this machine"),
        ({"Host": "0.0.0.0:9000"}, 403, "names of this machine"),
        ({"Host": None}, 403, "Received: no name"),
        ({"Host": "localhost\r\nHost: evil.example"}, 403, "Received: localhost, evil.example"),
        ({"method": "GET", "path": "/posts?after=0", "Host": "evil.example"}, 403, "names of this machine"),
        ({"method": "GET", "path": "/", "Host": "evil.example"}, 403, "names of this machine"),
        ({"Origin": "http://evil.example"}, 403, "Received: a request with Origin"),
        ({"Origin": "null"}, 403, "Received: a request with Origin"),
        ({"Origin": "http://localhost:9000"}, 403, "Received: a request with Origin"),
        ({"Referer": "http://evil.example/"}, 403, "Received: a request with Referer"),
        ({"Sec_Fetch_Site": "cross-site"}, 403, "Received: a request with Sec-Fetch-Site"),
        ({"Content_Type": "text/plain"}, 415, "Received: text/plain"),
        ({"Content_Type": "multipart/form-data; boundary=x"}, 415, "Received: multipart/form-data"),
        ({"Content_Type": None}, 415, "Received: none"),
        ({"Content_Type": "application/json, text/plain"}, 415, "application/json"),
        ({"Content_Length": None}, 411, "Received: Content-Length: none"),
        ({"Content_Length": "-1"}, 411, "must say its length"),
        ({"Content_Length": "1_0"}, 411, "must say its length"),
        ({"Transfer_Encoding": "chunked"}, 411, "must say its length"),
        ({"Content_Length": str(LIMIT + 1)}, 413, f"A post has {LIMIT} bytes at most. Received: {LIMIT + 1}"),
        ({"Content_Length": "9" * 400}, 413, f"A post has {LIMIT} bytes at most"),
        ({"body": b"loss=0.5"}, 400, "A post must be JSON"),
        ({"body": b"[]"}, 400, "with an epoch"),
        ({"X_Run": "a" * 151}, 400, "150 characters at most. Received: 151 in the header X-Run"),
    ],
)
def test_what_is_refused(changed: dict[str, Any], status: int, says: str, monitor: Monitor) -> None:
    got, headers, text = request(monitor, **changed)
    assert got == status
    assert says in text
    assert text.endswith("\n") and text[:-1].isprintable()
    assert HEADERS.items() <= headers.items()
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    if status == 405:
        assert headers["Allow"] in ("GET", "POST")
    assert not monitor.posts.texts
    assert request(monitor)[0] == 204  # it goes on


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\0\1\2\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n", 400),
        (b"GET / HTTP/9\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 403),
        (b"GET /\r\n\r\n", 403),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 70000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: a\r\n" * 200 + b"\r\n", 431),
        (b"\xff\xfe / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        (b"GET /\x1b[2J HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    ],
)
def test_what_is_hardly_http(sent: bytes, status: int, monitor: Monitor) -> None:
    got, _, text = answer_of(monitor, sent)
    assert got == status
    assert text[:-1].isprintable()
    assert request(monitor)[0] == 204


def test_a_body_that_is_too_large_is_taken_to_its_end_so_that_the_answer_is_seen(monitor: Monitor) -> None:
    assert request(monitor, body=b"x" * (12 * LIMIT))[0] == 413
    callback = RemoteMonitor(f"http://localhost:{monitor.port}")
    with pytest.warns(UserWarning, match="it answers 413 Request Entity Too Large"):
        callback.on_epoch_end(0, {"a": "x" * LIMIT})


def test_a_full_disk_is_told(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(monitor.posts, "add", full)
    status, _, text = request(monitor)
    assert status == 507
    assert "No space left" in text


# -- clients that are slow, gone or many -------------------------------------------------------------------


def closed(client: socket.socket) -> bool:
    """Wait for the end of a connection; the test hangs if it does not come."""
    with contextlib.suppress(ConnectionError):
        while client.recv(1 << 16):
            pass
    return True


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"]
)
def test_a_request_that_never_ends_has_its_time(
    begun: bytes, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.05)
    with connection(monitor) as client:
        client.sendall(begun)
        assert closed(client)


def test_a_request_that_drips_has_its_time_too(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.2)
    gone = threading.Event()
    with connection(monitor) as client:
        client.sendall(head(1000000))

        def end() -> None:
            closed(client)
            gone.set()

        waiting = threading.Thread(target=end)
        waiting.start()
        while not gone.wait(0.01):
            try:
                client.sendall(b" ")
            except ConnectionError:
                gone.wait()
        waiting.join()
    assert not monitor.posts.texts


def test_a_client_that_goes_away_leaves_no_trace(monitor: Monitor, capfd: pytest.CaptureFixture[str]) -> None:
    for part in (head(100)[:9], head(100), head(100) + b'{"epoch": 0}'):
        with connection(monitor) as client:
            client.sendall(part)
            client.shutdown(socket.SHUT_WR)
            assert closed(client)
    assert request(monitor)[0] == 204
    assert len(monitor.posts.texts) == 1
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_monitor_is_shown_and_it_goes_on(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(monitor.posts, "after", lambda count: 1 / 0)
    with connection(monitor) as client:
        client.sendall(b"GET /posts?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert closed(client)
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert request(monitor)[0] == 204


def test_connections_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS", 2)
    made = Monitor(0)
    thread = threading.Thread(target=made.serve, args=(0.01,))
    thread.start()
    try:
        with connection(made), connection(made), connection(made) as third:
            assert closed(third)
        for each in made._listeners[0], made._listeners[0]:
            assert each._free.acquire(timeout=60)  # both are free again
        for each in made._listeners[0], made._listeners[0]:
            each._free.release()
        assert request(made)[0] == 204
    finally:
        made.stop()
        thread.join()
        made.close()


# -- the port ----------------------------------------------------------------------------------------------


def test_a_port_that_is_taken(monitor: Monitor) -> None:
    with pytest.raises(
        ArgumentError, match=f"Received: {monitor.port}, which another program listens on.*--port"
    ):
        Monitor(monitor.port)


def test_a_port_that_is_taken_in_the_other_meaning_of_localhost() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        taken = socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no ::1")
    with taken, pytest.raises(ArgumentError, match="must be free"):
        Monitor(port)


def test_a_machine_without_the_other_meaning_of_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(self: Listener) -> None:
        if self.address_family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        whole(self)

    whole = Listener.server_bind
    monkeypatch.setattr(Listener, "server_bind", bind)
    made = Monitor(0)
    assert len(made._listeners) == 1
    made.close()


def test_a_port_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(self: Listener) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Listener, "server_bind", bind)
    with pytest.raises(OSError, match="cannot listen on port 80: Permission denied"):
        Monitor(80)


def test_an_address_that_is_answered_after_the_end_says_nothing() -> None:
    monitor = Monitor(0)
    listener, monitor._over = monitor._listeners[0], True
    monitor.close()
    monitor._answer(listener, 0.01)
    monitor._over = False
    with pytest.raises((OSError, ValueError)):
        monitor._answer(listener, 0.01)
