"""Files under the names that TensorFlow gives a checkpoint."""

from pathlib import Path

import pytest

from minifit.errors import FileFormatError
from minifit.saving import checkpoint_files
from minifit.saving.checkpoint_files import (
    begin_of,
    complete,
    read_index,
    remove,
    stands,
    weights_of,
    write_index,
)


def test_the_files_of_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "cp.ckpt"
    assert not stands(path) and weights_of(path) == path
    complete(path)
    assert stands(path) and weights_of(path) == f"{path}.data-00000-of-00001"
    assert (tmp_path / "cp.ckpt.index").read_bytes() == checkpoint_files.TEXT
    assert read_index(tmp_path) == [str(path)]
    complete(tmp_path / "other")
    assert read_index(tmp_path) == [str(tmp_path / "other")]  # the latest alone, as in tf.keras
    assert weights_of(3) == 3  # type: ignore[arg-type, comparison-overlap]


def test_a_checkpoint_is_removed(tmp_path: Path) -> None:
    remove(tmp_path / "w")
    (tmp_path / "w.data-00000-of-00001").touch()
    complete(tmp_path / "w")
    (tmp_path / "w").touch()
    remove(tmp_path / "w")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint", "w"]


def test_a_folder_in_the_place_of_the_index_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    complete(tmp_path / "w")
    assert stands(tmp_path / "w") and list((tmp_path / "checkpoint").iterdir()) == []


def test_a_checkpoint_of_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "w.index").write_bytes(b"\0\0\5\x0e")
    with pytest.raises(FileFormatError, match=r"w', a checkpoint in TensorFlow's own.*\.h5"):
        weights_of(tmp_path / "w")
    remove(tmp_path / "w")
    assert stands(tmp_path / "w")
    (tmp_path / "w").touch()  # weights in one file
    assert weights_of(tmp_path / "w") == tmp_path / "w"


def test_of_which_checkpoint_a_file_is(tmp_path: Path) -> None:
    path = str(tmp_path / "1")
    complete(path)
    for end in ("", ".index", ".data-00000-of-00001"):
        assert begin_of(f"{path}{end}") == path
    for other in (str(tmp_path / "2.index"), "w.h5"):
        assert begin_of(other) == other
    assert begin_of(str(tmp_path / "checkpoint")) is None
    complete(tmp_path / "checkpoint")  # weights of that name
    assert begin_of(str(tmp_path / "checkpoint")) == str(tmp_path / "checkpoint")


def test_an_index_names_what_is_there(tmp_path: Path) -> None:
    assert read_index(tmp_path) == []
    (tmp_path / "a-1").touch()
    write_index(str(tmp_path), [str(tmp_path / "a-1"), str(tmp_path / "a-2")])
    assert (tmp_path / "checkpoint").read_text().splitlines()[0] == 'model_checkpoint_path: "a-2"'
    assert read_index(tmp_path) == [str(tmp_path / "a-1")]
    write_index(str(tmp_path), [])
    assert read_index(tmp_path) == []
