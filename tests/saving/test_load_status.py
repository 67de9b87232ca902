"""A status says which weights were not loaded."""

from pathlib import Path

import pytest

from minifit import Sequential
from minifit.errors import PartialLoadError
from minifit.layers import Dense
from minifit.saving.load_status import LoadStatus


def saved(folder: Path, *layers: Dense) -> Path:
    Sequential(list(layers)).save_weights(folder / "w.h5")
    return folder / "w.h5"


def test_what_fits_is_loaded_whole(tmp_path: Path) -> None:
    path = saved(tmp_path, Dense(2, input_shape=(3,), name="a"))
    status = Sequential([Dense(2, input_shape=(3,))]).load_weights(path)
    assert status.expect_partial() is status
    assert status.assert_consumed() is status
    assert status.assert_existing_objects_matched() is status
    assert status.assert_nontrivial_match() is status


def test_a_model_with_more_than_the_file(tmp_path: Path) -> None:
    path = saved(tmp_path, Dense(2, input_shape=(3,), name="a"))
    model = Sequential([Dense(2, input_shape=(3,), name="a"), Dense(1, name="b")])
    status = model.load_weights(path, by_name=True)
    with pytest.raises(PartialLoadError, match=r"without 2 of them, \['b/kernel:0', 'b/bias:0'\]"):
        status.assert_existing_objects_matched()
    with pytest.raises(AssertionError, match="All weights of the model"):
        status.assert_consumed()
    assert isinstance(status.expect_partial(), LoadStatus)


def test_a_file_with_more_than_the_model(tmp_path: Path) -> None:
    path = saved(tmp_path, Dense(2, input_shape=(3,), name="a"), Dense(1, name="b"))
    status = Sequential([Dense(2, input_shape=(3,), name="a")]).load_weights(path, by_name=True)
    status.assert_existing_objects_matched()
    with pytest.raises(PartialLoadError, match="2 of layers that the model does not have"):
        status.assert_consumed()


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5"])
def test_a_layer_that_was_skipped(name: str, tmp_path: Path) -> None:
    Sequential([Dense(2, input_shape=(3,), name="a"), Dense(1, name="b")]).save_weights(tmp_path / name)
    model = Sequential([Dense(2, input_shape=(3,), name="a"), Dense(4, name="b")])
    with pytest.warns(UserWarning, match="'b' were not changed"):
        status = model.load_weights(tmp_path / name, by_name=name == "w.h5", skip_mismatch=True)
    with pytest.raises(PartialLoadError, match="b/kernel:0"):
        status.assert_consumed()
