"""CSVLogger, BaseLogger and LambdaCallback."""

import contextlib
import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import AbsentError, scenario
from minifit.semantics.stage import (
    backing_up,
    fit,
    heard_warnings,
    listener,
    model_of,
    refusal,
    scores,
    stopping_at,
    table,
    tried,
)


def logged(keras: Any, file: Path, values: Any, *callbacks: Any, **options: Any) -> Any:
    """Train with a CSVLogger behind a written score, and return the columns and the cells of the score."""
    fit(
        model_of(keras),
        (scores(keras, values), *callbacks, keras.callbacks.CSVLogger(str(file), **options)),
        len(values),
    )
    return score_of(file)


def score_of(file: Path) -> Any:
    """Return the columns of a file and the cells of the score."""
    rows = table(file)
    place = rows[0].index("score") if "score" in rows[0] else None
    return {"columns": rows[0], "score": None if place is None else [row[place] for row in rows[1:]]}


@scenario("CSV-1")
def columns(keras: Any, folder: Path) -> Any:
    with heard_warnings() as texts:
        late = logged(keras, folder / "late.csv", [None, 2.0])
    sparse = folder / "sparse.csv"
    writing = keras.callbacks.CSVLogger(str(sparse))
    validation = {"validation_data": (np.ones((1, 1)), np.ones((1, 1))), "validation_freq": 2}
    result = refusal(lambda: fit(model_of(keras, metrics=["mse", "mae"]), (writing,), 2, **validation))
    return {
        "a key that comes late": {"columns": late["columns"], "warnings": len(texts)},
        "validation at every second epoch": [result, table(sparse)[0] if result == "accepted" else None],
    }


@scenario("CSV-2")
def absent_values(keras: Any, folder: Path) -> Any:
    def cells(name: str, *callbacks: Any) -> Any:
        try:
            return logged(keras, folder / name, [1.0, None, 3.0], *callbacks)["score"]
        except KeyError:
            return "raises KeyError"

    return {"absent": cells("a.csv"), "absent where training stops": cells("b.csv", stopping_at(keras, 1))}


@scenario("CSV-3")
def appending(keras: Any, folder: Path) -> Any:
    def appended(text: str) -> Any:
        """Return whether the fit is accepted, and the cells of `epoch`, `other` and `loss` in each row."""
        file = folder / "log.csv"
        file.write_text(text, encoding="utf-8")
        writing = keras.callbacks.CSVLogger(str(file), append=True)
        result = refusal(lambda: fit(model_of(keras, optimizer=keras.optimizers.SGD(0.0)), (writing,)))
        head, *rows = table(file)
        cells = [dict(zip(head, row)) for row in rows]
        return [
            result,
            [{key: row[key] for key in ("epoch", "other", "loss") if key in row} for row in cells],
        ]

    return {
        "an empty file": appended(""),
        "a header without loss": appended("epoch,other\n"),
        "a header with more": appended("epoch,other,loss\n"),
    }


@scenario("CSV-4")
def form_of_rows(keras: Any, folder: Path) -> Any:
    file, seen = folder / "log.csv", []
    look = listener(
        keras, on_epoch_end=lambda self, epoch, logs=None: seen.append(file.read_bytes().count(b"\n"))
    )
    writing = keras.callbacks.CSVLogger(str(file))
    values = [1 / 3, np.array([0.5, 0.25])]
    fit(model_of(keras), (scores(keras, values, "größe"), writing, look), 2)
    lines = file.read_bytes().decode().splitlines(keepends=True)
    head, *rows = csv.reader(lines)
    return {
        "lines after each epoch": seen,
        "ends": [line[len(line.rstrip()) :] for line in lines],
        "cells": [row[head.index("größe")] for row in rows],
    }


@scenario("CSV-5")
def row_that_does_not_fit(keras: Any, folder: Path) -> Any:
    try:
        import resource
    except ImportError:
        raise AbsentError("a limit of the size of files, on Windows") from None
    file, seen = folder / "log.csv", []
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            seen.append(file.read_bytes())
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(seen[0]) + 2, usual[1]))

    writing, text = keras.callbacks.CSVLogger(str(file)), ""
    try:
        fit(model_of(keras), (listener(keras, on_epoch_end=limit), writing), 3)
        raised = "nothing"
    except Exception as error:
        raised, text = type(error).__name__, str(error)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    return {
        "raises": raised,
        "names the file": file.name in text,
        "the file is as before": file.read_bytes() == seen[0],
    }


@scenario("CSV-10")
def folder_that_does_not_exist(keras: Any, folder: Path) -> Any:
    file = folder / "new" / "log.csv"
    result = tried(lambda: len(fit(model_of(keras), (keras.callbacks.CSVLogger(str(file)),)).epoch))
    return {"epochs": result, "file is there": file.exists()}


@scenario("CSV-6")
def resumed_file(keras: Any, folder: Path) -> Any:
    forms = {"append=False": (False, False), "append=True": (True, False), "backup first": (False, True)}
    return {name: interrupted(keras, folder / name.replace(" ", "_"), *form) for name, form in forms.items()}


def interrupted(keras: Any, folder: Path, append: bool, backup_first: bool) -> Any:
    """Break a run off after a row that no backup has, start it again, and return the epochs in its file."""
    folder.mkdir()
    file = folder / "log.csv"

    def fail(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise ZeroDivisionError

    def train(*between: Any) -> None:
        writing = keras.callbacks.CSVLogger(str(file), append=append)
        backing = backing_up(keras, folder / "backup")
        callbacks = (backing, writing, *between) if backup_first else (writing, *between, backing)
        fit(model_of(keras), callbacks, 4)

    with contextlib.suppress(ZeroDivisionError):
        train(listener(keras, on_epoch_end=fail))
    train()
    return [row[0] for row in table(file)]


@scenario("CSV-7")
def several_fits(keras: Any, folder: Path) -> Any:
    def epochs(name: str, append: bool) -> Any:
        writing = keras.callbacks.CSVLogger(str(folder / name), append=append)
        for _ in range(2):
            fit(model_of(keras), (writing,), 2)
        return [row[0] for row in table(folder / name)]

    return {"anew": epochs("a.csv", False), "append=True": epochs("b.csv", True)}


@scenario("CSV-8")
def stopped_before_the_first_backup(keras: Any, folder: Path) -> Any:
    file = folder / "log.csv"

    def fail(self: Any, epoch: int, logs: Any = None) -> None:
        raise ZeroDivisionError

    def train(*callbacks: Any) -> None:
        writing = keras.callbacks.CSVLogger(str(file), append=True)
        backing = backing_up(keras, folder / "backup")
        fit(model_of(keras), (writing, *callbacks, backing), 2)

    with contextlib.suppress(ZeroDivisionError):
        train(listener(keras, on_epoch_end=fail))
    train()
    return {"epochs in the file": [row[0] for row in table(file)]}


@scenario("CSV-9")
def file_that_another_program_changes(keras: Any, folder: Path) -> Any:
    def answer(name: str, change: Any) -> Any:
        file = folder / name

        def change_it(self: Any, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                with contextlib.suppress(PermissionError):  # Windows keeps an open file
                    change(file)

        callbacks = (keras.callbacks.CSVLogger(str(file)), listener(keras, on_epoch_end=change_it))
        with heard_warnings() as texts:
            fit(model_of(keras), callbacks, 3)
        whole = file.exists() and b"\0" not in file.read_bytes()
        return {"first column": [row[0] for row in table(file)] if whole else None, "warnings": len(texts)}

    return {
        "removed": answer("a.csv", lambda file: file.unlink()),
        "shortened to nothing": answer("b.csv", lambda file: os.truncate(file, 0)),
    }


@scenario("BL-1")
def base_logger(keras: Any, folder: Path) -> Any:
    logger = keras.callbacks.BaseLogger()
    by_hand: Any = {}
    logger.set_params({"metrics": ["loss"], "epochs": 1, "steps": 2, "verbose": 0})
    logger.on_epoch_begin(0)
    logger.on_batch_end(0, {"loss": 1.0, "size": 3})
    logger.on_batch_end(1, {"loss": 5.0, "size": 1})
    logger.on_epoch_end(0, by_hand)
    try:
        epochs: Any = len(fit(model_of(keras), (keras.callbacks.BaseLogger(),)).epoch)
    except KeyError:
        epochs = "raises KeyError"
    return {"by hand": by_hand, "epochs of fit": epochs}


@scenario("LC-1")
def lambda_callback(keras: Any, folder: Path) -> Any:
    called: Any = []
    callback = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: called.append("on_epoch_end"),
        on_train_batch_end=lambda batch, logs: called.append("on_train_batch_end"),
        on_test_end=lambda logs: called.append("on_test_end"),
        mine=5,
    )
    fit(model_of(keras), (callback,), validation_data=(np.ones((1, 1)), np.ones((1, 1))))
    wrong = refusal(lambda: fit(model_of(keras), (keras.callbacks.LambdaCallback(on_epoch_end=3),)))
    return {"called": called, "other keywords": callback.mine, "a number as a function": wrong}
