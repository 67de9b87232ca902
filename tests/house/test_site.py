"""The site has every page once, and its links and pictures are those of the pages; MkDocs itself is not needed here."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docs import build, site_pages


def files_in(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [file for part in parts for file in files_in(part)]


def test_every_page_is_in_the_menu_once(root: Path) -> None:
    config: dict[str, Any] = {}
    site_pages.on_config(config)
    pages = [page.relative_to(root / "docs").as_posix() for page in (root / "docs").rglob("*.md")]
    assert sorted(files_in(config["nav"])) == sorted(pages)


def rewritten(name: str, text: str) -> str:
    page = SimpleNamespace(file=SimpleNamespace(src_uri=name))
    return site_pages.on_page_markdown(text, page, config={}, files=None)


@pytest.mark.parametrize(
    ("page", "link", "address"),
    [
        ("speed.md", "../minifit/tensor.py", "source/minifit/tensor.py.md"),
        ("lessons/a.md", "../../minifit/ops", "../source/minifit/ops/index.md"),
        ("lessons/a.md", "../semantics.md#fit-1", "../semantics.md#fit-1"),
        ("speed.md", "files.md", "files.md"),
        ("speed.md", '../minifit/tensor.py "tests"', 'source/minifit/tensor.py.md "tests"'),
    ],
)
def test_links_to_code_lead_to_pages_with_the_code(page: str, link: str, address: str) -> None:
    assert rewritten(page, f"see [it]({link}).") == f"see [it]({address})."


def test_a_page_with_code_shows_the_file(root: Path) -> None:
    code = (root / "minifit/tensor.py").read_text(encoding="utf-8")
    assert f"````python\n{code}````" in site_pages.shown("minifit/tensor.py")
    assert "- [layers.py](layers.py.md)" in site_pages.shown("minifit/ops")


def test_pictures_follow_the_colours_of_the_site() -> None:
    text = (build.DOCS / "benchmarks.md").read_text(encoding="utf-8")
    made = rewritten("benchmarks.md", text)
    assert "<picture>" in text
    assert "<picture>" not in made
    assert re.search(r"!\[.+\]\(pictures/benchmarks\.svg#only-light\)", made)
    assert re.search(r"!\[.+\]\(pictures/benchmarks-dark\.svg#only-dark\)", made)
