"""Fills the pages of docs/lessons: the change that each lesson makes, and the output of its file.

A page has one place for each, marked by a comment: the difference from the file of the previous lesson, and the text
that the file prints.
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
    """Run a lesson and return the text that it prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        runpy.run_path(str(lesson), run_name="__main__")
    return printed.getvalue()


def change(lesson: Path) -> list[str]:
    """Return the difference of a lesson from the previous lesson, without the names of the files."""
    before, after = (
        each.read_text(encoding="utf-8").splitlines() for each in (LESSONS[LESSONS.index(lesson) - 1], lesson)
    )
    lines = difflib.unified_diff(before, after, n=2, lineterm="")
    return ["@@" if line.startswith("@@") else line.rstrip() for line in lines][2:]


def code(lesson: Path) -> str:
    """Return the code block of a lesson: the whole file for the first lesson, the difference for the others."""
    if lesson == LESSONS[0]:
        return f"```python\n{lesson.read_text(encoding='utf-8')}```"
    # the first "@@" says nothing: the difference begins at the first line
    return "\n".join(["```diff", *change(lesson)[1:], "```"])


def filled(page: Path, text: str) -> str:
    """Return the text of a lesson's page with its code and output filled in."""
    lesson = page.with_suffix(".py")
    blocks = {"code": lambda: code(lesson), "output": lambda: f"```text\n{output(lesson)}```"}
    return PLACE.sub(lambda place: "\n".join([place[1], blocks[place[2]](), "", place[3]]), text)
