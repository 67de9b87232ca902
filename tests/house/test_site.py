"""The site has every page once, with the links and pictures of the pages, and can be read and searched as files."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docs import build, site_pages
from tests.browser import Page, browser


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


def test_the_number_of_a_rule_is_a_heading() -> None:
    html = '<td><a id="es-4"></a><a href="#es-4"><strong>ES-4</strong></a> A sentence.</td>'
    heading = '<td><h6 id="es-4" class="rule"><a href="#es-4">ES-4</a></h6> A sentence.</td>'
    assert site_pages.on_page_content(html, None, config={}, files=None) == heading


# -- the site itself ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a link that leads nowhere ends the build."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=build.ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True)
    return folder


@pytest.fixture(scope="module")
def reader(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser that has opened the site as a file."""
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        page.open((site / "index.html").as_uri())
        yield page


@pytest.mark.slow
def test_the_site_needs_nothing_from_elsewhere(site: Path) -> None:
    pages = [page.read_text(encoding="utf-8") for page in site.rglob("*.html")]
    loaded = {
        file
        for text in pages
        for file in re.findall(r'<(?:script|img|link)\b[^>]*? (?:src|href)="?([^" >]+)', text)
    }
    assert len(loaded) > 10
    assert [file for file in loaded if re.match(r"\w+:|//", file)] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "title"),
    [("ES-4", "ES-4"), ("restore_best_weights", "EarlyStopping"), ("callbacks.CSVLogger", "CSVLogger")],
)
def test_what_is_searched_for_comes_first(words: str, title: str, reader: Page) -> None:
    reader.run(
        "(() => { const box = document.querySelector('[data-md-component=search-query]'); box.focus(); "
        f"box.value = '{words}'; box.dispatchEvent(new Event('keyup')); }})()"
    )
    first = "document.querySelector('.md-search-result__item')?.innerText ?? ''"
    reader.wait(f"({first}).split('\\n').some((line) => line.trim() === '{title}')")
    assert not reader.errors


@pytest.mark.slow
def test_pages_fit_into_a_narrow_window(site: Path, reader: Page) -> None:
    for name in ("index", "semantics", "callbacks", "coming-from", "benchmarks", "speed"):
        reader.open((site / f"{name}.html").as_uri())
        reader.size(390, 900)
        assert reader.run("document.documentElement.scrollWidth <= innerWidth"), name
    assert not reader.errors
