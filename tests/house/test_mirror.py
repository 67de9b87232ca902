"""The tests mirror the source: whoever looks at a file knows where its tests are, and the other way round."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

WITHOUT_A_TEST_OF_THEIR_OWN: dict[str, str] = {
    file.relative_to(ROOT).as_posix(): "tests/semantics/test_record.py plays every scenario"
    for file in (ROOT / "minifit" / "semantics" / "scenarios").glob("*.py")
    if file.name != "__init__.py"
}
"""Source files, relative to the project, and why no test file is named after them."""

NOT_MIRRORS = ("house", "conformance", "benchmarks", "fuzz", "distribute")
"""Folders with tests that belong to no single source file."""


def expected_test(source: Path) -> Path:
    """``tests/a/test_b.py`` for ``minifit/a/b.py``, ``tests/kernels/test_x.py`` for ``kernels/x.py``."""
    inside = source.relative_to("minifit") if source.parts[0] == "minifit" else source
    return Path("tests") / inside.with_name(f"test_{inside.name}")


def source_files() -> list[Path]:
    files = [f.relative_to(ROOT) for folder in ("minifit", "kernels") for f in (ROOT / folder).rglob("*.py")]
    return sorted(f for f in files if f.name != "__init__.py" and f.parts[:2] != ("minifit", "kernels"))


def mirroring_tests() -> list[Path]:
    files = (f.relative_to(ROOT) for f in (ROOT / "tests").rglob("test_*.py"))
    return sorted(f for f in files if f.parts[1] not in NOT_MIRRORS)


SOURCES = source_files()


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_source_file_has_its_test_file(source: Path) -> None:
    if source.as_posix() not in WITHOUT_A_TEST_OF_THEIR_OWN:
        assert (ROOT / expected_test(source)).is_file(), f"write {expected_test(source)}"


@pytest.mark.parametrize("test", mirroring_tests(), ids=str)
def test_every_test_file_has_its_source_file(test: Path) -> None:
    sources = {expected_test(source) for source in SOURCES}
    assert test in sources, f"{test} mirrors no source file; tests of several files live in {NOT_MIRRORS}"


def test_the_exceptions_are_still_needed() -> None:
    for name in WITHOUT_A_TEST_OF_THEIR_OWN:
        assert (ROOT / name).is_file(), f"{name} is gone"
        assert not (ROOT / expected_test(Path(name))).is_file(), f"{name} has a test file by now"
