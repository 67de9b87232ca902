"""The name's end decides about the format."""

from pathlib import Path
from typing import Any

import pytest

from minifit.errors import ArgumentError, ArgumentTypeError, FileFormatError
from minifit.saving import formats


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


@pytest.mark.parametrize("asked", ["tf", "tensorflow", "onnx", 3])
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
    with pytest.raises(FileFormatError, match=r"TensorFlow's own is not among.*saved_model\.pb"):
        formats.located(tmp_path)
