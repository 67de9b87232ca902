"""The writer: nothing is lost, nobody waits, and files are readable whatever happens."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.errors import MinifitWarning
from minifit.tensorboard import writer as module
from minifit.tensorboard.events import Event, Value, read_events
from minifit.tensorboard.writer import EventWriter

NEVER = 3600.0


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*tfevents*"))


def steps(folder: Path) -> list[int]:
    """The steps of all events that have a value, file by file."""
    return [e.step for file in files(folder) for e in read_events(file) if e.values]


def until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_file_begins_with_its_version_and_keeps_the_order(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    writer.scalar("a", 1.0, 1)
    writer.add(2, Value("h", "histograms", np.zeros((0, 3))))
    writer.scalar("b", 2.0, 3)
    writer.close()
    (file,) = files(tmp_path)
    first, *rest = read_events(file)
    assert first.file_version == "brain.Event:2"
    assert [(e.step, e.values[0].tag) for e in rest] == [(1, "a"), (2, "h"), (3, "b")]
    assert file.name.startswith("events.out.tfevents.") and file.name.endswith(".v2")
    assert writer.path is None


def test_files_of_one_second_are_read_in_the_order_in_which_they_were_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_number", itertools.count(8))
    monkeypatch.setattr(time, "time", lambda: 1.0e9)
    for step in range(4):
        writer = EventWriter(tmp_path)
        writer.scalar("a", 0.0, step)
        writer.close()
    assert steps(tmp_path) == [0, 1, 2, 3]


@pytest.mark.rule("TB-6")
def test_without_a_value_there_is_no_file(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "logs")
    writer.flush()
    writer.close()
    assert not (tmp_path / "logs").exists()


def test_it_goes_to_the_file_by_itself(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, flush_secs=0.01)
    writer.scalar("a", 1.0, 5)
    until(lambda: files(tmp_path) and steps(tmp_path) == [5])
    writer.scalar("a", 1.0, 6)
    until(lambda: steps(tmp_path) == [5, 6])
    writer.close()


def test_two_writers_in_one_folder_have_a_file_each(tmp_path: Path) -> None:
    one, two = EventWriter(tmp_path), EventWriter(tmp_path)
    for step in range(3):
        one.scalar("one", 0.0, step)
        two.scalar("two", 0.0, step)
    one.close()
    two.close()
    tags = [{v.tag for e in read_events(file) for v in e.values} for file in files(tmp_path)]
    assert sorted(map(sorted, tags)) == [["one"], ["two"]]


def test_after_closing_it_begins_a_new_file_and_leaves_no_thread(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    before = threading.active_count()
    for step in (1, 2):
        writer.scalar("a", 0.0, step)
        writer.close()
    assert threading.active_count() == before
    assert [len(files(tmp_path)), steps(tmp_path)] == [2, [1, 2]]


@pytest.mark.slow
def test_more_than_the_thread_can_take(tmp_path: Path) -> None:
    """Whoever adds makes records when too much waits, and none is lost or changes places."""
    writer = EventWriter(tmp_path, flush_secs=NEVER)
    for step in range(3 * module.MANY):
        writer.scalar("a", 0.0, step)
    assert len(writer._waiting) <= module.MANY + 1
    writer.close()
    assert steps(tmp_path) == list(range(3 * module.MANY))


@pytest.mark.slow
def test_several_threads_may_add(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, flush_secs=0.001)

    def add(tag: str) -> None:
        for step in range(2000):
            writer.scalar(tag, 0.0, step)

    threads = [threading.Thread(target=add, args=[str(tag)]) for tag in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    (file,) = files(tmp_path)
    found = [(v.tag, e.step) for e in read_events(file) for v in e.values]
    assert all([s for t, s in found if t == str(tag)] == list(range(2000)) for tag in range(3))


def test_big_messages_do_not_wait_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAVY", 1000)
    writer = EventWriter(tmp_path, flush_secs=NEVER)
    for step in range(20):
        writer.add(step, Value("t", "text", b"x" * 400))
    assert len(writer._waiting) <= 3
    writer.close()
    assert steps(tmp_path) == list(range(20))


# -- a disk that does not take it -----------------------------------------------------------------------------


class Disk:
    """Stands in for the system: it takes a number of bytes, then it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room, self.write = room, os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, file: int, data: Any) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        taken = self.write(file, data[: self.room])
        self.room -= taken
        return taken


@pytest.mark.rule("TB-9")
@pytest.mark.parametrize("room", [0, 1, 60, 100, 150])
def test_a_full_disk_is_said_once_and_nothing_is_lost_when_there_is_room_again(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, room)
    writer = EventWriter(tmp_path, flush_secs=NEVER)
    writer.scalar("a", 0.0, 0)
    writer.scalar("a", 0.0, 1)
    with pytest.warns(MinifitWarning, match="cannot be written: No space left on device") as said:
        writer.flush()
        for step in range(2, 5):
            writer.scalar("a", 0.0, step)
        writer.flush()
    assert len(said) == 1
    assert steps(tmp_path) == [], "the file ends with a whole record"
    disk.room = 10**9
    writer.flush()
    assert steps(tmp_path) == [0, 1, 2, 3, 4]
    writer.scalar("a", 0.0, 5)
    writer.close()
    assert steps(tmp_path) == [0, 1, 2, 3, 4, 5]


@pytest.mark.rule("TB-9")
def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch, 0)
    writer = EventWriter(tmp_path, flush_secs=NEVER, memory=5000)
    with pytest.warns(MinifitWarning):
        for step in range(500):
            writer.scalar("a", 0.0, step)
            writer.flush()
    assert writer._held <= 5000
    assert writer.dropped > 0
    disk.room = 10**9
    writer.close()
    kept = steps(tmp_path)
    assert kept == list(range(len(kept))), "the oldest are kept"


@pytest.mark.rule("TB-9")
@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove a folder with an open file")
def test_a_folder_that_vanishes_is_said_once(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "logs", flush_secs=NEVER)
    writer.scalar("a", 0.0, 0)
    writer.flush()
    files(tmp_path)[0].unlink()
    (tmp_path / "logs").rmdir()
    writer.scalar("a", 0.0, 1)
    with pytest.warns(MinifitWarning, match=r"was removed or changed.* in a new file") as said:
        for step in (2, 3):
            writer.flush()
            files(tmp_path)[0].unlink()
            writer.scalar("a", 0.0, step)
        writer.close()
    assert len(said) == 1
    assert steps(tmp_path) == [3]


@pytest.mark.rule("TB-9")
@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove a folder with an open file")
def test_a_folder_that_cannot_be_made_again(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "logs", flush_secs=NEVER)
    writer.scalar("a", 0.0, 0)
    writer.flush()
    files(tmp_path)[0].unlink()
    (tmp_path / "logs").rmdir()
    (tmp_path / "logs").write_text("in its place")
    writer.scalar("a", 0.0, 1)
    with pytest.warns(MinifitWarning, match="was removed or changed") as said:
        writer.flush()
    assert len(said) == 1
    (tmp_path / "logs").unlink()
    writer.close()
    assert steps(tmp_path) == [1]


def replaced(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.replace(file)


@pytest.mark.rule("TB-9")
@pytest.mark.skipif(os.name == "nt", reason="Windows does not replace an open file")
@pytest.mark.parametrize("change", [replaced, lambda file: os.truncate(file, 0)], ids=["replaced", "emptied"])
def test_a_file_that_is_not_the_one_that_was_written(change: Any, tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, flush_secs=NEVER)
    writer.scalar("a", 0.0, 0)
    writer.flush()
    first = files(tmp_path)[0]
    change(first)
    left = first.read_bytes()
    writer.scalar("a", 0.0, 1)
    with pytest.warns(MinifitWarning, match=r"was removed or changed.* in a new file"):
        writer.close()
    assert first.read_bytes() == left
    assert [e.step for e in read_events(files(tmp_path)[1]) if e.values] == [1]


@pytest.mark.rule("TB-9")
@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove an open file")
@pytest.mark.parametrize("change", [Path.unlink, replaced], ids=["removed", "replaced"])
def test_a_file_that_goes_just_before_the_end_is_said(change: Any, tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, flush_secs=NEVER)
    writer.scalar("a", 0.0, 0)
    writer.flush()
    change(files(tmp_path)[0])
    with pytest.warns(MinifitWarning, match="was removed or changed.*Nothing more is written"):
        writer.close()


def test_a_change_of_the_working_folder_moves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    writer = EventWriter("logs", flush_secs=NEVER)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    writer.scalar("a", 0.0, 0)
    writer.close()
    assert steps(tmp_path / "logs") == [0]


def test_where_no_thread_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    writer = EventWriter(tmp_path, flush_secs=NEVER)
    for step in range(3):
        writer.scalar("a", 0.0, step)
        assert steps(tmp_path) == list(range(step + 1)), "what is added is in the file at once"
    writer.add(3, Value("h", "histograms", np.zeros((0, 3))))
    assert steps(tmp_path) == [0, 1, 2, 3]
    writer.close()
    monkeypatch.undo()
    writer.scalar("a", 0.0, 4)
    writer.close()
    assert steps(tmp_path) == [0, 1, 2, 3, 4]


@pytest.mark.rule("TB-9")
def test_a_disk_that_fails_to_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    writer = EventWriter(tmp_path)
    writer.scalar("a", 0.0, 0)
    with pytest.warns(MinifitWarning, match="No space left"):
        writer.sync()
    writer.close()
    assert steps(tmp_path) == [0]


def test_trouble_of_the_thread_is_said_in_the_loop(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in the folder's place")
    writer = EventWriter(tmp_path / "logs", flush_secs=0.001)
    with pytest.warns(MinifitWarning, match="cannot be written") as said:
        writer.scalar("a", 0.0, 0)
        until(lambda: writer._problem is not None or said.list)
        writer.scalar("a", 0.0, 1)
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.close()


# -- the end of the process -----------------------------------------------------------------------------------

_PROGRAM = """
import os, sys, time
from minifit.tensorboard.writer import EventWriter
writer = EventWriter(sys.argv[1], flush_secs=0.001)
"""


def start(folder: Path, root: Path, program: str, **kwargs: Any) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", _PROGRAM + program, str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **kwargs)


def test_what_was_added_is_there_when_the_program_ends(tmp_path: Path, root: Path) -> None:
    with start(
        tmp_path, root, "writer.flush_secs = 3600\nfor i in range(7): writer.scalar('a', 0.0, i)"
    ) as process:
        process.communicate()
    assert steps(tmp_path) == list(range(7))


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal on Windows")
def test_a_killed_process_leaves_a_readable_file(tmp_path: Path, root: Path) -> None:
    program = (
        "i = 0\nwhile True:\n    writer.scalar('a', 0.0, i); i += 1\n    if i == 2000: print(i, flush=True)"
    )
    with start(tmp_path, root, program) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until(lambda: files(tmp_path) and files(tmp_path)[0].stat().st_size > 20_000)
        process.send_signal(signal.SIGKILL)
    found = steps(tmp_path)
    assert found == list(range(len(found)))
    assert len(found) > 200


@pytest.mark.parametrize("missing", [1, 5, 20, 40])
def test_a_torn_file_lacks_its_last_record_only(missing: int, tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    for step in range(5):
        writer.scalar("a", 0.0, step)
    writer.close()
    (file,) = files(tmp_path)
    os.truncate(file, file.stat().st_size - missing)
    assert steps(tmp_path) == [0, 1, 2, 3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_a_forked_process_writes_a_file_of_its_own(tmp_path: Path, root: Path) -> None:
    program = """
writer.flush_secs = 3600
writer.scalar('a', 0.0, 0)
child = os.fork()
writer.scalar('a', 0.0, 1 if child else 2)
if child:
    os.waitpid(child, 0)
"""
    with start(tmp_path, root, program) as process:
        process.communicate()
    found = [[e.step for e in read_events(file) if e.values] for file in files(tmp_path)]
    assert sorted(found) == [[0, 1], [2]]


def test_events_are_read_as_they_were_added(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, run="word")
    writer.add(3, graph=b"a graph")
    writer.close()
    (file,) = files(tmp_path)
    assert file.name.endswith(".word.v2")
    last: Event = list(read_events(file))[-1]
    assert (last.step, last.graph, last.values) == (3, b"a graph", ())
