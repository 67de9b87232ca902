"""A program is traced without a change of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from minifit import observing, trace

PROGRAM = """
import sys, threading
import numpy as np
from minifit import Sequential, layers, optimizers

x = np.arange(64, dtype="float32").reshape(16, 4) / 64
model = Sequential([layers.Dense(1, kernel_initializer="ones")], name="mine")
model.compile(optimizers.SGD(0.1), "mse")
history = model.fit(x, x[:, 0], batch_size=4, epochs=2, shuffle=False, verbose=0)
other = threading.Thread(target=model.predict, args=(x,))
other.start()
other.join()
print(__name__, sys.argv[1:], history.history["loss"][-1].hex())
"""


def traced(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minifit.trace", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    return file


def test_a_script(program: Path) -> None:
    plain = subprocess.run(
        [sys.executable, program, "--rate", "2"], capture_output=True, text=True, check=True
    )
    done = traced(program.parent, "program.py", "--rate", "2")
    assert done.returncode == 0, done.stderr
    own, _, table = done.stdout.partition("\n")
    assert f"{own}\n" == plain.stdout
    names = [line[22:].split("  ")[0] for line in table.splitlines() if line[22:24] != "  "]
    assert names[1:3] == ["fit of mine", "predict of mine"]
    assert sum("4 times, batch 0 to 3" in line for line in table.splitlines()) == 2
    assert "History.on_epoch_end" in table


def test_without_batches_and_as_a_module(program: Path) -> None:
    done = traced(program.parent, "--no-batches", "-m", "program", "-x")
    assert done.stdout.startswith("__main__ ['-x'] "), done.stderr
    assert re.search(r"batches \d to 3", done.stdout)


def test_a_page(program: Path) -> None:
    done = traced(program.parent, "-o", "page.html", "program.py")
    assert done.stdout.splitlines()[-1] == "The trace is in page.html."
    assert "fit of mine" in (program.parent / "page.html").read_text(encoding="utf-8")


def test_a_program_that_fails(tmp_path: Path) -> None:
    code = """
import minifit, numpy as np
def fail(epoch, logs):
    raise SystemExit(3)
model = minifit.Sequential([minifit.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[minifit.callbacks.LambdaCallback(on_epoch_end=fail)])
"""
    done = traced(tmp_path, "-c", code)
    assert done.returncode == 3, done.stderr
    assert "LambdaCallback.on_epoch_end  SystemExit: 3" in done.stdout


def test_a_program_for_tensorflow(tmp_path: Path) -> None:
    code = "import tensorflow as tf; m = tf.keras.Sequential([tf.keras.layers.Dense(1)]); m.predict([[1.0]])"
    done = traced(tmp_path, "-m", "minifit.standin", "-c", code)
    assert "predict of sequential" in done.stdout, done.stderr


def test_of_several_workers_the_chief_shows_what_it_did(tmp_path: Path) -> None:
    code = """
from types import SimpleNamespace as Some
from minifit.callbacks import CallbackList
CallbackList([], model=Some(workers=Some(rank={}))).on_train_begin()
"""
    chief, other = (traced(tmp_path, "-o", f"{rank}.html", "-c", code.format(rank)) for rank in (0, 1))
    assert (chief.stdout, other.stdout) == ("The trace is in 0.html.\n", ""), other.stderr
    assert [file.name for file in tmp_path.glob("*.html")] == ["0.html"]


def test_a_program_that_fits_nothing(tmp_path: Path) -> None:
    done = traced(tmp_path, "-cprint(1)")
    assert done.stdout == "1\nNo events were recorded: nothing was fitted, evaluated or predicted.\n"


@pytest.mark.parametrize("arguments", [[], ["-o"], ["-o", "page.html"], ["--no-batches"], ["--page", "x.py"]])
def test_no_program(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"Name a program: python -m minifit.trace \[-o trace.html\]"):
        trace.main(arguments)
    assert observing.EVERYWHERE == []


def test_help_says_what_the_options_do(capsys: pytest.CaptureFixture[str]) -> None:
    trace.main(["--help"])
    said = capsys.readouterr().out
    assert said.startswith("python -m minifit.trace [-o trace.html]")
    assert "``--no-batches``" in said


def test_a_program_that_is_not_there_has_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        trace.main([str(tmp_path / "lost.py")])
    assert capsys.readouterr().out == ""
