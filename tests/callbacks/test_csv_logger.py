"""CSVLogger: columns, cells, what append means, what a resumed run leaves, and what cannot be written."""

import copy
import csv
import errno
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
)
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitWarning
from minifit.saving.marks import Mark
from tests.callbacks.recording import acting, data, small_model, stop

X, Y = data()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


def rows(path: Path, separator: str = ",") -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def writing(**values: Callable[[int], Any]) -> Callback:
    """Writes values into the logs of an epoch; None is not written."""

    def write(epoch: int, logs: Any) -> None:
        logs.update({key: v for key, make in values.items() if (v := make(epoch)) is not None})

    return LambdaCallback(on_epoch_end=write)


def fit(path: Path, *others: Any, epochs: int = 2, **arguments: Any) -> Any:
    given = {k: arguments.pop(k) for k in ("separator", "append") if k in arguments}
    model = arguments.pop("model", None) or small_model()
    chain = [*others, CSVLogger(path, **given)]
    return model.fit(X, Y, 6, epochs=epochs, verbose=0, callbacks=chain, **arguments)


# -- columns and cells -------------------------------------------------------------------------------------


@pytest.mark.rule("CSV-1", "CSV-4")
def test_a_fit_in_a_file(path: Path) -> None:
    history = fit(path, model=small_model(metrics=["mae"]), validation_data=(X, Y)).history
    header, *found = rows(path)
    assert header == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    expected = [[e, *(history[key][e] for key in header[1:])] for e in range(2)]
    assert [[int(r[0]), *map(float, r[1:])] for r in found] == expected, "every digit is there"
    assert path.read_bytes().count(b"\r\n") == 3 == path.read_bytes().count(b"\n")


@pytest.mark.rule("CSV-1")
def test_declared_keys_have_columns_from_the_first_row_on(path: Path) -> None:
    fit(path, epochs=4, validation_data=(X, Y), validation_freq=2)
    header, *found = rows(path)
    assert header == ["epoch", "loss", "val_loss"]
    assert [bool(r[2]) for r in found] == [False, True, False, True]


@pytest.mark.rule("CSV-1")
def test_keys_of_the_first_row_are_sorted_in(path: Path) -> None:
    fit(path, writing(extra=lambda e: 0.5, zebra=lambda e: e))
    assert rows(path)[0] == ["epoch", "extra", "loss", "zebra"]


@pytest.mark.rule("CSV-1")
def test_a_key_that_comes_later_is_left_out_with_one_warning(path: Path) -> None:
    late = writing(late=lambda e: 1.0 if e else None, later=lambda e: 1.0 if e > 1 else None)
    with pytest.warns(MinifitWarning, match=r"no column for 'late'.*log\.csv") as caught:
        fit(path, late, epochs=4)
    assert len(caught) == 1
    assert {len(row) for row in rows(path)} == {2}


@pytest.mark.rule("CSV-1")
def test_a_late_key_is_seen_though_another_one_is_missing(path: Path) -> None:
    swapped = writing(a=lambda e: None if e else 1.0, b=lambda e: 1.0 if e else None)
    with pytest.warns(MinifitWarning, match="no column for 'b'"):
        fit(path, swapped)


@pytest.mark.rule("CSV-2")
def test_an_absent_value_is_empty_and_na_on_the_epoch_that_stops(path: Path) -> None:
    stops = LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    stopper: Any = acting("on_epoch_end", lambda c: stop(c) if len(rows(path)) == 3 else None)
    fit(path, stops, stopper, epochs=9, validation_data=(X, Y), validation_freq=[9])
    assert [row[2] for row in rows(path)] == ["val_loss", "", "", "NA"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such devices")
@pytest.mark.parametrize("append", [False, True])
def test_a_device_or_pipe_is_not_read(append: bool) -> None:
    read, write = os.pipe()
    fit(Path(f"/dev/fd/{write}"), epochs=2, append=append)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert [line.partition(",")[0] for line in pipe] == ["epoch", "0", "1"]


@pytest.mark.rule("CSV-4")
@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (1e300, "1e+300"),
        (np.float32(1 / 3), "0.33333334"),
        (np.int64(7), "7"),
        (np.array(2.5), "2.5"),
        (True, "True"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ([1, 2.5], '"[1, 2.5]"'),
        (np.array([1.0, 2.0, 3.0]), '"[1.0, 2.0, 3.0]"'),
        ((), '"[]"'),
        ('x"y,z', 'x"y,z'),
        ("two\nlines ü", "two\nlines ü"),
        ("", ""),
    ],
)
def test_cells_are_those_of_keras(path: Path, value: Any, cell: str) -> None:
    fit(path, writing(a=lambda e: value))
    assert [row[1] for row in rows(path)] == ["a", cell, cell]


def test_a_value_that_is_none_is_an_empty_cell(path: Path) -> None:
    fit(path, LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(a=None)))
    assert [row[1] for row in rows(path)] == ["a", "", ""]


@pytest.mark.parametrize("separator", [";", "\t", "|", " ", "é"])
def test_separators(path: Path, separator: str) -> None:
    fit(path, writing(a=lambda e: f"with{separator}in"), separator=separator)
    assert [row[:2] for row in rows(path, separator)][1] == ["0", f"with{separator}in"]


@pytest.mark.rule("CSV-4")
def test_a_row_is_in_the_file_when_its_epoch_ends(path: Path) -> None:
    seen: list[int] = []
    logger = CSVLogger(path)
    after = acting("on_epoch_end", lambda c: seen.append(len(rows(path))))
    small_model().fit(X, Y, epochs=3, verbose=0, callbacks=[logger, after])
    assert seen == [2, 3, 4]


@pytest.mark.rule("CSV-4")
def test_rows_outlive_a_process_that_is_killed(path: Path, root: Path) -> None:
    program = f"""
import os, signal, numpy as np, minifit
from minifit import callbacks
model = minifit.Sequential([minifit.layers.Dense(1, input_shape=(2,))])
model.compile("sgd", "mse")
killer = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epoch < 3 or os._exit(9))
model.fit(np.ones((4, 2)), np.ones(4), epochs=9, verbose=0, callbacks=[callbacks.CSVLogger({str(path)!r}), killer])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)
    assert done.returncode == 9
    assert [row[0] for row in rows(path)] == ["epoch", "0", "1", "2"]


# -- several fits, append ----------------------------------------------------------------------------------


@pytest.mark.rule("CSV-7")
@pytest.mark.parametrize(("append", "expected"), [(False, ["0"]), (True, ["0", "1", "0"])])
def test_one_callback_in_two_fits(path: Path, append: bool, expected: list[str]) -> None:
    logger, model = CSVLogger(path, append=append), small_model()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[logger])
    assert logger.keys == ["loss"]
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[logger])
    assert [row[0] for row in rows(path)] == ["epoch", *expected]


@pytest.mark.rule("CSV-1")
def test_every_fit_warns_of_a_key_that_comes_later(path: Path) -> None:
    logger = CSVLogger(path)
    for _ in range(2):
        with pytest.warns(MinifitWarning, match="no column for 'late'"):
            late = writing(late=lambda e: 1.0 if e else None)
            small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[late, logger])


def test_a_loop_by_hand_after_a_fit_has_columns_of_its_own(path: Path) -> None:
    logger = CSVLogger(path)
    small_model().fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[logger])
    with CallbackList([logger]) as callbacks:
        callbacks.on_train_begin()
        callbacks.on_epoch_end(0, {"loss": 0.5})
        callbacks.on_train_end()
    assert rows(path) == [["epoch", "loss"], ["0", "0.5"]]


@pytest.mark.rule("CSV-3")
def test_an_empty_file_counts_as_new(path: Path) -> None:
    path.touch()
    fit(path, append=True)
    assert [row[0] for row in rows(path)] == ["epoch", "0", "1"]


@pytest.mark.rule("CSV-3")
@pytest.mark.parametrize(
    ("content", "lacking"),
    [
        (b"epoch,loss\r\n0,1.0\r\n", "'val_loss'"),
        (b"epoch;loss;val_loss\r\n", "'epoch', 'loss', 'val_loss'"),
        (b"loss,val_loss\n", "'epoch'"),
        (bytes(range(128, 256)) * 9, "'epoch', 'loss', 'val_loss'"),
        (b'"' + b"x" * 200_000, "'epoch', 'loss', 'val_loss'"),
    ],
    ids=["column", "separator", "epoch", "binary", "no-csv"],
)
def test_a_header_that_lacks_a_column_is_refused_and_the_file_left(
    path: Path, content: bytes, lacking: str
) -> None:
    path.write_bytes(content)
    model = small_model()
    before = model.get_weights()[0].tobytes()
    with pytest.raises(ArgumentError, match=rf"without {lacking};.*separator of that file"):
        fit(path, model=model, append=True, validation_data=(X, Y))
    assert path.read_bytes() == content
    assert model.get_weights()[0].tobytes() == before


@pytest.mark.rule("CSV-3")
def test_rows_follow_the_header_that_is_there(path: Path) -> None:
    path.write_text("loss,mine,epoch\n1.0,x,0\n", encoding="utf-8-sig")
    with pytest.warns(MinifitWarning, match="no column for 'extra'"):
        history = fit(path, writing(extra=lambda e: 1.0), epochs=1, append=True)
    assert rows(path)[-1] == [str(history.history["loss"][0]), "", "0"]


@pytest.mark.rule("CSV-6")
@pytest.mark.parametrize(
    ("torn", "closed"),
    [("1,0.2", ["1", "0.2"]), ('1,"a', ["1", "a"]), ("1,0.25\n", ["1", "0.25"]), ('1,"""[1', ["1", '"[1'])],
)
def test_a_line_that_a_crash_left_open_is_closed(path: Path, torn: str, closed: list[str]) -> None:
    path.write_text(f"epoch,loss\n0,0.5\n{torn}", newline="")
    fit(path, epochs=1, append=True)
    assert rows(path)[2] == closed
    assert rows(path)[3][0] == "0"
    assert len(rows(path)) == 4


# -- loops written by hand ---------------------------------------------------------------------------------


def test_a_loop_written_by_hand(path: Path) -> None:
    callbacks = CallbackList([CSVLogger(path)])
    with callbacks:
        callbacks.on_train_begin()
        for epoch in range(2):
            callbacks.on_epoch_end(epoch, {"b": 1.0, "a": epoch})
        callbacks.on_train_end()
    assert rows(path) == [["epoch", "a", "b"], ["0", "0", "1.0"], ["1", "1", "1.0"]]


def test_a_loop_that_broke_off_begins_anew(path: Path) -> None:
    logger = CSVLogger(path)
    for _ in range(2):
        logger.on_train_begin()
        logger.on_epoch_end(0, {"a": 1.0})
    logger.on_train_end()
    assert len(rows(path)) == 2


def test_an_epoch_is_enough(path: Path) -> None:
    logger = CSVLogger(path)
    logger.on_epoch_end(3, None)
    logger.release()
    assert rows(path) == [["epoch"], ["3"]]


def test_appending_by_hand_to_something_else_is_refused(path: Path) -> None:
    path.write_text("name,age\n")
    with pytest.raises(ArgumentError, match="without 'epoch'"):
        CSVLogger(path, append=True).on_train_begin()


# -- resuming ----------------------------------------------------------------------------------------------


def resuming(state: dict[str, Any]) -> Callback:
    return acting("on_train_begin", lambda c: c.model.training_state.restore(state))


def captured_after(path: Path, epochs: int, append: bool) -> dict[str, Any]:
    """The state when so many of five epochs were over, and the whole file."""
    states: list[Any] = []
    take = acting("on_epoch_begin", lambda c: states.append(c.model.training_state.capture()))
    fit(path, take, epochs=5, append=append)
    return dict(states[epochs])


@pytest.mark.rule("CSV-6")
@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("first", [False, True], ids=["restored-last", "restored-first"])
@pytest.mark.parametrize("done", [1, 3])
def test_a_resumed_run_leaves_the_file_of_an_uninterrupted_one(
    path: Path, append: bool, first: bool, done: int
) -> None:
    if append:
        path.write_text("epoch,loss\r\n7,0.5\r\n", newline="")
    state = captured_after(path, done, append)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])  # killed while writing the last row
    logger, restorer = CSVLogger(path, append=append), resuming(state)
    chain = [restorer, logger] if first else [logger, restorer]
    small_model().fit(X, Y, 6, epochs=5, verbose=0, callbacks=chain)
    assert path.read_bytes() == whole


@pytest.mark.rule("CSV-6")
def test_a_run_resumed_after_its_last_epoch_keeps_its_rows(path: Path) -> None:
    states: list[Any] = []
    logger = CSVLogger(path)
    take = acting("on_epoch_end", lambda c: states.append(c.model.training_state.capture()))
    small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[logger, take])
    whole = path.read_bytes()
    small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[resuming(states[-1]), CSVLogger(path)])
    assert path.read_bytes() == whole


@pytest.mark.rule("CSV-6")
def test_a_file_shorter_than_in_the_backup_is_said(path: Path) -> None:
    state = captured_after(path, 3, append=False)
    path.unlink()
    with pytest.warns(MinifitWarning, match=r"log\.csv' is shorter than it was at the backup: 0 bytes"):
        small_model().fit(X, Y, 6, epochs=5, verbose=0, callbacks=[CSVLogger(path), resuming(state)])
    assert [row[0] for row in rows(path)] == ["epoch", "3", "4"]


def test_a_state_before_the_first_epoch(path: Path) -> None:
    path.write_text("epoch,loss\n")
    assert CSVLogger(path).get_state() == {"position": 0}
    assert CSVLogger(path, append=True).get_state() == {"position": 11}
    assert CSVLogger(path.with_name("none"), append=True).get_state() == {"position": 0}


def test_a_fit_without_epochs_leaves_an_empty_file(path: Path) -> None:
    path.write_text("old")
    fit(path, epochs=1, initial_epoch=1)
    assert path.read_bytes() == b""


def test_nothing_is_lost_when_another_callback_fails_at_the_beginning(path: Path) -> None:
    path.write_text("old")

    def fail(callback: Any) -> None:
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError):
        fit(path, acting("on_train_begin", fail))
    with pytest.raises(RuntimeError):
        small_model().fit(X, Y, verbose=0, callbacks=[CSVLogger(path), acting("on_train_begin", fail)])
    assert path.read_text() == "old"


# -- what cannot be written --------------------------------------------------------------------------------


@pytest.mark.rule("CSV-10")
def test_a_folder_that_does_not_exist_is_made(tmp_path: Path) -> None:
    path = tmp_path / "run" / "7" / "log.csv"
    fit(path)
    assert len(rows(path)) == 3


@pytest.mark.rule("CSV-5")
def test_a_full_disk_is_an_error_that_names_the_file(path: Path) -> None:
    logger: Any = CSVLogger(path)

    class Full:
        def write(self, piece: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def __getattr__(self, name: str) -> Any:
            return getattr(file, name)

    def fill(callback: Any) -> None:
        logger._stream._file = Full()

    file: Any = None

    def keep(callback: Any) -> None:
        nonlocal file
        file = logger._stream._file

    chain = [logger, acting("on_train_begin", keep), acting("on_epoch_end", fill)]
    with pytest.raises(OSError, match=r"No space left on device; the CSV file .*log\.csv"):
        small_model().fit(X, Y, epochs=3, verbose=0, callbacks=chain)
    assert len(rows(path)) == 2, "the first row is there and whole"


@pytest.mark.rule("CSV-5")
def test_a_file_that_cannot_be_opened_ends_the_fit_before_it_trains(tmp_path: Path) -> None:
    model = small_model()
    before = model.get_weights()[0].tobytes()
    with pytest.raises(OSError, match="the CSV file cannot be written to"):
        fit(tmp_path, model=model)
    assert model.get_weights()[0].tobytes() == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"filename": None}, ArgumentTypeError, "filename must be a string.*None"),
        ({"filename": 3}, ArgumentTypeError, "filename=3"),
        ({"filename": b"log.csv"}, ArgumentTypeError, "filename must be"),
        ({"filename": ""}, ArgumentError, "must name a file"),
        ({"filename": "a\0b"}, ArgumentError, "must name a file"),
        ({"filename": "a", "separator": ""}, ArgumentError, "one character.*separator=''"),
        ({"filename": "a", "separator": ";;"}, ArgumentError, "one character.*';;'"),
        ({"filename": "a", "separator": '"'}, ArgumentError, "other than a quotation mark"),
        ({"filename": "a", "separator": "\n"}, ArgumentError, "line end"),
        ({"filename": "a", "separator": None}, ArgumentTypeError, "separator=None"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        CSVLogger(**arguments)


@pytest.mark.rule("FIT-16")
def test_two_that_write_the_same_file_are_refused(path: Path) -> None:
    with pytest.raises(ArgumentError, match="must not write to the same file"):
        small_model().fit(X, Y, verbose=0, callbacks=[CSVLogger(path), CSVLogger(str(path))])
    assert not path.exists()


@pytest.mark.rule("FIT-34")
def test_the_file_is_closed_when_fit_breaks_off(path: Path) -> None:
    logger = CSVLogger(path)
    with pytest.raises(KeyboardInterrupt), warnings.catch_warnings():
        warnings.simplefilter("error")  # a file left open would warn
        interrupting = LambdaCallback(
            on_epoch_end=lambda epoch, logs: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        small_model().fit(X, Y, verbose=0, callbacks=[logger, interrupting])
    assert logger._stream is None
    assert len(rows(path)) == 2


def test_it_can_be_copied_and_pickled_between_fits(path: Path) -> None:
    logger = CSVLogger(path, ";", append=True)
    small_model().fit(X, Y, verbose=0, callbacks=[logger, EarlyStopping("loss")])
    for other in (pickle.loads(pickle.dumps(CSVLogger(path, ";"))), copy.deepcopy(CSVLogger(path, ";"))):
        assert (other.filename, other.sep, other.append) == (str(path), ";", False)
    logger.model = None
    assert pickle.loads(pickle.dumps(logger)).keys == ["loss"]


@pytest.mark.rule("CSV-3")
def test_rows_stay_when_the_working_directory_changes_before_the_first_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Moving(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            monkeypatch.chdir(tmp_path / "elsewhere")

    (tmp_path / "elsewhere").mkdir()
    for moving in ([], [Moving()]):
        monkeypatch.chdir(tmp_path)
        small_model().fit(*data(), epochs=2, verbose=0, callbacks=[CSVLogger("a.csv", append=True), *moving])
    first_cells = [line.split(",")[0] for line in (tmp_path / "a.csv").read_text().splitlines()]
    assert first_cells == ["epoch", "0", "1", "0", "1"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


# -- files that others change ------------------------------------------------------------------------------


def at_epoch(epoch: int, action: Callable[[], object], hook: str = "on_epoch_begin") -> Callback:
    callback = Callback()
    setattr(callback, hook, lambda e, logs=None: action() if e == epoch else None)
    return callback


def edited(path: Path) -> None:
    """What ``sed -i`` does, or an editor: a new file takes the place of the old one."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody remove an open file")
EPOCHS = ["epoch", "0", "1", "2", "3"]


@not_on_windows
@pytest.mark.rule("CSV-9")
@pytest.mark.parametrize(
    ("change", "said", "left"),
    [
        (Path.unlink, "removed", ["epoch", "2", "3"]),
        (edited, "replaced", EPOCHS),
        (lambda path: path.write_bytes(b""), "shortened", ["epoch", "2", "3"]),
        (lambda path: path.write_bytes(path.read_bytes()[:-2]), "shortened", EPOCHS),
        (lambda path: path.rename(path.with_name("log.1")), "removed", ["epoch", "2", "3"]),
    ],
    ids=["removed", "replaced", "emptied", "last line end cut", "rotated"],
)
def test_rows_go_on_in_what_is_there_now(path: Path, change: Any, said: str, left: list[str]) -> None:
    with pytest.warns(MinifitWarning) as caught:
        history = fit(path, at_epoch(2, lambda: change(path)), epochs=4)
    (warning,) = caught
    assert f"log.csv' was {said} by another program" in str(warning.message)
    assert [row[0] for row in rows(path)] == left
    assert [row[1] for row in rows(path)][-2:] == [str(loss) for loss in history.history["loss"][2:]]


@not_on_windows
@pytest.mark.rule("CSV-9")
@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_epoch_end"])
@pytest.mark.parametrize(("change", "said"), [(Path.unlink, "removed"), (edited, "replaced")])
def test_no_row_is_lost_while_the_first_epoch_lasts(path: Path, change: Any, said: str, hook: str) -> None:
    with pytest.warns(MinifitWarning, match=f"was {said} by another program"):
        fit(path, at_epoch(0, lambda: change(path), hook), epochs=2)
    assert [row[0] for row in rows(path)] == ["epoch", "0", "1"]


@pytest.mark.rule("CSV-9")
def test_a_line_that_another_program_adds_stays(path: Path) -> None:
    def add() -> None:
        with path.open("a") as file:
            file.write("# a note")

    fit(path, at_epoch(1, add), epochs=3)
    assert [row[0] for row in rows(path)] == ["epoch", "0", "# a note", "1", "2"]


@not_on_windows
@pytest.mark.rule("CSV-9")
def test_rows_follow_the_header_of_the_new_file(path: Path) -> None:
    def change() -> None:
        path.unlink()
        path.write_text("loss,note,epoch\n0.5,mine,0")

    with pytest.warns(MinifitWarning, match="removed|replaced"):
        history = fit(path, at_epoch(1, change), epochs=2)
    assert rows(path)[1:] == [["0.5", "mine", "0"], [str(history.history["loss"][1]), "", "1"]]


@not_on_windows
@pytest.mark.rule("CSV-9")
def test_a_new_file_that_is_no_such_table_is_left_as_it_is(path: Path) -> None:
    def change() -> None:
        path.unlink()
        path.write_text("Dear diary\n")

    with pytest.raises(ArgumentError, match=r"log\.csv', which was replaced.*\['Dear diary'\]"):
        fit(path, at_epoch(1, change), epochs=2)
    assert path.read_text() == "Dear diary\n"


@not_on_windows
@pytest.mark.rule("CSV-9")
@pytest.mark.parametrize(("change", "said"), [(Path.unlink, "removed"), (edited, "replaced")])
def test_a_file_that_goes_after_the_last_row_is_said(path: Path, change: Any, said: str) -> None:
    logger = CSVLogger(path)
    after = at_epoch(1, lambda: change(path), "on_epoch_end")
    with pytest.warns(MinifitWarning, match=rf"was {said} by another program.*No more rows follow"):
        small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[logger, after])
    assert path.exists() is (said == "replaced")


# -- stopped before the first backup -----------------------------------------------------------------------


def stopped(path: Path, after: int, **arguments: Any) -> None:
    """A run of three epochs whose process comes to its end after so many rows, before the first backup."""
    died = False

    class Died(BaseException):
        pass

    def die() -> None:
        nonlocal died
        died = True
        raise Died

    backup = BackupAndRestore(path.parent / "backup", save_freq=100)
    logger = CSVLogger(path, append=True, **arguments)
    with pytest.raises(Died):
        small_model().fit(
            X, Y, 6, epochs=5, verbose=0, callbacks=[logger, backup, at_epoch(after - 1, die, "on_epoch_end")]
        )
    assert died


def in_full(path: Path, **arguments: Any) -> list[str]:
    """The first column after a run of three epochs with backups that came to its end."""
    logger = CSVLogger(path, append=True, **arguments)
    backup = BackupAndRestore(path.parent / "backup")
    small_model().fit(X, Y, 6, epochs=3, verbose=0, callbacks=[logger, backup])
    return [row[0] for row in rows(path, arguments.get("separator", ","))]


@pytest.mark.rule("CSV-8")
@pytest.mark.parametrize("stops", [[1], [2, 1], [3, 1, 2]])
@pytest.mark.parametrize("torn", [0, 1, 7])
def test_a_run_that_is_started_again_leaves_no_row_twice(path: Path, stops: list[int], torn: int) -> None:
    assert in_full(path) == ["epoch", "0", "1", "2"]
    for after in stops:
        stopped(path, after)
        path.write_bytes(path.read_bytes()[: -torn or None])
    assert in_full(path) == ["epoch", "0", "1", "2", "0", "1", "2"]
    assert {p.name for p in path.parent.iterdir()} == {"log.csv", "backup"}
    assert in_full(path)[4:] == ["0", "1", "2"] * 2, "a run that ended is added to"


@pytest.mark.rule("CSV-8")
def test_a_file_that_the_run_began_itself(path: Path) -> None:
    stopped(path, 2, separator=";")
    assert in_full(path, separator=";") == ["epoch", "0", "1", "2"]


@pytest.mark.rule("CSV-8")
def test_without_backups_append_means_append(path: Path) -> None:
    stopped(path, 2)
    fit(path, epochs=2, append=True)
    stopped(path, 1)
    assert [row[0] for row in rows(path)] == ["epoch", "0", "1", "0", "1", "0"]
    assert in_full(path) == ["epoch", "0", "1", "0", "1", "0", "1", "2"]


@pytest.mark.rule("CSV-8")
def test_rows_before_a_file_was_edited_are_not_cut(path: Path) -> None:
    in_full(path)
    stopped(path, 1)
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    assert in_full(path) == ["epoch", "0", "1", "2", "0", "0", "1", "2"]


@pytest.mark.rule("CSV-8")
def test_a_run_with_a_backup_goes_on_from_there(path: Path) -> None:
    in_full(path)

    def fail() -> None:
        raise RuntimeError("on purpose")

    for _ in range(2):
        backup = BackupAndRestore(path.parent / "backup")
        chain = [CSVLogger(path, append=True), backup, at_epoch(2, fail)]
        with pytest.raises(RuntimeError):
            small_model().fit(X, Y, 6, epochs=3, verbose=0, callbacks=chain)
        assert not path.with_name(".log.csv.run").exists(), "the backup says where the run goes on"
    assert in_full(path) == ["epoch", "0", "1", "2", "0", "1", "2"]


@pytest.mark.rule("CSV-8")
def test_a_mark_that_cannot_be_written_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(mark: Mark, at: int) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", mark.path)

    monkeypatch.setattr(Mark, "set", refuse)
    with pytest.warns(MinifitWarning, match=r"\.log\.csv\.run' cannot be written.*twice"):
        in_full(path)


@pytest.mark.rule("CSV-8")
def test_a_mark_that_cannot_be_removed_is_said_once(path: Path) -> None:
    path.with_name(".log.csv.run").mkdir()
    with pytest.warns(MinifitWarning) as caught:
        in_full(path)
    assert ["removed" in str(warning.message) for warning in caught] == [False, True]


@pytest.mark.rule("CSV-8")
def test_rows_of_another_run_that_was_stopped_stay(path: Path) -> None:
    stopped(path, 2)
    other = BackupAndRestore(path.parent / "other")
    small_model().fit(X, Y, 6, epochs=1, verbose=0, callbacks=[CSVLogger(path, append=True), other])
    assert in_full(path) == ["epoch", "0", "1", "0", "0", "1", "2"]


@pytest.mark.rule("CSV-8")
def test_rows_before_another_filename_was_set_stay(path: Path) -> None:
    logger = CSVLogger(path, append=True)
    change = at_epoch(2, lambda: setattr(logger, "filename", path.with_name("second.csv")))
    backup = BackupAndRestore(path.parent / "backup", save_freq=100)
    small_model().fit(X, Y, 6, epochs=3, verbose=0, callbacks=[logger, backup, change])
    assert in_full(path) == ["epoch", "0", "1", "0", "1", "2"]


@pytest.mark.rule("CSV-8")
def test_a_process_that_is_killed_before_its_first_backup(path: Path, root: Path) -> None:
    program = f"""
import os, signal
from minifit.callbacks import BackupAndRestore, CSVLogger, LambdaCallback
from tests.callbacks.recording import data, small_model
x, y = data()
die = LambdaCallback(on_epoch_end=lambda e, logs: os._exit(9) if e == 1 else None)
chain = [CSVLogger({str(path)!r}, append=True), BackupAndRestore({str(path.with_name("backup"))!r}, save_freq=100), die]
small_model().fit(x, y, 6, epochs=5, verbose=0, callbacks=chain)
"""
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)
        assert done.returncode == 9
        assert [row[0] for row in rows(path)] == ["epoch", "0", "1"]
    assert in_full(path) == ["epoch", "0", "1", "2"]


def test_a_fit_whose_epochs_have_no_validation_makes_the_columns_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for epoch in range(3):
        logger = CSVLogger(path, append=True)
        small_model().fit(
            *data(),
            epochs=epoch + 1,
            initial_epoch=epoch,
            validation_data=data(),
            validation_freq=3,
            verbose=0,
            callbacks=[logger],
        )
    lines = path.read_text().splitlines()
    assert lines[0] == "epoch,loss,val_loss"
    assert [line.endswith(",") for line in lines[1:]] == [True, True, False]


# -- settings that change, and the working folder ----------------------------------------------------------


@pytest.mark.rule("CSV-7")
@pytest.mark.parametrize("append", [False, True])
def test_another_filename_counts_from_the_next_row_on(path: Path, append: bool) -> None:
    second = path.with_name("second.csv")
    second.write_text("epoch,loss\n7,0.5\n")
    logger = CSVLogger(path, append=append)
    change = at_epoch(1, lambda: setattr(logger, "filename", second))
    small_model().fit(X, Y, epochs=3, verbose=0, callbacks=[logger, change])
    assert [row[0] for row in rows(path)] == ["epoch", "0"]
    assert [row[0] for row in rows(second)] == ["epoch", *(["7"] if append else []), "1", "2"]


def test_a_filename_that_is_set_after_the_last_row_is_of_the_next_fit(path: Path) -> None:
    second = path.with_name("second.csv")
    second.write_text("mine")
    logger = CSVLogger(path)
    after = at_epoch(0, lambda: setattr(logger, "filename", second), "on_epoch_end")
    small_model().fit(X, Y, epochs=1, verbose=0, callbacks=[logger, after])
    assert second.read_text() == "mine"
    assert len(rows(path)) == 2


def test_what_is_set_is_held_to_the_rules(path: Path) -> None:
    logger = CSVLogger(path)
    for name, value in (("filename", 5), ("filename", ""), ("sep", ";;"), ("sep", None)):
        with pytest.raises((ArgumentError, ArgumentTypeError)):
            setattr(logger, name, value)
    logger.sep, logger.append = ";", 1
    logger.on_epoch_end(0, {"a": 1.0})
    with pytest.raises(ArgumentError, match=r"The separator of a table cannot change\. Received: sep='\|'"):
        logger.sep = "|"
    logger.sep = ";"
    logger.release()
    logger.sep = "|"
    assert rows(path, ";") == [["epoch", "a"], ["0", "1.0"]]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_it_can_be_copied_and_pickled_while_its_file_is_open(path: Path, again: Callable[[Any], Any]) -> None:
    logger = CSVLogger(path)
    logger.on_epoch_end(0, {"a": 1.0})
    other = again(logger)
    logger.filename = str(path)
    logger.on_epoch_end(1, {"a": 1.0})
    other.filename = path.with_name("other.csv")
    small_model().fit(X, Y, epochs=1, verbose=0, callbacks=[other])
    logger.on_epoch_end(2, {"a": 1.0})
    logger.release()
    assert [row[0] for row in rows(path)] == ["epoch", "0", "1", "2"]
    assert [row[0] for row in rows(path.with_name("other.csv"))] == ["epoch", "0"]


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_epoch_end"])
def test_a_change_of_the_working_folder_moves_no_row(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    logger = CSVLogger("log.csv", append=True)

    def change(callback: Any) -> None:
        monkeypatch.chdir(tmp_path / "other")
        logger.filename = "second.csv"

    small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[acting(hook, change), logger])
    assert list((tmp_path / "other").iterdir()) == []
    assert (tmp_path / "second.csv").exists()
