"""The projector's files: tables of numbers that it draws as points, and a configuration that names them.

TensorBoard reads both without TensorFlow: a table is text, a row in each line, numbers apart by tabs; the
configuration is Protocol Buffers' text form. Source: projector_config.proto and projector_plugin.py in
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
        What it is called on the page.
    path : str
        The file with the numbers, from the log folder on.
    metadata : str or None
        The file with a label in each line, from the log folder on.
    """

    name: str
    path: str
    metadata: str | None = None


def metadata_files(embeddings_metadata: Any) -> str | dict[str, str] | None:
    """The file with labels for all tables, or those by the name of a layer, as TensorBoard is given them.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    given = embeddings_metadata
    if given is None or isinstance(given, str | os.PathLike):
        return None if given is None else os.fspath(given)
    if isinstance(given, dict) and all(
        isinstance(name, str) and isinstance(file, str | os.PathLike) for name, file in given.items()
    ):
        return {name: os.fspath(file) for name, file in given.items()}
    raise ArgumentError(
        "embeddings_metadata is the name of a file, or a dictionary from a layer's name to one. "
        f"Received: embeddings_metadata={given!r}. Pass for example {{'embedding': 'words.tsv'}}."
    )


def write_table(path: str, table: Array) -> None:
    """Write a table of shape (rows, columns), each number with all its digits."""
    text = io.StringIO()
    np.savetxt(text, table, fmt="%.9g", delimiter="\t")
    atomic.write(path, text.getvalue())


def write_config(log_dir: str, tables: Sequence[Table]) -> None:
    """Write the configuration that names all tables of a log folder."""
    atomic.write(os.path.join(log_dir, CONFIG), "".join(_entry(t) for t in tables))


def _entry(table: Table) -> str:
    lines = [("tensor_name", table.name), ("tensor_path", table.path)]
    if table.metadata is not None:
        lines.append(("metadata_path", table.metadata))
    inner = "".join(f"  {key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in lines)
    return f"embeddings {{\n{inner}}}\n"
