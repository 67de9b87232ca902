"""The decorator: what it keeps of a function, and where nothing can be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minifit.kernels.compiled_losses import squared_error_forward


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


@pytest.mark.skipif(sys.platform == "win32", reason="finds the folder for caches in another way")
def test_where_no_folder_can_be_written_kernels_compile_for_the_process(root: Path, tmp_path: Path) -> None:
    package = tmp_path / "minifit"
    shutil.copytree(root / "kernels", package / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "minifit" / "errors.py", package)
    # a file in the place of a folder stops even the superuser
    blocked = package / "kernels" / "__pycache__"
    blocked.write_text("")
    code = """
import numba, numpy as np
from minifit.kernels import jit, load
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
    shutil.copy(root / "minifit" / "errors.py", package)
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
