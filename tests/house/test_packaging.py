"""The wheel carries every package, the data and nothing that collides with somebody else's package."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv*", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", "tests", "examples", "docs"
)


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; the test fails with all of it when the command does."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy, because building leaves folders beside the source."""
    source = tmp_path_factory.mktemp("source") / "minifit"
    shutil.copytree(root, source, symlinks=True, ignore=NOT_SOURCE)
    if not (source / "README.md").exists():
        (source / "README.md").write_text("minifit\n")
    target = source.parent
    pip: list[str | Path] = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    run(*pip, "--disable-pip-version-check", "--wheel-dir", target, source, cwd=target)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment that has the wheel, and NumPy from here."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(python, "-c", where, cwd=folder).strip())
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    # Behind the environment's own folder, and without the start-up files of this one: the wheel comes first.
    (site / "numpy_from_outside.pth").write_text(f"{Path(np.__file__).parents[1]}\n")
    return python


def test_every_package_folder_is_listed(root: Path) -> None:
    with (root / "pyproject.toml").open("rb") as file:
        listed = tomllib.load(file)["tool"]["setuptools"]["packages"]
    found = {"minifit.kernels"}
    for folder in {f.parent for f in (root / "minifit").rglob("*.py")}:
        found.add(".".join(folder.relative_to(root).parts))
    assert listed == sorted(listed)
    assert found <= set(listed), "list them under [tool.setuptools] packages in pyproject.toml"


def test_every_listed_package_has_a_folder(root: Path) -> None:
    with (root / "pyproject.toml").open("rb") as file:
        listed = tomllib.load(file)["tool"]["setuptools"]["packages"]
    missing = [p for p in listed if not (root / p.replace(".", "/") / "__init__.py").is_file()]
    assert not missing


def test_the_wheel_has_no_other_top_level_than_minifit(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"minifit"}


def test_the_wheel_has_every_source_file_once(root: Path, wheel: Path) -> None:
    sources = {f.relative_to(root).as_posix() for f in (root / "minifit").rglob("*.py")}
    sources |= {f"minifit/{f.relative_to(root).as_posix()}" for f in (root / "kernels").rglob("*.py")}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert sorted(n for n in names if n.endswith(".py")) == sorted(sources)
    assert len(names) == len(set(names))


def test_the_wheel_has_data_types_and_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"minifit/py.typed", "minifit/datasets/digits.npz", "minifit/datasets/digits.md"} <= set(names)
    assert {"minifit/monitor.html", "minifit/callbacks/timeline.html"} <= set(names)
    assert {"minifit/semantics/runs/runs.json", "minifit/semantics/runs/records.json"} <= set(names)
    assert any(n.endswith("licenses/LICENSE") for n in names)


def test_the_installed_package_imports_and_loads_its_data(installed: Path, tmp_path: Path) -> None:
    program = (
        "import minifit, minifit.kernels\n"
        "from minifit.datasets import digits\n"
        "(x, y), _ = digits.load_data(test_split=0)\n"
        "print(minifit.__file__, minifit.__version__, x.shape, int(x.sum()))\n"
    )
    said = run(installed, "-W", "error", "-c", program, cwd=tmp_path)
    assert said.split(maxsplit=1)[1].strip() == "0.1.0 (1797, 8, 8) 561718"
    assert Path(said.split()[0]).is_relative_to(installed.parents[1])


def test_kernels_alone_cannot_be_imported(installed: Path, tmp_path: Path) -> None:
    program = "import importlib.util; print(importlib.util.find_spec('kernels'))"
    assert run(installed, "-c", program, cwd=tmp_path).strip() == "None"
