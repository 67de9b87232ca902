"""Tables: what a user may write for a member, and what comes of it."""

from typing import Any

import pytest

from minifit import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    regularizers,
)
from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from minifit.registration import custom_object_scope
from minifit.tables import (
    Configurable,
    Table,
    deserialize_keras_object,
    serialize,
    serialize_keras_object,
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
        ArgumentTypeError, match=r"The thing must be a name.*Received: .*Pass for example 'Thing'"
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


def test_objects_as_data_and_back() -> None:
    assert serialize_keras_object(None) is None is deserialize_keras_object(None)
    written = serialize_keras_object(Thing(3))
    assert written == {"class_name": "Thing", "config": {"size": 3}}
    assert deserialize_keras_object(written, {"Thing": Thing}).size == 3
    assert deserialize_keras_object(written, {}, {"Thing": Thing}).size == 3
    assert serialize_keras_object(halve) == "halve"
    assert deserialize_keras_object("halve", module_objects={"halve": halve}) is halve
    assert deserialize_keras_object("halve", custom_objects={"halve": halve}) is halve
    assert serialize_keras_object(Thing) == "Thing"
    with pytest.raises(ArgumentError, match=r"get_config or a __name__ to be serialized. Received: 3 of"):
        serialize_keras_object(3)
    with pytest.raises(UnknownNameError, match=r"'Thnig'.*'Thing'"):
        deserialize_keras_object({"class_name": "Thnig"}, {"Thing": Thing}, printable_module_name="thing")
    with pytest.raises(ArgumentTypeError, match="The thing must be a name"):
        deserialize_keras_object(3, printable_module_name="thing")
