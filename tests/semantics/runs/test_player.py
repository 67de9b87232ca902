"""minifit does what tf.keras 2.7.4 was recorded to do, run by run: all of them."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minifit
from minifit.semantics.playing import AbsentError
from minifit.semantics.runs import RECORDS, RUNS, differences, play_run

pytestmark = pytest.mark.filterwarnings("ignore::minifit.errors.MinifitWarning")

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
"""The runs that are played on the compiled kernels, too: between them they use all that there are for them."""


def disagreement(name: str, folder: Path) -> list[str]:
    return differences(RECORDS[name], play_run(minifit, RUNS[name], folder))


def fuses() -> bool:
    """Whether matrix products here round a product and its sum once, as TensorFlow's do; CPUs before 2013 cannot."""
    a = np.array([[-1, 1 + 2**-12]] * 4, np.float32)
    b = np.array([[1 + 2**-11] * 4, [1 + 2**-12] * 4], np.float32)
    return bool(((a @ b) == 2**-24).all())


@pytest.mark.parametrize("name", RUNS)
def test_as_recorded(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in DIVERGES and not fuses():
        pytest.skip("it diverges, and this machine's matrix products round otherwise than TensorFlow's")
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    assert disagreement(name, tmp_path) == []


@pytest.mark.parametrize("name", COMPILED)
def test_as_recorded_on_compiled_kernels(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    assert disagreement(name, tmp_path) == []


def test_every_entry_is_about_a_run() -> None:
    assert set(COMPILED) | set(DIVERGES) <= RUNS.keys()


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
    played = play_run(minifit, RUNS["hooks-021"], tmp_path)
    assert differences(changed, played)
    assert differences(played, changed)


def test_another_run_is_another_record(tmp_path: Path) -> None:
    described = copy.deepcopy(RUNS["hooks-021"])
    described["fits"][0]["data"]["seed"] = 4
    assert differences(RECORDS["hooks-021"], play_run(minifit, described, tmp_path))


def test_what_a_run_needs_and_is_not_there_is_said(tmp_path: Path) -> None:
    described = {**RUNS["hooks-021"], "callbacks": [["NoSuchCallback", {}]]}
    with pytest.raises(AbsentError, match="NoSuchCallback"):
        play_run(minifit, described, tmp_path)


def test_an_absent_argument_is_a_refusal_only_where_that_is_asked_for(tmp_path: Path) -> None:
    described = {**RUNS["bad-arg-001"], "callbacks": [["EarlyStopping", {"nonsense": 1}]]}
    assert play_run(minifit, described, tmp_path)["refused"]
    with pytest.raises(AbsentError, match="nonsense"):
        play_run(minifit, {**described, "name": "hooks-999"}, tmp_path)


def test_a_package_that_is_not_installed_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def board(**_: Any) -> None:
        raise ImportError("install tensorflow")

    monkeypatch.setattr(minifit.callbacks, "TensorBoard", board)
    with pytest.raises(AbsentError, match="a package: install tensorflow"):
        play_run(minifit, RUNS["tb-000"], tmp_path)
