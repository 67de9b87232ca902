"""The user's own classes and functions: where their names count, and how they are written."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from minifit import constraints, initializers, layers, losses, metrics, optimizers, regularizers, schedules
from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from minifit.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    replace_registered,
)
from minifit.tables import described, serialize, serialize_keras_object
from tests.test_tables import TABLE, Thing, double, halve


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
def test_a_registration_that_takes_the_place_of_another() -> None:
    register_keras_serializable("p", "n")(halve)
    assert replace_registered("p", "n")(halve) is halve
    replace_registered("p", "m")(halve)
    assert serialize(halve) == "p>m" and TABLE.make("p>n") is TABLE.make("p>m") is halve
    replace_registered("p", "m")(double)
    assert TABLE.make("p>m") is double and get_registered_name(halve) == "halve"
    with pytest.raises(ArgumentError, match=r"needs a get_config.*int, which has none"):
        replace_registered()(int)


@pytest.mark.usefixtures("_own_names")
def test_a_class_of_a_table_keeps_its_name_in_files() -> None:
    register_keras_serializable("", "Thing")(Thing)
    assert get_registered_name(Thing) == ">Thing"
    assert described(Thing(2)) == {"class_name": "Thing", "config": {"size": 2}}


@pytest.mark.usefixtures("_own_names")
def test_what_cannot_be_registered() -> None:
    with pytest.raises(ArgumentError, match=r"needs a get_config.*int, which has none"):
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


@pytest.mark.usefixtures("_own_names")
def test_registered_objects_as_data() -> None:
    register_keras_serializable("p")(halve)
    assert serialize_keras_object(halve) == "p>halve" == serialize(halve)


def test_a_scope_counts_in_its_own_thread() -> None:
    found: list[Any] = []
    with CustomObjectScope({"here": halve}) as scope:
        thread = Thread(target=lambda: found.append(get_registered_object("here")))
        thread.start()
        thread.join()
        with scope:  # once more
            pass
        assert get_registered_object("here") is halve
    assert found == [None] and get_registered_object("here") is None
