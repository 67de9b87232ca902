"""How much memory training on big files takes, on Linux.

Makes a file of several gigabytes, trains on it in a process of its own for every way to read it, and prints the
highest `RssAnon` seen: memory that is the process's own, not pages of the file that the system may drop at any time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks import record
from tests.benchmarks.pythons import ROOT, Pythons
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain
from tests.benchmarks.worker import highest


class Way(NamedTuple):
    """How a file is kept and gone through."""

    kind: str  # "memmap" or "h5py"
    dtype: str
    shuffle: bool | str

    def __str__(self) -> str:
        return f"{self.kind} {self.dtype}, shuffle={self.shuffle!r}"


WAYS = [
    Way(kind, dtype, shuffle)
    for kind in ("memmap", "h5py")
    for dtype in ("float32", "float64", "uint8")
    for shuffle in (False, True, "batch")
]


def make(file: Path, way: Way, rows: int, width: int, sparse: bool) -> None:
    """Write the file; a sparse one holds nothing but zeros, and takes no space."""
    rng = np.random.default_rng(0)
    step = max(2**24 // width, 1)
    if way.kind == "memmap":
        with file.open("wb") as raw:
            raw.truncate(rows * width * np.dtype(way.dtype).itemsize)
            for i in range(0, 0 if sparse else rows, step):
                raw.write(rng.integers(0, 100, (min(step, rows - i), width)).astype(way.dtype).tobytes())
        return
    import h5py

    with h5py.File(file, "w") as h5:
        x = h5.create_dataset("x", (rows, width), way.dtype, chunks=(max(2**18 // width, 1), width))
        for i in range(0, 0 if sparse else rows, step):
            n = min(step, rows - i)
            x[i : i + n] = rng.integers(0, 100, (n, width)).astype(way.dtype)


def use(file: Path, way: Way, rows: int, width: int, batch_size: int) -> dict[str, Any]:
    """Train, evaluate and predict; what that took."""
    import minifit
    from minifit.layers import Dense

    y = np.zeros(rows, np.float32)
    x: Any
    if way.kind == "memmap":
        x = np.memmap(file, way.dtype, "r", shape=(rows, width))
    else:
        import h5py

        x = h5py.File(file, "r")["x"]
    model = minifit.Sequential([Dense(8, activation="relu"), Dense(1)])
    model.compile(minifit.optimizers.SGD(1e-6), "mse")
    found: list[int] = []
    began = time.perf_counter()
    with highest(found):
        model.fit(x, y, batch_size, shuffle=way.shuffle, validation_split=0.1, verbose=0)
        model.evaluate(x, y, batch_size, verbose=0)
        model.predict(x, batch_size)
    return {"megabytes": found[0], "seconds": time.perf_counter() - began}


def measure(file: Path, way: Way, rows: int, width: int, batch_size: int = 256) -> dict[str, Any]:
    """The same in a process of its own."""
    arguments = [str(file), json.dumps(way), str(rows), str(width), str(batch_size)]
    command = [sys.executable, "-m", "tests.benchmarks.memory", "use", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--gigabytes", type=float, default=4, help="of the file (4)")
    parser.add_argument("--folder", help="with so much space")
    parser.add_argument("--width", type=int, default=256, help="numbers in a row (256)")


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Every way."""
    found = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for way in WAYS:
            print(f"    {way}", flush=True)
            file = Path(folder) / f"{way.kind}-{way.dtype}"
            rows = int(options.gigabytes * 1e9 / options.width / np.dtype(way.dtype).itemsize)
            if not file.exists():
                for old in Path(folder).iterdir():
                    old.unlink()
                make(file, way, rows, options.width, sparse=False)
            found.append({"way": str(way), "rows": rows, **measure(file, way, rows, options.width)})
    return {"made": record.made(), "gigabytes": options.gigabytes, "ways": found}


def report(section: Section) -> str:
    """A row for each way."""
    rows: list[Row] = [[f"a file of {section['gigabytes']:g} GB", "rows", "RssAnon at most, MB", "seconds"]]
    for found in section["ways"]:
        cells = (f"{found['rows']:,}", str(found["megabytes"]), number(found["seconds"]))
        rows.append([found["way"], *cells])
    return f"{record.where(section)}\n\n{plain(rows)}"


if __name__ == "__main__":
    path, as_json, n, m, size = sys.argv[2:]
    print(json.dumps(use(Path(path), Way(*json.loads(as_json)), int(n), int(m), int(size))))
