"""Models are saved, loaded and backed up until the very end of the process."""

import subprocess
import sys
from pathlib import Path

import pytest

AT_THE_END = """
import atexit, sys, threading
import numpy as np
from minifit import Sequential, layers
from minifit.models import load_model
from minifit.saving.backups import BackupFolder

def work(where):
    try:
        model = Sequential([layers.Dense(1100, input_shape=(1100,))])  # 4.8 MB: hashed in pieces
        for name in ("m.h5", "m.keras"):
            model.save(name)
            assert (load_model(name, compile=False).get_weights()[0] == model.get_weights()[0]).all()
        backups = BackupFolder(where)
        backups.open()
        backups.save({"text": "a", "numbers": np.ones(2_000_000)})
        assert backups.load()["numbers"].sum() == 2_000_000
        backups.close()
        print(where, "is good", flush=True)
    except BaseException as error:
        print(where, repr(error), flush=True)

def late():
    threading.main_thread().join()
    work("thread")

def start():
    threading.Thread(target=late).start()

atexit.register(work, "exit")
for place in sys.argv[1:]:
    start() if place == "thread" else work(place)
"""


@pytest.mark.parametrize(
    "places", [(), ("thread",), ("main", "thread")], ids=["exit alone", "thread first", "main first"]
)
def test_at_the_end_of_the_main_thread_and_at_exit(
    places: tuple[str, ...], tmp_path: Path, root: Path
) -> None:
    """The first place is the first to import h5py; exit functions registered before that run after its own."""
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{AT_THE_END}", *places],
        check=False, capture_output=True, text=True, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert ended.stdout.splitlines() == [f"{place} is good" for place in (*places, "exit")], ended
    assert (ended.returncode, ended.stderr) == (0, "")
