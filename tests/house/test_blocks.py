"""Every block of Python in README and docs runs, one after the other on its page.

A block is Python where its fence says ``python``. A block of text right below is what it prints. Everything else
a page shows runs elsewhere, or not at all: commands for a shell are indented, and differences and configuration have a
fence of another name.
"""

import ast
import os
import re
import subprocess
import sys
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from minifit import randomness
from tests.house.at_hand import AT_HAND, before_each

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCES = {"python", "python-console", "text", "diff", "json", "yaml"}
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


class Block(NamedTuple):
    """A block of Python, the line of the page that it begins at, and what the page says that it prints."""

    line: int
    code: str
    output: str | None


def blocks(page: Path) -> list[Block]:
    """Return the blocks of Python on a page."""
    text = page.read_text(encoding="utf-8")
    return [Block(text.count("\n", 0, found.start(1)), *found.groups()) for found in BLOCK.finditer(text)]


def run(page: Path) -> None:
    """Run the blocks of a page in turn, in the current folder."""
    randomness.set_random_seed(0)
    names: dict[str, object] = {"__name__": "page"}
    with closing(before_each(page, ROOT)) as prepared:
        for block, at_hand in zip(blocks(page), prepared, strict=False):
            names |= at_hand
            code = compile("\n" * block.line + block.code, str(page), "exec")  # with the lines of the page
            with redirect_stdout(StringIO()) as printed:
                exec(code, names)
            assert block.output is None or printed.getvalue() == block.output


OF_MPI = ROOT / "docs" / "workers.md"  # its program is to be the only one of its process


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page) and page != OF_MPI], ids=name)
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(page)


@pytest.mark.skipif(os.name == "nt", reason="MPI is not installed for tests on Windows")
def test_the_blocks_about_workers_run(tmp_path: Path) -> None:
    code = "from tests.house import test_blocks as pages; pages.run(pages.OF_MPI)"
    command = [sys.executable, "-W", "error", "-c", code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_fence_says_what_is_in_it(page: Path) -> None:
    fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(fences[::2]) <= FENCES, "only blocks of Python run here: give every other its name"
    assert set(fences[1::2]) <= {""}


@pytest.mark.parametrize("page", AT_HAND)
def test_what_is_at_hand_is_used(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trees = [ast.parse(block.code) for block in blocks(ROOT / page)]
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = {each for at_hand in AT_HAND[page]() for each in at_hand}
    assert names <= used, "take away what the page does not need any more"


def test_the_blocks_of_the_main_pages_are_found() -> None:
    found = {name(page): len(blocks(page)) for page in PAGES}
    assert found["README.md"] == 2
    assert found["docs/models-guide.md"] > 6
    assert found["docs/lessons/01_a_loop.md"] == 1
