"""A file name with placeholders: what they stand for, what is refused, and which file is the newest."""

import os
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.callbacks.file_pattern import FilePattern
from minifit.errors import ArgumentError, ArgumentTypeError, MissingKeyError

VALUES = {"epoch": 7, "batch": 12, "loss": 0.51234, "val_loss": nan, "each": np.array([0.25, 0.5])}


@pytest.mark.parametrize(
    ("pattern", "filled"),
    [
        ("w.h5", "w.h5"),
        ("w.{epoch}.h5", "w.7.h5"),
        ("w.{epoch:02d}-{batch:04d}.h5", "w.07-0012.h5"),
        ("{loss:.2f}/{epoch}/{loss:.3f}.h5", "0.51/7/0.512.h5"),
        ("{val_loss:.2f}", "nan"),
        ("{loss!r:>8}", " 0.51234"),
        ("{each[1]:.1f}", "0.5"),
        ("{epoch:0{batch}d}", "000000000007"),
        ("{{epoch}}.{epoch}", "{epoch}.7"),
    ],
)
def test_placeholders_are_filled(pattern: str, filled: str) -> None:
    assert FilePattern(pattern).fill(VALUES) == filled


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("w.h5", ()),
        ("{epoch:02d}-{val_loss:.2f}-{epoch}", ("epoch", "val_loss")),
        ("{each[0]}.{loss.real}", ("each", "loss")),
        ("{loss:{epoch}}", ("loss", "epoch")),
        ("{{epoch}}", ()),
    ],
)
def test_the_names_in_a_pattern(pattern: str, names: tuple[str, ...]) -> None:
    assert FilePattern(pattern).names == names


def test_a_path_may_be_an_object() -> None:
    assert FilePattern(Path("a") / "w.{epoch}.h5").text == os.path.join("a", "w.{epoch}.h5")


@pytest.mark.parametrize("path", [None, 3, b"w.h5", ["w.h5"]], ids=repr)
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="filepath must be a string or a PathLike"):
        FilePattern(path)


@pytest.mark.parametrize("pattern", ["w.{epoch", "w.epoch}", "{epoch!}", "{epoch!x!y}"])
def test_braces_that_make_no_placeholder_are_refused(pattern: str) -> None:
    with pytest.raises(ArgumentError, match="Braces in filepath must form placeholders"):
        FilePattern(pattern)


@pytest.mark.parametrize("pattern", ["w.{}.h5", "w.{0}.h5", "{:02d}", "{[0]}", "{loss:{}}"])
def test_a_placeholder_without_a_name_is_refused(pattern: str) -> None:
    with pytest.raises(ArgumentError, match="A placeholder in filepath must have a name"):
        FilePattern(pattern)


# -- what does not fit -------------------------------------------------------------------------------------


@pytest.mark.rule("MC-3")
def test_a_key_that_is_not_there() -> None:
    pattern = FilePattern("w.{val_los}.h5")
    expected = (
        "Every placeholder in filepath must be filled by the epoch, the batch or the logs. "
        "Received: {val_los} in 'w.{val_los}.h5'. Did you mean 'val_loss'?"
    )
    with pytest.raises(KeyError) as caught:
        pattern.fill(VALUES)
    assert caught.value.args == (expected,)
    assert isinstance(pattern.missing("val_los", VALUES), MissingKeyError)
    assert str(pattern.missing("val_los", VALUES)) == expected, "without the quotes of a plain KeyError"


@pytest.mark.rule("MC-3")
@pytest.mark.parametrize("pattern", ["{loss:02d}", "{epoch:.2q}", "{loss.nothing}", "{epoch:{loss}}"])
def test_a_format_that_does_not_fit_is_found_before_there_are_values(pattern: str) -> None:
    with pytest.raises(ArgumentError, match="The formats in filepath must fit"):
        FilePattern(pattern).check(["loss"])
    with pytest.raises(ArgumentError, match="The formats in filepath must fit"):
        FilePattern(pattern).fill(VALUES)


@pytest.mark.parametrize("pattern", ["{epoch:.2f}", "{other:02d}", "{loss}-{other:02d}", "{each[0]}", "w.h5"])
def test_a_format_that_may_fit_passes(pattern: str) -> None:
    FilePattern(pattern).check(["loss", "each"])


def test_an_array_does_not_fit_a_format_for_numbers() -> None:
    with pytest.raises(ArgumentError, match="The formats in filepath must fit"):
        FilePattern("{each:.2f}").fill(VALUES)


# -- the newest file ---------------------------------------------------------------------------------------


def written(path: Path, seconds: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.utime(path, (seconds, seconds))
    return path


def test_the_newest_file_of_a_pattern(tmp_path: Path) -> None:
    pattern = FilePattern(tmp_path / "f[1].{epoch:02d}-{loss:.2f}.h5")
    assert pattern.newest() is None
    written(tmp_path / "f[1].01-0.90.h5", 100)
    newest = written(tmp_path / "f[1].02-0.80.h5", 300)
    written(tmp_path / "f[1].03-0.70.h5", 200)
    for other in ("f[1].h5", "f1.04-0.5.h5", ".f[1].05-0.40.h5.77.tmp", "f[1].05-0.40.txt"):
        written(tmp_path / other, 400)
    (tmp_path / "f[1].06-folder.h5").mkdir()
    assert pattern.newest() == str(newest)


def test_of_two_files_of_one_time_the_last_by_name(tmp_path: Path) -> None:
    written(tmp_path / "a2.h5", 100)
    written(tmp_path / "a1.h5", 100)
    assert FilePattern(tmp_path / "a{epoch}.h5").newest() == str(tmp_path / "a2.h5")


def test_placeholders_in_folders(tmp_path: Path) -> None:
    newest = written(tmp_path / "2" / "w.h5", 200)
    written(tmp_path / "1" / "w.h5", 100)
    assert FilePattern(tmp_path / "{epoch}" / "w.h5").newest() == str(newest)


def test_without_placeholders_it_is_the_file_itself(tmp_path: Path) -> None:
    assert FilePattern(tmp_path / "w.h5").newest() is None
    file = written(tmp_path / "w.h5", 100)
    assert FilePattern(file).newest() == str(file)
