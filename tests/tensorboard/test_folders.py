"""The files of a run: cut to where they were when its state was captured."""

from pathlib import Path

import pytest

from minifit.errors import MinifitWarning
from minifit.tensorboard.events import read_events
from minifit.tensorboard.folders import Folders


def steps(folder: Path) -> list[int]:
    return sorted(e.step for f in folder.rglob("*tfevents*") for e in read_events(f) if e.values)


def write(folders: Folders, *at: int, name: str = "train") -> None:
    for step in at:
        folders.writer(name, "numpy").scalar("a", 0.0, step)


@pytest.mark.rule("TB-8")
@pytest.mark.parametrize("flush", ["0", "1"])
def test_what_came_after_the_state_is_taken_back(
    flush: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_FLUSH", flush)
    first = Folders(str(tmp_path))
    write(first, 1, 2)
    state = first.get_state()
    write(first, 3)
    write(first, 3, name="validation")
    first.close()
    for _ in range(2):  # the second process, and one after that died without a state of its own
        again = Folders(str(tmp_path))
        again.set_state(state)
        assert steps(tmp_path) == [1, 2]
        write(again, 3, 4)
        again.close()
        assert steps(tmp_path) == [1, 2, 3, 4]


@pytest.mark.rule("TB-8")
def test_a_run_that_was_resumed_may_be_resumed(tmp_path: Path) -> None:
    first = Folders(str(tmp_path))
    write(first, 1, 2)
    state = first.get_state()
    write(first, 3)
    first.close()
    second = Folders(str(tmp_path))
    second.set_state(state)
    write(second, 3)
    state = second.get_state()
    write(second, 4)
    second.close()
    third = Folders(str(tmp_path))
    third.set_state(state)
    assert steps(tmp_path) == [1, 2, 3]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    other, run = Folders(str(tmp_path)), Folders(str(tmp_path))
    write(other, 10)
    state = run.get_state()
    write(run, 1)
    other.close()
    run.set_state(state)
    assert steps(tmp_path) == [10]


def test_a_file_that_is_shorter_or_gone_is_said(tmp_path: Path) -> None:
    folders = Folders(str(tmp_path))
    write(folders, 1)
    state = folders.get_state()
    folders.close()
    (file,) = tmp_path.rglob("*tfevents*")
    file.unlink()
    with pytest.warns(MinifitWarning, match="shorter than they were at the backup"):
        Folders(str(tmp_path)).set_state(state)
