"""HDF5 files as trees, and their checksum."""

from pathlib import Path

import numpy as np
import pytest

from minifit.errors import FileFormatError
from minifit.saving.hdf5 import Group, image, reading, write

TREE = Group(
    {"text": "ä", "names": ["a", "b"]},
    {"a": Group({}, {"kernel:0": np.eye(2, dtype=np.float32)}), "scalar": np.array(7)},
)


def test_a_tree_comes_back(tmp_path: Path) -> None:
    write(tmp_path / "t.h5", TREE)
    for source in (tmp_path / "t.h5", image(TREE)):
        with reading(source) as tree:
            assert tree.attributes == TREE.attributes
            inner = tree.members["a"]
            assert isinstance(inner, Group)
            kernel = inner.members["kernel:0"]
            assert not isinstance(kernel, Group)
            assert kernel.shape == (2, 2)
            assert kernel.dtype == np.dtype(np.float32)
            assert np.asarray(kernel).tolist() == [[1, 0], [0, 1]]


def test_a_changed_byte_is_noticed() -> None:
    content = bytearray(image(TREE))
    content[-1] ^= 1
    with pytest.raises(FileFormatError, match="checksum"), reading(bytes(content)):
        pass
