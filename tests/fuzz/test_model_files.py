"""Files that are wrong somewhere are refused by an error of minifit, and the model stays as it was."""

import json
import os
import random
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from minifit import console
from minifit.errors import MESSAGE, MinifitError
from minifit.models import load_model
from tests.fuzz.mutations import (
    broken_model_of_keras3,
    broken_structure,
    broken_weights_of_keras3,
    small,
)

MAKERS = {
    "broken.h5": broken_structure,
    "broken.keras": broken_model_of_keras3,
    "broken.weights.h5": broken_weights_of_keras3,
}
"""How the content of a file of this name is made."""


def run(folder: Path, numbers: range, name: str) -> Counter[str]:
    """What became of the cases with these numbers; raises for an error that is not minifit's or the system's."""
    found: Counter[str] = Counter()
    model = small()
    path = folder / name
    for number in numbers:
        path.write_bytes(MAKERS[name](random.Random(number)))
        before = [w.tobytes() for w in model.get_weights()]
        try:
            if number % 2 and name != "broken.weights.h5":
                load_model(path)
            else:
                model.load_weights(path, by_name=number % 4 == 0 and name == "broken.h5")
            found["loaded"] += 1
        except (MinifitError, OSError) as error:
            found[type(error).__name__] += 1
            assert len(str(error)) < MESSAGE, f"case {number}: {error}"
            assert [w.tobytes() for w in model.get_weights()] == before, number
        except Exception as error:
            raise AssertionError(f"case {number} leads to {type(error).__name__}: {error}") from error
    return found


@pytest.fixture(autouse=True)
def _quiet() -> object:
    """Warnings are allowed here: an optimizer that begins anew, numbers that overflow."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", MAKERS)
def test_a_sample_of_wrong_structures(name: str, tmp_path: Path) -> None:
    found = run(tmp_path, range(300), name)
    assert found["loaded"] > 20
    assert found["FileFormatError"] > 50


@pytest.mark.soak
@pytest.mark.parametrize("name", MAKERS)
def test_100_000_wrong_structures_of_all_formats_together(name: str, tmp_path: Path) -> None:
    numbers = range(list(MAKERS).index(name), 100_000, len(MAKERS))
    found = run(tmp_path, numbers, name)
    console.say(f"{name}: {dict(found)}")
    assert found.total() == len(numbers)


def raw_bytes(count: int, seed: int) -> dict[str, int]:
    command = [sys.executable, "-m", "tests.fuzz.raw_bytes", str(count), str(seed)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each file is loaded in a process of its own")
def test_a_sample_of_wrong_bytes() -> None:
    found = raw_bytes(40, 0)
    assert "another error" not in found
    assert found["refused"] > 5


@pytest.mark.soak
@pytest.mark.skipif(not hasattr(os, "fork"), reason="each file is loaded in a process of its own")
def test_2_000_wrong_bytes() -> None:
    found = raw_bytes(2000, 1)
    console.say(str(found))
    assert "another error" not in found
