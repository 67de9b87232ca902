"""RemoteMonitor against a real server in a thread: one that answers, refuses, redirects, stalls and dies.

Waiting ends by an event, never by a clock: the time limits are far away in tests where nothing shall run into
them, and short where something shall.
"""

import contextlib
import copy
import json
import pickle
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import numpy as np
import pytest

from minifit.callbacks import Callback, CallbackList, LambdaCallback, RemoteMonitor, remote_monitor
from minifit.callbacks.remote_monitor import plain
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitError, MinifitWarning, MissingPackageError
from tests.callbacks.recording import data, small_model

X, Y = data()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

Answer = Callable[[socket.socket], object]


class Server:
    """A server that keeps what it is sent and answers as it is told to.

    ``requests`` has the head and the body of each request; ``connections`` counts them.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes]] = []
        self.connections = 0
        self.open: list[socket.socket] = []
        self.answer: Answer = lambda connection: connection.sendall(OK)
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            if self.over.is_set():
                connection.close()
                return
            self.connections += 1
            self.open.append(connection)
            self.threads.append(threading.Thread(target=self.serve, args=(connection,)))
            self.threads[-1].start()

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while head := self.read_head(stream):
                    size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                    self.requests.append((head, stream.read(size)))
                    self.answer(connection)
            except OSError:
                pass  # the other side has gone, or the answer was to hang up

    @staticmethod
    def read_head(stream: Any) -> bytes:
        lines = b""
        while (line := stream.readline()) not in (b"\r\n", b""):
            lines += line
        return lines

    def close(self) -> None:
        self.over.set()
        for connection in self.open:
            with contextlib.suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        with socket.create_connection(self.listener.getsockname()):
            pass
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def epochs(self) -> list[int]:
        return [json.loads(body)["epoch"] for _, body in self.requests]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(remote_monitor, "CONNECT", 60.0)
    monkeypatch.setattr(remote_monitor, "READ", 60.0)
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def impatient(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_monitor, "READ", 0.1)


def fit(monitor: RemoteMonitor, *others: Any, epochs: int = 1) -> Any:
    return small_model().fit(X, Y, epochs=epochs, verbose=0, callbacks=[*others, monitor])


def warned_once(monitor: RemoteMonitor, message: str, epochs: int) -> str:
    """Trains on, warns once; the warning."""
    with pytest.warns(MinifitWarning, match=message) as caught:
        assert fit(monitor, epochs=epochs).epoch == list(range(epochs))
    assert len(caught) == 1
    return str(caught[0].message)


# -- what is sent ------------------------------------------------------------------------------------------


@pytest.mark.rule("RM-3")
def test_a_form(server: Server) -> None:
    history = fit(RemoteMonitor(server.address), epochs=2).history
    head, body = server.requests[1]
    assert head.startswith(b"POST /publish/epoch/end/ HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in head
    (text,) = parse_qs(body.decode())["data"]
    assert text == json.dumps({"epoch": 1, "loss": history["loss"][1]})


@pytest.mark.rule("RM-3")
def test_json(server: Server) -> None:
    monitor = RemoteMonitor(server.address, "/x?run=7", "unused", {"X-Run": "7", "X-Empty": ""}, True)
    history = fit(monitor).history
    ((head, body),) = server.requests
    assert head.startswith(b"POST /x?run=7 HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\n" in head
    assert b"X-Run: 7\r\n" in head
    assert json.loads(body) == {"epoch": 0, "loss": history["loss"][0]}


@pytest.mark.rule("RM-3")
def test_another_field(server: Server) -> None:
    fit(RemoteMonitor(server.address, field="payload"))
    assert list(parse_qs(server.requests[0][1].decode())) == ["payload"]


@pytest.mark.rule("RM-2")
@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array(2.5), 2.5),
        (np.array([1.0, np.nan]), [1.0, None]),
        (np.ones((2, 1), np.float32), [[1.0], [1.0]]),
        (float("nan"), None),
        (np.float64("-inf"), None),
        ([1, (2.0, float("inf"))], [1, [2.0, None]]),
        ({"a": np.float32(1), 3: None}, {"a": 1.0, "3": None}),
        ("text ü", "text ü"),
        (None, None),
        (1 + 2j, "(1+2j)"),
        (b"raw", "b'raw'"),
    ],
)
def test_values_that_json_has_no_word_for(value: Any, sent: Any) -> None:
    assert plain(value) == sent
    json.dumps(plain(value), allow_nan=False)


@pytest.mark.rule("RM-2")
@pytest.mark.parametrize("as_json", [False, True])
def test_such_values_arrive(server: Server, as_json: bool) -> None:
    values = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(a=np.array([1, 2]), b=float("nan")))
    fit(RemoteMonitor(server.address, send_as_json=as_json), values)
    body = server.requests[0][1].decode()
    found = json.loads(body if as_json else parse_qs(body)["data"][0])
    assert (found["a"], found["b"]) == ([1, 2], None)


@pytest.mark.rule("RM-4")
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("answer", [None, mock.Mock(), mock.MagicMock()], ids=["None", "Mock", "MagicMock"])
@pytest.mark.parametrize("strict", [False, True])
def test_a_function_that_replaces_requests_post_sees_the_post(
    answer: Any, as_json: bool, strict: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def as_in_keras(url: str, data: Any = None, headers: Any = None, json: Any = None) -> Any:
        seen.append((url, {"data": data, "headers": headers, "json": json}))
        return answer

    def post(url: str, data: Any = None, **given: Any) -> Any:
        limits = {given.pop("timeout"), given.pop("stream"), given.pop("allow_redirects")}
        assert limits == {(remote_monitor.CONNECT, remote_monitor.READ), True, False}
        return as_in_keras(url, data, **given)

    monkeypatch.setattr("requests.post", as_in_keras if strict else post)
    monitor = RemoteMonitor("http://nowhere.invalid", "/x", headers={"X-Run": "7"}, send_as_json=as_json)
    losses = fit(monitor, epochs=2).history["loss"]
    sent = [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate(losses)]
    assert [url for url, _ in seen] == ["http://nowhere.invalid/x"] * 2
    assert [given["headers"] for _, given in seen] == [{"X-Run": "7"}] * 2
    if as_json:
        assert [given["json"] for _, given in seen] == sent
    else:
        assert [given["data"] for _, given in seen] == [{"data": json.dumps(each)} for each in sent]


@pytest.mark.rule("RM-4")
def test_every_connection_is_closed(server: Server) -> None:
    fit(RemoteMonitor(server.address), epochs=3)
    assert len(server.requests) == 3
    for serving in server.threads[1:]:  # each ends when the other side closes its connection
        serving.join(60)
        assert not serving.is_alive()


def test_a_loop_written_by_hand(server: Server) -> None:
    callbacks = CallbackList([RemoteMonitor(server.address, send_as_json=True)])
    callbacks.on_train_begin()
    for epoch in range(2):
        callbacks.on_epoch_end(epoch, {"a": 1})
    callbacks.on_train_end()
    assert [json.loads(body) for _, body in server.requests] == [{"epoch": e, "a": 1} for e in range(2)]


# -- trouble -----------------------------------------------------------------------------------------------


@pytest.mark.rule("RM-1", "RM-5")
def test_nobody_listens_and_the_tries_become_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    tried: list[int] = []
    monitor = RemoteMonitor(f"http://user:secret@127.0.0.1:{port}", "/?token=secret", headers={"X": "secret"})
    post = monitor._post

    def noting(event: dict[str, Any]) -> tuple[str, bool]:
        tried.append(event["epoch"])
        return post(event)

    monkeypatch.setattr(monitor, "_post", noting)
    text = warned_once(monitor, rf"cannot send to http://127\.0\.0\.1:{port}: .*ConnectionError", 18)
    assert tried == [0, 1, 3, 7, 15]
    assert "secret" not in text
    tried.clear()
    warned_once(monitor, "cannot send", 2)
    assert tried == [0, 1], "another fit begins anew, and warns again"


@pytest.mark.rule("RM-5")
def test_after_a_success_every_epoch_is_sent_again(server: Server) -> None:
    server.answer = lambda connection: (
        connection.sendall(OK) if len(server.requests) > 2 else connection.shutdown(socket.SHUT_RDWR)
    )
    monitor = RemoteMonitor(server.address, send_as_json=True)
    warned_once(monitor, "ConnectionError", 6)
    assert server.epochs() == [0, 1, 3, 4, 5]


@pytest.mark.rule("RM-5")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answers 404 Not Found"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nabc", "it answers 500 Oh"),
        (
            b"HTTP/1.1 307 Elsewhere\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
            "it answers 307, and redirects are not followed",
        ),
    ],
    ids=["not-found", "broken", "redirect"],
)
def test_a_server_that_refuses_is_told_of_every_epoch(server: Server, answer: bytes, said: str) -> None:
    server.answer = lambda connection: connection.sendall(answer)
    warned_once(RemoteMonitor(server.address, send_as_json=True), said, 4)
    assert server.epochs() == [0, 1, 2, 3], "and nothing else: a redirect is not followed"


def hang(server: Server, *pieces: bytes) -> Answer:
    """Sends these pieces and then nothing, until the test is over."""

    def answer(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        server.over.wait()

    return answer


@pytest.mark.rule("RM-1", "RM-5")
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("begin", [(), (b"HTTP/1.1 200",), (b"HTTP/1.1 200 OK\r\nX-A: ",)])
def test_a_server_that_stalls_before_its_answer(server: Server, begin: tuple[bytes, ...]) -> None:
    server.answer = hang(server, *begin)
    warned_once(RemoteMonitor(server.address, send_as_json=True), "does not answer in time", 3)
    assert server.epochs() == [0, 1]


@pytest.mark.rule("RM-5")
def test_a_body_that_never_comes_is_not_waited_for(server: Server) -> None:
    server.answer = hang(server, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")
    fit(RemoteMonitor(server.address, send_as_json=True), epochs=3)
    assert server.epochs() == [0, 1, 2]


@pytest.mark.rule("RM-5")
def test_headers_that_trickle_have_a_limit_for_all_of_them(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each piece comes in time; all of them never do."""

    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not server.over.wait(0.01):
            connection.sendall(b"X: y\r\n")

    server.answer = trickle
    monkeypatch.setattr(remote_monitor, "CONNECT", 0.1)
    monkeypatch.setattr(remote_monitor, "READ", 0.1)
    began = time.monotonic()
    warned_once(RemoteMonitor(server.address, send_as_json=True), "does not answer in time", 2)
    assert time.monotonic() - began < 30, "it came back by itself"
    assert server.epochs() == [0], "the next request waits until the first one has ended"


@pytest.mark.rule("RM-5")
def test_a_server_that_drips_holds_one_thread_however_many_fits_there_are(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_monitor, "CONNECT", 0.05)
    monkeypatch.setattr(remote_monitor, "READ", 0.05)
    monkeypatch.setattr(remote_monitor, "_request", lambda *_, **__: (server.over.wait(), ("", True))[1])
    for _ in range(3):
        warned_once(RemoteMonitor(server.address), "does not answer in time", 3)
    assert [t.name for t in threading.enumerate()].count("RemoteMonitor") == 1


@pytest.mark.rule("RM-5")
def test_where_no_thread_can_be_started_this_one_sends(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "RemoteMonitor":
            raise RuntimeError("can't create new thread at interpreter shutdown")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    fit(RemoteMonitor(server.address, send_as_json=True), epochs=3)
    assert server.epochs() == [0, 1, 2]


def test_what_a_server_says_cannot_move_the_cursor(server: Server) -> None:
    reason = b"\x1b[2J\x9b" * 1000
    server.answer = lambda connection: connection.sendall(
        b"HTTP/1.1 500 " + reason + b"\r\nContent-Length: 0\r\n\r\n"
    )
    text = warned_once(RemoteMonitor(server.address), "it answers 500", 2)
    assert text.isprintable()
    assert len(text) < 400


def test_what_is_set_counts_at_the_next_epoch(server: Server) -> None:
    monitor = RemoteMonitor("http://localhost:1", path="/a", field="b", headers={"X-A": "1"})

    def change(epoch: int, logs: Any) -> None:
        if epoch == 0:
            monitor.root, monitor.path, monitor.field = server.address, "/c", "d"
            monitor.headers = {"X-B": "2"}
        else:
            monitor.send_as_json = True

    fit(monitor, LambdaCallback(on_epoch_end=change), epochs=2)
    (head, body), (_, second) = server.requests
    assert head.startswith(b"POST /c HTTP")
    assert b"X-B: 2" in head
    assert b"X-A" not in head
    assert body.startswith(b"d=")
    assert json.loads(second)["epoch"] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("root", "ftp://a"),
        ("root", 5),
        ("root", ""),
        ("path", "a b"),
        ("field", None),
        ("headers", {"a": "b\n"}),
    ],
)
def test_what_is_set_is_held_to_the_rules(name: str, value: Any) -> None:
    monitor = RemoteMonitor()
    with pytest.raises(MinifitError, match=name):
        setattr(monitor, name, value)
    with pytest.raises(MinifitError, match=name):
        RemoteMonitor(**{name: value})


@pytest.mark.rule("RM-1", "RM-5")
@pytest.mark.parametrize("said", [b"", b"HTTP/1.", b"HTTP/1.1 200 OK\r\nX-A: b", b"\0\1\2\r\n\r\n"])
def test_a_server_that_dies_in_its_answer(server: Server, said: bytes) -> None:
    def die(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_RDWR)

    server.answer = die
    monitor = RemoteMonitor(server.address, send_as_json=True)
    if said.startswith(b"HTTP/1.1"):
        fit(monitor, epochs=3)  # it has answered: the rest is not needed
    else:
        warned_once(monitor, "the request failed with ", 3)
    assert server.epochs()[0] == 0


@pytest.mark.rule("RM-5")
def test_a_server_that_speaks_no_tls(server: Server) -> None:
    def no_tls(stream: Any) -> bytes:
        return b""  # whatever it was, the connection is closed

    server.read_head = no_tls  # type: ignore[method-assign]
    monitor = RemoteMonitor(server.address.replace("http:", "https:"))
    warned_once(monitor, "cannot send to https:", 2)


def test_certificates_are_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = pytest.importorskip("requests")
    assert requests.Session().verify is True
    seen: list[Any] = []

    def post(url: str, **kwargs: Any) -> Any:
        seen.append(kwargs)
        raise requests.exceptions.SSLError("self-signed")

    monkeypatch.setattr(requests, "post", post)
    said, reached = remote_monitor._request(requests, "https://a")
    assert (said, reached) == ("its certificate cannot be verified, or it speaks no TLS", False)
    assert "verify" not in seen[0]


# -- arguments, state, what is missing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"root": 7}, ArgumentTypeError, "root must be a string.*int"),
        ({"path": None}, ArgumentTypeError, "path must be a string"),
        ({"field": b"data"}, ArgumentTypeError, "field must be a string"),
        ({"root": "localhost:9000"}, ArgumentError, "http://localhost:9000"),
        ({"root": "ftp://localhost"}, ArgumentError, "address of a server"),
        ({"root": "http://"}, ArgumentError, "address of a server"),
        ({"root": "http://host:port"}, ArgumentError, "address of a server"),
        ({"root": "http://a b"}, ArgumentError, "address of a server"),
        ({"root": "http://[::1"}, ArgumentError, "address of a server"),
        ({"path": "/a\r\nX: y"}, ArgumentError, "address of a server"),
        ({"headers": ["X"]}, ArgumentTypeError, "headers must be a dict"),
        ({"headers": {"X": 7}}, ArgumentTypeError, "int for 'X'"),
        ({"headers": {7: "secret"}}, ArgumentTypeError, "for 7"),
        ({"headers": {"X": "secret\r\nY: z"}}, ArgumentError, "an invalid header 'X'"),
        ({"headers": {"X": " secret"}}, ArgumentError, "an invalid header 'X'"),
        ({"headers": {"X": "secret €"}}, ArgumentError, "an invalid header 'X'"),
        ({"headers": {"X y": "secret"}}, ArgumentError, "an invalid header 'X y'"),
        ({"root": "htp://user:secret@host"}, ArgumentError, "htp://host"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[MinifitError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        RemoteMonitor(**arguments)
    assert "secret" not in str(caught.value)


def test_without_requests_the_fit_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    before, begun = RemoteMonitor(), list[Any]()
    watching: Callback = LambdaCallback(on_train_begin=begun.append)
    with pytest.raises(MissingPackageError, match="pip install requests"):
        fit(before, watching)
    assert begun == []
    with pytest.raises(ImportError):
        before.on_epoch_end(0, {})


def test_a_resumed_run_keeps_its_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    first, second = RemoteMonitor(), RemoteMonitor()

    def failing(event: dict[str, Any]) -> tuple[str, bool]:
        tried.append(event["epoch"])
        return "no", False

    for monitor in (first, second):
        monkeypatch.setattr(monitor, "_post", failing)
    with pytest.warns(MinifitWarning, match="cannot send"):
        for epoch in range(5):
            first.on_epoch_end(epoch, {})
    second.set_state(first.get_state())
    second.on_train_begin()
    for epoch in range(5, 10):
        second.on_epoch_end(epoch, {})
    assert tried == [0, 1, 3, 7]


def test_it_can_be_copied_and_pickled_in_the_middle_of_a_fit(server: Server) -> None:
    monitor = RemoteMonitor(server.address, headers={"A": "b"})
    monitor.on_epoch_end(0, {"a": 1.0})
    for other in (pickle.loads(pickle.dumps(monitor)), copy.deepcopy(monitor)):
        other.on_epoch_end(1, {})
        assert other.headers == {"A": "b"}
        other.release()
    monitor.release()
    assert len(server.requests) == 3
