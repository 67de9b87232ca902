"""Loads files with wrong bytes, each in a process of its own: ``python -m tests.fuzz.raw_bytes COUNT SEED``.

The HDF5 library itself can crash or hang on such files. That is counted, and printed as JSON, not promised; what is
promised is that whatever comes back from it is a `MinifitError` or an OSError. Needs `os.fork`.
"""

import json
import os
import random
import resource
import signal
import sys
import tempfile
import warnings
from collections import Counter

import h5py.h5f  # noqa: F401  before the processes part ways

from minifit import console
from minifit.errors import MinifitError
from minifit.models import load_model
from tests.fuzz.mutations import broken_bytes, originals

SECONDS, MEMORY = 3, 2 << 30


def main(count: int, seed: int) -> None:
    originals()
    found: Counter[str] = Counter()
    path = os.path.join(tempfile.mkdtemp(), "broken.h5")
    for number in range(count):
        with open(path, "wb") as file:
            file.write(broken_bytes(random.Random(f"{seed}-{number}")))
        child = os.fork()
        if child == 0:
            os._exit(_load(path))
        status = os.waitpid(child, 0)[1]
        found[_outcome(status)] += 1
        if _outcome(status) == "another error":
            found[f"case {number}"] += 1
    os.remove(path)
    console.say(json.dumps(dict(found)))


def _load(path: str) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    try:
        load_model(path)
    except (MinifitError, OSError):
        return 1
    except BaseException:
        return 2
    return 0


def _outcome(status: int) -> str:
    if os.WIFSIGNALED(status):
        return "hang" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "crash"
    return ("loaded", "refused", "another error")[os.WEXITSTATUS(status)]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
