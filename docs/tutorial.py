"""Fills the pages of docs/lessons: what is new in a lesson's file, and what the file prints.

A page has two places for that, after a comment that says which: the change from the file of the lesson before, and
the output.
"""

import difflib
import io
import re
import runpy
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "lessons"
LESSONS = sorted(FOLDER.glob("[0-9]*.py"))
PAGES = [lesson.with_suffix(".md") for lesson in LESSONS]

PLACE = re.compile(r"(<!-- made by `make docs`: (code|output) -->\n)(?:.*?)(<!-- until here -->)", re.DOTALL)


@cache
def output(lesson: Path) -> str:
    """Return what a lesson prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        runpy.run_path(str(lesson), run_name="__main__")
    return printed.getvalue()


def change(lesson: Path) -> list[str]:
    """Return the lines of a lesson as a difference from the lesson before, without its head."""
    before, after = (
        each.read_text(encoding="utf-8").splitlines() for each in (LESSONS[LESSONS.index(lesson) - 1], lesson)
    )
    lines = difflib.unified_diff(before, after, n=2, lineterm="")
    return ["@@" if line.startswith("@@") else line.rstrip() for line in lines][2:]


def code(lesson: Path) -> str:
    """Return the block that shows a lesson's file: the whole of the first, what changes in the others."""
    if lesson == LESSONS[0]:
        return f"```python\n{lesson.read_text(encoding='utf-8')}```"
    return "\n".join(["```diff", *change(lesson)[1:], "```"])  # it begins at the first line


def filled(page: Path, text: str) -> str:
    """Return the text of a lesson's page with what its file has and prints now."""
    lesson = page.with_suffix(".py")
    made = {"code": lambda: code(lesson), "output": lambda: f"```text\n{output(lesson)}```"}
    return PLACE.sub(lambda found: "\n".join([f"{found[1]}", f"{made[found[2]]()}", "", found[3]]), text)
