"""Where Keras 3 has what a configuration is made of."""

import pytest

from minifit.saving.keras3.families import FAMILIES, FAMILY_OF, flat, refuse_named, renamed
from minifit.saving.keras3.rows import Named, refuse_to_read


def test_every_module_is_one_of_keras() -> None:
    assert all(module.startswith("keras.") for module, _ in FAMILIES.values())
    assert len({module for module, _ in FAMILIES.values()}) == len(FAMILIES)
    assert set(FAMILY_OF.values()) <= set(FAMILIES)


def test_names_that_differ() -> None:
    assert renamed("losses", Named)["logcosh"] == "log_cosh"
    assert renamed("nothing", Named) == {}


def test_names_that_are_refused() -> None:
    refuse_named("activations", "relu", refuse_to_read)
    refuse_named("", "Lambda", refuse_to_read)
    with pytest.raises(ValueError, match="'hard_sigmoid' of activations"):
        refuse_named("activations", "hard_sigmoid", refuse_to_read)


def test_nested_entries() -> None:
    entry = {"class_name": "AUC", "config": {}}
    assert flat(None) == flat([]) == flat({}) == []
    assert flat("mse") == ["mse"]
    assert flat([["mse"], {"out": ["mae", entry]}, (entry,)]) == ["mse", "mae", entry, entry]
    assert flat(0.5) == [0.5]
