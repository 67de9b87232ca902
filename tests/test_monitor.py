"""The monitor: what it takes and refuses, what it keeps, the command, and the page in a browser with a real fit."""

import contextlib
import errno
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minifit import monitor as module
from minifit.callbacks import LambdaCallback, RemoteMonitor
from minifit.errors import ArgumentError, FileFormatError, MinifitError
from minifit.monitor import HEADERS, LIMIT, PAGE, PUBLISH, Monitor, logs_of, main
from tests.browser import Page, browser
from tests.callbacks.recording import data, small_model

X, Y = data()
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


Start = Callable[..., Monitor]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Make monitors, with the port and the file that are asked for, and close them."""
    with contextlib.ExitStack() as open_ones:

        def make(file: Path = tmp_path / "monitor.jsonl", port: int = 0) -> Monitor:
            return open_ones.enter_context(contextlib.closing(Monitor(port, str(file))))

        yield make


@contextlib.contextmanager
def serving(monitor: Monitor) -> Iterator[Monitor]:
    thread = threading.Thread(target=monitor.serve, args=(0.01,))
    thread.start()
    try:
        yield monitor
    finally:
        monitor.stop()
        thread.join()
        monitor.close()


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    with serving(Monitor(0, str(tmp_path / "monitor.jsonl"))) as made:
        yield made


def connection(monitor: Monitor) -> socket.socket:
    return socket.create_connection(("127.0.0.1", monitor.port))


def answer_of(monitor: Monitor, sent: bytes) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of the answer to some bytes."""
    with connection(monitor) as client:
        client.sendall(sent)
        with client.makefile("rb") as stream:
            head, _, body = stream.read().partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
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
    return [json.loads(text)["logs"] for text in monitor.texts]


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
    assert (status, answer["server"]) == (200, monitor.id)
    assert [post["name"] for post in answer["posts"]] == ["first"] * 2
    assert len({post["run"] for post in answer["posts"]}) == 1


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
        ({"method": "GET", "path": "/posts"}, 404, "is read at /"),
        ({"method": "GET", "path": "/posts?after=-1"}, 404, "Received: GET '/posts?after=-1'"),
        ({"method": "GET", "path": "/posts?after=" + "9" * 5000}, 404, "Received: GET '/posts?after=999"),
        ({"method": "GET", "path": "/../monitor.py"}, 404, "Received: GET '/../monitor.py'"),
        ({"method": "GET", "path": "//evil.example/"}, 404, "is read at /"),
        ({"method": "GET", "path": "/favicon.ico"}, 404, "is read at /"),
        ({"method": "GET", "path": PUBLISH}, 404, PUBLISH),
        ({"path": "/"}, 404, PUBLISH),
        ({"path": PUBLISH[:-1]}, 404, f"logs are posted to {PUBLISH}"),
        ({"path": f"http://evil.example{PUBLISH}"}, 404, PUBLISH),
        ({"method": "PUT"}, 501, "Server does not support this operation"),
        (
            {"method": "OPTIONS", "Origin": "http://evil.example"},
            501,
            "Server does not support this operation",
        ),
        ({"Host": "evil.example"}, 403, "Received: 'evil.example'. Use http://localhost."),
        ({"Host": "localhost.evil.example:9000"}, 403, "names of this machine"),
        ({"Host": "localhost:9000@evil.example"}, 403, "names of this machine"),
        ({"Host": "[::1"}, 403, "names of this machine"),
        ({"Host": "localhost:80\x85"}, 403, "names of this machine"),
        ({"Host": "0.0.0.0:9000"}, 403, "names of this machine"),
        ({"Host": None}, 403, "Received: ''."),
        ({"Host": "localhost\r\nHost: evil.example"}, 403, "Received: 'localhost, evil.example'"),
        ({"method": "GET", "path": "/posts?after=0", "Host": "evil.example"}, 403, "names of this machine"),
        ({"method": "GET", "path": "/", "Host": "evil.example"}, 403, "names of this machine"),
        ({"Origin": "http://evil.example"}, 403, "Received: a request with Origin"),
        ({"Origin": "null"}, 403, "Received: a request with Origin"),
        ({"Origin": "http://localhost:9000"}, 403, "Received: a request with Origin"),
        ({"Referer": "http://evil.example/"}, 403, "Received: a request with Referer"),
        ({"Sec_Fetch_Site": "cross-site"}, 403, "Received: a request with Sec-Fetch-Site"),
        ({"Content_Type": "text/plain"}, 400, "A post must be JSON in UTF-8, or a form"),
        ({"Content_Type": None}, 400, "A post must be JSON in UTF-8, or a form"),
        ({"Content_Length": None}, 413, "A post says its length"),
        ({"Content_Length": "-1"}, 413, "A post says its length"),
        ({"Content_Length": "1_0"}, 413, "A post says its length"),
        ({"Content_Length": None, "Transfer_Encoding": "chunked"}, 413, "A post says its length"),
        ({"Content_Length": str(LIMIT + 1)}, 413, f"{LIMIT} bytes at most. Received: '{LIMIT + 1}'"),
        ({"Content_Length": "9" * 400}, 413, f"{LIMIT} bytes at most"),
        ({"body": b"loss=0.5"}, 400, "A post must be JSON"),
        ({"body": b"[]"}, 400, "with an epoch"),
        ({"body": b'{"epoch": "<img src=x>"}'}, 400, "'&lt;img src=x&gt;'"),
    ],
)
def test_what_is_refused(changed: dict[str, Any], status: int, says: str, monitor: Monitor) -> None:
    got, headers, text = request(monitor, **changed)
    assert got == status
    assert says in text
    assert text.endswith("\n") and text[:-1].isprintable()
    assert HEADERS.items() <= headers.items()
    assert not monitor.texts
    assert request(monitor)[0] == 204  # it goes on


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\0\1\2\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n", 400),
        (b"GET / HTTP/9\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 403),
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
    with pytest.warns(UserWarning, match="it answers 413 A post says its length, 1048576 bytes at most"):
        callback.on_epoch_end(0, {"a": "x" * LIMIT})


def test_a_full_disk_is_told(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(monitor, "add", full)
    status, _, text = request(monitor)
    assert status == 507
    assert "No space left" in text


# -- clients that are slow or gone -------------------------------------------------------------------


def closed(client: socket.socket) -> bool:
    """Wait for the end of a connection; the test hangs if it does not come."""
    with contextlib.suppress(ConnectionError):
        while client.recv(1 << 16):
            pass
    return True


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"]
)
def test_a_client_that_is_silent_holds_up_no_other_and_is_left(
    begun: bytes, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection(monitor) as client:
        client.sendall(begun)
        assert request(monitor)[0] == 204
    monkeypatch.setattr(module._Handler, "timeout", 0.05)
    with connection(monitor) as client:
        client.sendall(begun)
        assert closed(client)


def test_a_client_that_goes_away_leaves_no_trace(monitor: Monitor, capfd: pytest.CaptureFixture[str]) -> None:
    for part in (head(100)[:9], head(100), head(100) + b'{"epoch": 0}'):
        with connection(monitor) as client:
            client.sendall(part)
            client.shutdown(socket.SHUT_WR)
            assert closed(client)
    assert request(monitor)[0] == 204
    assert len(monitor.texts) == 1
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_monitor_is_shown_and_it_goes_on(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(monitor, "after", lambda count: 1 / 0)
    with connection(monitor) as client:
        client.sendall(b"GET /posts?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert closed(client)
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert request(monitor)[0] == 204


# -- the port ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none(port: int, start: Start) -> None:
    with pytest.raises(ArgumentError, match=f"free to listen on. Received: {port} "):
        start(port=port)


def test_a_port_that_is_taken(start: Start, tmp_path: Path) -> None:
    port = start().port
    with pytest.raises(ArgumentError, match=rf"Received: {port} \(.+\)\. Pass another --port"):
        start(tmp_path / "b", port)


def test_a_port_that_is_taken_in_the_other_meaning_of_localhost(start: Start) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        taken = socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no ::1")
    with taken, pytest.raises(ArgumentError, match="must be free"):
        start(port=port)


def test_a_machine_without_the_other_meaning_of_localhost(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bind(self: module._Listener) -> None:
        if self.address_family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        whole(self)

    whole = module._Listener.server_bind
    monkeypatch.setattr(module._Listener, "server_bind", bind)
    assert len(start()._listeners) == 1


# -- runs --------------------------------------------------------------------------------------------------


def kept(made: Monitor) -> list[tuple[int, str, int]]:
    """Run, name and epoch of each post; runs are numbered as they come."""
    records = [json.loads(text) for text in made.texts]
    runs = list(dict.fromkeys(r["run"] for r in records))
    return [(runs.index(r["run"]) + 1, r["name"], r["logs"]["epoch"]) for r in records]


def fill(monitor: Monitor, *epochs: int, name: str = "") -> None:
    for epoch in epochs:
        monitor.add({"epoch": epoch, "loss": 0.5}, name)
    monitor.close()


def test_an_epoch_that_does_not_come_after_the_last_one_begins_a_run(start: Start) -> None:
    made = start()
    for epoch in (0, 1, 5, 0, 1, 1, 7):
        made.add({"epoch": epoch})
    assert [run for run, _, _ in kept(made)] == [1, 1, 1, 2, 2, 3, 3]


def test_runs_with_names_may_go_on_side_by_side(start: Start) -> None:
    made = start()
    for epoch in range(2):
        for name in ("a", "b", ""):
            made.add({"epoch": epoch}, name)
    made.add({"epoch": 0}, "b")
    runs = [(1, "a"), (2, "b"), (3, "")]
    assert kept(made) == [(*run, epoch) for epoch in range(2) for run in runs] + [(4, "b", 0)]


def test_after_a_start_a_run_goes_on_if_its_name_says_so(start: Start) -> None:
    fill(start(), 0, 1)
    fill(start(), 0, 1, name="n")
    fill(start(), 2, name="n")
    fill(start(), 2)
    assert kept(start())[-3:] == [(2, "n", 1), (2, "n", 2), (3, "", 2)]


def test_posts_of_many_threads_are_all_kept(start: Start, tmp_path: Path) -> None:
    made = start()

    def add(name: str) -> None:
        for epoch in range(50):
            made.add({"epoch": epoch}, name)

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "monitor.jsonl").read_text().splitlines() == made.texts
    for name in "abcd":
        assert [epoch for _, n, epoch in kept(made) if n == name] == list(range(50))


# -- the file ----------------------------------------------------------------------------------------------


def test_the_file_is_json_lines(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "new" / "a.jsonl"
    fill(start(file), 0, name="é\n")
    (line,) = file.read_bytes().splitlines()
    record = json.loads(line)
    assert record.pop("time") == record.pop("run")
    assert record == {"name": "é\n", "logs": {"epoch": 0, "loss": 0.5}}


def test_a_crash_at_any_byte_costs_no_more_than_the_last_line(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "a"
    fill(start(file), 0, 1)
    whole = file.read_bytes()
    first = whole.index(b"\n") + 1
    for size in range(len(whole) + 1):
        torn = whole[:size]
        file.write_bytes(torn if torn.endswith(b"}") else torn + b"\0" * (size % 3))  # zeros: a power failure
        made = start(file)
        entire = sum(size >= end for end in (first - 1, len(whole) - 1))
        assert len(made.texts) == entire
        fill(made, 5)
        lines = file.read_bytes().splitlines(keepends=True)
        assert lines[:entire] == [whole[:first], whole[first:]][:entire]
        assert [json.loads(line)["logs"]["epoch"] for line in lines] == [*range(entire), 5]


GOOD = b'{"run": "t", "name": "", "time": "t", "logs": {"epoch": 0}}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epoch,loss\n0,0.5\n", "line 1: b'epoch,loss"),
        (b"weights", "line 1: b'weights'"),
        (GOOD + b"weights", "line 2"),
        (GOOD + b"\n", "line 2"),
        (GOOD + b"[]\n", "line 2"),
        (GOOD.replace(b'"time": "t"', b'"time": 5'), "line 1"),
        (GOOD.replace(b'"time": "t", ', b""), "line 1"),
        (GOOD.replace(b'"run": "t"', b'"run": 1'), "line 1"),
        (GOOD.replace(b'"epoch": 0', b'"epoch": true'), "line 1"),
        (GOOD.replace(b'{"epoch": 0}', b'"epoch"'), "line 1"),
        (GOOD.replace(b'{"epoch": 0}', b'{"epoch": 0, "loss": NaN}'), "line 1"),
        (GOOD.decode().encode("utf-16"), "line 1"),
        (b'{"run": ' + b"[" * 100000 + b"\n", "line 1"),
    ],
)
def test_a_file_of_another_kind_is_left_as_it_is(
    content: bytes, message: str, start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        start(file)
    assert file.read_bytes() == content


def test_two_monitors_of_one_file_do_not_mix_their_runs(start: Start) -> None:
    pair = [start(), start()]
    for epoch in (0, 1):
        for made in pair:
            made.add({"epoch": epoch})
    assert kept(start()) == [(1, "", 0), (2, "", 0), (1, "", 1), (2, "", 1)]


def test_a_device_takes_everything_and_a_folder_is_no_file(start: Start, tmp_path: Path) -> None:
    if Path("/dev/null").exists():
        fill(start(Path("/dev/null")), 0)
    with pytest.raises(OSError, match="file of posts cannot be written to"):
        start(tmp_path)


def test_a_file_that_is_removed_is_made_again(start: Start, tmp_path: Path) -> None:
    made = start()
    made.add({"epoch": 0})
    (tmp_path / "monitor.jsonl").unlink()
    made.add({"epoch": 1})
    assert (tmp_path / "monitor.jsonl").read_text().splitlines() == made.texts[1:]


def test_what_the_file_does_not_take_is_kept_in_memory(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(text: str) -> None:
        raise OSError(28, "No space left on device")

    made = start()
    monkeypatch.setattr(made._stream, "write", full)
    with pytest.raises(OSError, match="No space"):
        made.add({"epoch": 0})
    assert len(made.texts) == 1


def test_the_memory_has_an_end(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = start()
    made.add({"epoch": 0})
    monkeypatch.setattr(module, "MEMORY", len(made.texts[0]) + 5)
    with pytest.raises(ArgumentError, match="another --file"):
        made.add({"epoch": 1})
    assert (tmp_path / "monitor.jsonl").read_text().splitlines() == made.texts
    monkeypatch.setattr(module, "MEMORY", len(made.texts[0]) - 5)
    with pytest.raises(ArgumentError, match="another --file"):
        start()


# -- what a body says --------------------------------------------------------------------------------------


def test_json_and_a_form_say_the_same() -> None:
    logs = {"epoch": 3, "a&b=é": [1.5, None, "x"]}
    assert logs_of(JSON, json.dumps(logs).encode()) == logs
    assert (
        logs_of(FORM, b"data=%7B%22epoch%22%3A+3%2C+%22a%26b%3D%C3%A9%22%3A+[1.5%2Cnull%2C%22x%22]%7D")
        == logs
    )


def test_what_is_not_finite_is_none() -> None:
    body = b'{"epoch": 0, "a": NaN, "b": -Infinity, "c": [Infinity, 1e999, -1e999], "d": 1e300}'
    assert logs_of(JSON, body) == {"epoch": 0, "a": None, "b": None, "c": [None, None, None], "d": 1e300}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b""),
        (JSON, b"loss"),
        (JSON, b'{"epoch": 0'),
        (JSON, b'{"epoch": 0} {}'),
        (JSON, b"\xff\xfe"),
        (JSON, b'{"epoch": 0, "a": "\xff"}'),
        (JSON, '{"epoch": 0}'.encode("utf-16")),
        (JSON, b"[" * 100000),
        (JSON, b'{"epoch": 0, "a": ' + b"[" * 100000 + b"]" * 100000 + b"}"),
        (JSON, b'{"epoch": 1' + b"0" * 10000 + b"}"),
        (JSON, b"[0]"),
        (JSON, b"null"),
        (JSON, b'{"loss": 0.5}'),
        *(
            (JSON, b'{"epoch": %s}' % value)
            for value in (b"-1", b"0.5", b"1.0", b"true", b'"0"', b"NaN", b"1" * 20)
        ),
        (FORM, b""),
        (FORM, b"data"),
        (FORM, b"data="),
        (FORM, b"logs=%7B%22epoch%22%3A0%7D"),
        (FORM, b"data=%7B%22epoch%22%3A0%7D&data=%7B%22epoch%22%3A0%7D"),
        (FORM, b"data=%7B%22epoch%22%3A0%7D&more=1"),
        (FORM, b"data=%FF"),
        (FORM, b'{"epoch": 0}'),
    ],
)
def test_what_is_no_post_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(MinifitError, match=r"^A post must be .* Received: .* Post "):
        logs_of(kind, body)


def test_names_are_only_names(start: Start) -> None:
    logs: dict[str, Any] = {"epoch": 0, "__proto__": 1, "<script>": 2, "\u202e": 3, "\ud800": 4, "": 5}
    assert logs_of(JSON, json.dumps(logs).encode()) == logs
    made = start()
    made.add(logs)
    assert json.loads(made.after(0))["posts"][0]["logs"] == logs


# -- the command -------------------------------------------------------------------------------------------

# A shell that starts tests in the background has them ignore Ctrl-C, and so what they start.
PROGRAM = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("minifit.monitor", run_name="__main__", alter_sys=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process alone")
def test_ctrl_c_ends_it_and_the_file_has_everything(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    for posts in (0, 2):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.endswith(f"Posts are kept in {tmp_path / 'monitor.jsonl'}, which has {posts} of them.\n")
        if not posts:
            (address,) = re.findall(r"http://localhost:\d+", said)
            small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[RemoteMonitor(address)])
        process.send_signal(signal.SIGINT)
        assert process.communicate() == ("The monitor has ended.\n", "")
        assert process.returncode == 0
    assert [line.count('"epoch"') for line in (tmp_path / "monitor.jsonl").read_text().splitlines()] == [1, 1]
    assert os.listdir(tmp_path) == ["monitor.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "a"], "argument --port: invalid int value: 'a'"),
        (["--host", "0.0.0.0"], "unrecognized arguments: --host"),
    ],
)
def test_arguments_that_are_none(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def test_what_cannot_be_served_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("epoch,loss\n")
    with pytest.raises(SystemExit, match=r"^minifit.monitor: Every line .* Pass another --file\.$"):
        main(["--port", "0", "--file", str(tmp_path / "a.csv")])
    with pytest.raises(SystemExit, match=r"^minifit.monitor: .*cannot be written to"):
        main(["--port", "0", "--file", str(tmp_path)])
    taken = Monitor(0, str(tmp_path / "a"))
    with pytest.raises(SystemExit, match=r"^minifit.monitor: The port must be free"):
        main(["--port", str(taken.port), "--file", str(tmp_path / "b")])
    taken.close()


# -- colours ------------------------------------------------------------------------------------------------


def brightness(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_have_contrast(scheme: int) -> None:
    colours = dict(re.findall(r"--(\w+): (#\w{6})", re.findall(r":root \{(.*?)\}", PAGE, re.DOTALL)[scheme]))

    def contrast(one: str, other: str) -> float:
        low, high = sorted(brightness(colours[name]) for name in (one, other))
        return (high + 0.05) / (low + 0.05)

    for back in ("back", "raised"):
        assert min(contrast(back, text) for text in ("text", "quiet")) >= 4.5
    assert min(contrast("back", name) for name in ("focus", *(f"c{i}" for i in range(8)))) >= 4.5


# -- the page ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("chromium")
    with browser(folder, "--host-resolver-rules=MAP evil.example 127.0.0.1") as page:
        page.send("Page.addScriptToEvaluateOnNewDocument", source=IMPATIENT)
        yield page


IMPATIENT = "const later = setTimeout; setTimeout = (act, pause) => later(act, Math.min(pause, 20));"
"""Has a page wait for twenty milliseconds where it would wait for a second."""


class Shown:
    """A monitor, and its page in a browser."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder, self.starts = page, folder, 0
        self.start(0)
        page.errors.clear()
        page.size(1200, 900)

    def start(self, port: int) -> None:
        self.starts += 1
        self.monitor = Monitor(port, str(self.folder / f"{self.starts}.jsonl"))
        self.thread = threading.Thread(target=self.monitor.serve, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.monitor.stop()
        self.thread.join()
        self.monitor.close()

    @property
    def root(self) -> str:
        return f"http://localhost:{self.monitor.port}"

    def add(self, *rows: dict[str, Any], name: str = "") -> None:
        for epoch, row in enumerate(rows):
            self.monitor.add({"epoch": epoch, **row}, name)

    def open(self) -> None:
        """Open the page and wait until it shows all that was posted."""
        self.page.open(f"{self.root}/")
        self.page.wait(f"server && count === {len(self.monitor.texts)} && !due")

    def run(self, script: str) -> Any:
        return self.page.run(script)

    def table(self) -> list[list[str]]:
        """The cells of the table, its header first."""
        rows: list[list[str]] = self.run(
            "[...document.querySelectorAll('tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
        return rows

    def chart(self, name: str) -> str:
        """An expression for the part of a chart that takes the keyboard."""
        return f"charts.get({name!r}).box"

    def point(self, name: str) -> str:
        """Return the words of a screen reader for the point of a chart."""
        text: str = self.run(f"{self.chart(name)}.getAttribute('aria-valuetext')")
        return text

    def curves(self, name: str) -> list[str]:
        paths: list[str] = self.run(
            f"[...{self.chart(name)}.querySelectorAll('.curve')].map((path) => path.getAttribute('d'))"
        )
        return paths


@pytest.fixture
def shown(chromium: Page, tmp_path: Path) -> Iterator[Shown]:
    made = Shown(chromium, tmp_path)
    yield made
    chromium.open("about:blank")
    made.stop()
    assert not chromium.errors


@pytest.mark.slow
def test_a_fit_is_shown_as_it_goes(shown: Shown) -> None:
    shown.open()
    assert shown.run("document.getElementById('empty').innerText").endswith(f'RemoteMonitor("{shown.root}")')
    seen: list[str] = []

    def look(epoch: int, logs: Any) -> None:
        shown.page.wait(f"count === {epoch + 1} && !due")
        seen.append(shown.point("loss"))

    callbacks = [RemoteMonitor(shown.root, headers={"X-Run": "digits"}), LambdaCallback(on_epoch_end=look)]
    model = small_model()
    history = model.fit(X, Y, epochs=3, validation_data=(X, Y), verbose=0, callbacks=callbacks).history

    def text(value: float) -> str:
        return shown.run(f"number({value!r})")  # type: ignore[no-any-return]

    assert seen == [f"Run 1 (digits), loss, epoch {e}: {text(history['loss'][e])}" for e in range(3)]
    header, *rows = shown.table()
    assert header == ["epoch", "loss", "val_loss"]
    assert rows == [[str(e), text(history["loss"][e]), text(history["val_loss"][e])] for e in (2, 1, 0)]
    assert shown.page.run("document.title") == "Run 1 (digits): epoch 2"
    assert len(shown.curves("loss")) == 2  # with validation


@pytest.mark.slow
def test_the_keyboard_reaches_every_point(shown: Shown) -> None:
    shown.add(
        {"loss": 3.0, "val_loss": 4.0},
        {"loss": 2.0},
        {"loss": None, "val_loss": 5.0},
        {"loss": 1e-9, "val_loss": 6},
    )
    shown.add({"loss": 7.0})
    shown.open()
    focused = []
    for _ in range(6):
        shown.page.press("Tab")
        focused.append(
            shown.run("document.activeElement.ariaLabel ?? document.activeElement.labels?.[0]?.innerText")
        )
    assert [name[:14] for name in focused[:2]] == ["Run 2, 1 epoch", "Run 1, 4 epoch"]
    assert [name.split("\n")[0].strip() for name in focused[2:]] == [
        "Logarithmic scale", "Curves of loss", "Run", "Table of values"
    ]  # fmt: skip
    shown.run(f"{shown.chart('loss')}.focus()")
    said = [shown.point("loss")]
    for key in [
        "ArrowUp",
        "Home",
        "ArrowLeft",
        "ArrowRight",
        "ArrowUp",
        "End",
        "ArrowRight",
        "ArrowDown",
        "ArrowDown",
    ]:
        shown.page.press(key)
        said.append(shown.point("loss"))
    assert said == [
        "Run 2, loss, epoch 0: 7",
        "Run 1, val_loss, epoch 0: 4",
        "Run 1, val_loss, epoch 0: 4",
        "Run 1, val_loss, epoch 0: 4",
        "Run 1, val_loss, epoch 2: 5",
        "Run 1, loss, epoch 2: not a number",
        "Run 1, loss, epoch 3: 1e−9",
        "Run 1, loss, epoch 3: 1e−9",
        "Run 1, val_loss, epoch 3: 6",
        "Run 2, loss, epoch 0: 7",
    ]
    shown.add({"loss": 1.0}, {"loss": 1.0}, name="new")  # while a point is chosen
    shown.page.wait("count === 7 && !due")
    assert shown.point("loss") == "Run 2, loss, epoch 0: 7"
    assert shown.run(f"document.activeElement === {shown.chart('loss')}")


@pytest.mark.slow
def test_the_mouse_chooses_the_nearest_point(shown: Shown) -> None:
    shown.add(*({"loss": float(e), "val_loss": 10.0 - e} for e in range(11)))
    shown.open()
    box = shown.run(f"{shown.chart('loss')}.getBoundingClientRect().toJSON()")
    assert shown.point("loss") == "Run 1, loss, epoch 10: 10"
    for x, y, said in (
        (0, 10, "val_loss, epoch 0: 10"),
        (0, 190, "loss, epoch 0: 0"),
        (box["width"] - 20, 190, "val_loss, epoch 10: 0"),
        (box["width"] + 5, 10, "loss, epoch 10: 10"),  # beside it: the newest again
    ):
        shown.page.point(box["left"] + x, box["top"] + y)
        assert shown.point("loss") == f"Run 1, {said}"
    assert shown.run("document.querySelectorAll('.ring').length") == 0


@pytest.mark.slow
def test_a_screen_reader_is_told_what_everything_is(shown: Shown) -> None:
    shown.add({"loss": 0.5})
    shown.open()
    tree = shown.page.tree()
    for part in [
        ("heading", "Training runs"),
        ("group", "Runs in the charts"),
        ("checkbox", "Logarithmic scale"),
        ("region", "Curves"),
        ("slider", "Curves of loss"),
        ("combobox", "Run"),
        ("region", "Table of values"),
        ("table", "Run 1, the newest epoch first"),
        ("columnheader", "loss"),
        ("rowheader", "0"),
        ("cell", "0.5"),
    ]:
        assert part in tree
    roles = ("checkbox", "combobox", "slider")
    assert all(name for role, name in tree if role in roles)
    assert shown.run("document.documentElement.lang") == "en"


@pytest.mark.slow
def test_names_are_text(shown: Shown) -> None:
    evil = "<script>window.evil = 1</script><img src=x onerror='window.evil = 1'>"
    names = [evil, "__proto__", "constructor", "", "val_", "\u202eab", "a" * 400, "'\"`${1}"]
    shown.add(dict.fromkeys(names, 1.0) | {"text": evil, "list": [evil]}, name=evil)
    shown.open()
    assert shown.run("window.evil") is None
    assert shown.run("document.images.length + document.scripts.length") == 1
    header, row = shown.table()
    assert len(header) == len(row) == 1 + len(names) + 2
    assert header[2:5] == names[1:4]
    assert header[7] == f"{'a' * 40} ... {'a' * 15}"
    assert shown.run("[...charts.keys()]") == [
        evil,
        "__proto__",
        "constructor",
        "",
        "\u202eab",
        "a" * 400,
        "'\"`${1}",
    ]


@pytest.mark.slow
def test_what_is_not_a_number_is_a_gap_and_what_is_missing_is_none(shown: Shown) -> None:
    gaps = [1.0, 2.0, None, 3.0, None, 10**400, 4.0]
    shown.add(*({"gap": value} | ({"rare": 1.0} if i % 3 == 0 else {}) for i, value in enumerate(gaps)))
    shown.open()
    assert [len(path.split("M")) - 1 for path in shown.curves("gap") + shown.curves("rare")] == [3, 1]
    assert shown.curves("rare")[0].count("L") == 2
    cells = [row[1:] for row in reversed(shown.table()[1:])]
    lost = "not a number"
    assert cells == [
        ["1", "1"], ["2", ""], [lost, ""], ["3", "1"], [lost, ""], [lost, ""], ["4", "1"]
    ]  # fmt: skip


@pytest.mark.slow
def test_the_table_has_the_newest_of_many_epochs(shown: Shown) -> None:
    shown.add(*({"a": e % 2} for e in range(3000)))
    shown.open()
    (path,) = shown.curves("a")
    assert path.count("L") == 2999
    assert [row[0] for row in shown.table()[1:]] == [str(e) for e in range(2999, 2499, -1)]
    assert shown.run("at('caption').textContent") == "Run 1, the newest 500 of 3000 epochs"


@pytest.mark.slow
def test_a_logarithmic_scale_leaves_out_what_has_no_logarithm(shown: Shown) -> None:
    shown.add(*({"a": 10.0**-e, "b": -1.0, "c": 5.0} for e in range(5)), {"a": 0.0})
    shown.open()
    shown.run("at('log').click()")
    shown.page.wait("!due")
    marks = "[...{}.querySelectorAll('text[text-anchor=end]')].map((text) => text.textContent)"
    assert shown.run(marks.format(shown.chart("a"))) == ["1e−4", "0.001", "0.01", "0.1", "1"]
    assert shown.run(marks.format(shown.chart("c"))) == ["5", "10", "15"]
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", shown.curves("a")[0])]
    assert heights == [10.0, 56.5, 103.0, 149.5, 196.0]
    assert shown.curves("b") == [""]


@pytest.mark.slow
def test_runs_are_chosen(shown: Shown) -> None:
    for name in "abcdefghij":
        shown.add({"loss": 1.0, "acc": 2.0}, name=name)
    shown.open()
    checked = "[...document.querySelectorAll('#runs input')].map((box) => box.checked)"
    assert shown.run(checked) == [True] * 8 + [False] * 2
    assert len(shown.curves("loss")) == 8
    shown.run("document.querySelector('#runs input').click()")
    shown.page.wait("!due")
    assert len(shown.curves("loss")) == 7
    shown.run("at('choice').selectedIndex = 7; at('choice').onchange()")
    shown.page.wait("!due")
    assert shown.run("at('caption').textContent").startswith("Run 3 (c)")


@pytest.mark.slow
def test_a_server_that_ends_and_comes_back(shown: Shown) -> None:
    shown.add({"loss": 1.0})
    shown.open()
    port = shown.monitor.port
    shown.stop()
    shown.page.wait("document.getElementById('state').classList.contains('lost')")
    assert shown.table()[1] == ["0", "1"]
    shown.start(port)
    shown.add({"loss": 2.0}, {"loss": 3.0})
    shown.page.wait("document.readyState === 'complete' && count === 2 && !due")
    assert shown.table()[1:] == [["1", "3"], ["0", "2"]]
    lost = "Failed to load resource: net::ERR_"  # refused, reset or not connected, as it comes
    assert all(lost in error for error in shown.page.errors)
    shown.page.errors.clear()


@pytest.mark.slow
def test_light_and_dark_wide_and_narrow(shown: Shown, tmp_path: Path) -> None:
    for name in ("", "a long name of a run that does not fit in a line " * 3):
        shown.add(
            *({f"value_with_a_name_{i}": float(i * e) for i in range(20)} for e in range(30)), name=name
        )
    shown.open()
    backs = []
    for width, dark in ((1600, False), (1600, True), (360, False), (360, True)):
        shown.page.look(tmp_path / "page.png", width, 800, dark)
        assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
        assert shown.run("document.documentElement.scrollWidth <= innerWidth")
        backs.append(shown.run("getComputedStyle(document.body).backgroundColor"))
        columns = shown.run(
            "getComputedStyle(document.querySelector('main')).gridTemplateColumns.split(' ').length"
        )
        assert columns == (2 if width == 1600 else 1)
    assert backs == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"] * 2


@pytest.mark.slow
def test_a_foreign_name_that_leads_here_reads_nothing(shown: Shown) -> None:
    shown.add({"loss": 0.123})
    shown.page.open(f"http://evil.example:{shown.monitor.port}/")
    assert "names of this machine alone. Received: 'evil.example:" in shown.run("document.body.innerText")
    for path in ("/posts?after=0", "/"):
        said = shown.run(f"fetch('{path}').then(async (answer) => [answer.status, await answer.text()])")
        assert said[0] == 403
        assert "0.123" not in said[1]
    shown.page.errors.clear()  # of the refusals


@pytest.mark.slow
def test_a_page_of_another_site_can_post_nothing(shown: Shown, tmp_path: Path) -> None:
    """A form, in a page that has no origin, and requests of scripts with each content type that needs no leave."""
    target = f"{shown.root}/publish/epoch/end/"
    shown.page.send("Page.navigate", url="data:text/html,<title>evil</title>")
    shown.page.wait("document.title === 'evil'")
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        shown.run(
            f"fetch('{target}', {{method: 'POST', mode: 'no-cors', headers: {{'Content-Type': '{kind}'}}, "
            "body: 'data=%7B%22epoch%22%3A0%7D'}).catch(() => 0).then(() => 0)"
        )
    shown.run(
        f"document.body.innerHTML = '<form method=post action={target}><input name=data>"
        "</form>'; document.forms[0].data.value = '{\"epoch\": 0}'; document.forms[0].submit()"
    )
    shown.page.wait(f"location.href === '{target}' && document.readyState === 'complete'")
    assert "Received: a request with Origin" in shown.run("document.body.innerText")
    assert not shown.monitor.texts
    shown.page.errors.clear()  # of the refusals
