"""A Ctrl-C in a first fit, while it imports, compiles, saves and posts, arrives once and breaks nothing.

What half an import leaves behind cannot be imported again in the same process. So each instant has a process of
its own, which fits, is interrupted, and must then fit, save and post as if nothing had been.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import signal, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import minifit.interrupts  # nothing of ours can hold an interrupt before

at, of = map(int, sys.argv[1:])
posts = []

class Page(BaseHTTPRequestHandler):
    def do_POST(self):
        posts.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200); self.end_headers()
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()

def fit():
    models, layers, callbacks = minifit.models, minifit.layers, minifit.callbacks
    import numpy as np
    x = np.ones((64, 4), np.float32)
    model = models.Sequential([layers.Dense(4, "relu", input_shape=(4,)), layers.Dense(1)])
    model.compile("adam", "mse")
    monitor = callbacks.RemoteMonitor(f"http://127.0.0.1:{server.server_port}")
    model.fit(x, x[:, :1], epochs=2, verbose=0, callbacks=[callbacks.ModelCheckpoint("model.h5"), monitor])
    assert model.training_state.engine == "numba"
    assert np.isfinite(minifit.models.load_model("model.h5").predict(x)).all()
    assert posts and Path("model.h5").stat().st_size

counted, wanted = 0, of * at // 1000

def trace(frame, event, arg):
    global counted
    counted += 1
    if counted == wanted:
        signal.raise_signal(signal.SIGINT)

seen = 0
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started this in the background
sys.settrace(trace)
try:
    fit()
except KeyboardInterrupt:
    seen = 1
sys.settrace(None)
posts.clear()
fit()
print(counted, seen)
"""


def run(root: Path, folder: Path, at: int = 0, of: int = 0) -> list[int]:
    """Run the program: how many calls there were, and how many interrupts arrived.

    Parameters
    ----------
    at, of : int
        Interrupt after `at` thousandths of so many calls.
    """
    environment = {"MINIFIT_KERNELS": "numba", "MINIFIT_FLUSH": "0", "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(at), str(of)],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"after an interrupt at {at} thousandths of a start: {done.stderr}"
    return [int(word) for word in done.stdout.split()]


def check(root: Path, folder: Path, instants: range) -> None:
    run(root, folder)  # whatever has never been compiled is now
    calls, seen = run(root, folder)
    assert seen == 0
    for at in instants:
        assert run(root, folder, at, calls)[1] == 1, f"the interrupt at {at} thousandths of a start is lost"


def test_after_an_interrupt_in_a_first_fit_the_process_trains_saves_and_posts(
    root: Path, tmp_path: Path
) -> None:
    check(root, tmp_path, range(300, 1000, 400))


@pytest.mark.soak
def test_after_an_interrupt_at_any_of_40_instants_too(root: Path, tmp_path: Path) -> None:
    check(root, tmp_path, range(12, 1000, 24))
