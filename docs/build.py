"""Makes the pages of docs/ that follow from the code: `make docs`.

The rules come from minifit.semantics and from the marks of the tests, the lists of what there is from the tables
and ``__all__`` of the modules, figures from the record of the benchmarks. A test makes the pages anew and compares:
a page cannot fall behind.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
README = ROOT / "README.md"
if str(ROOT) not in sys.path:  # as a program it is started from anywhere
    sys.path.insert(0, str(ROOT))

from docs import drawing, reference, tutorial  # noqa: E402
from minifit.saving.keras3.differences import DIFFERENCES  # noqa: E402
from minifit.saving.keras3.files import VERSION  # noqa: E402
from minifit.saving.keras3.rows import Difference  # noqa: E402
from minifit.semantics import SECTIONS, SOURCES, Rule, scenarios  # noqa: E402
from minifit.semantics.playing import UNASKED  # noqa: E402
from minifit.semantics.record import (  # noqa: E402
    OURS,
    SIGNS,
    Framework,
    frameworks,
    in_words,
    outcomes,
    verdict_of,
)
from minifit.standin.names import KERAS, TENSORFLOW  # noqa: E402
from tests.benchmarks.pages import parts  # noqa: E402

assert scenarios.__all__, "importing the scenarios registers them"

MADE = "<!-- made by docs/build.py: change the source and run `make docs` -->"

GROUPS = {
    "models": "Models",
    "layers": "Layers",
    "activations": "Activations",
    "losses": "Losses",
    "metrics": "Metrics",
    "optimizers": "Optimizers",
    "schedules": "Learning rate schedules",
    "initializers": "Initializers",
    "regularizers": "Regularizers",
    "constraints": "Constraints",
    "callbacks": "Callbacks",
    "datasets": "Datasets",
    "pipelines": "Pipelines of data",
    "ops": "Ops",
    "gradients": "Gradients and variables",
    "distribute": "Workers and strategies",
    "utils": "Utilities",
    "summary": "Summaries for TensorBoard",
}
"""The pages of public names, and their titles."""

MODULES = {"pipelines": "minifit.data", "gradients": "minifit"}
"""The modules of pages that have another name."""


# -- the rules ---------------------------------------------------------------------------------------------


class Proof(NamedTuple):
    """A test that carries the number of a rule."""

    rule: str
    file: str
    test: str


@cache
def proofs() -> list[Proof]:
    """Every mark ``@pytest.mark.rule("...")`` in the tests, in the order of files and lines."""
    found: list[Proof] = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found += [Proof(rule, file, node.name) for rule in marked(node)]
    return found


def marked(function: ast.FunctionDef) -> Iterator[str]:
    """The rules that a test function is marked with."""
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rule":
            yield from (ast.literal_eval(argument) for argument in mark.args)


def semantics() -> str:
    """The page of the rules."""
    others = frameworks()
    played_on = "; ".join(f"{other.name} ({other.setup})" for other in others)
    lines = [
        "# What a callback can rely on",
        "",
        "Every rule has a number, the tests that prove it, a source, and a scenario of a few lines that was played on",
        f"other frameworks: {played_on}. The scenarios are in",
        "[`minifit/semantics/scenarios/`](../minifit/semantics/scenarios/__init__.py), their outcomes in",
        "[`record.json`](../minifit/semantics/record.json). `python -m minifit.semantics ES-4` prints a rule, and",
        "[the conformance kit](conformance.md) plays the scenarios on any other framework.",
        "",
        "| Sign | A framework ... |",
        "|:-:|---|",
        *(cells(sign, MEANINGS[word]) for word, sign in SIGNS.items()),
        "",
        "The sources:",
        "",
        *(f"- **{source}**: {text}" for source, text in SOURCES.items()),
        "",
        *tally(others),
    ]
    by_rule: dict[str, list[Proof]] = {}
    for proof in proofs():
        by_rule.setdefault(proof.rule, []).append(proof)
    for title, rules in SECTIONS.items():
        names = (other.short.replace(" ", "<br>") for other in others)
        lines += ["", f"## {title}", "", cells("Rule", OURS, *names), f"|---|{':-:|' * (1 + len(others))}"]
        lines += [row(number, rule, by_rule.get(number, []), others) for number, rule in rules.items()]
    return page(lines)


MEANINGS = {
    "agrees": "does in the rule's scenario exactly as minifit does",
    "differs": "does something else, which is shown below the rule",
    "has no such thing": "has no such class or argument",
    "cannot be asked": "cannot be asked, because the rule is about minifit's own design",
}
"""The meaning of each verdict."""


def tally(others: list[Framework]) -> list[str]:
    """The lines of a small table: how many rules each framework keeps."""
    numbers = [number for rules in SECTIONS.values() for number in rules]
    lines = [cells("", *SIGNS), f"|---|{':-:|' * len(SIGNS)}"]
    for name in (OURS, *(other.name for other in others)):
        words = [verdict_of(number, name) for number in numbers]
        lines.append(cells(name, *(str(words.count(word)) for word in SIGNS)))
    return lines


def row(number: str, rule: Rule, proven_by: list[Proof], others: list[Framework]) -> str:
    """A rule as a row of the table: its sentence, then a sign for each framework, the rest folded away."""
    source = f"Source: {rule.source}; {rule.reason}" if rule.reason else f"Source: {rule.source}"
    folded = "<br>".join(
        [f"{source.rstrip('.')}.", *differing(number, others), f"Tests: {tested(proven_by)}"]
    )
    sentence = f'<a id="{number.lower()}"></a>[**{number}**](#{number.lower()}) {rule.promise}'
    details = f"<details><summary>more</summary>{folded}</details>"
    signs = [SIGNS[verdict_of(number, name)] for name in (OURS, *(other.name for other in others))]
    return cells(sentence + details, *signs)


def differing(number: str, others: list[Framework]) -> Iterator[str]:
    """Return the outcomes that differ, beside minifit's."""
    if number in UNASKED:
        yield f"Not asked: {UNASKED[number]}."
        return
    seen = outcomes(number)
    yield f"In the scenario {OURS} {shown(in_words(seen[OURS]))}"
    for other in others:
        if verdict_of(number, other.name) != "agrees":
            yield f"{other.name} {shown(in_words(seen[other.name]))}"


def shown(words: str) -> str:
    """Words about an outcome, with its data as code."""
    kind, _, value = words.partition(" ")
    return f"{kind} `{value}`"


def tested(proven_by: list[Proof]) -> str:
    """Links to the tests of a rule, by file."""
    files: dict[str, list[str]] = {}
    for proof in proven_by:
        files.setdefault(proof.file, []).append(proof.test)
    links = (f"[{file.removeprefix('tests/')}](../{file} {quoted(tests)})" for file, tests in files.items())
    return ", ".join(f"{link} ({len(files[file])})" for link, file in zip(links, files, strict=True))


def quoted(tests: list[str]) -> str:
    """The names of tests, as the title of a link: what is shown when the mouse is over it."""
    return '"' + ", ".join(dict.fromkeys(tests)) + '"'


# -- what there is -----------------------------------------------------------------------------------------


def group(name: str) -> str:
    """The page of one module."""
    lines = [f"# {GROUPS[name]}", "", first_paragraph(module_of(name)), ""]
    lines += ["| Name | What it is |", "|---|---|"]
    members = things(module_of(name))
    places: dict[
        str, str
    ] = {}  # a function may differ from a class by its capitals alone, an address may not
    for own in members:
        places[own] = own.lower() if own.lower() not in places.values() else f"{own}-function"
        lines.append(cells(f"[`{own}`](#{places[own]})", first_paragraph(members[own][0])))
    for own, (value, others) in members.items():
        lines += ["", f'<a id="{places[own]}"></a>', ""] if places[own] != own.lower() else [""]
        lines += reference.entry(own, value, others)[:-1]
    return page(lines)


def module_of(name: str) -> ModuleType:
    """Return the module whose names are on a page."""
    return import_module(MODULES.get(name, f"minifit.{name}"))


def things(module: ModuleType) -> dict[str, tuple[Any, list[str]]]:
    """What a module offers, each by its own name, with the other names and strings that mean the same."""
    exported = {name: getattr(module, name) for name in module.__all__}
    if module.__name__ == "minifit":  # the rest is on pages of their own
        exported = {name: exported[name] for name in ("GradientTape", "Variable")}
    names: dict[int, list[str]] = {}
    for name, value in [*exported.items(), *getattr(module, "TABLE", {}).items()]:
        names.setdefault(id(value), []).append(name)
    found = {}
    for value in [*exported.values(), *getattr(module, "TABLE", {}).values()]:
        known = list(dict.fromkeys(names[id(value)]))
        own = value.__name__ if getattr(value, "__name__", None) in known else known[0]
        found[own] = value, [name for name in known if name != own]
    return found


NOT_IN_SHORT = "models", "pipelines", "ops", "gradients", "distribute", "summary", "utils"
IN_SHORT = [name for name in GROUPS if name not in NOT_IN_SHORT]
"""The groups whose members the README names."""

BEGIN, END = "<!-- made by `make docs` from the tables -->", "<!-- until here -->"


def readme(text: str) -> str:
    """The README with the table of what there is as the tables have it now."""
    before, _, rest = text.partition(BEGIN)
    rows = [cells(f"[{GROUPS[name].lower()}](docs/{name}.md)", in_short(name)) for name in IN_SHORT]
    made = [f"{before}{BEGIN}", "", cells("", ""), "|---|---|", *rows, "", f"{END}{rest.partition(END)[2]}"]
    return with_figures("\n".join(made))


def in_short(name: str) -> str:
    """The names of a group's members: of its classes, or of its functions where there is no class."""
    module = import_module(f"minifit.{name}")
    table = getattr(module, "TABLE", {name: getattr(module, name) for name in module.__all__})
    members = list({id(member): member for member in table.values()}.values())
    classes = [member for member in members if isinstance(member, type)]
    return ", ".join(f"`{member.__name__.rpartition('.')[2]}`" for member in classes or members)


FIGURES = re.compile(
    r"(<!-- made by `make docs` from benchmarks\.json: (\w+) -->\n)(?:.*?)(<!-- until here -->)", re.DOTALL
)


def with_figures(text: str) -> str:
    """A page with the figures that the record of the benchmarks has now."""
    made = parts(DOCS / "benchmarks.json")
    return FIGURES.sub(lambda found: "\n".join([found[1], *made[found[2]], "", found[3]]), text)


FILLED: dict[Path, Callable[[str], str]] = {
    README: readme,
    DOCS / "benchmarks.md": with_figures,
    DOCS / "workers.md": with_figures,
    **{page: partial(tutorial.filled, page) for page in tutorial.PAGES},
}
"""Pages of which parts are made here."""


def first_paragraph(value: Any) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join(reference.text_of(value).split("\n\n")[0].split())


def code(text: str) -> str:
    """Docstrings mark code with two backquotes, these pages with one."""
    return re.sub(r"(?<!`)``(?!`)", "`", text)


# -- what differs between tf.keras 2.7 and Keras 3 -----------------------------------------------------------


def differences() -> str:
    """The page of the table that translates model files."""
    lines = [
        "# tf.keras 2.7 and Keras 3",
        "",
        "minifit has the classes, arguments and arithmetic of tf.keras 2.7. [Files](files.md) whose names end with",
        f"`.keras` or `.weights.h5` are in the form of Keras 3 ({VERSION}). What differs between the two is in this",
        "table, by which files are translated. What one of them does not have is refused by its name, before anything",
        "is written or changed.",
    ]
    for family, rows in DIFFERENCES.items():
        lines += ["", f"## {family.capitalize()}", ""]
        lines += ["| Where | tf.keras 2.7 | Keras 3 | minifit |", "|---|---|---|---|", *map(difference, rows)]
    return page(lines)


def difference(row: Difference) -> str:
    """A row of the table as a row of the page."""
    has = [row.keras2, row.keras3] if row.in_words else [names(row.keras2), names(row.keras3)]
    return cells(names(row.classes) or "all", *(text or "none" for text in has), row.effect)


def names(listed: str) -> str:
    """Names with commas between them, each as code."""
    return ", ".join(f"`{name}`" for name in listed.split(", ") if name)


# -- the stand-in -------------------------------------------------------------------------------------------


def standin() -> str:
    """The page of the names that the stand-in has."""
    lines = [
        "# What the stand-in has",
        "",
        "Programs that are started as [the guide](standin-guide.md) says find these names when they import TensorFlow",
        "or Keras. Any other name raises an error that says what is nearest. The table stands in",
        "[`minifit/standin/names.py`](../minifit/standin/names.py). Names with an asterisk are there for `isinstance`,",
        "annotations and classes that packages derive from them: minifit has no objects of these classes, and a call",
        "of one is refused. A module without names can be imported, and has nothing.",
    ]
    for title, table in (("`keras` and `tensorflow.keras`", KERAS), ("`tensorflow`", TENSORFLOW)):
        lines += ["", f"## {title}", "", "| Module | Names |", "|---|---|"]
        lines += [cells(f"`{module}`" if module else "", lent(names)) for module, names in table.items()]
    return page(lines)


def lent(names: Mapping[str, str]) -> str:
    """The names of a module, in a row."""
    stars = {name: "*" if path.startswith("minifit.standin.absent.") else "" for name, path in names.items()}
    return ", ".join(f"`{name}`{stars[name]}" for name in sorted(names, key=str.lower))


# -- the pages ---------------------------------------------------------------------------------------------


def index(others: list[str]) -> str:
    """The page that links to all others."""
    lines = ["# minifit: the documentation", "", "## Lessons", ""]
    lines += [
        f"- [{title_of(folder)}]({folder.parent.name}/README.md)"
        for folder in sorted(DOCS.glob("*/README.md"))
    ]
    lines += ["", "## Guides", ""]
    lines += [f"- [{title_of(DOCS / f'{name}.md')}]({name}.md)" for name in sorted(others)]
    lines += [
        "",
        "## Rules and tables",
        "",
        "- [What a callback can rely on](semantics.md): every rule with its tests and its source",
        "- [tf.keras 2.7 and Keras 3](keras3.md): what differs, and what files make of it",
        "- [What the stand-in has](standin.md): the names of TensorFlow and Keras that minifit answers to",
        "",
        "## Names",
        "",
        "Each page has an entry for every public name: its arguments, what it returns and raises.",
        "",
    ]
    lines += [f"- [{title}]({name}.md)" for name, title in GROUPS.items()]
    return page(lines)


def title_of(file: Path) -> str:
    """The first heading of a page."""
    heading = re.search(r"^# (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1] if heading else file.stem


def hand_written() -> list[str]:
    """The names of the pages in docs/ that are not made here."""
    files = sorted(DOCS.glob("*.md"))
    return [f.stem for f in files if not f.read_text(encoding="utf-8").startswith(MADE)]


def cells(*texts: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


def page(lines: list[str]) -> str:
    return "\n".join([MADE, "", *(code(line) for line in lines), ""])


def pages() -> dict[str, str]:
    """Every page that is made here, by its file name."""
    made = {"semantics.md": semantics(), "keras3.md": differences(), "standin.md": standin()}
    made |= {f"{name}.md": group(name) for name in GROUPS}
    return made | {"README.md": index(hand_written())}


def main() -> None:
    """Write the pages and the parts of pages that have changed, and take away pages that are no longer made."""
    made = pages()
    for file in DOCS.glob("*.md"):
        if file.name not in made and file.stem not in hand_written():
            file.unlink()
            print(f"removed docs/{file.name}")
    for name, text in made.items():
        file = DOCS / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote docs/{name}")
    picture = DOCS / "pictures" / "program.svg"
    if not picture.exists() or picture.read_text(encoding="utf-8") != drawing.svg():
        picture.write_text(drawing.svg(), encoding="utf-8", newline="\n")
        print("wrote docs/pictures/program.svg")
    for file, fill in FILLED.items():
        text = file.read_text(encoding="utf-8")
        if fill(text) != text:
            file.write_text(fill(text), encoding="utf-8", newline="\n")
            print(f"wrote {file.relative_to(ROOT).as_posix()}")


if __name__ == "__main__":
    main()
