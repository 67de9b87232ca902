"""Every link on a page leads to a file of the project, and to a heading or anchor that is there."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"""\]\(([^()\s]+)(?:\s+"[^"]*")?\)|(?:src|srcset|href)="([^"]+)\"""")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def text(page: Path) -> str:
    """Return the text of a page without its blocks."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> set[str]:
    """Return what a link to a page may name behind ``#``: the anchors in it, and its headings as GitHub has them."""
    named = set(re.findall(r'<\w+ id="([^"]+)"', text(page)))
    headings = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return named | {slug(heading) for heading in headings}


def slug(heading: str) -> str:
    """Return the anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def links(page: Path) -> list[str]:
    """Return where a page's links lead within the project."""
    found = [first or second for first, second in LINK.findall(text(page))]
    return [link for link in found if not re.match(r"\w+:", link)]


def broken(page: Path, link: str) -> bool:
    """Return whether a link of a page leads nowhere."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return True
    return bool(anchor) and anchor not in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if broken(page, link)] == []


def test_links_are_found() -> None:
    assert len([link for page in PAGES for link in links(page)]) > 200
    assert "pictures/benchmarks-dark.svg" in links(ROOT / "docs" / "benchmarks.md")


@pytest.mark.parametrize(
    "link", ["lost.md", "docs/lost.md#x", "docs/semantics.md#fit-0", "#nowhere", "../elsewhere.md"]
)
def test_a_broken_link_is_seen(link: str) -> None:
    assert broken(ROOT / "README.md", link)


@pytest.mark.parametrize("link", ["docs/semantics.md#fit-1", "#who-it-is-for", "docs", "Makefile"])
def test_a_good_link_passes(link: str) -> None:
    assert not broken(ROOT / "README.md", link)


def test_every_page_is_reached_from_the_first() -> None:
    seen, waiting = set[Path](), [ROOT / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
            waiting += [
                each for each in targets if each.suffix == ".md" and each.is_relative_to(ROOT / "docs")
            ]
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= seen
