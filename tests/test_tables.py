"""Tables: what a user may write for a member, and what comes of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from minifit import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from minifit.tables import (
    Configurable,
    CustomObjectScope,
    Table,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize,
)


class Thing(Configurable):
    """A member with a configuration."""

    def __init__(self, size: int = 1) -> None:
        self.size = size

    def __call__(self) -> int:
        return self.size

    def get_config(self) -> dict[str, Any]:
        return {"size": self.size}


def halve(x: float) -> float:
    return x / 2


TABLE = Table("thing", {"Thing": Thing, "thing": Thing, "halve": halve})


def test_it_is_a_mapping() -> None:
    assert list(TABLE) == ["Thing", "thing", "halve"]
    assert len(TABLE) == 3
    assert TABLE["thing"] is Thing
    assert "halve" in TABLE
    assert "other" not in TABLE
    assert dict(TABLE) == {"Thing": Thing, "thing": Thing, "halve": halve}


def test_it_does_not_follow_the_dict_it_was_made_of() -> None:
    members = {"halve": halve}
    table = Table("thing", members)
    members.clear()
    assert list(table) == ["halve"]


def test_by_name() -> None:
    assert type(TABLE.make("thing")) is Thing
    assert TABLE.make("thing") is not TABLE.make("thing")
    assert TABLE.make("halve") is halve
    assert TABLE.find("thing") is Thing


def test_by_configuration() -> None:
    config = {"class_name": "Thing", "config": {"size": 3}}
    made = TABLE.make(config)
    assert made.size == 3
    assert config == {"class_name": "Thing", "config": {"size": 3}}
    assert TABLE.make({"class_name": "Thing"}).size == 1
    assert TABLE.make({"class_name": "Thing", "config": None}).size == 1
    assert TABLE.make({"class_name": "halve"}) is halve


def test_by_class_object_or_function() -> None:
    ready = Thing(5)
    assert TABLE.make(Thing).size == 1
    assert TABLE.make(ready) is ready
    assert TABLE.make(halve) is halve
    assert TABLE.make(len) is len


def test_custom_objects_are_asked_first() -> None:
    class Other(Thing):
        pass

    assert type(TABLE.make("other", {"other": Other})) is Other
    assert type(TABLE.make("thing", {"thing": Other})) is Other
    assert TABLE.make({"class_name": "Other", "config": {"size": 2}}, {"Other": Other}).size == 2
    assert type(TABLE.make("thing")) is Thing


@pytest.mark.parametrize("identifier", ["thng", {"class_name": "thng", "config": {}}])
def test_an_unknown_name(identifier: Any) -> None:
    with pytest.raises(
        UnknownNameError,
        match=r"^There is no thing of that name. Received: 'thng'\. Did you mean 'thing'\?$",
    ):
        TABLE.make(identifier)


def test_a_name_like_no_other() -> None:
    with pytest.raises(
        UnknownNameError,
        match=r"There is no thing of that name. Received: 'xyz'\. Known: 'Thing', 'halve', 'thing'\.",
    ):
        TABLE.make("xyz")


def test_custom_names_are_suggested_too() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'special'"):
        TABLE.make("specail", {"special": halve})


def test_no_name_is_imported() -> None:
    with pytest.raises(UnknownNameError):
        TABLE.make("os.system")
    with pytest.raises(UnknownNameError):
        TABLE.make({"class_name": "subprocess.Popen", "config": {"args": "true"}})


@pytest.mark.parametrize("identifier", [3, 0.5, None, ["thing"], {"size": 3}])
def test_what_is_none_of_these(identifier: Any) -> None:
    with pytest.raises(
        ArgumentTypeError, match=r"The thing is given by its name.*Received: .*Pass for example 'Thing'"
    ):
        TABLE.make(identifier)


# -- plain data ----------------------------------------------------------------------------------------------


def test_serialize() -> None:
    assert serialize(None) is None
    assert serialize("thing") == "thing"
    assert serialize(halve) == "halve"
    assert serialize(Thing(3)) == {"class_name": "Thing", "config": {"size": 3}}


def test_what_is_serialized_comes_back_equal() -> None:
    made = TABLE.make(serialize(Thing(3)))
    assert type(made) is Thing
    assert made.size == 3
    assert TABLE.make(serialize(halve)) is halve


def test_configurable_by_default() -> None:
    class Plain(Configurable):
        pass

    assert Plain().get_config() == {}
    assert type(Plain.from_config({})) is Plain


def test_names_of_ones_own_for_a_while() -> None:
    with custom_object_scope({"halve twice": double}), custom_object_scope({"thing": double}):
        assert TABLE.make("halve twice") is double
        assert TABLE.make("thing") is double
        assert TABLE.find("thing", {"thing": halve}) is halve
    assert TABLE.make("thing") is not double
    with pytest.raises(UnknownNameError):
        TABLE.make("halve twice")


def double(x: float) -> float:
    return x * 2


@pytest.mark.parametrize("family", [activations, constraints, initializers, losses, metrics, regularizers])
def test_every_family_knows_custom_objects(family: Any) -> None:
    def own(x: Any, y: Any = None) -> Any:
        return x

    assert family.deserialize("own", {"own": own}) is own
    assert family.deserialize("own", custom_objects={"own": own}) is own
    with pytest.raises(UnknownNameError, match="own"):
        family.deserialize("own")


def test_custom_objects_reach_what_is_inside_a_layer() -> None:
    def own(x: Any) -> Any:
        return x

    entry = {"class_name": "Dense", "config": {"units": 2, "activation": "own", "kernel_constraint": "own"}}
    dense = layers.deserialize(entry, {"own": own})
    assert dense.activation is dense.kernel_constraint is own
    with pytest.raises(UnknownNameError, match="own"):
        layers.deserialize(entry)


# -- registered names ----------------------------------------------------------------------------------------


@pytest.fixture
def _own_names() -> Iterator[None]:
    """Forget the registered names when the test is over."""
    names = get_custom_objects()
    before = dict(names)
    yield
    names.clear()
    names.update(before)


@pytest.mark.usefixtures("_own_names")
def test_a_registered_class_is_written_and_found_by_its_name() -> None:
    @register_keras_serializable("pack")
    class Other(Thing):
        """Another member."""

    assert get_registered_name(Other) == "pack>Other"
    assert get_registered_object("pack>Other") is Other is get_custom_objects()["pack>Other"]
    written = serialize(Other(4))
    assert written == {"class_name": "pack>Other", "config": {"size": 4}}
    made = TABLE.make(written)
    assert type(made) is Other and made.size == 4


@pytest.mark.usefixtures("_own_names")
def test_packages_and_names_of_ones_choice() -> None:
    assert register_keras_serializable()(halve) is halve
    assert serialize(halve) == "Custom>halve" and TABLE.make("Custom>halve") is halve
    register_keras_serializable(package="p", name="n")(double)
    assert get_registered_name(double) == "p>n"
    assert get_registered_name(Thing) == "Thing" and get_registered_object("Thing") is None
    assert get_registered_object("Thing", {"Thing": Thing}) is Thing
    assert get_registered_object("p>n", {"p>n": halve}) is double  # as in Keras
    assert get_registered_object("m", module_objects={"m": halve}) is halve


@pytest.mark.usefixtures("_own_names")
def test_a_name_is_registered_once() -> None:
    register_keras_serializable("p", "n")(halve)
    with pytest.raises(
        ArgumentError, match=r"registered once.*'double' as 'p>n', while 'p>n' is registered for"
    ):
        register_keras_serializable("p", "n")(double)
    with pytest.raises(ArgumentError, match=r"registered once.*'halve' as 'p>m', while 'p>n'"):
        register_keras_serializable("p", "m")(halve)
    get_custom_objects().clear()
    register_keras_serializable("p", "m")(halve)
    assert get_registered_name(halve) == "p>m"


@pytest.mark.usefixtures("_own_names")
def test_what_cannot_be_registered() -> None:
    with pytest.raises(ArgumentError, match=r"has a get_config.*int, which has none"):
        register_keras_serializable()(int)
    with pytest.raises(ArgumentTypeError, match="parentheses included"):
        register_keras_serializable(Thing)  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="dict from name to class"):
        CustomObjectScope([Thing])  # type: ignore[arg-type]


@pytest.mark.usefixtures("_own_names")
def test_the_nearest_name_counts() -> None:
    names = get_custom_objects()
    names["thing"] = double
    assert TABLE.make("thing") is double
    with CustomObjectScope({"thing": halve}, {"other": double}, None):
        assert TABLE.make("thing") is halve and TABLE.make("other") is double
        assert TABLE.make("thing", {"thing": double}) is double
        assert get_custom_objects() is names
    assert TABLE.make("thing") is double
    del names["thing"]
    assert TABLE.find("thing") is Thing


def test_the_bare_name_stands_for_a_registered_one_among_custom_objects() -> None:
    assert TABLE.make("Custom>double", {"double": double}) is double
    with custom_object_scope({"double": double}):
        assert TABLE.find("else>double") is double
    with pytest.raises(UnknownNameError, match="Custom>halve"):
        TABLE.find("Custom>halve")  # the table's own members have no package


def test_functions_among_the_arguments_are_found_again() -> None:
    with custom_object_scope({"double": double}):
        assert TABLE.make({"class_name": "Thing", "config": {"size": "double"}}).size is double
    config = {"class_name": "Thing", "config": {"size": "double"}}
    assert TABLE.make(config, {"double": double}).size is double
    assert TABLE.make(config).size == "double"
    assert TABLE.make(config, {"double": Thing}).size == "double"


@pytest.mark.usefixtures("_own_names")
@pytest.mark.parametrize(
    ("family", "base"),
    [
        (constraints, constraints.NonNeg),
        (initializers, initializers.Ones),
        (layers, layers.ReLU),
        (losses, losses.MeanSquaredError),
        (metrics, metrics.AUC),
        (optimizers, optimizers.SGD),
        (regularizers, regularizers.L2),
    ],
)
def test_every_family_knows_registered_classes(family: Any, base: type) -> None:
    own = register_keras_serializable("p")(type("Own", (base,), {"__doc__": "A class of the user's."}))
    written = serialize(own()) if family is metrics else family.serialize(own())
    assert written["class_name"] == "p>Own"
    assert type(family.deserialize(written)) is own


@pytest.mark.usefixtures("_own_names")
def test_a_registered_schedule_inside_an_optimizer() -> None:
    @register_keras_serializable("p")
    class Slow(schedules.ExponentialDecay):
        """A class of the user's."""

    written = optimizers.serialize(optimizers.SGD(Slow(0.1, 10, 0.5)))
    assert written["config"]["learning_rate"]["class_name"] == "p>Slow"
    assert optimizers.serialize(optimizers.deserialize(written)) == written


@pytest.mark.usefixtures("_own_names")
def test_an_optimizer_of_ones_own_that_is_called_as_one_of_the_table() -> None:
    class SGD(optimizers.SGD):
        """A class of the user's."""

    get_custom_objects()["SGD"] = SGD
    assert type(optimizers.get("SGD")) is SGD
    assert type(optimizers.get("sgd")) is optimizers.SGD
