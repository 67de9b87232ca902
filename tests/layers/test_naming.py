"""Names that layers are given."""

import pytest

from minifit.layers.naming import clear_names, snake_case, unique_name


def test_names_are_counted_until_they_are_cleared() -> None:
    clear_names()
    assert [unique_name("naming_test") for _ in range(3)] == ["naming_test", "naming_test_1", "naming_test_2"]
    clear_names()
    assert unique_name("naming_test") == "naming_test"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("BatchNormalization", "batch_normalization"), ("ReLU", "re_lu"), ("Dense", "dense"), ("ELU", "elu")],
)
def test_names_of_classes_become_those_of_keras(name: str, expected: str) -> None:
    assert snake_case(name) == expected
