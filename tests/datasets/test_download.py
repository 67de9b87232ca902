"""Whatever the server does, the file arrives whole or the error says why, and nothing is asked for twice."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from minifit.datasets import download as module
from minifit.datasets.download import download, last_part, shown
from minifit.errors import DownloadError
from tests.datasets.conftest import CONTENT
from tests.datasets.server import Answer, Handler, Server, file, hang_up, say_nothing, status

HALF = 150_000
NEWER = bytes(reversed(CONTENT))


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "part"


def fetch(server: Server, part: Path, *answers: Answer, resume: bool = True) -> bytes:
    """What is in the partial file after a download during which the server gives these answers first."""
    server.answers += answers
    download(server.url(), part, resume)
    return part.read_bytes()


def test_a_file(server: Server, part: Path, pauses: list[float]) -> None:
    assert fetch(server, part) == CONTENT
    assert server.ranges() == [None]
    assert server.requests[0]["accept-encoding"] == "identity"
    assert pauses == []


def test_an_empty_file(server: Server, part: Path) -> None:
    server.content = b""
    assert fetch(server, part) == b""


# -- what breaks off ---------------------------------------------------------------------------------------


def test_after_a_drop_only_the_rest_is_asked_for(
    server: Server, part: Path, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server, part, file(HALF)) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-"]
    assert server.requests[1]["if-range"] == '"1"'
    assert pauses == [1]
    assert re.search(
        r"data\.bin: the connection was lost after 150,000 .*bytes\. Trying again in 1 s\.\n",
        capsys.readouterr().out,
    )


def test_after_several_drops(server: Server, part: Path, pauses: list[float]) -> None:
    assert fetch(server, part, file(1000), file(2000), file(4000)) == CONTENT
    assert server.ranges() == [None, "bytes=1000-", "bytes=3000-", "bytes=7000-"]
    assert pauses == [1, 2, 4]


def test_after_too_many_drops_what_arrived_stays(server: Server, part: Path, pauses: list[float]) -> None:
    with pytest.raises(DownloadError, match=r"was lost after 4,000 .*the last of 4 attempts"):
        fetch(server, part, *[file(1000)] * 4)
    assert part.read_bytes() == CONTENT[:4000]
    assert pauses == [1, 2, 4]
    assert fetch(server, part) == CONTENT
    assert server.ranges()[-1] == "bytes=4000-"


def test_after_a_stall_only_the_rest_is_asked_for(
    server: Server, part: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", (30.0, 1.0))  # enough for what comes before the stall
    assert fetch(server, part, file(131_072, stall=True)) == CONTENT
    assert server.ranges() == [None, "bytes=131072-"]
    assert "data.bin: no data arrived for 1 s. Trying again" in capsys.readouterr().out


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("answer", [say_nothing, hang_up])
def test_after_no_answer_it_is_asked_again(answer: Answer, server: Server, part: Path) -> None:
    assert fetch(server, part, answer) == CONTENT
    assert server.ranges() == [None, None]


def test_a_length_that_is_too_great_is_a_drop(server: Server, part: Path) -> None:
    assert fetch(server, part, file(length=len(CONTENT) + 1, content=CONTENT[:HALF])) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-"]


def test_a_length_that_is_always_too_great_ends_in_an_error(server: Server, part: Path) -> None:
    with pytest.raises(DownloadError, match="the last of 4 attempts"):
        fetch(server, part, *[file(length=len(CONTENT) + 1)] * 4)


def test_a_length_that_is_too_small_is_believed(server: Server, part: Path) -> None:
    """The checksum will tell."""
    assert fetch(server, part, file(length=1000)) == CONTENT[:1000]


@pytest.mark.parametrize("length", ["", "many", "-5"])
def test_a_length_that_is_none(length: str, server: Server, part: Path) -> None:
    assert fetch(server, part, file(length=-1, Content_Length=length)) == CONTENT


def test_no_length(server: Server, part: Path) -> None:
    assert fetch(server, part, file(length=-1)) == CONTENT


def chunked(cut: bool) -> Answer:
    def answer(handler: Handler) -> None:
        handler.start(200, None, Transfer_Encoding="chunked", ETag='"1"')
        for at in range(0, len(CONTENT), HALF):
            handler.wfile.write(b"%x\r\n%b\r\n" % (HALF, CONTENT[at : at + HALF]))
            if cut:
                return handler.hang_up()
        handler.wfile.write(b"0\r\n\r\n")
        return None

    return answer


def test_chunks(server: Server, part: Path) -> None:
    assert fetch(server, part, chunked(cut=False)) == CONTENT
    assert server.ranges() == [None]


def test_chunks_that_break_off(server: Server, part: Path) -> None:
    assert fetch(server, part, chunked(cut=True)) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-"]


# -- whether the halves fit together -----------------------------------------------------------------------


def test_what_is_there_is_continued(server: Server, part: Path) -> None:
    part.write_bytes(CONTENT[:HALF])
    assert fetch(server, part) == CONTENT
    assert server.ranges() == [f"bytes={HALF}-"]
    assert "if-range" not in server.requests[0]


def test_or_thrown_away(server: Server, part: Path) -> None:
    part.write_bytes(b"something else")
    assert fetch(server, part, resume=False) == CONTENT
    assert server.ranges() == [None]


def test_without_resume_a_drop_is_still_continued(server: Server, part: Path) -> None:
    """Within one call the server's own name for the version tells that the halves fit."""
    assert fetch(server, part, file(HALF), resume=False) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-"]
    assert server.requests[1]["if-range"] == '"1"'


@pytest.mark.parametrize("etag", ["", 'W/"1"'])
@pytest.mark.parametrize("resume", [False, True])
def test_a_version_without_a_sure_name(etag: str, resume: bool, server: Server, part: Path) -> None:
    server.etag = etag
    assert fetch(server, part, file(HALF), resume=resume) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-" if resume else None]
    assert "if-range" not in server.requests[1]


def test_a_server_that_ignores_ranges(server: Server, part: Path) -> None:
    assert fetch(server, part, file(HALF), file(ranges=False)) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-"]


def test_a_file_that_changes_meanwhile(server: Server, part: Path) -> None:
    assert fetch(server, part, file(HALF), file(content=NEWER, etag='"2"')) == NEWER
    assert len(server.requests) == 2


def test_a_file_that_changes_on_a_server_that_ignores_if_range(server: Server, part: Path) -> None:
    def rest_of_another(handler: Handler) -> None:
        n = len(NEWER)
        handler.start(206, n - HALF, ETag='"2"', Content_Range=f"bytes {HALF}-{n - 1}/{n}")
        handler.wfile.write(NEWER[HALF:])

    assert fetch(server, part, file(HALF), rest_of_another, file(content=NEWER, etag='"2"')) == NEWER
    assert server.ranges() == [None, f"bytes={HALF}-", None]


@pytest.mark.parametrize(
    "said", ["bytes 0-299999/300000", "bytes 150001-299999/300000", "bytes */300000", "150000-299999", ""]
)
def test_another_part_than_was_asked_for(said: str, server: Server, part: Path) -> None:
    def wrong(handler: Handler) -> None:
        handler.start(206, 5, Content_Range=said)
        handler.wfile.write(b"wrong")

    assert fetch(server, part, file(HALF), wrong) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-", None]


def test_a_part_of_the_rest(server: Server, part: Path) -> None:
    def some(handler: Handler) -> None:
        handler.start(206, 1000, Content_Range=f"bytes {HALF}-{HALF + 999}/{len(CONTENT)}")
        handler.wfile.write(CONTENT[HALF : HALF + 1000])

    assert fetch(server, part, file(HALF), some) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]


@pytest.mark.parametrize("beyond", [0, 7])
def test_more_than_the_file_is_thrown_away(beyond: int, server: Server, part: Path) -> None:
    part.write_bytes(bytes(len(CONTENT) + beyond))
    assert fetch(server, part) == CONTENT  # after a 416
    assert server.ranges() == [f"bytes={len(CONTENT) + beyond}-", None]


# -- answers that are not the file -------------------------------------------------------------------------


@pytest.mark.parametrize("code", [404, 503])
def test_what_a_server_says_cannot_move_the_cursor(
    code: int, server: Server, part: Path, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(handler: Handler) -> None:
        handler.send_response(code, "\x1b[2J\x9b" * 1000)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with pytest.raises(DownloadError) as caught:
        fetch(server, part, *[answer] * 4)
    for line in (str(caught.value), *capsys.readouterr().out.splitlines()):
        assert line.isprintable()
        assert len(line) < 300


@pytest.mark.parametrize("code", [204, 400, 401, 403, 404, 410, 501])
def test_a_refusal_is_final(code: int, server: Server, part: Path, pauses: list[float]) -> None:
    with pytest.raises(
        DownloadError, match=rf"/data\.bin could not be downloaded: the server answered {code} \w"
    ):
        fetch(server, part, status(code, b""))
    assert len(server.requests) == 1
    assert (part.read_bytes(), pauses) == (b"", [])


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_trouble_may_pass(code: int, server: Server, part: Path, pauses: list[float]) -> None:
    assert fetch(server, part, status(code), status(code)) == CONTENT
    assert pauses == [1, 2]


def test_or_may_not(server: Server, part: Path, pauses: list[float]) -> None:
    with pytest.raises(DownloadError, match=r"answered 503 Service Unavailable \(the last of 4 attempts\)"):
        fetch(server, part, *[status(503)] * 4)
    assert len(server.requests) == 4
    assert pauses == [1, 2, 4]


def test_trouble_in_the_middle_keeps_what_arrived(server: Server, part: Path) -> None:
    assert fetch(server, part, file(HALF), status(503)) == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-", f"bytes={HALF}-"]


def test_a_redirection_is_followed(server: Server, part: Path) -> None:
    assert fetch(server, part, status(302, Location="/elsewhere/data.bin"), file(HALF)) == CONTENT
    assert [r["path"] for r in server.requests[:2]] == ["/data.bin", "/elsewhere/data.bin"]


def test_a_redirection_in_circles_is_final(server: Server, part: Path) -> None:
    with pytest.raises(DownloadError, match="redirects"):
        fetch(server, part, *[status(302, Location="/data.bin")] * 40)
    assert len(server.requests) < 40


def test_what_is_called_packed_stays_packed(server: Server, part: Path) -> None:
    assert fetch(server, part, file(Content_Encoding="gzip")) == CONTENT


def nowhere() -> str:
    """An address of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


def test_nobody_there(part: Path, pauses: list[float]) -> None:
    with pytest.raises(DownloadError, match=r"no connection \(.*refused\) \(the last of 4 attempts\)"):
        download(f"http://{nowhere()}/x", part, resume=False)
    assert pauses == [1, 2, 4]


def test_nobody_there_when_half_of_it_is(part: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part.write_bytes(CONTENT[:HALF])
    with pytest.raises(DownloadError, match=r"no connection \(.*refused\)"):
        download(f"http://{nowhere()}/x", part, resume=True)
    assert part.read_bytes() == CONTENT[:HALF]
    assert "broke off" not in capsys.readouterr().out, "there was no connection"


def test_nobody_there_after_a_drop(server: Server, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(seconds: float) -> None:
        monkeypatch.setenv("http_proxy", f"http://{nowhere()}")
        monkeypatch.setenv("no_proxy", "")

    monkeypatch.setattr(module, "sleep", gone)
    with pytest.raises(DownloadError, match=r"no connection to the proxy \(.*refused\) \(the last"):
        fetch(server, part, file(HALF))
    assert part.read_bytes() == CONTENT[:HALF]


def test_a_proxy_that_cannot_be_one(part: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    monkeypatch.setenv("https_proxy", "nonsense://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(DownloadError, match=r"could not be downloaded: Proxy .*nonsense.*[^.]\.$"):
        download("https://example.invalid/x", part, resume=False)
    assert pauses == []


def test_a_connection_that_is_not_secure(server: Server, part: Path, pauses: list[float]) -> None:
    with pytest.raises(DownloadError, match="the connection is not secure"):
        download(server.url().replace("http:", "https:"), part, resume=False)
    assert pauses == []


# -- on this side ------------------------------------------------------------------------------------------


def test_ctrl_c_leaves_what_arrived(server: Server, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(server, part, file(HALF))
    assert part.read_bytes() == CONTENT[:HALF]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits for files")
def test_a_full_disk(server: Server, part: Path, root: Path) -> None:
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from minifit.datasets.download import download\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "download(sys.argv[1], Path(sys.argv[2]), resume=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, server.url(), part],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"DownloadError: .*part could not be written: File too large\.$", done.stderr.strip())
    assert part.read_bytes() == CONTENT[:100_000]
    assert len(server.requests) == 1


def test_a_folder_that_is_not_there(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="could not be written: No such file"):
        download(server.url(), tmp_path / "none" / "part", resume=False)


def test_keys_and_passwords_are_not_shown(
    server: Server, part: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers += [file(HALF), status(404)]
    address = server.url("data.bin?key=secret").replace("//", "//me:secret@")
    with pytest.raises(DownloadError) as caught:
        download(address, part, resume=False)
    assert "secret" not in str(caught.value) + capsys.readouterr().out


@pytest.mark.parametrize(
    ("address", "printed", "short"),
    [
        ("https://example.org/a/b.npz", "https://example.org/a/b.npz", "b.npz"),
        ("https://me:pass@example.org:8080/b.npz?key=1#top", "https://example.org:8080/b.npz", "b.npz"),
        ("http://example.org/", "http://example.org/", "http://example.org/"),
    ],
)
def test_what_is_shown_of_an_address(address: str, printed: str, short: str) -> None:
    assert shown(address) == printed
    assert last_part(address) == short
