"""Modules show what the table has, and a name that is missing gets a helpful answer."""

import copy
import inspect
import pickle
from collections.abc import Iterator

import numpy as np
import pytest

import minifit
from minifit import standin
from minifit.errors import MissingModuleError, MissingNameError
from minifit.standin import modules


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with standin.installed():
        yield


def run(code: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(code, names)
    return names


def test_ways_to_import() -> None:
    names = run(
        "import tensorflow as tf, keras\n"
        "from tensorflow import keras as inner\n"
        "import tensorflow.keras.layers as layers\n"
        "from tensorflow.keras.layers import Dense\n"
        "from keras.utils import np_utils\n"
        "import keras.backend as K\n"
        "same = tf.keras.layers.Dense is Dense is layers.Dense is keras.layers.Dense is inner.layers.Dense\n"
    )
    assert names["same"]
    assert names["Dense"] is minifit.layers.Dense


def test_a_star_import() -> None:
    assert {"Dense", "Dropout", "Input"} <= set(run("from keras.layers import *"))


def test_what_a_module_lists() -> None:
    tf = run("import tensorflow as tf")["tf"]
    assert {"keras", "GradientTape", "__version__"} <= set(dir(tf))
    assert {"Dense", "experimental"} <= set(dir(tf.keras.layers))  # type: ignore[attr-defined]


def test_classes_are_the_library_s_own() -> None:
    keras = run("import keras")["keras"]
    assert inspect.signature(keras.layers.Dense) == inspect.signature(minifit.layers.Dense)  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(keras.layers.Dense)) is minifit.layers.Dense  # type: ignore[attr-defined]
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,))])  # type: ignore[attr-defined]
    assert copy.deepcopy(model).predict(np.ones((1, 2)), verbose=0).shape == (1, 1)


@pytest.mark.parametrize(
    ("code", "near"),
    [
        ("import tensorflow as tf; tf.keras.layers.Dens", "tensorflow.keras.layers.Dense"),
        ("import tensorflow as tf; tf.Dense", "tensorflow.keras.layers.Dense"),
        ("import keras; keras.callbacks.EarlyStoping", "keras.callbacks.EarlyStopping"),
        ("import keras; keras.layers.Conv2D", None),
    ],
)
def test_a_missing_attribute(code: str, near: str | None) -> None:
    with pytest.raises(MissingNameError, match=r"docs/standin\.md") as caught:
        run(code)
    assert isinstance(caught.value, AttributeError)
    assert near is None or f"nearest name that it has is {near}." in str(caught.value)


@pytest.mark.parametrize(
    ("code", "received"),
    [
        ("from keras.layers import Conv2D", "keras.layers.Conv2D"),
        ("from tensorflow.keras import applications", "tensorflow.keras.applications"),
        ("import tensorflow.estimator", "tensorflow.estimator"),
        ("import tensorflow.contrib.layers as tf", "tensorflow.contrib"),
    ],
)
def test_a_missing_import(code: str, received: str) -> None:
    with pytest.raises(MissingModuleError, match=rf"Received: {received},") as caught:
        run(code)
    assert isinstance(caught.value, ImportError)


def test_a_name_that_is_no_module() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'keras\.layers\.Dense'"):
        run("import keras.layers.Dense")


def test_the_questions_of_python_are_answered_shortly() -> None:
    with pytest.raises(AttributeError, match=r"^module 'keras' has no attribute '__wrapped__'$"):
        run("import keras; keras.__wrapped__")


def test_a_function_is_the_same_one_each_time() -> None:
    assert run("import tensorflow as tf; same = tf.exp is tf.exp")["same"]


def mean(x: float, axis: int = 3, keepdims: bool = False) -> tuple[float, int, bool]:
    """A function to lend."""
    return x, axis, keepdims


class TestRenamed:
    lent = staticmethod(
        modules.rename_arguments(mean, "tensorflow.reduce_mean", "minifit.ops.mean(input_tensor, axis=5)")
    )

    def test_arguments_by_place(self) -> None:
        assert self.lent(1) == (1, 5, False)
        assert self.lent(1, 2) == (1, 2, False)

    def test_arguments_by_name(self) -> None:
        assert self.lent(input_tensor=1, axis=4, name="m") == (1, 4, False)

    def test_it_shows_its_own_names(self) -> None:
        assert (
            str(inspect.signature(self.lent)) == "(input_tensor, axis=5, keepdims: bool = False, name=None)"
        )
        assert (self.lent.__name__, self.lent.__doc__) == ("reduce_mean", "A function to lend.")

    def test_an_unknown_argument(self) -> None:
        with pytest.raises(TypeError, match="colour"):
            self.lent(1, colour=2)


def test_a_module_without_names() -> None:
    run("from tensorflow.python.framework import ops\nfrom keras.utils import tf_utils")
    with pytest.raises(MissingNameError, match="get_default_graph"):
        run("from tensorflow.python.framework import ops; ops.get_default_graph()")


def test_symbols_are_what_programs_ask_about() -> None:
    names = run(
        "import keras\nfrom keras.engine import keras_tensor\n"
        "asked = isinstance(keras.Input((2,)), keras_tensor.KerasTensor)"
    )
    assert names["asked"]


def test_keras_saving_registers_as_keras_3_does() -> None:
    names = run(
        "import keras\nfrom keras.saving import register_keras_serializable\n"
        "class Own(keras.layers.Layer): pass\n"
        "for name in 'ab': register_keras_serializable('p', name)(Own)\n"
        "objects = keras.saving.get_custom_objects()\n"
        "written = keras.saving.get_registered_name(Own), objects.pop('p>a'), objects.pop('p>b')"
    )
    assert names["written"] == ("p>b", names["Own"], names["Own"])
