"""The decorator: what it keeps of a function, and where nothing can be written."""

import errno
import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import IO, Any

import numba
import numpy as np
import pytest
from numba.core import caching

from minifit.errors import MinifitWarning
from minifit.kernels import jit_arrays as jit
from minifit.kernels.compiled_losses import squared_error_forward
from tests.interrupting import ctrl_c


def test_a_compiled_kernel_keeps_its_name_and_text() -> None:
    assert squared_error_forward.__name__ == "squared_error_forward"
    assert "reference.squared_error_forward" in str(squared_error_forward.__doc__)


@pytest.mark.parametrize("spoiler", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [0, 500, 999])
def test_sums_in_any_order_keep_nan_and_infinity(spoiler: float, where: int) -> None:
    t, p, loss = np.zeros((1, 1000), np.float32), np.ones((1, 1000), np.float32), np.zeros(1, np.float32)
    p[0, where] = spoiler
    squared_error_forward(t, p, loss)
    np.testing.assert_array_equal(loss, [spoiler * spoiler])


def test_sums_in_any_order_err_less_than_one_long_chain() -> None:
    p = np.random.default_rng(0).random((1, 100_000)).astype(np.float32)
    loss = np.zeros(1, np.float32)
    squared_error_forward(np.zeros_like(p), p, loss)
    exact = np.mean(p.astype(np.float64) ** 2)
    chain = np.add.accumulate(p[0] * p[0])[-1] / np.float32(p.size)  # accumulate adds one after another
    assert abs(loss[0] - exact) < abs(chain - exact)
    assert abs(loss[0] - exact) < 1e-5 * exact


def copy_floor(root: Path, package: Path) -> None:
    """Copy what the kernels stand on."""
    for name in ("errors", "interrupts", "console"):
        shutil.copy(root / "minifit" / f"{name}.py", package)


@pytest.mark.skipif(sys.platform == "win32", reason="finds the folder for caches in another way")
def test_where_no_folder_can_be_written_kernels_compile_for_the_process(root: Path, tmp_path: Path) -> None:
    package = tmp_path / "minifit"
    shutil.copytree(root / "kernels", package / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    copy_floor(root, package)
    # a file in the place of a folder stops even the superuser
    blocked = package / "kernels" / "__pycache__"
    blocked.write_text("")
    code = """
import numba, numpy as np
from minifit.kernels import jit_arrays as jit, load
w = np.ones(3, np.float32)
load("numba").sgd_step(w, w.copy(), 0.5)
try:
    numba.njit(cache=True)(jit.jit)
except RuntimeError:
    print("nowhere", w)
"""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment |= {"XDG_CACHE_HOME": str(blocked), "HOME": str(blocked), "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-B", "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "nowhere [0.5 0.5 0.5]\n", run.stderr


def test_what_is_kept_is_found_again_only_while_no_file_of_the_package_changes(
    root: Path, tmp_path: Path
) -> None:
    """Numba itself looks at the file of the function alone, not at those of the functions compiled into it."""
    package, kept = tmp_path / "minifit", tmp_path / "kept"
    shutil.copytree(root / "kernels", package / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    copy_floor(root, package)
    code = """
import numpy as np
from minifit.kernels.compiled_optimizers import sgd_step
sgd_step(np.ones(3, np.float32), np.ones(3, np.float32), 0.5)
print(sum(sgd_step.stats.cache_hits.values()))
"""

    def hits() -> str:
        environment = os.environ | {"NUMBA_CACHE_DIR": str(kept), "PYTHONPATH": str(tmp_path)}
        run = subprocess.run(
            [sys.executable, "-B", "-c", code],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return run.stdout.strip() or run.stderr

    assert [hits(), hits()] == ["0", "1"]
    with (package / "kernels" / "compiled_products.py").open("a") as file:
        file.write("# a change\n")
    assert [hits(), hits()] == ["0", "1"]


# -- a cache that is damaged, or that cannot be written -------------------------------------------------------


class Kernel:
    """A small kernel, kept in a folder of its own; every call of it is that of a new process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.source, self.monkeypatch = folder / "kept", folder / "kept_kernel.py", monkeypatch
        self.source.write_text("def double(x):\n    return x + x\n")

    def __call__(self, x: Any = 2.0) -> int:
        """Compute, and return how often the cache was hit."""
        spec = spec_from_file_location(self.source.stem, self.source)
        assert spec is not None and spec.loader is not None
        module = module_from_spec(spec)
        self.monkeypatch.setitem(sys.modules, self.source.stem, module)  # where Numba looks for it
        spec.loader.exec_module(module)
        compiled: Any = jit.jit(module.double)
        assert compiled(x) == x + x
        return sum(compiled.stats.cache_hits.values())

    def file(self, kind: str, number: int = 0) -> Path:
        """The index (nbi), or the data of a signature (nbc)."""
        return sorted(self.folder.rglob(f"*.{kind}"))[number]


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    numba.config.reload_config()  # else Numba does so when it next compiles, if another test set its variables
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setattr(jit, "_warned", set())
    return Kernel(tmp_path, monkeypatch)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def cut_to_its_seal(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:32])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def without_seal(file: Path) -> None:
    """Leave the content that Numba itself writes."""
    file.write_bytes(file.read_bytes()[32:])


def a_folder(file: Path) -> None:
    """In the place of a file, it can be neither read nor replaced, whoever tries."""
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [emptied, cut_short, cut_to_its_seal, flipped, without_seal, Path.unlink])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_cache_is_compiled_and_written_again(
    kind: str, damage: Callable[[Path], None], kernel: Kernel
) -> None:
    assert [kernel(), kernel()] == [0, 1]
    damage(kernel.file(kind))
    assert [kernel(), kernel()] == [0, 1]


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_file_that_can_be_neither_read_nor_written_is_one_warning(kind: str, kernel: Kernel) -> None:
    kernel()
    a_folder(kernel.file(kind))
    with pytest.warns(MinifitWarning, match=r"should be cached.*Received: .*kept.*NUMBA_CACHE_DIR") as warned:
        assert [kernel(), kernel()] == [0, 0]
    assert len(warned) == 1


def test_the_code_of_another_signature_is_never_taken(kernel: Kernel) -> None:
    """Two processes may give one name to two entries."""
    kernel(2.0), kernel(2)
    first, second = kernel.file("nbc", 0), kernel.file("nbc", 1)
    shutil.copy(first, second)
    assert kernel(2.0) + kernel(2) == 1
    assert [kernel(2.0), kernel(2)] == [1, 1]


class Full:
    """A file on a disk that has room for so many bytes."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self.file, self.room = file, room

    def __enter__(self) -> "Full":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        self.file.write(data[: self.room])
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("room", [0, 1000])
def test_a_full_disk_is_one_warning_and_leaves_nothing_behind(
    room: int, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for the index alone it names a file that is not there."""
    with monkeypatch.context() as patch:
        patch.setattr(
            caching,
            "open",
            lambda path, mode: Full(Path(path).open("wb"), room) if mode == "wb" else Path(path).open("rb"),  # noqa: SIM115
            raising=False,
        )
        with pytest.warns(MinifitWarning, match="No space left on device") as warned:
            assert [kernel(), kernel()] == [0, 0]
    assert len(warned) == 1
    assert not list(kernel.folder.rglob("*.tmp*"))
    assert [kernel(), kernel()] == [0, 1]


# -- interrupts -----------------------------------------------------------------------------------------------


class Steps:
    """Counts the lines of Numba that run, and interrupts at one of them."""

    def __init__(self, at: int) -> None:
        self.counted, self.at = 0, at

    def __call__(self, frame: Any, event: str, arg: Any) -> Any:
        if f"{os.sep}numba{os.sep}" not in frame.f_code.co_filename:
            return None
        self.counted += 1
        if self.counted == self.at:
            signal.raise_signal(signal.SIGINT)
        return None


def test_an_interrupt_while_a_kernel_compiles_arrives_once_and_breaks_nothing(kernel: Kernel) -> None:
    calls_of_numba(kernel, 0)  # the first compilation of a process calls more than those that follow
    shutil.rmtree(kernel.folder)
    total = calls_of_numba(kernel, 0)
    assert total > 1000
    for at in range(1, total * 9 // 10, total // 5):
        with pytest.raises(KeyboardInterrupt):
            counted = calls_of_numba(kernel, at)
            raise AssertionError(f"{counted} calls, and no interrupt out of that at {at}")
        shutil.rmtree(kernel.folder)
    assert [kernel(), kernel()] == [0, 1]


def calls_of_numba(kernel: Kernel, at: int) -> int:
    """Call the kernel; how many functions of Numba were called, without those that clean up after other tests."""
    steps, before = Steps(at), sys.gettrace()
    gc.collect()
    gc.disable()
    with ctrl_c():
        sys.settrace(steps)
        try:
            kernel()
        finally:
            sys.settrace(before)
            gc.enable()
    return steps.counted
