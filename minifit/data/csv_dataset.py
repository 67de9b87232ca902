"""CSV files as data sets: a column of numbers or text for every name."""

import csv
from collections.abc import Sequence
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.data.dataset import Dataset
from minifit.errors import ArgumentError, DataError, UnknownNameError, quoted

KINDS = (np.int32, np.int64, np.float32, np.float64, np.str_)
"""The types of columns, in the order in which they are tried."""


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Sequence[str] | None = None,
    column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None,
    select_columns: Sequence[Any] | None = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: str | None = None,
    ignore_errors: bool = False,
) -> Dataset:
    """Return a data set of batches of the rows of CSV files.

    Parameters
    ----------
    file_pattern : str or list of str
        File names or patterns.
    batch_size : int
    column_names : list of str, optional
        When None, the names in the first line.
    column_defaults : list, optional
        For each selected column a type, or a value for its empty fields. When None, the types are inferred from the
        first rows, and empty fields become 0 or ``""``.
    label_name : str, optional
        The column of targets.
    select_columns : list of str or int, optional
        The columns to read; None means all.
    field_delim : str, default ","
    use_quote_delim : bool, default True
        Whether quotation marks surround fields.
    na_value : str, default ""
        The text of an empty field.
    header : bool, default True
        Whether the first line of each file holds names.
    num_epochs : int, optional
        How often to repeat the rows; None means without end, and then all batches are full.
    shuffle, shuffle_buffer_size, shuffle_seed
        As in `Dataset.shuffle`.
    num_rows_for_inference : int, optional
        The number of rows from which types are inferred; None means all.
    prefetch_buffer_size, num_parallel_reads, sloppy : optional
        Accepted as in TensorFlow; files are read at once.
    compression_type, ignore_errors : optional
        Refused.

    Returns
    -------
    Dataset
        A data set of dicts from column to batch; with a `label_name`, of pairs of such a dict and the targets.

    Raises
    ------
    ArgumentError
        For missing files and refused options.
    UnknownNameError
        For an unknown column.
    DataError
        For rows of different lengths, and fields that do not have the type of their column.

    References
    ----------
    ``tf.data.experimental.make_csv_dataset`` (TensorFlow 2.7).
    """
    if compression_type is not None or ignore_errors:
        raise ArgumentError(
            "make_csv_dataset reads uncompressed files and all of their rows. Received: "
            f"compression_type={compression_type!r}, ignore_errors={ignore_errors!r}. Unpack and clean the files first."
        )
    quoting = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE
    names, rows = _table(_files(file_pattern), column_names, header, delimiter=field_delim, quoting=quoting)
    places = [
        _place(column, names) for column in (range(len(names)) if select_columns is None else select_columns)
    ]
    if column_defaults is not None and len(column_defaults) != len(places):
        raise ArgumentError(
            f"column_defaults must have one entry for each of the {len(places)} columns. "
            f"Received: {len(column_defaults)}. Pass one for each."
        )
    columns: dict[str, Array] = {}
    for i, place in enumerate(places):
        fields = [row[place] for row in rows]
        default = None if column_defaults is None else column_defaults[i]
        columns[names[place]] = _column(names[place], fields, default, na_value, num_rows_for_inference)
    if label_name is not None and label_name not in columns:
        raise UnknownNameError.of("column", label_name, columns)
    label = None if label_name is None else columns.pop(label_name)
    dataset = Dataset.from_tensor_slices(columns if label is None else (columns, label))
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, seed=shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    return dataset.batch(batch_size, drop_remainder=num_epochs is None)


def _files(pattern: Any) -> list[str]:
    patterns = [pattern] if isinstance(pattern, str | Path) else list(pattern)
    files = [file for one in patterns for file in sorted(glob(str(one)))]
    if not files:
        raise ArgumentError(
            f"make_csv_dataset needs files. Received: {pattern!r}, which matches none. Check the path."
        )
    return files


def _table(
    files: Sequence[str], names: Sequence[str] | None, header: bool, **style: Any
) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns, and the rows of all files."""
    rows: list[list[str]] = []
    for file in files:
        with open(file, encoding="utf-8", newline="") as text:
            lines = [line for line in csv.reader(text, **style) if line]
        if header and lines:
            names = lines[0] if names is None else names
            lines = lines[1:]
        rows += lines
    if names is None:
        raise ArgumentError(
            "Columns need names. Received: header=False without column_names. Pass column_names."
        )
    wrong = next((row for row in rows if len(row) != len(names)), None)
    if wrong is not None:
        raise DataError(
            f"Each row must have a field for each of the {len(names)} columns. Received: {quoted(wrong)}. Fix the file."
        )
    return list(names), rows


def _place(column: Any, names: Sequence[str]) -> int:
    if isinstance(column, str):
        if column not in names:
            raise UnknownNameError.of("column", column, names)
        return names.index(column)
    return int(column)


def _column(name: str, fields: list[str], default: Any, empty: str, rows: int | None) -> Array:
    """Return the fields of a column as an array, of the type of the default or of the first fields."""
    if default is None:
        samples = [field for field in fields[:rows] if field != empty]
        kind = next(kind for kind in KINDS if _fits(samples, kind))
        filling: Any = kind()
    else:
        needed = isinstance(default, type | np.dtype) or (isinstance(default, str) and default == "string")
        kind = _kind(default, needed)
        filling = None if needed else np.asarray(default).reshape(-1)[0]
        if filling is None and empty in fields:
            raise DataError(f"The column {name!r} has no default. Received: an empty field. Give it one.")
    try:
        return np.array([filling if field == empty else field for field in fields]).astype(kind)
    except (ValueError, OverflowError):
        raise DataError(
            f"All fields of the column {name!r} must be of the same type, {np.dtype(kind).name}. "
            "Received: one that is not. Use more rows with num_rows_for_inference, or pass column_defaults."
        ) from None


def _kind(default: Any, needed: bool) -> Any:
    if needed:
        return np.str_ if default in (str, "string") else default
    kind = np.asarray(default).dtype
    return np.str_ if kind.kind == "U" else {"int64": np.int32, "float64": np.float32}.get(kind.name, kind)


def _fits(fields: Sequence[str], kind: Any) -> bool:
    try:
        np.array(fields, dtype=np.str_).astype(kind)
    except (ValueError, OverflowError):
        return False
    return True
