"""The cost of compiling instructions is measured one by one."""

from pathlib import Path

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import compiling
from tests.benchmarks.compiling import Cost


def test_the_dearest_comes_first_and_the_sum_last() -> None:
    found = [Cost("relu", 0.020, 0.015, 1104), Cost("dense", 0.25, 0.100, 3600)]
    assert compiling.table(found) == [
        ["", "Numba ms", "LLVM ms", "bytes"],
        ["dense", "250", "100", "3,600"],
        ["relu", "20.0", "15.0", "1,104"],
        ["all", "270", "115", "4,704"],
    ]


def test_the_command_compiles_what_it_is_told_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    bench.main(["compile", "clear"])
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[1:]] == ["clear", "all"]
    assert not list(tmp_path.iterdir())


def test_an_instruction_that_is_not_there_is_named() -> None:
    with pytest.raises(SystemExit, match=r"There is no instruction .desne.. There are: .*dense"):
        bench.main(["compile", "desne"])
