"""Tables of text as data sets, as tf.data.experimental makes them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.data import INFINITE_CARDINALITY, make_csv_dataset
from minifit.errors import ArgumentError, DataError, UnknownNameError

TABLE = 'size,weight,name,kind\n1,0.5,"a, b",0\n2,,c,1\n3,2.5,,0\n'


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


def batches(files: str, batch_size: int, **options: Any) -> list[Any]:
    return list(make_csv_dataset(files, batch_size, shuffle=False, num_epochs=1, **options))


def test_columns_by_name_and_their_kinds(file: str) -> None:
    (features, labels), rest = batches(file, 2, label_name="kind")
    assert list(features) == ["size", "weight", "name"]
    assert features["size"].dtype == np.int32
    assert features["weight"].dtype == np.float32
    np.testing.assert_array_equal(features["weight"], [0.5, 0])
    assert list(features["name"]) == ["a, b", "c"]
    np.testing.assert_array_equal(labels, [0, 1])
    np.testing.assert_array_equal(rest[0]["size"], [3])


def test_names_selection_and_defaults(file: str) -> None:
    (first,) = batches(
        file, 3, column_names=list("abcd"), select_columns=["b", 3], column_defaults=[7.5, np.int64]
    )
    np.testing.assert_array_equal(first["b"], [0.5, 7.5, 2.5])
    assert first["d"].dtype == np.int64


def test_several_files_without_a_header(tmp_path: Path) -> None:
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_text("1;x\n?;y\n", encoding="utf-8")
    found = batches(
        str(tmp_path / "*.txt"), 4, column_names=["a", "b"], header=False, field_delim=";", na_value="?"
    )
    np.testing.assert_array_equal(found[0]["a"], [1, 0, 1, 0])


def test_rows_come_again_without_end_and_in_whole_batches(file: str) -> None:
    endless = make_csv_dataset(file, 2, shuffle_seed=1)
    assert endless.cardinality() == INFINITE_CARDINALITY
    sizes = [batch["size"].shape for batch in endless.take(4)]
    assert sizes == [(2,)] * 4
    assert len(list(make_csv_dataset(file, 2, num_epochs=2))) == 3


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"compression_type": "GZIP"}, ArgumentError, "reads uncompressed files"),
        ({"ignore_errors": True}, ArgumentError, "all of their rows"),
        ({"label_name": "kin"}, UnknownNameError, "kind"),
        ({"select_columns": ["siz"]}, UnknownNameError, "size"),
        ({"column_defaults": [0]}, ArgumentError, "one entry for each of the 4 columns"),
        ({"column_names": ["a"]}, DataError, "a field for each of the 1 columns"),
        ({"header": False}, ArgumentError, "Columns need names"),
        ({"select_columns": ["weight"], "column_defaults": [np.float32]}, DataError, "has no default"),
        ({"select_columns": ["name"], "column_defaults": [0]}, DataError, "of the same type, int32"),
    ],
)
def test_what_is_refused(file: str, options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        batches(file, 2, **options)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="which matches none"):
        batches(str(tmp_path / "no.csv"), 2)
