"""Where Keras 3 keeps the numbers of a model."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, FileFormatError
from minifit.saving.description import LayerWeights, ModelDescription, OptimizerVariables, Weight
from minifit.saving.groups import Group
from minifit.saving.keras3.variables import arrays_in, optimizer_state, places_of, tree


def numbers(*shape: int) -> Any:
    return np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)


def dense(name: str = "d", inputs: int = 2, outputs: int = 3) -> LayerWeights:
    return LayerWeights(
        name, "Dense", [Weight("kernel:0", numbers(inputs, outputs)), Weight("bias:0", numbers(outputs))]
    )


def listed(group: Group, above: str = "") -> list[str]:
    """The paths of all arrays."""
    found = []
    for name, member in group.members.items():
        found += listed(member, f"{above}{name}/") if isinstance(member, Group) else [above + name]
    return found


def model_of(*layers: LayerWeights) -> LayerWeights:
    return LayerWeights("model", "Sequential", [], {"layers": list(layers)}, kind="graph")


def written(*layers: LayerWeights, **kwargs: Any) -> Group:
    return tree(ModelDescription(model_of(*layers), **kwargs))


def remembering(
    class_name: str, *slots: str, weights: Any = None, rate: Any = 0.5, **extra: Any
) -> OptimizerVariables:
    weights = dense().weights if weights is None else weights
    values = [{s: w.value + 10 * i + k for k, s in enumerate(slots)} for i, w in enumerate(weights)]
    state = {"iterations": np.array(7), "learning_rate": rate, "slots": values, **extra}
    return OptimizerVariables(class_name, slots, weights, state)


def test_layers_lie_by_their_classes() -> None:
    root = written(
        dense("b"), LayerWeights("x", "Dropout"), LayerWeights("y", "MyOwnLayer", dense().weights), dense("a")
    )
    assert listed(root) == [
        f"layers/{place}/vars/{i}" for place in ("dense", "my_own_layer", "dense_1") for i in (0, 1)
    ]
    layers: Any = root.members["layers"]
    assert layers.members["dense_1"].members["vars"].attributes == {"name": "a"}


def test_layers_within_layers() -> None:
    outer = LayerWeights(
        "o", "Block", [Weight("scale:0", numbers(2))], {"one": dense(), "many": [dense(), dense()]}
    )
    empty = LayerWeights("e", "Block", [], {"one": dense()})
    assert listed(written(outer, empty)) == [
        "layers/block/vars/0",
        *(
            f"layers/block/{place}/vars/{i}"
            for place in ("many/dense", "many/dense_1", "one")
            for i in (0, 1)
        ),
        "layers/block_1/one/vars/0",
        "layers/block_1/one/vars/1",
    ]
    found = list(places_of(model_of(outer, empty), written(outer, empty)))
    assert [name for name, _, _ in found] == ["model", "o", "d", "d", "d", "e", "d"]
    assert all(len(weights) == len(arrays) for _, weights, arrays in found)


def test_counted_samples_are_a_whole_number() -> None:
    counted = [Weight("n/mean:0", numbers(2)), Weight("n/count:0", np.array(5e9, np.float32))]
    root: Any = written(LayerWeights("n", "Normalization", counted))
    found = root.members["layers"].members["normalization"].members["vars"].members
    assert (found["0"].dtype, found["1"].dtype) == (np.float32, np.int32)
    assert 2**31 - 200 < found["1"] < 2**31


def test_classes_whose_places_would_be_one() -> None:
    with pytest.raises(ArgumentError, match="dense, dense_1, dense_1"):
        written(dense(), dense(), LayerWeights("x", "Dense_1", dense().weights))


def test_what_the_file_has_for_no_layer() -> None:
    found = list(places_of(model_of(dense()), written(dense(), dense(), LayerWeights("x", "Dropout"))))
    assert [(name, len(weights), len(arrays)) for name, weights, arrays in found] == [
        ("model", 0, 0),
        ("d", 2, 2),
        ("dense_1", 0, 2),
    ]
    missing = list(places_of(model_of(dense(), dense()), written(dense())))
    assert [len(arrays) for _, _, arrays in missing] == [0, 2, 0]


# -- the optimizer -------------------------------------------------------------------------------------------

ORDERS = {
    ("SGD", ()): [],
    ("SGD", ("momentum",)): [(0, "momentum"), (1, "momentum")],
    ("Adam", ("m", "v")): [(0, "m"), (0, "v"), (1, "m"), (1, "v")],
    ("Adam", ("m", "v", "vhat")): [(0, "m"), (0, "v"), (1, "m"), (1, "v"), (0, "vhat"), (1, "vhat")],
    ("Ftrl", ("accumulator", "linear")): [
        (0, "accumulator"),
        (0, "linear"),
        (1, "accumulator"),
        (1, "linear"),
    ],
    ("RMSprop", ("rms", "momentum", "mg")): [(i, s) for s in ("rms", "momentum", "mg") for i in (0, 1)],
}


@pytest.mark.parametrize(("optimizer", "order"), ORDERS.items(), ids=str)
def test_slots_lie_as_keras_makes_them(optimizer: Any, order: Any) -> None:
    class_name, slots = optimizer
    remembered = remembering(class_name, *slots)
    root: Any = written(optimizer=remembered)
    found = list(root.members["optimizer"].members["vars"].members.values())
    assert (found[0].dtype, found[0], found[1].dtype, found[1]) == (np.int32, 7, np.float32, 0.5)
    for array, (place, slot) in zip(found[2:], order, strict=True):
        assert np.array_equal(array, remembered.state["slots"][place][slot])


@pytest.mark.parametrize("optimizer", [*ORDERS, ("Nadam", ("m", "v"))], ids=str)
@pytest.mark.parametrize("rate", [0.25, None])
def test_what_is_remembered_comes_back(optimizer: Any, rate: Any) -> None:
    class_name, slots = optimizer
    extra = {"m_schedule": np.float32(0.5)} if class_name == "Nadam" else {}
    remembered = remembering(class_name, *slots, rate=rate, **extra)
    state: Any = optimizer_state(written(optimizer=remembered), class_name, slots, remembered.weights)
    assert state["iterations"] == 7
    assert state["learning_rate"] == rate
    assert state.get("m_schedule") == extra.get("m_schedule")
    for found, saved in zip(state["slots"], remembered.state["slots"], strict=True):
        assert list(found) == list(saved)
        assert all((found[slot] == saved[slot]).all() for slot in slots)


def test_a_schedule_has_no_learning_rate() -> None:
    model = ModelDescription(model_of(), optimizer=remembering("SGD", "momentum"))
    state: Any = optimizer_state(tree(model, scheduled=True), "SGD", ["momentum"], dense().weights)
    assert state["learning_rate"] is None
    assert state["iterations"] == 7


def test_the_momenta_of_nadam_in_older_files() -> None:
    remembered = remembering("Nadam", "m", "v", m_schedule=np.float32(0.5))
    root: Any = written(optimizer=remembered)
    arrays = list(root.members["optimizer"].members["vars"].members.values())
    older = [*arrays[:2], arrays[-1], *arrays[2:-1]]
    root.members["optimizer"].members["vars"].members = {str(i): a for i, a in enumerate(older)}
    state: Any = optimizer_state(root, "Nadam", ["m", "v"], remembered.weights)
    assert state["m_schedule"] == 0.5
    assert np.array_equal(state["slots"][1]["v"], remembered.state["slots"][1]["v"])


def test_many_steps() -> None:
    remembered = remembering("SGD")
    remembered.state["iterations"][...] = 2**40
    state: Any = optimizer_state(written(optimizer=remembered), "SGD", [], [])
    assert state["iterations"] == 2**40


def test_an_optimizer_that_has_done_nothing() -> None:
    unused = remembering("SGD", iterations=np.array(0))
    assert optimizer_state(written(optimizer=unused), "Adam", ["m", "v"], dense().weights) is None
    unused.state["iterations"][...] = 3
    with pytest.raises(FileFormatError, match="must fit"):
        optimizer_state(written(optimizer=unused), "Adam", ["m", "v"], dense().weights)


def test_nothing_is_remembered() -> None:
    assert optimizer_state(written(dense()), "SGD", [], []) is None


@pytest.mark.parametrize("class_name", ["SGD", "Nadam"])
def test_what_does_not_fit(class_name: str) -> None:
    extra = {"m_schedule": np.float32(1)} if class_name == "Nadam" else {}
    root = written(optimizer=remembering(class_name, "m", "v", **extra))
    weights = dense().weights
    for slots, others in (
        (["m"], weights),
        (["m", "v", "w"], weights),
        (["m", "v"], weights[:1]),
        (["m", "v"], [*weights, *weights]),
        (["m", "v"], weights[::-1]),
    ):
        with pytest.raises(FileFormatError, match="must fit the"):
            optimizer_state(root, class_name, slots, others)


def test_numbers_that_cannot_be() -> None:
    with pytest.raises(FileFormatError, match="counts its steps"):
        optimizer_state(written(optimizer=remembering("SGD", iterations=np.array(-1))), "SGD", [], [])
    for rate in (-0.5, np.nan):
        with pytest.raises(FileFormatError, match="not negative"):
            optimizer_state(written(optimizer=remembering("SGD", rate=rate, weights=[])), "SGD", [], [])


# -- groups --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("members", [{"1": numbers(1)}, {"0": Group()}, {"0": numbers(1), "x": numbers(1)}])
def test_variables_without_their_numbers(members: Any) -> None:
    with pytest.raises(FileFormatError, match="named 0, 1, 2"):
        arrays_in(Group(members=members))


def test_an_array_in_the_place_of_a_group() -> None:
    with pytest.raises(FileFormatError, match="group 'layers'"):
        list(places_of(model_of(dense()), Group(members={"layers": numbers(2)})))


def test_what_several_have_in_common_lies_where_keras_finds_it_first() -> None:
    one, two = dense("one"), dense("two")
    model = LayerWeights(
        "m", "Net", [Weight("scale:0", numbers(2))], {"layers": [one, two], "body": one}, kind="model"
    )
    assert listed(tree(ModelDescription(model))) == [
        "vars/0",
        *(f"{place}/vars/{i}" for place in ("body", "layers/dense_1") for i in (0, 1)),
    ]
    found = list(places_of(model, tree(ModelDescription(model))))
    assert [(name, len(arrays)) for name, _, arrays in found] == [("m", 1), ("one", 2), ("two", 2)]
    model.kind = "graph"  # whose own list of layers goes before everything else
    assert "body" not in tree(ModelDescription(model)).members
