"""Installing, taking away, refusing, and what others see of it."""

import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import minifit
from minifit import standin
from minifit.errors import StandInError
from minifit.models import load_model
from minifit.models.checkpoint import latest_checkpoint
from minifit.standin import installing


def present() -> set[str]:
    return {name.partition(".")[0] for name in sys.modules} & {"tensorflow", "keras"}


def test_install_and_uninstall() -> None:
    standin.install()
    try:
        standin.install()
        exec("import tensorflow.keras.layers, keras")
        assert present() == {"tensorflow", "keras"}
    finally:
        standin.uninstall()
    assert not present()
    assert installing.FINDER not in sys.meta_path
    standin.uninstall()


def test_names_without_an_end_are_folders_and_checkpoints_meanwhile(tmp_path: Path) -> None:
    model = minifit.Sequential([minifit.layers.Dense(1, input_shape=(2,))])
    with standin.installed():
        model.save(tmp_path / "m")
        model.save_weights(tmp_path / "w")
        assert latest_checkpoint(tmp_path) == str(tmp_path / "w")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "checkpoint",
        "m",
        "w.data-00000-of-00001",
        "w.index",
    ]
    model.save(tmp_path / "one")
    model.save_weights(tmp_path / "other")
    assert (tmp_path / "one").is_file() and (tmp_path / "other").is_file()
    for name in ("m", "one"):
        assert np.array_equal(
            load_model(tmp_path / name, compile=False).get_weights()[0], model.get_weights()[0]
        )


def test_a_block_within_a_block() -> None:
    with standin.installed():
        with standin.installed():
            pass
        exec("import keras")
    assert not present()


def test_blocks_of_two_threads_overlap() -> None:
    """The block that began first ends first."""
    found: list[object] = []
    inside, outside = Event(), Event()

    def second() -> None:
        with standin.installed():
            inside.set()
            outside.wait(60)
            names: dict[str, object] = {}
            exec("import keras", names)
            found.append(names["keras"])

    thread = Thread(target=second)
    with standin.installed():
        thread.start()
        assert inside.wait(60)
    outside.set()
    thread.join()
    assert len(found) == 1
    assert not present()
    assert installing.FINDER not in sys.meta_path


def test_an_installation_outlives_the_blocks_in_it() -> None:
    standin.install()
    try:
        with standin.installed():
            pass
        assert installing.FINDER in sys.meta_path
    finally:
        standin.uninstall()


def test_what_a_program_imported_goes_on() -> None:
    names: dict[str, Any] = {}
    with standin.installed():
        exec("import tensorflow as tf", names)
    assert names["tf"].keras.layers.Dense is minifit.layers.Dense
    assert not present()


def test_what_was_changed_in_a_module_is_gone() -> None:
    for _ in range(2):
        with standin.installed():
            names: dict[str, ModuleType] = {}
            exec("import keras", names)
            assert not hasattr(names["keras"], "patched")
            names["keras"].patched = True  # type: ignore[attr-defined]


@pytest.mark.parametrize("real", ["tensorflow", "keras"])
def test_the_real_one_is_imported(real: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, real, ModuleType(real))
    with pytest.raises(StandInError, match=f"has imported {real}"):
        standin.install()
    assert installing.FINDER not in sys.meta_path


def test_the_real_one_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keras.py").write_text("raise RuntimeError('the real one')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(installing, "_announced", [])
    for _ in range(2):
        with standin.installed():
            exec("import keras")
    assert capsys.readouterr().out == "minifit stands in for keras, which is installed but not used.\n"


def test_what_looks_for_it() -> None:
    with standin.installed():
        assert importlib.util.find_spec("tensorflow") is not None
        assert importlib.util.find_spec("tensorflow.keras.layers") is not None
        assert importlib.util.find_spec("tensorflow.estimator") is None
        assert importlib.util.find_spec("keras.layers.Conv2D") is None
        with pytest.raises(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version("tensorflow")
    assert importlib.util.find_spec("tensorflow") is None


def test_tensorboard_does_not_take_it_for_tensorflow(root: Path) -> None:
    """In a process of its own: TensorBoard keeps what it found."""
    program = (
        "from minifit import standin; standin.install(); import tensorflow\n"
        "from tensorboard.compat import tf; print(tf.__version__)\n"
        "standin.uninstall(); import sys; print('tensorboard.compat.notf' in sys.modules)\n"
        "from tensorboard import compat; print(hasattr(compat, 'notf'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "stub\nFalse\nFalse\n"


def test_a_notebook() -> None:
    standin.load_ipython_extension(None)
    try:
        assert installing.FINDER in sys.meta_path
    finally:
        standin.unload_ipython_extension(None)
    assert installing.FINDER not in sys.meta_path


def test_packages_find_what_tensorflow_imports_beside_itself() -> None:
    code = "import importlib; from minifit import standin; standin.install(); importlib.util.find_spec('tensorflow')"
    subprocess.run([sys.executable, "-c", code], check=True)
