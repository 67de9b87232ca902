"""Of those that want to be alone one is at a time, and nobody waits for the dead."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from minifit.datasets import locks
from minifit.datasets.locks import alone


def test_one_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "a"
    inside, most = 0, 0

    def come_and_go() -> None:
        nonlocal inside, most
        for _ in range(20):
            with alone(file) as locked:
                assert locked
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (1, 0)


def test_who_waits_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = alone(tmp_path / "a")
    first.__enter__()
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            first.__exit__(None, None, None)

    monkeypatch.setattr(locks, "sleep", sleep)
    with alone(tmp_path / "a") as locked:
        assert locked
    assert looks == [locks.PAUSE] * 3
    assert capsys.readouterr().out == "Waiting for another user in this process that is downloading a.\n"


def test_other_files_are_other_locks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with alone(tmp_path / "a"), alone(tmp_path / "b"):
        pass
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="where an empty file stays")
def test_nothing_stays_behind(tmp_path: Path) -> None:
    with alone(tmp_path / "a"):
        assert [f.name for f in tmp_path.iterdir()] == [".a.lock"]
    with pytest.raises(RuntimeError), alone(tmp_path / "a"):
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_the_lock_of_a_process_that_died_is_free(tmp_path: Path, root: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from minifit.datasets.locks import alone\n"
        "with alone(Path(sys.argv[1])):\n"
        "    os._exit(3)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a"], cwd=root, check=False)
    assert done.returncode == 3
    assert (tmp_path / ".a.lock").exists()
    with alone(tmp_path / "a") as locked:
        assert locked


def test_where_there_are_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*args: Any) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("minifit.saving.locks._take", unsupported)
    with alone(tmp_path / "a") as locked:
        assert not locked
        assert not list(tmp_path.iterdir())


def test_a_lock_of_somebody_else_that_may_not_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("minifit.saving.locks.os.open", refused)
    with alone(tmp_path / "a") as locked:
        assert not locked
