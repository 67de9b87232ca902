"""Backups whose content is wrong are refused by an error of minifit, and the run stays as it was."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from minifit import console
from tests.fuzz.backups import run


@pytest.fixture(autouse=True)
def _quiet() -> object:
    """Warnings are allowed here: a callback whose state is not there, numbers that overflow."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("data", ["arrays", "generator"])
def test_a_sample_of_wrong_backups(data: str, tmp_path: Path) -> None:
    found = run(tmp_path, range(120), data)
    assert found["FileFormatError"] > 40
    assert found["went on"] > 2


@pytest.mark.soak
@pytest.mark.parametrize("data", ["arrays", "generator"])
def test_3_000_wrong_backups(data: str, tmp_path: Path) -> None:
    found = run(tmp_path, range(3000), data)
    console.say(f"{data}: {dict(found)}")
    assert found.total() == 3000
