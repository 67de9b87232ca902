"""Programs of the guides of Keras run unchanged, and their numbers are those of tf.keras.

``programs.json`` has what TensorFlow 2.7.4 computed: predictions with weights that are always the same, the shapes of
the weights in their order, and the history of a small training.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minifit
from minifit import GradientTape, Variable, ops
from tests.house.programs import PROGRAMS, run, set_all

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("programs.json").read_text(encoding="utf-8"))


class Variables:
    """Variables that are not learned, and the tape that watches the others."""

    tape = GradientTape

    def __call__(self, value: Any) -> Variable:
        return Variable(value, trainable=False)


V = Variables()


def predictions(model: Any, x: Any) -> list[Any]:
    found = model.predict(x, verbose=0)
    return list(found) if isinstance(found, list | tuple) else [found]


def test_every_program_is_recorded() -> None:
    assert set(RECORDED) == set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_its_numbers_are_those_of_tensorflow(name: str) -> None:
    found, expected = run(PROGRAMS[name], minifit, ops, V), RECORDED[name]
    assert found["weights"] == expected["weights"]
    assert list(found["history"]) == list(expected["history"])
    for ours, theirs in zip(found["predicted"], expected["predicted"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    for key, values in expected["history"].items():
        np.testing.assert_allclose(found["history"][key], values, rtol=1e-4, atol=1e-6, err_msg=key)


MODELS_IN_MODELS = ("autoencoder", "twins", "variational")


@pytest.mark.parametrize("ending", ["h5", "weights.h5"])
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in MODELS_IN_MODELS])
def test_its_weights_are_saved_and_loaded(name: str, ending: str, tmp_path: Path) -> None:
    model, x, y = PROGRAMS[name](minifit, ops, V)
    model.fit(x, y, batch_size=4, verbose=0)
    expected = predictions(model, x)
    model.save_weights(tmp_path / f"kept.{ending}")
    other, _, _ = PROGRAMS[name](minifit, ops, V)
    other.predict(x, verbose=0)
    set_all(other)
    assert any((a != b).any() for a, b in zip(predictions(other, x), expected, strict=True))
    other.load_weights(tmp_path / f"kept.{ending}")
    for ours, theirs in zip(predictions(other, x), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
