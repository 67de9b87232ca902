"""The lessons: each file runs and prints what its page shows, and adds little to the file before."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import tutorial

NAMES = [lesson.stem for lesson in tutorial.LESSONS]
MOST = 45
"""Lines of code that a lesson may add."""


def by_name(name: str) -> Path:
    return tutorial.FOLDER / f"{name}.py"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_its_file_and_what_it_prints(name: str) -> None:
    page = by_name(name).with_suffix(".md")
    text = page.read_text(encoding="utf-8")
    assert text == tutorial.filled(page, text), "run `make docs`"
    assert tutorial.output(by_name(name)) in text
    assert len(tutorial.PLACE.findall(text)) == 2


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_lesson_adds_little_to_the_one_before(name: str) -> None:
    """Blank lines and lines that begin a docstring do not count."""
    added = [line for line in tutorial.change(by_name(name)) if re.match(r"\+\s*[^\s\"]", line)]
    assert added
    assert len(added) <= MOST


def test_lessons_but_the_last_import_numpy_alone() -> None:
    foreign = {
        (lesson.stem, module)
        for lesson in tutorial.LESSONS
        for module in re.findall(r"^(?:import|from) (\w+)", lesson.read_text(encoding="utf-8"), re.MULTILINE)
        if module not in ("numpy", "copy")
    }
    assert foreign == {("12_the_real_loop", "minifit")}


def test_a_lesson_is_a_program(root: Path) -> None:
    command = [sys.executable, "-W", "error", str(by_name("11_a_program"))]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    assert printed == tutorial.output(by_name("11_a_program"))


def test_the_lessons_end_in_the_real_loop() -> None:
    assert tutorial.output(by_name(NAMES[-1])).endswith("the same in minifit and here: True\n")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_leads_on(name: str, root: Path) -> None:
    text = by_name(name).with_suffix(".md").read_text(encoding="utf-8")
    number = NAMES.index(name)
    for neighbour in NAMES[max(0, number - 1) : number + 2]:
        assert f"]({neighbour}." in text
    sources = re.findall(r"\]\(\.\./\.\./((?:minifit|kernels)/[^)]+)\)", text)
    assert sources, "name the file of minifit where the real one stands"
    assert [source for source in sources if not (root / source).exists()] == []
