"""Hooks of MkDocs that build the site of docs/: the order of its pages, and pages for linked source files.

In the repository, a link such as ``../minifit/tensor.py`` opens the file. The site contains only docs/, so each linked
file gets a page under ``source/``, and a linked folder gets a page with links to its files.
"""

import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# MkDocs loads this file by its path
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from docs import build, tutorial  # noqa: E402

LINK = re.compile(r"\]\((\.\./[^()\s#]+)([^()]*)\)")
PICTURE = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*'
    r'<img alt="([^"]*)" src="([^"]+)">\s*</picture>'
)
RULE = re.compile(r'<a id="([a-z]+-\d+)"></a>\s*<a href="#\1"><strong>([A-Z]+-\d+)</strong></a>')
HEAD = "---\nsearch:\n  exclude: true\n---\n\n"
LANGUAGES = {".py": "python", ".yml": "yaml", ".toml": "toml", ".md": "markdown"}


def on_config(config: Any) -> None:
    """Set the order of the pages."""
    tables = [name.removesuffix(".md") for name in build.pages()]
    tables = [name for name in tables if name not in build.GROUPS and name != "README"]
    config["nav"] = [
        "README.md",
        {"Lessons": ["lessons/README.md", *(f"lessons/{page.name}" for page in tutorial.PAGES)]},
        {"Guides": titled(list(build.GUIDES))},
        {"Rules and tables": titled(tables)},
        {"Names": titled(list(build.GROUPS))},
    ]


def titled(names: list[str]) -> list[dict[str, str]]:
    """Return pages by their titles."""
    return [{build.title_of(build.DOCS / f"{name}.md"): f"{name}.md"} for name in names]


def outside(page: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield each link of a page that leads out of docs/, with its path in the project."""
    for link in LINK.finditer(text):
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link[1]))
        if not path.startswith("docs"):
            yield link[1], path


def address(path: str) -> str:
    """Return the address of the page that shows a file or folder of the project."""
    return f"source/{path}.md" if (ROOT / path).is_file() else f"source/{path}/index.md"


def shown(path: str) -> str:
    """Return the text of the page that shows a file or a folder."""
    place = ROOT / path
    if place.is_file():
        text = place.read_text(encoding="utf-8")
        language = LANGUAGES.get(place.suffix, "text")
        return f"{HEAD}# {path}\n\n````{language}\n{text}````\n"
    names = (each.name for each in sorted(place.iterdir()) if each.suffix in LANGUAGES)
    return f"{HEAD}# {path}\n\n" + "\n".join(f"- [{name}]({name}.md)" for name in names)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of source files."""
    # the tests of the other functions need no MkDocs
    from mkdocs.structure.files import File

    pages = list(files.documentation_pages())
    paths = {path for page in pages for _, path in outside(page.src_uri, page.content_string)}
    for folder in [path for path in paths if (ROOT / path).is_dir()]:
        paths |= {
            each.relative_to(ROOT).as_posix()
            for each in (ROOT / folder).iterdir()
            if each.suffix in LANGUAGES
        }
    for path in sorted(paths):
        files.append(File.generated(config, address(path), content=shown(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Point links out of docs/ to the pages of source files, and let pictures follow the colours of the site."""
    here = page.file.src_uri
    if here.startswith("source/"):
        return markdown
    targets = dict(outside(here, markdown))

    def relink(link: re.Match[str]) -> str:
        if link[1] not in targets:
            return link[0]
        return f"]({posixpath.relpath(address(targets[link[1]]), posixpath.dirname(here) or '.')}{link[2]})"

    by_colour = r"![\2](\3#only-light)" + "\n" + r"![\2](\1#only-dark)"
    return PICTURE.sub(by_colour, LINK.sub(relink, markdown))


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Turn each rule's number into a heading, so that a search for ``ES-4`` finds the rule and not only its page."""
    return RULE.sub(r'<h6 id="\1" class="rule"><a href="#\1">\2</a></h6>', html)
