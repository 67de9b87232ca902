"""The commands: what they measure comes into the record and into the pages' pictures."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import (
    calls,
    charts,
    cold,
    fits,
    growth,
    hooks,
    memory,
    models,
    pages,
    record,
    standin,
    threads,
    workers,
)
from tests.benchmarks.callers import CALLS
from tests.benchmarks.pythons import Pythons
from tests.benchmarks.sections import of_growth, of_models, of_workers
from tests.benchmarks.workloads import WORKLOADS


def test_a_command_keeps_its_section_and_draws_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(growth, "measured", lambda options, pythons: of_growth())
    monkeypatch.setenv("NUMBA_CACHE_DIR", "as before")
    file = tmp_path / "record.json"
    of_fits = {"made": record.made(), "fits": {}}
    record.keep(file, "fits", of_fits)
    bench.main(["growth", "--record", str(file)])
    assert record.read(file) == {"fits": of_fits, "growth": of_growth()}
    assert (tmp_path / "pictures" / "growth.svg").exists()
    assert "microseconds a step against samples" in capsys.readouterr().out


def test_all_measures_what_the_pages_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "as before")
    for module in {bench.COMMANDS[name] for name in bench.IN_THE_PAGES}:
        monkeypatch.setattr(module, "measured", lambda options, pythons: {"made": record.made()})
        monkeypatch.setattr(module, "report", lambda section: "measured")
    monkeypatch.setattr(charts, "draw", lambda file: [])
    monkeypatch.setattr(bench, "Pythons", lambda peers: None)
    bench.main(["all", "--record", str(tmp_path / "record.json")])
    assert sorted(record.read(tmp_path / "record.json")) == sorted(bench.IN_THE_PAGES)


def test_a_process_is_timed_from_outside() -> None:
    assert {"import numpy", "the example"} <= set(cold.processes(Pythons()))
    section = {
        "made": record.made(),
        "processes": {"import numpy": {"seconds": [0.1, 0.3, 0.2], "megabytes": []}},
    }
    assert cold.table(section)[1] == ["import numpy", "200", "1.00", "–"]


def test_the_stand_in_is_compared_with_what_it_stands_in_for() -> None:
    assert set(standin.processes(Pythons())) >= {standin.DIRECT, standin.LENT, standin.SUITE}
    times = {standin.DIRECT: 0.2, standin.LENT: 0.3, standin.SUITE: 2.0, standin.REAL: 40.0}
    figures = {
        title: {"seconds": [time * 9, time, 0.0], "processor": [None] * 3} for title, time in times.items()
    }
    section = {"made": record.made(), "tensorflow": "tensorflow 2.7.4", "processes": figures}
    assert standin.table(section)[2:4] == [
        [standin.LENT, "0.30", "–", "1.50"],
        [standin.SUITE, "2.00", "–", "0.050"],
    ]
    assert "of its 40.0 s on tensorflow 2.7.4." in " ".join(pages.of_standin(section))
    del figures[standin.REAL]
    assert standin.ratio(section, standin.SUITE) is None
    assert "20 tests" not in " ".join(pages.of_standin(section))


def test_a_process_that_fails_is_named(tmp_path: Path) -> None:
    import sys

    broken = cold.Process(sys.executable, ("-c", "raise SystemExit(3)"), {})
    with pytest.raises(SystemExit, match=r"-c raise SystemExit\(3\) ended with 3"):
        cold.watched(broken, str(tmp_path))


def test_trainings_in_threads_end_with_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    monkeypatch.setattr(threads, "WORKLOADS", {"small": WORKLOADS["digits"]._replace(samples=320)})
    alone = threads.train("small", 2)
    seconds, digests = threads.together("threads", 3, "small", 2)
    assert digests == [alone] * 3
    assert seconds > 0
    assert threads.train("small", 1) != alone


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_training_that_fails_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[str] = []

    def train(workload: str, epochs: int) -> str:
        trained.append(workload)
        if len(trained) == 1:
            raise ValueError("it failed")
        return "digest"

    monkeypatch.setattr(threads, "train", train)
    with pytest.raises(SystemExit, match="A training ended without a result"):
        threads.together("threads", 2, "digits", 1)


def test_a_series_stops_before_an_epoch_that_would_be_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "run", lambda python, job, **given: 1.0)
    works = {size: growth.of_samples(size) for size in (32, 64, 6400, 12800)}
    assert growth.one_line("numpy", "python", works, seconds=0.0, longest=10.0) == [[32, 1.0], [64, 1.0]]


@pytest.mark.parametrize(
    ("module", "section"),
    [
        (fits, {"fits": {"minifit": {"again": {"count": 9, "seconds": 5e-4, "kilobytes": None}}}}),
        (hooks, {"hooks": {"minifit": {"unwatched": 5e-6, "first": 1e-6, "hook": 1e-7}}}),
        (
            threads,
            {
                "workload": "digits",
                "epochs": 2,
                "trainings": [{"way": "fork", "number": 2, "seconds": 0.5, "same": False}],
            },
        ),
        (memory, {"gigabytes": 4, "ways": [{"way": "memmap", "rows": 9, "megabytes": 30, "seconds": 1.0}]}),
        (growth, of_growth()),
        (models, of_models()),
        (workers, of_workers()),
        (calls, {"calls": {"minifit": dict.fromkeys(CALLS, 2e-6)}}),
    ],
)
def test_a_report_is_a_table(module: Any, section: dict[str, Any]) -> None:
    lines = module.report({"made": record.made(), **section}).splitlines()
    expected = {
        fits: "minifit, of one model     9                 500                     –",
        hooks: "minifit                   5.00               1.00    0.10",
        threads: "fork        2     0.50                4.00            NO",
        memory: "memmap             9                   30     1.00",
        growth: "NumPy loop   20.0       –",
        models: "PyTorch loop   0.50         –",
        workers: "25,000,000                         10,002   10,002           1.00",
        calls: "minifit                2.00             2.00              2.00            2.00                 2.00",
    }
    assert expected[module] in lines


@pytest.mark.parametrize("command", [*bench.COMMANDS, "profile", "draw", "all"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main([command, "--help"])
    assert ended.value.code == 0
    assert isinstance(bench.parser(), argparse.ArgumentParser)
    assert command in capsys.readouterr().out
