"""A package that is not installed is named before training begins, by whatever needs it; all else works without it."""

import contextlib
import sys
from pathlib import Path
from typing import Any

import pytest

from minifit import Sequential, callbacks
from minifit.callbacks import Callback, LambdaCallback, remote_monitor
from minifit.errors import MissingPackageError
from minifit.models import load_model
from minifit.utils import get_file
from tests.callbacks.recording import data, small_model
from tests.test_progress_bar import Terminal

X, Y = data()
CLASSES = [
    c
    for name in callbacks.__all__
    if isinstance(c := getattr(callbacks, name), type) and issubclass(c, Callback)
]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "BackupAndRestore": {"backup_dir": "backup"},
    "CSVLogger": {"filename": "training.log"},
    "LearningRateScheduler": {"schedule": lambda epoch: 0.1},
    "ModelCheckpoint": {"filepath": "{epoch}.keras"},
    "EarlyStopping": {"monitor": "loss"},
    "ReduceLROnPlateau": {"monitor": "loss"},
}
NEEDED = {"BackupAndRestore": "h5py", "ModelCheckpoint": "h5py", "RemoteMonitor": "requests"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    monkeypatch.setattr(remote_monitor, "_request", lambda *_, **__: ("", True))


@pytest.mark.parametrize("package", ["h5py", "requests", "tqdm", "matplotlib"])
@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_every_callback_works_or_says_before_training_what_it_needs(
    kind: Any, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    begun: list[Any] = []
    model, chain = (
        small_model(),
        [
            LambdaCallback(on_train_begin=begun.append),
            kind(**ARGUMENTS.get(kind.__name__, {})),
        ],
    )
    with contextlib.redirect_stdout(Terminal()):
        if NEEDED.get(kind.__name__) != package:
            assert len(model.fit(X, Y, epochs=2, callbacks=chain).epoch) == 2
            return
        message = rf"^{kind.__name__} needs the package {package}\. .* pip install {package}$"
        with pytest.raises(MissingPackageError, match=message):
            model.fit(X, Y, epochs=2, callbacks=chain)
    assert begun == []


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model.weights.h5"])
def test_files_of_models_need_h5py(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    model.save_weights("weights.h5")
    (model.save_weights if "weights" in name else model.save)(name)
    monkeypatch.setitem(sys.modules, "h5py", None)
    calls: list[Any] = [lambda: model.save_weights("new.h5"), lambda: model.load_weights("weights.h5")]
    if "weights" in name:
        calls += [lambda: model.save_weights("new.weights.h5"), lambda: model.load_weights(name)]
    else:
        calls += [lambda: model.save(f"new_{name}"), lambda: load_model(name)]
    for call in calls:
        with pytest.raises(MissingPackageError, match=r"^(Reading|Writing) .* needs the package h5py\."):
            call()
    assert not list(Path().glob("*new*")), "nothing was begun"


def test_a_download_needs_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(MissingPackageError, match=r"^A download needs the package requests\."):
        get_file("a.bin", "http://localhost:1/a.bin")


def test_a_plot_needs_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    history = small_model().fit(X, Y, verbose=0)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        MissingPackageError, match=r"^A plot needs the package matplotlib\. .*training\[plot\]"
    ):
        history.plot()


def test_a_model_trains_without_any_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("h5py", "requests", "tqdm", "matplotlib"):
        monkeypatch.setitem(sys.modules, package, None)
    model: Sequential = small_model()
    with contextlib.redirect_stdout(Terminal()):
        model.fit(X, Y, validation_data=(X, Y))
        model.evaluate(X, Y)
        model.predict(X)
        model.summary()
