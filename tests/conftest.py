"""What holds for every test: nothing is written outside temporary folders, and nothing depends on the clock.

The environment is set here, at import, because Numba and minifit read it when they are imported.
"""

import atexit
import multiprocessing.process
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings

if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker uses the folder of the process that started it
    _SCRATCH = tempfile.mkdtemp(prefix="minifit-tests-")
    atexit.register(shutil.rmtree, _SCRATCH, ignore_errors=True)
    os.environ["MINIFIT_TESTS_SCRATCH"] = _SCRATCH
SCRATCH = Path(os.environ["MINIFIT_TESTS_SCRATCH"])

os.environ["NUMBA_CACHE_DIR"] = str(SCRATCH / "numba")
os.environ["MPLCONFIGDIR"] = str(SCRATCH / "matplotlib")
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(SCRATCH / "hypothesis")
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # for the interpreters that tests start
sys.dont_write_bytecode = True
os.environ.setdefault("MINIFIT_FLUSH", "0")  # files still appear whole, the disk is not waited for
for _name in ("MINIFIT_KERNELS", "PYTHONWARNINGS"):  # the caller's settings would change what is tested
    os.environ.pop(_name, None)

settings.register_profile(
    "minifit", deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("minifit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="skip a test where it would start a process or compile a kernel"
    )


def pytest_configure(config: pytest.Config) -> None:
    """With ``--quick``, a test ends as skipped at the first call that takes long: no list of tests is needed."""
    if not config.getoption("--quick"):
        return
    from numba.core.dispatcher import Dispatcher

    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    begin = subprocess.Popen.__init__

    def begin_unless_python(self: Any, args: Any, *more: Any, **options: Any) -> None:
        if sys.executable in args:
            pytest.skip("it starts a process")
        begin(self, args, *more, **options)  # some packages ask the system when they are imported

    patch.setattr(subprocess.Popen, "__init__", begin_unless_python)
    patch.setattr(multiprocessing.process.BaseProcess, "start", _skipping("it starts a process"))
    patch.setattr(os, "fork", _skipping("it starts a process"), raising=False)
    patch.setattr(Dispatcher, "_compile_for_args", _skipping("it compiles a kernel"))


def _skipping(reason: str) -> Callable[..., NoReturn]:
    def skip(*_: object, **__: object) -> NoReturn:
        pytest.skip(reason)

    return skip


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _work_in_a_temporary_folder() -> Iterator[None]:
    """A relative path that a test or an example writes to must not land in the repository."""
    here = Path.cwd()
    work = SCRATCH / "work"
    work.mkdir(exist_ok=True)
    os.chdir(work)
    yield
    os.chdir(here)
