"""The table names what there is, and forgets nothing that minifit and Keras have in common."""

from importlib import import_module
from types import ModuleType

import numpy as np
import pytest

from minifit.standin import modules
from minifit.standin.names import CALLBACKS, KERAS, NAMES

OWN = {
    "layers": "AddLoss AddMetric TFOpLambda",
    "losses": "LossFunctionWrapper",
    "utils": "check_gradients",
    "callbacks": "HookTrace experimental",
    "optimizers": "schedules",
    "ops": """activation binary_crossentropy broadcast_to categorical_crossentropy clip dense dropout gather normalize
        mean_absolute_error mean_squared_error penalty random_normal random_uniform sparse_categorical_crossentropy
        weighted_mean""",
}
"""Names of minifit's modules that Keras does not have there, and modules."""

GROUPS = "activations callbacks constraints initializers layers losses metrics models optimizers regularizers utils ops"


def test_every_name_is_there() -> None:
    found = {public: modules.resolve(public) for public in NAMES}
    whole = [public for public, value in found.items() if isinstance(value, ModuleType)]
    assert not whole, f"a module would show names that the table does not have: {whole}"


@pytest.mark.parametrize("group", GROUPS.split())
def test_no_name_is_forgotten(group: str) -> None:
    own = set(import_module(f"minifit.{group}").__all__)
    assert own - set(OWN.get(group, "").split()) <= set(KERAS[group])


def test_keras_and_tensorflow_keras_are_one_table() -> None:
    keras = {n.removeprefix("keras."): e for n, e in NAMES.items() if n.startswith("keras.")}
    inside = {
        n.removeprefix("tensorflow.keras."): e for n, e in NAMES.items() if n.startswith("tensorflow.keras.")
    }
    assert keras == inside
    assert keras["callbacks.EarlyStopping"] == CALLBACKS["EarlyStopping"] == "minifit.callbacks.EarlyStopping"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("layers.core", "Dense"),
        ("layers.advanced_activations", "LeakyReLU"),
        ("layers.noise", "AlphaDropout"),
        ("layers.normalization", "BatchNormalization"),
        ("layers.embeddings", "Embedding"),
        ("layers.merge", "concatenate"),
    ],
)
def test_modules_of_layers_in_older_programs(module: str, name: str) -> None:
    assert modules.resolve(f"keras.{module}.{name}") is modules.resolve(f"keras.layers.{name}")


def test_functions_of_keras_ops_have_their_own_arguments() -> None:
    numbers = np.arange(6.0)
    split, one_hot, unstack = (
        modules.resolve(f"keras.ops.{name}") for name in ("split", "one_hot", "unstack")
    )
    assert [part.shape for part in split(numbers, indices_or_sections=[2, 5])] == [(2,), (3,), (1,)]
    assert [part.shape for part in split(numbers, 3)] == [(2,)] * 3
    assert one_hot([1], num_classes=3).shape == (1, 3)
    assert len(unstack(np.ones((2, 3)), 2)) == 2
    assert modules.resolve("keras.ops.softmax")(np.ones((2, 4)), axis=0).numpy()[0, 0] == 0.5


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("matmul", (np.ones((1, 4)), np.ones((3, 3)))),
        ("add", (np.ones(2), np.ones(3))),
        ("reshape", (np.ones(4), (3,))),
        ("concat", ([np.ones((1, 2)), np.ones((1, 3))], 0)),
        ("gather", ([1.0], [3])),
        ("debugging.assert_equal", (1, 2)),
    ],
)
def test_what_fails_in_tensorflow_is_caught_under_its_name(
    function: str, arguments: tuple[object, ...]
) -> None:
    with pytest.raises(modules.resolve("tensorflow.errors.InvalidArgumentError")):
        modules.resolve(f"tensorflow.{function}")(*arguments)
