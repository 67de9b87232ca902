"""The name's end decides about the format."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minifit.errors import ArgumentError, ArgumentTypeError, FileFormatError
from minifit.saving import default_format, formats


def test_any_name_is_of_the_legacy_format() -> None:
    for name in ("model.h5", "model.hdf5", "model", Path("a.b") / "c"):
        assert formats.of(name) is formats.LEGACY


def test_an_end_that_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    other = formats.Format(formats.LEGACY.write, formats.LEGACY.reading)
    monkeypatch.setitem(formats.BY_SUFFIX, ".other", other)
    assert formats.of("model.other") is other
    assert formats.of(Path("model.other")) is other
    assert formats.of("model.other", "h5") is formats.LEGACY
    assert formats.of("model.other.h5") is formats.LEGACY


def test_the_names_of_keras_3() -> None:
    assert formats.of("a/model.keras").holds_weights is False
    assert formats.of(Path("model.weights.h5")).holds_weights is True
    assert all(formats.of(f"x{end}").remembers for end in (".keras", ".weights.h5"))
    assert not formats.LEGACY.remembers
    assert formats.of("weights.h5") is formats.of("model.KERAS") is formats.LEGACY
    assert formats.of("model.keras", "h5") is formats.LEGACY


def test_the_legacy_format_can_be_asked_for() -> None:
    for asked in ("h5", "hdf5", " H5 "):
        assert formats.of("x", asked) is formats.LEGACY


def test_the_format_of_keras_3_can_be_asked_for_where_the_name_says_so() -> None:
    assert formats.of("x.keras", "keras") is formats.of("x.keras")
    for path in ("x.h5", "x", "x.weights.h5"):
        with pytest.raises(ArgumentError, match=r"ends with \.keras"):
            formats.of(path, "keras")


@pytest.mark.parametrize("asked", ["tf", "tensorflow", " TF "])
def test_with_the_format_of_tensorflow_the_name_decides(asked: str) -> None:
    for name in ("x", "x.h5", "x.keras", "x.weights.h5"):
        assert formats.of(name, asked) is formats.of(name)


@pytest.mark.parametrize("asked", ["onnx", "tf.keras", 3])
def test_other_formats_are_refused(asked: Any) -> None:
    with pytest.raises(ArgumentError, match="save_format"):
        formats.of("x", asked)


@pytest.mark.parametrize("path", [3, b"x", None])
def test_what_is_no_path(path: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="path"):
        formats.of(path)


def test_the_file_of_a_model_in_a_folder(tmp_path: Path) -> None:
    inside = str(tmp_path / formats.IN_FOLDER)
    assert formats.located(tmp_path) == formats.located(str(tmp_path)) == inside
    assert formats.located(f"{tmp_path}/new/") == f"{tmp_path}/new/{formats.IN_FOLDER}"
    assert formats.located("") == "" and formats.located(3) == 3  # type: ignore[arg-type, comparison-overlap]
    for file in (tmp_path / "m", str(tmp_path / "m.h5"), tmp_path / "m.keras"):
        assert formats.located(file) is file
        Path(file).mkdir()
    assert formats.located(tmp_path / "m") == str(tmp_path / "m" / formats.IN_FOLDER)
    assert formats.located(tmp_path / "m.h5") == tmp_path / "m.h5"  # refused as a folder, as in tf.keras


def test_a_folder_with_a_model_of_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    for find in (formats.located, formats.place):
        with pytest.raises(FileFormatError, match=r"TensorFlow's own is not among.*saved_model\.pb"):
            find(tmp_path)


@pytest.fixture
def as_tensorflow() -> Iterator[None]:
    default_format.choose("tf")
    yield
    default_format.choose("h5")


def test_where_a_whole_model_is_written(tmp_path: Path) -> None:
    for name in ("m", "m.model", "cp-0001.ckpt"):
        for folder in ("tf", "TensorFlow"):
            assert formats.place(tmp_path / name, folder) == str(tmp_path / name / formats.IN_FOLDER)
        for asked in (None, "h5"):
            assert formats.place(tmp_path / name, asked) == tmp_path / name
    assert formats.place(f"{tmp_path}/m.h5/") == f"{tmp_path}/m.h5/{formats.IN_FOLDER}"
    for name in ("m.h5", "m.hdf5", "m.keras", "m.weights.h5"):
        for asked in (None, "tf"):
            assert formats.place(tmp_path / name, asked) == tmp_path / name
    assert formats.place("") == "" and formats.place(3) == 3  # type: ignore[arg-type, comparison-overlap]


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("mine")
    with pytest.raises(FileExistsError, match=r"is a folder, and a file is in its place.*'.*m'"):
        formats.place(tmp_path / "m", "tf")
    assert formats.place(tmp_path / "m") == formats.located(tmp_path / "m") == tmp_path / "m"


def test_weights_that_are_a_checkpoint() -> None:
    for name in ("w", Path("a.b") / "cp.ckpt"):
        assert formats.is_checkpoint(name, "tf")
        assert not formats.is_checkpoint(name, "h5") and not formats.is_checkpoint(name)
    for name in ("w.h5", "w.hdf5", "w.keras", "w.weights.h5"):
        assert not formats.is_checkpoint(name)
        with pytest.raises(ArgumentError, match=r"must agree. Received: save_format='TF'"):
            formats.is_checkpoint(name, "TF")
    assert not formats.is_checkpoint("", "tf") and not formats.is_checkpoint("folder/", "tf")


@pytest.mark.usefixtures("as_tensorflow")
def test_another_default(tmp_path: Path) -> None:
    assert formats.place(tmp_path / "m") == str(tmp_path / "m" / formats.IN_FOLDER)
    assert formats.place(tmp_path / "m", "h5") == tmp_path / "m"
    assert formats.place(tmp_path / "m.h5") == tmp_path / "m.h5"
    assert formats.is_checkpoint("w") and not formats.is_checkpoint("w", "h5")
    assert not formats.is_checkpoint("w.h5")
    assert formats.of("m") is formats.of("m.h5") is formats.LEGACY
    with pytest.raises(ArgumentError, match="save_format='tf2'"):
        formats.of("m", "tf2")


def test_an_open_file_is_of_the_format_of_keras_3() -> None:
    file = io.BytesIO()
    of_keras = (file, formats.of("x.keras"))
    assert formats.to_write(file) == formats.to_write(file, "keras") == formats.to_read(file) == of_keras
    assert formats.to_write("x.h5") == formats.to_read("x.h5") == ("x.h5", formats.LEGACY)


@pytest.mark.usefixtures("as_tensorflow")
def test_an_open_file_where_folders_are_the_default() -> None:
    file = io.BytesIO()
    assert formats.to_write(file) == (file, formats.of("x.keras"))
