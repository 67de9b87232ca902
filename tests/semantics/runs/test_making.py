"""Descriptions become models, data and callbacks, the same ones every time."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minifit
from minifit.semantics.playing import AbsentError
from minifit.semantics.runs import RUNS, making


def test_the_weights_come_from_the_seed() -> None:
    run = RUNS["hooks-021"]
    first, again = (making.make_model(minifit, run).get_weights() for _ in range(2))
    other = making.make_model(minifit, {**run, "wseed": 2}).get_weights()
    assert all(map(np.array_equal, first, again))
    assert not any(map(np.array_equal, first, other))


def test_a_name_that_does_not_exist_is_absent() -> None:
    with pytest.raises(AbsentError, match="Nothing"):
        making.named(minifit.layers, "Nothing")


@pytest.mark.parametrize("kind", making.TARGETS)
def test_targets_have_a_row_for_each_sample(kind: str) -> None:
    x, y = making.make_arrays({"seed": 3, "n": 7, "y": kind}, {"model": {"input": 4}})
    assert x.shape == (7, 4)
    assert len(y) == 7


def test_batches_without_an_end() -> None:
    x = np.arange(5)
    batches = [one.tolist() for one, _ in islice(making.endless_batches(x, x, 2), 4)]
    assert batches == [[0, 1], [2, 3], [4], [0, 1]]


def test_files_of_callbacks_are_in_the_folder(tmp_path: Path) -> None:
    logger: Any = making.make_callback(minifit, "CSVLogger", {"filename": "t.csv"}, tmp_path, "", [])
    assert Path(logger.filename) == tmp_path / "t.csv"


def test_a_lambda_callback_adds_its_calls_to_the_list(tmp_path: Path) -> None:
    calls: list[Any] = []
    described = {"hooks": ["on_epoch_end", "on_train_end"]}
    callback = making.make_callback(minifit, "LambdaCallback", described, tmp_path, "", calls)
    callback.on_epoch_end(np.int64(2), {})
    callback.on_train_end({})
    assert calls == [["on_epoch_end", 2], ["on_train_end", None]]
