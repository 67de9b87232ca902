"""A file is downloaded once, is the right one, and is never seen half."""

import hashlib
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import pytest

from minifit.datasets.cache import get_file
from minifit.errors import ArgumentError, ArgumentTypeError, DownloadError
from tests.datasets.conftest import CONTENT
from tests.datasets.server import Handler, Server, file, hang_up, status

SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()
OTHER = bytes(reversed(CONTENT))


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())


# -- where it lies -----------------------------------------------------------------------------------------


def test_a_file_is_downloaded_once(server: Server, cache: Path) -> None:
    path = get_file("data.bin", server.url(), file_hash=SHA256)
    assert type(path) is str
    assert Path(path) == cache / "datasets" / "data.bin"
    assert Path(path).read_bytes() == CONTENT
    assert get_file("data.bin", server.url(), file_hash=SHA256) == path
    assert len(server.requests) == 1
    assert names(cache) == ["datasets/data.bin"]


def test_without_a_checksum_what_is_there_is_taken(server: Server, cache: Path) -> None:
    path = Path(get_file("data.bin", server.url()))
    path.write_bytes(b"mine")
    assert get_file("data.bin", server.url()) == str(path)
    assert path.read_bytes() == b"mine"
    assert names(cache) == ["datasets/data.bin"]


@pytest.mark.parametrize(
    ("address", "name"),
    [("data.bin", "data.bin"), ("a/b/data.bin?key=1#top", "data.bin"), ("a%20b.bin", "a b.bin")],
)
def test_the_name_is_that_of_the_address(address: str, name: str, server: Server) -> None:
    assert Path(get_file(origin=server.url(address))).name == name


def test_where_it_may_lie(server: Server, cache: Path, tmp_path: Path) -> None:
    def place(name: str | Path, **where: Any) -> Path:
        return Path(get_file(name, server.url(), file_hash=SHA256, **where))

    assert place("a.bin", cache_subdir="more/of them") == cache / "more" / "of them" / "a.bin"
    assert place("a.bin", cache_subdir="") == cache / "a.bin"
    assert place("a.bin", cache_subdir=tmp_path / "own") == tmp_path / "own" / "a.bin"
    assert place("a.bin", cache_dir=tmp_path / "other") == tmp_path / "other" / "datasets" / "a.bin"
    assert place(Path("sub/a.bin")) == cache / "datasets" / "sub" / "a.bin"
    assert place(tmp_path / "x" / "a.bin") == tmp_path / "x" / "a.bin"
    assert len(server.requests) == 6


def test_the_cache_is_in_the_home_folder(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("MINIFIT_HOME", "~/mine")
    assert Path(get_file("a", server.url())) == tmp_path / "mine" / "datasets" / "a"
    monkeypatch.delenv("MINIFIT_HOME")
    assert Path(get_file("a", server.url())) == tmp_path / ".minifit" / "datasets" / "a"
    assert Path(get_file("a", server.url(), cache_dir="~/c")) == tmp_path / "c" / "datasets" / "a"


def test_a_machine_without_home_folders(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", home)
    monkeypatch.delenv("MINIFIT_HOME")
    with pytest.raises(DownloadError, match=r"no home folder\. Set MINIFIT_HOME"):
        get_file("a", server.url())


def test_a_cache_that_cannot_be(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("here")
    monkeypatch.setenv("MINIFIT_HOME", str(tmp_path / "a file"))
    with pytest.raises(
        DownloadError, match=r"must be a writable folder\. Received: .*a file.*Set MINIFIT_HOME"
    ):
        get_file("data.bin", server.url())
    assert server.requests == []


def test_a_good_file_in_a_cache_that_cannot_be_written(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = get_file("data.bin", server.url(), file_hash=SHA256)

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert get_file("data.bin", server.url(), file_hash=SHA256) == path
    with pytest.raises(DownloadError, match="Permission denied"):
        get_file("other.bin", server.url(), file_hash=SHA256)


def test_a_file_behind_a_link_is_replaced_where_it_is(server: Server, cache: Path, tmp_path: Path) -> None:
    (cache / "datasets").mkdir(parents=True)
    (tmp_path / "disk").mkdir()
    real = tmp_path / "disk" / "real.bin"
    real.write_bytes(b"old")
    link = cache / "datasets" / "data.bin"
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("no links here")

    beside: list[str] = []

    def look(handler: Handler) -> None:
        beside.extend(names(tmp_path / "disk"))
        file()(handler)

    server.answers += [look]
    get_file("data.bin", server.url(), file_hash=SHA256)
    assert beside == [".real.bin.part", "real.bin"]  # the link may lead to another disk
    assert link.is_symlink()
    assert real.read_bytes() == CONTENT
    assert names(tmp_path / "disk") == ["real.bin"]


# -- whether it is the right one ---------------------------------------------------------------------------


def test_a_damaged_file_is_replaced(server: Server, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(get_file("data.bin", server.url(), file_hash=SHA256))
    damaged = bytearray(CONTENT)
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    capsys.readouterr()
    get_file("data.bin", server.url(), file_hash=SHA256)
    assert path.read_bytes() == CONTENT
    said = capsys.readouterr().out
    assert f"{path} is damaged: its sha256 differs. It will be replaced.\n" in said
    assert len(server.requests) == 2
    get_file("data.bin", server.url(), file_hash=SHA256)
    assert capsys.readouterr().out == ""


def test_a_damaged_file_stays_until_the_right_one_is_there(server: Server, cache: Path) -> None:
    path = cache / "datasets" / "data.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    server.answers += [status(404)]
    with pytest.raises(DownloadError):
        get_file("data.bin", server.url(), file_hash=SHA256)
    assert names(cache) == ["datasets/data.bin"]
    assert path.read_bytes() == b"damaged"


def test_a_file_outside_of_the_cache_is_not_ours_to_replace(server: Server, tmp_path: Path) -> None:
    own = tmp_path / "own.npz"
    own.write_bytes(b"years of work")
    with pytest.raises(
        ArgumentError, match=r"Only files in the cache are replaced.*own\.npz.*force_download=True"
    ):
        get_file(own, server.url(), file_hash=SHA256)
    assert own.read_bytes() == b"years of work"
    assert server.requests == []
    get_file(own, server.url(), file_hash=SHA256, force_download=True)
    assert own.read_bytes() == CONTENT


def test_a_wrong_file_is_tried_once_more(
    server: Server, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers += [file(content=OTHER)]
    assert Path(get_file("data.bin", server.url(), file_hash=SHA256)).read_bytes() == CONTENT
    assert "does not match its checksum. Downloading it again" in capsys.readouterr().out
    assert server.ranges() == [None, None]


@pytest.mark.parametrize(
    "answer",
    [file(content=OTHER), file(length=1000), status(200), status(200, b""), file(length=-1, send=999)],
    ids=["wrong bytes", "length too small", "a page", "nothing", "cut without a length"],
)
def test_a_wrong_file_never_gets_the_name(answer: Any, server: Server, cache: Path) -> None:
    server.answers += [answer, answer]
    with pytest.raises(
        DownloadError,
        match=rf"must have the sha256 {SHA256}\. Received: \w{{64}} from http.*or put the file at .*yourself",
    ):
        get_file("data.bin", server.url(), file_hash=SHA256)
    assert len(server.requests) == 2
    assert names(cache) == []


def test_a_wrong_file_does_not_take_the_place_of_a_good_one(server: Server) -> None:
    path = Path(get_file("data.bin", server.url(), file_hash=SHA256))
    server.content = OTHER
    with pytest.raises(DownloadError):
        get_file("data.bin", server.url(), file_hash=SHA256, force_download=True)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "how",
    [
        {"file_hash": MD5},
        {"md5_hash": MD5},
        {"file_hash": MD5.upper(), "hash_algorithm": "md5"},
        {"file_hash": SHA256.upper()},
        {"file_hash": SHA256, "hash_algorithm": "sha256", "md5_hash": "ignored"},
    ],
)
def test_every_way_to_give_a_checksum(how: Any, server: Server) -> None:
    path = Path(get_file("data.bin", server.url(), **how))
    path.write_bytes(b"damaged")
    get_file("data.bin", server.url(), **how)
    assert path.read_bytes() == CONTENT


def test_force_download(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(get_file("data.bin", server.url()))
    server.content = OTHER
    assert get_file("data.bin", server.url(), force_download=True) == str(path)
    assert path.read_bytes() == OTHER
    assert "damaged" not in capsys.readouterr().out


# -- what breaks off ---------------------------------------------------------------------------------------


def test_the_next_call_goes_on_where_the_last_one_broke_off(server: Server, cache: Path) -> None:
    server.answers += [file(100_000), *[hang_up] * 3]
    with pytest.raises(
        DownloadError, match=r"the partial file is kept.*put the file at .*data\.bin yourself"
    ):
        get_file("data.bin", server.url(), file_hash=SHA256)
    assert names(cache) == ["datasets/.data.bin.part"]
    assert Path(get_file("data.bin", server.url(), file_hash=SHA256)).read_bytes() == CONTENT
    assert server.ranges()[-1] == "bytes=100000-"
    assert names(cache) == ["datasets/data.bin"]


def test_without_a_checksum_the_next_call_begins_anew(server: Server, cache: Path) -> None:
    server.answers += [file(100_000), *[hang_up] * 3]
    with pytest.raises(DownloadError) as caught:
        get_file("data.bin", server.url())
    assert "kept" not in str(caught.value)
    assert names(cache) == []
    get_file("data.bin", server.url())
    assert server.ranges()[-1] is None


def test_a_beginning_of_another_version(server: Server, cache: Path) -> None:
    server.answers += [file(100_000, content=OTHER, etag='"0"'), status(404)]
    with pytest.raises(DownloadError):
        get_file("data.bin", server.url(), file_hash=hashlib.sha256(OTHER).hexdigest())
    assert Path(get_file("data.bin", server.url(), file_hash=SHA256)).read_bytes() == CONTENT
    assert server.ranges()[-2:] == ["bytes=100000-", None]
    assert names(cache) == ["datasets/data.bin"]


def test_a_whole_file_that_did_not_get_its_name(server: Server, cache: Path) -> None:
    part = cache / "datasets" / ".data.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT)
    assert Path(get_file("data.bin", server.url(), file_hash=SHA256)).read_bytes() == CONTENT
    assert server.requests == []


PROGRAM = """
import sys
from minifit.utils import get_file
print(get_file("data.bin", sys.argv[1], file_hash=sys.argv[2]))
"""


def process(server: Server, root: Path) -> "subprocess.Popen[str]":
    """Another Python that wants the file."""
    command = [sys.executable, "-c", PROGRAM, server.url(), SHA256]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def read_until(stream: IO[str] | None, words: str) -> None:
    assert stream is not None
    assert any(words in line for line in stream), f"it never said: {words}"


def test_a_process_that_is_killed(server: Server, cache: Path, root: Path) -> None:
    server.answers += [file(131_072, stall=True)]
    part = cache / "datasets" / ".data.bin.part"
    with process(server, root) as killed:
        give_up = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size >= 100_000):
            assert time.monotonic() < give_up
            time.sleep(0.01)
        killed.kill()
    assert Path(get_file("data.bin", server.url(), file_hash=SHA256)).read_bytes() == CONTENT
    begin = server.ranges()[-1]
    assert begin and int(begin[len("bytes=") : -1]) >= 100_000
    assert names(cache) == ["datasets/data.bin"]


# -- several at a time -------------------------------------------------------------------------------------


def when_told(handler: Handler) -> None:
    handler.server.go_on.wait()
    file()(handler)


def test_two_processes_download_it_once(server: Server, cache: Path, root: Path) -> None:
    server.answers += [when_told]
    with process(server, root) as first:
        read_until(first.stdout, "Downloading")
        with process(server, root) as second:
            read_until(second.stdout, "Waiting for another process that is downloading data.bin.")
            server.go_on.set()
            path = str(cache / "datasets" / "data.bin")
            assert first.communicate()[0].split() == second.communicate()[0].split() == [path]
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(server.requests) == 1
    assert names(cache) == ["datasets/data.bin"]


def test_the_one_that_waits_takes_over_when_the_other_is_killed(
    server: Server, cache: Path, root: Path
) -> None:
    server.answers += [file(131_072, stall=True)]
    with process(server, root) as first:
        read_until(first.stdout, "Downloading")
        with process(server, root) as second:
            read_until(second.stdout, "Waiting")
            first.kill()
            assert second.communicate()[0].split()[-1] == str(cache / "datasets" / "data.bin")
    assert second.returncode == 0
    assert (cache / "datasets" / "data.bin").read_bytes() == CONTENT


def test_many_threads(server: Server, cache: Path) -> None:
    got: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda: got.append(Path(get_file("a", server.url(), file_hash=SHA256)).read_bytes())
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [CONTENT] * 8
    assert len(server.requests) == 1
    assert names(cache) == ["datasets/a"]


def test_without_locks_each_writes_to_a_file_of_its_own(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def unsupported(descriptor: int) -> None:
        raise OSError(38, "Function not implemented")

    def look(handler: Handler) -> None:
        file(100_000)(handler)
        seen.extend(names(cache))

    monkeypatch.setattr("minifit.saving.locks._take", unsupported)
    server.answers += [look, status(404)]
    with pytest.raises(DownloadError):
        get_file("data.bin", server.url(), file_hash=SHA256)
    assert len(seen) == 1 and seen[0] != "datasets/.data.bin.part"
    assert names(cache) == []
    get_file("data.bin", server.url(), file_hash=SHA256)
    assert names(cache) == ["datasets/data.bin"]


# -- the arguments -----------------------------------------------------------------------------------------

ORIGIN = "https://example.org/data.bin"


@pytest.mark.parametrize(
    "origin", ["", "data.bin", "file:///etc/passwd", "ftp://example.org/x", "https:///x", "https://[::1/x"]
)
def test_an_origin_that_is_no_address(origin: str) -> None:
    with pytest.raises(ArgumentError, match=r"origin must be an http or https address\. Received: origin="):
        get_file("data.bin", origin)


@pytest.mark.parametrize("origin", [None, 3, b"https://example.org"])
def test_an_origin_that_is_no_text(origin: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="Received: origin="):
        get_file("data.bin", origin)


@pytest.mark.parametrize("fname", [3, b"data.bin", ["data.bin"]])
def test_a_name_that_is_no_text(fname: Any) -> None:
    with pytest.raises(
        ArgumentTypeError, match=r"fname must be a string or a PathLike of one\. Received: fname="
    ):
        get_file(fname, ORIGIN)


def test_a_folder_in_the_place_of_the_file(server: Server, cache: Path) -> None:
    (cache / "datasets" / "data.bin").mkdir(parents=True)
    with pytest.raises(ArgumentError, match=r"fname must name a file.*data\.bin'?, which is a folder"):
        get_file("data.bin", server.url())
    assert server.requests == []


@pytest.mark.parametrize(
    ("fname", "origin"),
    [
        ("..", ORIGIN),
        ("../data.bin", ORIGIN),
        ("a/../../data.bin", ORIGIN),
        (".", ORIGIN),
        ("a\0b", ORIGIN),
        ("a\nb", ORIGIN),
        (None, "https://example.org/"),
        (None, "https://example.org"),
        (None, "https://example.org/a/.."),
        (None, "https://example.org/..%2Fdata.bin"),
        (None, "https://example.org/%2Fetc%2Fpasswd"),
    ],
)
def test_a_name_that_leaves_the_cache_or_is_none(fname: str | None, origin: str) -> None:
    with pytest.raises(ArgumentError, match="fname must name a file in the cache"):
        get_file(fname, origin)


@pytest.mark.parametrize(
    "how",
    [
        {"file_hash": "abc"},
        {"file_hash": "g" * 64},
        {"file_hash": ""},
        {"md5_hash": SHA256},
        {"file_hash": SHA256, "hash_algorithm": "md5"},
        {"file_hash": MD5, "hash_algorithm": "sha256"},
    ],
)
def test_a_checksum_that_is_none(how: Any) -> None:
    with pytest.raises(ArgumentError, match="A checksum must have 64 hexadecimal digits"):
        get_file("data.bin", ORIGIN, **how)


def test_an_unknown_kind_of_checksum() -> None:
    with pytest.raises(ArgumentError, match=r"hash_algorithm must be .*Received: hash_algorithm='sha1'"):
        get_file("data.bin", ORIGIN, file_hash=SHA256, hash_algorithm="sha1")


@pytest.mark.parametrize("how", [{"untar": True}, {"extract": True}])
def test_nothing_is_unpacked(how: Any) -> None:
    with pytest.raises(ArgumentError, match="does not unpack archives"):
        get_file("data.tar", ORIGIN, **how)


def test_the_arguments_are_keras_s_in_their_order(server: Server, tmp_path: Path) -> None:
    path = get_file("a", server.url(), False, None, SHA256, "sub", "auto", False, "auto", str(tmp_path))
    assert Path(path) == tmp_path / "sub" / "a"
