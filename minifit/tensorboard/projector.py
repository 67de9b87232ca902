"""The files of the projector page: tables of numbers that it draws as points, and a configuration that lists them.

TensorBoard reads both without TensorFlow: a table is text with a row in each line and tabs between numbers; the
configuration is in the text format of Protocol Buffers. Source: projector_config.proto and projector_plugin.py in
https://github.com/tensorflow/tensorboard/tree/master/tensorboard/plugins/projector.
"""

import io
import json
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minifit.arrays import Array
from minifit.errors import ArgumentError
from minifit.saving import atomic

CONFIG = "projector_config.pbtxt"


class Table(NamedTuple):
    """A table that the projector shows.

    Attributes
    ----------
    name : str
        Its name on the page.
    path : str
        The file with the numbers, relative to the log folder.
    metadata : str or None
        The file with a label in each line, relative to the log folder.
    """

    name: str
    path: str
    metadata: str | None = None


def metadata_files(embeddings_metadata: Any) -> str | dict[str, str] | None:
    """Return the argument as a string or a dict of strings: the file with labels for all tables, or by layer name.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    files = embeddings_metadata
    if files is None or isinstance(files, str | os.PathLike):
        return None if files is None else os.fspath(files)
    if isinstance(files, dict) and all(
        isinstance(name, str) and isinstance(file, str | os.PathLike) for name, file in files.items()
    ):
        return {name: os.fspath(file) for name, file in files.items()}
    raise ArgumentError(
        "embeddings_metadata must be the name of a file, or a dict that maps layer names to files. "
        f"Received: embeddings_metadata={files!r}. Pass for example {{'embedding': 'words.tsv'}}."
    )


def write_table(path: str, table: Array) -> None:
    """Write a table of shape (rows, columns), each number with all its digits."""
    text = io.StringIO()
    np.savetxt(text, table, fmt="%.9g", delimiter="\t")
    atomic.write(path, text.getvalue())


def write_config(log_dir: str, tables: Sequence[Table]) -> None:
    """Write the configuration that lists all tables of a log folder."""
    atomic.write(os.path.join(log_dir, CONFIG), "".join(_entry(t) for t in tables))


def _entry(table: Table) -> str:
    lines = [("tensor_name", table.name), ("tensor_path", table.path)]
    if table.metadata is not None:
        lines.append(("metadata_path", table.metadata))
    inner = "".join(f"  {key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in lines)
    return f"embeddings {{\n{inner}}}\n"
