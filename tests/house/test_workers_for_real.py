"""Trainings by several processes that MPI connects, and what becomes of faults on one of them."""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.distribute.processes import run_workers, started

BEGIN = """
import json, os, signal, sys
import numpy as np
from minifit import Sequential, distribute, optimizers, utils
from minifit.callbacks import BackupAndRestore, Callback, CSVLogger, EarlyStopping, ModelCheckpoint
from minifit.layers import BatchNormalization, Dense, Dropout

strategy = distribute.MultiWorkerMirroredStrategy()
rank, size = strategy.cluster_resolver.task_id, strategy.num_replicas_in_sync
rng = np.random.default_rng(0)
x, y = rng.standard_normal((62, 6)).astype("float32"), rng.integers(0, 3, 62)
said = {}

def make(rate=0.02):
    with strategy.scope():
        model = Sequential([
            Dense(8, activation="relu", input_shape=(6,)), BatchNormalization(), Dropout(0.3),
            Dense(3, activation="softmax"),
        ])
        model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

class At(Callback):
    '''Do something after a batch of the first epoch, on one worker.'''

    def __init__(self, who, batch, what):
        self.who, self.batch, self.what, self.batches = who, batch, what, 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if rank == self.who and self.batches == self.batch:
            self.what()

def failing(call):
    try:
        call()
    except Exception as error:
        return [type(error).__name__, str(error)]
    return None

def digest(model):
    return [float(np.abs(w).sum(dtype=np.float64)) for w in model.get_weights()]
"""
END = "\nprint(json.dumps(said))"

KERNELS = pytest.mark.parametrize("kernels", ["numpy", "numba"])


def said_by(workers: int, script: str, *arguments: object, kernels: str = "numpy") -> list[dict[str, Any]]:
    """Return the words of each worker at the end of a script."""
    settings = {"MINIFIT_KERNELS": kernels}
    finished = run_workers(workers, BEGIN + script + END, *arguments, settings=settings)
    return [json.loads(text.splitlines()[-1]) for text in finished.printed]


@KERNELS
def test_a_training_is_that_of_one_process(kernels: str, tmp_path: Path) -> None:
    script = """
os.chdir(sys.argv[1])
np.random.seed(5)  # the chief's counts
if rank:
    np.random.seed(rank)
model = make()
callbacks = [
    CSVLogger(f"log{size}.csv"), ModelCheckpoint("best{epoch}-%d.h5" % size, save_best_only=True),
    EarlyStopping(patience=1, restore_best_weights=True),
]
history = model.fit(x, y, batch_size=16, epochs=6, validation_split=0.2, verbose=2, callbacks=callbacks)
said["history"] = history.history
said["evaluated"] = model.evaluate(x, y, batch_size=20, verbose=0)
said["predicted"] = model.predict(x, batch_size=20).tolist()
said["weights"] = digest(model)
"""
    alone, *_ = said_by(1, script, tmp_path, kernels=kernels)
    for workers in (2, 4):
        several = said_by(workers, script, tmp_path, kernels=kernels)
        assert all(each == several[0] for each in several)
        for name, expected in alone.items():
            if name != "history":
                np.testing.assert_allclose(several[0][name], expected, err_msg=name, rtol=1e-4, atol=1e-5)
        for name, values in alone["history"].items():
            np.testing.assert_allclose(several[0]["history"][name], values, rtol=1e-4, atol=1e-5)
    files = sorted(path.name for path in tmp_path.iterdir())
    logs = [(tmp_path / f"log{workers}.csv").read_text(encoding="utf-8") for workers in (1, 2, 4)]
    assert len({log.count("\n") for log in logs}) == 1
    assert (
        len([f for f in files if f.endswith("-2.h5")]) == len([f for f in files if f.endswith("-1.h5")]) > 0
    )


@KERNELS
def test_an_error_on_one_worker_ends_the_fit_on_all(kernels: str) -> None:
    script = """
def breaks():
    raise ValueError("broken here")

model = make()
said["hook"] = failing(lambda: model.fit(x, y, 16, epochs=3, verbose=0, callbacks=[At(1, 2, breaks)]))
bad = y.copy()
if rank == 1:
    bad[1:-1] = 7  # no such class
said["step"] = failing(lambda: model.fit(x, bad, 16, epochs=3, verbose=0))
said["argument"] = failing(lambda: model.fit(x, y, 16, epochs=-1 if rank else 1, verbose=0))
said["afterwards"] = failing(lambda: model.fit(x, y, 16, epochs=1, verbose=0))
"""
    chief, second = said_by(2, script, kernels=kernels)
    assert second["hook"] == ["ValueError", "broken here"]
    assert chief["hook"][0] == "WorkerError" and "ValueError: broken here on worker 1" in chief["hook"][1]
    assert chief["step"][0] == "WorkerError" and "on worker 1" in chief["step"][1]
    assert "7" in second["step"][1]
    assert second["argument"][0] == "ArgumentError" and chief["argument"][0] == "WorkerError"
    assert chief["afterwards"] is second["afterwards"] is None


def test_a_worker_that_stops_stops_all() -> None:
    script = """
model = make()
callback = At(3, 2, lambda: setattr(model, "stop_training", True))
model.fit(x, y, 16, epochs=3, verbose=0, callbacks=[callback])
said["batches"] = callback.batches, int(model.optimizer.iterations)
"""
    assert said_by(4, script) == [{"batches": [2, 2]}] * 4


def test_data_that_ends_early_on_one_worker() -> None:
    script = """
def data(context):
    rows = 8 if context.input_pipeline_id == 0 else 5
    return ((x[i : i + 2], y[i : i + 2]) for i in range(0, rows, 2))

model = make()
history = model.fit(strategy.distribute_datasets_from_function(data), epochs=1, verbose=0)
said["loss"], said["steps"] = history.history["loss"], int(model.optimizer.iterations)
"""
    chief, second = said_by(2, script)
    assert chief == second and chief["steps"] == 4


@KERNELS
def test_a_killed_worker_ends_the_job_and_the_next_one_goes_on_bit_for_bit(
    kernels: str, tmp_path: Path
) -> None:
    script = """
kill = int(sys.argv[2])
callbacks = [BackupAndRestore(sys.argv[1], save_freq=3)]
if kill:
    callbacks.append(At(kill % size, kill, lambda: os.kill(os.getpid(), signal.SIGKILL)))
utils.set_random_seed(1)
model = make()
history = model.fit(x, y, 8, epochs=3, verbose=0, callbacks=callbacks)
said["loss"], said["weights"] = history.history["loss"][-1], digest(model)
"""
    settings = {"MINIFIT_KERNELS": kernels}
    whole = said_by(2, script, tmp_path / "whole", 0, kernels=kernels)
    for kill in (10, 5):
        run_workers(2, BEGIN + script + END, tmp_path / "backup", kill, settings=settings, fails=True)
    refused = run_workers(3, BEGIN + script + END, tmp_path / "backup", 0, settings=settings, fails=True)
    assert "workers" in refused.failed[0] and "2" in refused.failed[0] and "3" in refused.failed[0]
    assert said_by(2, script, tmp_path / "backup", 0, kernels=kernels) == whole


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_a_worker_killed_at_any_instant(seed: int, tmp_path: Path) -> None:
    script = """
print(os.getpid(), flush=True)
utils.set_random_seed(1)
model = make()
callbacks = [BackupAndRestore(sys.argv[1], save_freq=2, double_checkpoint=True)]
model.fit(np.tile(x, (15, 1)), np.tile(y, 15), 8, epochs=4, verbose=0, callbacks=callbacks)
said["weights"] = digest(model)
"""
    settings = {"MINIFIT_KERNELS": ["numpy", "numba"][seed % 2]}
    whole = said_by(2, script, tmp_path / "whole", kernels=settings["MINIFIT_KERNELS"])
    rng, kills = np.random.default_rng(seed), 0
    while True:
        with started(2, BEGIN + script + END, [tmp_path / "backup"], settings) as job:
            pids = job.words_of_all(1)
            time.sleep(rng.uniform(0, 1.5))
            if kills < 6 and job.process.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(int(pids[rng.integers(2)]), signal.SIGKILL)
                kills += 1
            finished = job.wait()
        if finished.code == 0:
            break
    assert [text.splitlines()[1:] for text in finished.printed] == [[json.dumps(each)] for each in whole], (
        finished
    )


def test_ctrl_c_ends_all_workers() -> None:
    script = """
model = make()
class Say(Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            print("under way", flush=True)  # on each
model.fit(x, y, 8, epochs=10**6, verbose=0, callbacks=[Say()])
"""
    with started(2, BEGIN + script) as job:
        assert job.words_of_all(2)[0] == "under"
        job.process.terminate()
        assert job.wait(20).code != 0
