"""minifit does what tf.keras 2.7.4 was recorded to do, scenario by scenario: all of them."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance.comparison import differences
from tests.conformance.making import MissingError
from tests.conformance.player import RECORDS, SCENARIOS, play

DIVERGES = ("numeric-loss-005",)
"""Their losses grow so far that the last bit of every product shows in the end: to 138,593 in the first one."""

COMPILED = [
    "hooks-000",
    "hooks-012",
    "hooks-019",
    "hooks-gen-002",
    "nan-001",
    "early-000",
    "numeric-act-001",
    "numeric-act-002",
    "numeric-opt-001",
    "numeric-opt-002",
    "numeric-opt-005",
    "numeric-opt-006",
    "numeric-layer-000",
    "numeric-reg-001",
]
"""The scenarios that are played on the compiled kernels, too: between them they use all that there are for them."""


def disagreement(name: str, folder: Path) -> list[str]:
    return differences(RECORDS[name], play(SCENARIOS[name], folder))


# -- agreement ---------------------------------------------------------------------------------------------


def fuses() -> bool:
    """Whether matrix products here round a product and its sum once, as TensorFlow's do; CPUs before 2013 cannot."""
    a = np.array([[-1, 1 + 2**-12]] * 4, np.float32)
    b = np.array([[1 + 2**-11] * 4, [1 + 2**-12] * 4], np.float32)
    return bool(((a @ b) == 2**-24).all())


@pytest.mark.parametrize("name", SCENARIOS)
def test_as_recorded(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in DIVERGES and not fuses():
        pytest.skip("it diverges, and this machine's matrix products round otherwise than TensorFlow's")
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    assert disagreement(name, tmp_path) == []


@pytest.mark.parametrize("name", COMPILED)
def test_as_recorded_on_compiled_kernels(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    assert disagreement(name, tmp_path) == []


# -- the lists ---------------------------------------------------------------------------------------------


def test_every_scenario_has_a_record() -> None:
    assert SCENARIOS.keys() == RECORDS.keys()
    assert len(SCENARIOS) == 264


def test_every_entry_is_about_a_scenario() -> None:
    assert set(COMPILED) | set(DIVERGES) <= SCENARIOS.keys()


# -- the player and the comparison notice ------------------------------------------------------------------


Change = Callable[[Any], Any]


def first(record: Any, hook: str) -> Any:
    return next(event for event in record["events"][0] if event[0] == hook)


def scale_loss(record: Any) -> None:
    record["fits"][0]["result"]["history"]["loss"][-1] *= 1.0005


def scale_weight(record: Any) -> None:
    record["fits"][0]["weights"][0] *= 0.9995


def scale_logs(record: Any) -> None:
    first(record, "train_batch_end")[2]["loss"] *= 1.0005


def drop_hook(record: Any) -> None:
    record["events"][0].pop(2)


def swap_hooks(record: Any) -> None:
    events = record["events"][0]
    events[1], events[2] = events[2], events[1]


def move_index(record: Any) -> None:
    record["events"][0][1][1] += 1


def add_key(record: Any) -> None:
    first(record, "epoch_end")[2]["val_more"] = 0.5


def lose_key(record: Any) -> None:
    del first(record, "epoch_end")[2]["loss"]


def add_file(record: Any) -> None:
    record["fits"][0]["files"].append("w.h5")


def add_message(record: Any) -> None:
    record["messages"].append([1, "early_stop"])


def one_epoch_less(record: Any) -> None:
    record["fits"][0]["result"]["epoch"].pop()


def change_params(record: Any) -> None:
    record["params"]["steps"] = None


def stop(record: Any) -> None:
    record["fits"][0]["stop_training"] = 1  # a number is no answer to a question of yes or no


def nan_for_number(record: Any) -> None:
    record["fits"][0]["result"]["history"]["loss"][0] = "nan"


@pytest.mark.parametrize(
    "change",
    [
        scale_loss,
        scale_weight,
        scale_logs,
        drop_hook,
        swap_hooks,
        move_index,
        add_key,
        lose_key,
        add_file,
        add_message,
        one_epoch_less,
        change_params,
        stop,
        nan_for_number,
    ],
)
def test_a_difference_is_noticed(change: Change, tmp_path: Path) -> None:
    changed = copy.deepcopy(RECORDS["hooks-021"])
    change(changed)
    played = play(SCENARIOS["hooks-021"], tmp_path)
    assert differences(changed, played)
    assert differences(played, changed)


def test_rounding_is_no_difference() -> None:
    assert differences({"loss": [1.5, 0.0]}, {"loss": [1.50025, 1e-5]}) == []


def test_every_difference_is_told_with_its_place() -> None:
    expected = {"a": [{"b": 1.0}, 2], "c": "x", "d": None}
    found = {"a": [{"b": 1.1}, 2], "c": "y", "e": None}
    assert differences(expected, found) == [
        ".d: missing",
        ".e: not expected",
        ".a[0].b: 1.0 != 1.1",
        ".c: 'x' != 'y'",
    ]


def test_another_run_is_another_record(tmp_path: Path) -> None:
    described = copy.deepcopy(SCENARIOS["hooks-021"])
    described["fits"][0]["data"]["seed"] = 4
    assert differences(RECORDS["hooks-021"], play(described, tmp_path))


def test_what_a_scenario_needs_and_is_not_there_is_said(tmp_path: Path) -> None:
    described = {**SCENARIOS["hooks-021"], "callbacks": [["NoSuchCallback", {}]]}
    with pytest.raises(MissingError, match=r"minifit\.callbacks has no NoSuchCallback"):
        play(described, tmp_path)
