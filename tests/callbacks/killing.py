"""Runs in processes of their own that are killed at any instant and started again, until they come to their end."""

import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.callbacks.resuming import ADDED_TO, Outcome, Setup, fit


@dataclass
class Figures:
    """What has happened to all runs together."""

    runs: int = 0
    kills: int = 0
    without_backup: int = 0
    resumes: int = 0

    def __str__(self) -> str:
        return (
            f"{self.runs} runs, {self.kills} kills, {self.without_backup} of them before the first backup, "
            f"{self.resumes} resumes"
        )


def start(setup: Setup, folder: Path, root: Path) -> "subprocess.Popen[bytes]":
    """A process that trains; it prints a line at every hook, and its outcome last."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.callbacks.resuming", json.dumps(asdict(setup)), str(folder)],
        bufsize=0,  # so that reading lines takes nothing from what `communicate` reads
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
    )


def killed_then_ended(setup: Setup, folder: Path, root: Path, number: int, moments: list[int]) -> Outcome:
    """The outcome of a run whose process gets a signal after so many lines, again and again, and is started anew."""
    for lines in moments:
        with start(setup, folder, root) as process:
            assert process.stdout is not None
            for _ in range(lines):
                process.stdout.readline()
            process.send_signal(number)
            process.communicate()
    with start(setup, folder, root) as process:
        return ended(process)


def ended(process: "subprocess.Popen[bytes]", seconds: float | None = None) -> Outcome:
    """The outcome of a process that comes to its end, within so many seconds if given."""
    printed, failed = process.communicate(timeout=seconds)
    assert process.returncode == 0, failed.decode()
    return Outcome(**json.loads(printed.splitlines()[-1])["outcome"])


def uninterrupted(setup: Setup, folder: Path) -> tuple[Outcome, float]:
    """The outcome of a run that nobody disturbs, as it comes back from another process, and the seconds it took."""
    begun = time.perf_counter()
    whole = fit(setup, folder, lambda _: None)
    return Outcome(**json.loads(json.dumps(asdict(whole)))), time.perf_counter() - begun


def killed_at_random(
    setup: Setup, folder: Path, root: Path, draw: random.Random, times: int, seconds: float, figures: Figures
) -> Outcome:
    """The outcome of a run that is killed so many times, at instants anywhere in a training of so many seconds."""
    figures.runs += 1
    backup = folder / "backup" / "backup.h5"
    for _ in range(times):
        figures.resumes += backup.exists()
        with start(setup, folder, root) as process:
            assert process.stdout is not None
            if draw.random() < 0.95:  # else even before it trains
                process.stdout.readline()
            try:
                return ended(process, draw.uniform(0, seconds))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                printed, _ = process.communicate()
        figures.kills += 1
        if not backup.exists() and not (backup.parent / "previous.h5").exists():
            figures.without_backup += 1
            # Exactness holds from the first backup on; behind a complete run, whose backup is gone, comes another one.
            added_to = [*ADDED_TO, "appended.csv"] if b"on_train_end" in printed else ADDED_TO
            for file in (path for pattern in added_to for path in folder.glob(pattern)):
                file.unlink()
    figures.resumes += backup.exists()
    with start(setup, folder, root) as process:
        return ended(process)
