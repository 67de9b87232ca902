from pathlib import Path

import pytest

from minifit.errors import ArgumentError
from minifit.standin import gfile


def test_files_and_folders(tmp_path: Path) -> None:
    gfile.makedirs(tmp_path / "a" / "b")
    gfile.makedirs(tmp_path / "a" / "b")
    gfile.mkdir(tmp_path / "c")
    one, two = tmp_path / "a" / "one.txt", tmp_path / "c" / "two.txt"
    one.write_text("1")
    gfile.copy(one, two)
    with pytest.raises(ArgumentError, match="overwrite=True"):
        gfile.copy(one, two)
    gfile.copy(one, two, overwrite=True)
    assert gfile.listdir(tmp_path / "a") == ["b", "one.txt"]
    assert gfile.glob([str(tmp_path / "a" / "*.txt"), tmp_path / "c" / "*"]) == [str(one), str(two)]
    gfile.remove(one)
    gfile.rename(two, one)
    assert (gfile.exists(one), gfile.exists(two), gfile.isdir(tmp_path / "a")) == (True, False, True)
    gfile.rmtree(tmp_path / "a")
    assert not gfile.exists(tmp_path / "a")
