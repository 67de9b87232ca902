"""The examples of tf.keras.callbacks' documentation run under the stand-in, word for word, and do what they say."""

import doctest
import os
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import standin
from minifit.randomness import set_random_seed

FOLDER = Path(__file__).parents[1] / "standin" / "documented"

SEEDS = [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 100))]

DOCTESTS = ["backup_and_restore", "callback", "early_stopping", "history", "learning_rate_scheduler"]

GUIDE = ["early_stopping_at_min_loss", "learning_rate_schedule", "printing_losses"]


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with standin.installed():
        yield
    set_random_seed(0)


def names(seed: int = 0) -> dict[str, Any]:
    """The names that an example finds that has imported nothing."""
    found: dict[str, Any] = {"np": np, "os": os, "__name__": "documented"}
    exec("import tensorflow as tf; tf.random.set_seed(seed)", found | {"seed": seed}, found)
    return found


def text(example: str, folder: Path) -> str:
    return (FOLDER / f"{example}.txt").read_text(encoding="utf-8").replace("/tmp/", f"{folder.as_posix()}/")


class Checker(doctest.OutputChecker):
    """The documentation shows no output where it does not matter, as of a progress bar."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("example", DOCTESTS)
@pytest.mark.filterwarnings(
    "ignore:overflow", "ignore:invalid value", "ignore::minifit.errors.MinifitWarning"
)
def test_examples_print_what_they_show(example: str, seed: int, tmp_path: Path) -> None:
    test = doctest.DocTestParser().get_doctest(text(example, tmp_path), names(seed), example, None, 0)
    assert any(e.want for e in test.examples) or "assert " in text(example, tmp_path)
    said: list[str] = []
    runner = doctest.DocTestRunner(checker=Checker(), verbose=False)
    with np.printoptions(legacy="1.25"):  # numbers without their type, as NumPy showed them then
        runner.run(test, out=said.append)
    assert not said, "".join(said)
    assert runner.summarize(verbose=False).attempted == len(test.examples)


DATA = {"x_train": np.ones((20, 10), np.float32), "y_train": np.zeros((20, 10), np.float32)}
DATA |= {"X_train": DATA["x_train"], "Y_train": DATA["y_train"], "x": DATA["x_train"], "y": DATA["y_train"]}


def model_of(tf: Any) -> Any:
    model = tf.keras.Sequential([tf.keras.layers.Dense(10, input_shape=(10,))])
    model.compile("sgd", "mse")
    return model


def run(example: str, folder: Path, fill: Callable[[str], str] = str, **more: Any) -> dict[str, Any]:
    """Run an example that shows no output, with data and a model; return its names."""
    found = names() | DATA
    keras = found["tf"].keras
    found |= {
        name: getattr(keras.callbacks, name) for name in ("CSVLogger", "LambdaCallback", "ReduceLROnPlateau")
    }
    found |= {"model": model_of(found["tf"]), "EPOCHS": 2, **more}
    exec(compile(fill(text(example, folder)), f"{example}.txt", "exec"), found)
    return found


def test_csv_logger(tmp_path: Path) -> None:
    run("csv_logger", tmp_path)
    assert (tmp_path / "training.log").read_text().splitlines()[0] == "epoch,loss"


def test_reduce_lr_on_plateau(tmp_path: Path) -> None:
    validated = "validation_data=(X_train, Y_train), callbacks="
    found = run("reduce_lr_on_plateau", tmp_path, lambda t: t.replace("callbacks=", validated))
    assert "lr" in found["model"].history.history


def test_lambda_callback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Process:
        alive = True

        def is_alive(self) -> bool:
            return self.alive

        def terminate(self) -> None:
            self.alive = False

    process = Process()
    given = "model.fit(x_train, y_train, verbose=0"
    run(
        "lambda_callback",
        tmp_path,
        lambda t: t.replace("processes = ...", "processes = [process]").replace("model.fit(...", given),
        process=process,
    )
    assert not process.alive
    assert "0\n" in capsys.readouterr().out
    assert (tmp_path / "loss_log.json").read_text().startswith('{"epoch": 0, "loss": ')


def test_model_checkpoint(tmp_path: Path) -> None:
    found = run(
        "model_checkpoint",
        tmp_path,
        lambda t: t.replace("loss=..., optimizer=...", "loss='mse', optimizer='sgd'").replace(
            "fit(epochs", "fit(x_train, y_train, validation_data=(x_train, y_train), epochs"
        ),
    )
    assert "val_accuracy" in found["model"].history.history
    assert list(tmp_path.glob("checkpoint*"))


@pytest.mark.parametrize("example", ["tensor_board_1", "tensor_board_2", "tensor_board_3", "tensor_board_4"])
def test_tensor_board(example: str, tmp_path: Path) -> None:
    run(example, tmp_path)
    events = list((tmp_path / "logs" / "train").glob("events.*"))
    assert events
    own = {"tensor_board_2": b"\n\x07outputs", "tensor_board_3": b"\n\x01x"}.get(example)
    assert own is None or own in b"".join(e.read_bytes() for e in events)


@pytest.mark.parametrize("program", GUIDE)
def test_programs_of_the_guide(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(FOLDER / f"{program}.py"), run_name="__main__")
    assert capsys.readouterr().out == (FOLDER / f"{program}.out").read_text(encoding="utf-8")


def test_a_loop_of_one_s_own(tmp_path: Path) -> None:
    """The dots stand for callbacks and logs."""
    seen: list[str] = []
    tf = names()["tf"]
    both = [tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(f"epoch {epoch}"))]
    last = tf.keras.callbacks.LambdaCallback(on_train_end=lambda logs: seen.append("end"))
    last.on_train_batch_end = lambda batch, logs=None: seen.append(f"batch {batch} {sorted(logs)}")
    filled = text("callback_loop", tmp_path)
    for place, given in {
        "List([...])": "List(both, model=model)", "append(...)": "append(last)", "begin(...)": "begin({})",
        "= ...": "= batch_logs", "=...": "= epoch_logs", "dataset.enumerate()": "enumerate(dataset)",
    }.items():  # fmt: skip
        assert place in filled
        filled = filled.replace(place, given)
    model = model_of(tf)
    dataset = [(DATA["x_train"], DATA["y_train"])] * 2
    exec(filled, {"tf": tf, "model": model, "dataset": dataset, "EPOCHS": 1, "both": both, "last": last})
    assert seen == ["batch 0 ['loss']", "batch 1 ['loss']", "epoch 0", "end"]


def test_every_example_is_run() -> None:
    run_here = {
        *DOCTESTS,
        "callback_loop",
        "csv_logger",
        "lambda_callback",
        "model_checkpoint",
        "reduce_lr_on_plateau",
    }
    run_here |= {f"tensor_board_{n}" for n in range(1, 5)}
    assert {f.stem for f in FOLDER.glob("*.txt")} == run_here
    assert {f.stem for f in FOLDER.glob("*.py")} == {f.stem for f in FOLDER.glob("*.out")} == set(GUIDE)
