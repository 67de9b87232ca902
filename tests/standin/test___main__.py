"""Programs, modules and texts are started as Python starts them."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, pickle
import tensorflow as tf
from beside import VALUE

class Mine(tf.keras.callbacks.Callback):
    pass

print(__name__, sys.argv[1:], VALUE, type(pickle.loads(pickle.dumps(Mine()))) is Mine)
"""


def standin(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minifit.standin", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "program.py").write_text(PROGRAM)
    (tmp_path / "inside" / "beside.py").write_text("VALUE = 7\n")
    return tmp_path


def test_a_script(folder: Path) -> None:
    done = standin(folder, "inside/program.py", "--rate", "2")
    assert done.stdout == "__main__ ['--rate', '2'] 7 True\n", done.stderr


def test_a_module(folder: Path) -> None:
    done = standin(folder / "inside", "-m", "program", "-x")
    assert done.stdout == "__main__ ['-x'] 7 True\n", done.stderr


@pytest.mark.parametrize("text", [["-c", "{}"], ["-c{}"]])
def test_a_text(tmp_path: Path, text: list[str]) -> None:
    code = "import sys, keras; print(__name__, sys.argv, 'minifit' in keras.__version__)"
    done = standin(tmp_path, *(part.format(code) for part in text), "a")
    assert done.stdout == "__main__ ['-c', 'a'] True\n", done.stderr


def test_objects_of_a_text_are_those_of_the_main_module(tmp_path: Path) -> None:
    code = "import pickle\nclass A:\n    pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)"
    done = standin(tmp_path, "-c", code)
    assert done.stdout == "True\n", done.stderr


def test_what_a_program_exits_with(tmp_path: Path) -> None:
    assert standin(tmp_path, "-c", "raise SystemExit(3)").returncode == 3


LATE = """
import atexit, os, pickle, threading, time
import keras

class Mine(keras.callbacks.Callback):
    pass

def later():
    threading.main_thread().join()
    print(pickle.loads(pickle.dumps(Mine)) is Mine)

threading.Thread(target=later).start()
atexit.register(lambda: print(pickle.loads(pickle.dumps(Mine)) is Mine))
print(os.path.isabs(__file__))
"""


@pytest.mark.parametrize("arguments", [["late.py"], ["-m", "late"], ["folder"]])
def test_names_of_a_program_stay_after_its_last_line(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "folder").mkdir()
    for file in ("late.py", "folder/__main__.py"):
        (tmp_path / file).write_text(LATE)
    done = standin(tmp_path, *arguments)
    assert done.stdout == "True\nTrue\nTrue\n", done.stderr
    assert not done.stderr


def test_a_folder_imports_from_itself(folder: Path) -> None:
    (folder / "inside" / "program.py").rename(folder / "inside" / "__main__.py")
    done = standin(folder, "inside", "-x")
    assert done.stdout == "__main__ ['-x'] 7 True\n", done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [(["nothing.py"], "'nothing.py', which cannot be read"), (["-m", "nothing"], "No module named nothing")],
)
def test_a_program_that_is_not_there(tmp_path: Path, arguments: list[str], text: str) -> None:
    done = standin(tmp_path, *arguments)
    assert done.returncode == 1
    assert text in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["-x"], ["-c"], ["-m"]])
def test_what_it_does_not_understand(tmp_path: Path, arguments: list[str]) -> None:
    done = standin(tmp_path, *arguments)
    assert done.returncode == 1
    assert "python -m minifit.standin script.py" in done.stderr
