"""Generates the pages of docs/ that follow from the code: `make docs`.

The rules come from minifit.semantics and from the marks on the tests, the lists of names from the tables and
``__all__`` of the modules, and the figures from the record of the benchmarks. A test generates the pages again and
compares, so no page can become stale.
"""

import ast
import inspect
import json
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
# the program may be started from any folder
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from docs import diagrams, drawing, reference, tutorial  # noqa: E402
from minifit.saving.keras3.differences import DIFFERENCES  # noqa: E402
from minifit.saving.keras3.files import VERSION  # noqa: E402
from minifit.saving.keras3.rows import Difference  # noqa: E402
from minifit.semantics import (  # noqa: E402
    CHAPTERS,
    RULES,
    SECTIONS,
    SOURCES,
    Framework,
    Rule,
    agreement,
    frameworks,
    outcomes,
    reason_unasked,
    scenario_of,
)
from minifit.semantics.record import OURS, TESTS, differing, in_words  # noqa: E402
from minifit.standin.names import KERAS, TENSORFLOW  # noqa: E402
from tests.benchmarks.pages import parts  # noqa: E402

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
    "scikit-learn": "Models in scikit-learn",
    "rules": "Rules as data",
    "standin-functions": "Functions of the stand-in",
    "errors": "Errors and warnings",
}
"""Titles of the pages of public names."""

MODULES = {
    "pipelines": "minifit.data",
    "gradients": "minifit",
    "scikit-learn": "minifit.models.scikit_learn",
    "rules": "minifit.semantics",
    "standin-functions": "minifit.standin",
}
"""Modules of pages whose name differs from the module's."""


# -- the rules ---------------------------------------------------------------------------------------------


class Proof(NamedTuple):
    """A test that is marked with the number of a rule."""

    rule: str
    file: str
    test: str


@cache
def proofs() -> list[Proof]:
    """Return every mark ``@pytest.mark.rule("...")`` in the tests, in the order of files and lines."""
    result: list[Proof] = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                result += [Proof(rule, file, node.name) for rule in marked(node)]
    return result


def marked(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the rules that a test function is marked with."""
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rule":
            yield from (ast.literal_eval(argument) for argument in mark.args)


def semantics() -> str:
    """Return the page of the rules."""
    others = frameworks()
    played_on = "; ".join(f"{other.name} ({other.setup})" for other in others)
    lines = [
        "# What a callback can rely on",
        "",
        "Every rule is a promise about callbacks, with its source and the tests that prove it. Its scenario, a few",
        "lines that train a model of one weight, was played on minifit and on three other frameworks:",
        "",
        *tally(others),
        "",
        *(f"- {sign(word)} **{word}**: {meaning}" for word, meaning in MEANINGS.items()),
        "",
        f"Played on: {played_on}. The scenarios stand in",
        "[`minifit/semantics/scenarios/`](../minifit/semantics/scenarios/__init__.py), their outcomes in",
        "[`record.json`](../minifit/semantics/record.json). `python -m minifit.semantics ES-4` prints a rule,",
        "[`minifit.semantics`](conformance.md#the-rules-as-data) has all of this as data, and [the conformance",
        "kit](conformance.md) plays the scenarios on any other framework. The sources of the rules:",
        "",
        *(f"- **{source}**: {text}" for source, text in SOURCES.items()),
    ]
    by_rule: dict[str, list[Proof]] = {}
    for proof in proofs():
        by_rule.setdefault(proof.rule, []).append(proof)
    for chapter, sections in CHAPTERS.items():
        lines += ["", f"## {chapter}"]
        for title in sections:
            lines += ["", f"### {title}"] if len(sections) > 1 else []
            lines += section_of(title, others, by_rule)
    return page(lines)


MEANINGS = {
    "agrees": "has the same outcome as minifit in the scenario of the rule",
    "differs": "has another outcome; the parts that differ are shown under “more”",
    "has no such thing": "has no such class or argument",
    "cannot be asked": "cannot play a scenario, because the rule is about minifit's own design",
}
"""Meaning of each verdict."""

PAGE_SIGNS = {
    "agrees": "✅",
    "differs": "❌",
    "has no such thing": "\N{HEAVY MINUS SIGN}",
    "cannot be asked": "⚪",
}
"""The sign of each verdict on the page, with its own shape and colour; docs/site.css draws the signs of the site."""


def sign(word: str, name: str = "") -> str:
    """Return the sign of a verdict, with words for a screen reader and for the mouse."""
    words = f"{name} {word}".strip()
    kind = word.replace(" ", "-")
    return (
        f'<span class="sign {kind}" role="img" title="{words}" aria-label="{words}">{PAGE_SIGNS[word]}</span>'
    )


def tally(others: list[Framework]) -> list[str]:
    """Return the lines of a small table: the number of rules by verdict for each framework."""
    lines = [
        cells("Framework", *(f"{sign(word)} {word}" for word in MEANINGS)),
        f"|---|{'--:|' * len(MEANINGS)}",
    ]
    for name in (OURS, *(other.name for other in others)):
        words = [agreement(number)[name] for number in RULES]
        lines.append(cells(f"**{name}**", *(str(words.count(word)) for word in MEANINGS)))
    return lines


def section_of(title: str, others: list[Framework], by_rule: dict[str, list[Proof]]) -> list[str]:
    """Return the lines of a section: a link to its callback, and the table of its rules."""
    names = (other.short.replace(" ", "<br>") for other in others)
    described = title in import_module("minifit.callbacks").__all__
    return [
        "",
        *([f"Arguments and methods: [`{title}`](callbacks.md#{title.lower()}).", ""] if described else []),
        '<div class="rules" markdown>',
        "",
        cells("Rule", OURS, *names),
        f"|---|{':-:|' * (1 + len(others))}",
        *(row(number, rule, by_rule.get(number, []), others) for number, rule in SECTIONS[title].items()),
        "",
        "</div>",
    ]


def row(number: str, rule: Rule, proven_by: list[Proof], others: list[Framework]) -> str:
    """Return a rule as a row of the table: its sentence and a sign for each framework, with the details folded."""
    source = f"Source: {rule.source}; {rule.reason}" if rule.reason else f"Source: {rule.source}"
    folded = "<br>".join(
        [f"{source.rstrip('.')}.", *in_scenario(number, others), f"Tests: {tested(proven_by)}"]
    )
    sentence = f'<a id="{number.lower()}"></a>[**{number}**](#{number.lower()}) {rule.promise}'
    details = f"<details><summary>more</summary>{folded}</details>"
    return cells(sentence + details, *(sign(word, name) for name, word in agreement(number).items()))


def in_scenario(number: str, others: list[Framework]) -> Iterator[str]:
    """Yield what minifit did in the scenario of a rule, and what others did differently."""
    if reason_unasked(number):
        yield f"Not asked: {reason_unasked(number)}."
        return
    file, _, function = scenario_of(number).partition("::")
    seen = outcomes(number)
    yield f'In [the scenario](../{file} "{function}") {OURS} {shown(in_words(seen[OURS]))}'
    for other in others:
        if agreement(number)[other.name] != "agrees":
            yield f"{other.name} {shown(in_words(differing(seen[other.name], seen[OURS])))}"


def tests_of_rules() -> str:
    """Return the text of minifit/semantics/tests.json: the tests of each rule, in the order of the rules."""
    found: dict[str, list[str]] = {number: [] for number in RULES}
    for proof in proofs():
        found.setdefault(proof.rule, []).append(f"{proof.file}::{proof.test}")
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def shown(words: str) -> str:
    """Return the words for an outcome, with its data as code."""
    kind, _, value = words.partition(" ")
    return f"{kind} `{value}`"


def tested(proven_by: list[Proof]) -> str:
    """Return links to the tests of a rule, by file."""
    files: dict[str, list[str]] = {}
    for proof in proven_by:
        files.setdefault(proof.file, []).append(proof.test)
    links = (f"[{file.removeprefix('tests/')}](../{file} {quoted(tests)})" for file, tests in files.items())
    return ", ".join(f"{link} ({len(files[file])})" for link, file in zip(links, files, strict=True))


def quoted(tests: list[str]) -> str:
    """Return the names of tests as the title of a link, which browsers show under the mouse."""
    return '"' + ", ".join(dict.fromkeys(tests)) + '"'


# -- public names ------------------------------------------------------------------------------------------


def group(name: str) -> str:
    """Return the page of one module."""
    lines = [f"# {GROUPS[name]}", "", first_paragraph(module_of(name)), ""]
    lines += ["| Name | What it is |", "|---|---|"]
    members = things(module_of(name))
    # a function and a class may differ only in case, but anchors may not
    anchors: dict[str, str] = {}
    for member, (value, others) in members.items():
        anchor = slug(member)
        anchors[member] = anchor if anchor not in anchors.values() else f"{member}-function"
        lines.append(
            cells(f"[`{member}`](#{anchors[member]})", first_paragraph(value) + reference.also(others, " "))
        )
    for member, (value, others) in members.items():
        lines += ["", f'<a id="{anchors[member]}"></a>', ""] if anchors[member] != slug(member) else [""]
        lines += reference.entry(member, value, others)[:-1]
    return page(lines)


def slug(name: str) -> str:
    """Return the address of a heading."""
    return re.sub(r"[^\w-]", "", name.lower())


def module_of(name: str) -> ModuleType:
    """Return the module whose names are on a page."""
    return import_module(MODULES.get(name, f"minifit.{name}"))


def things(module: ModuleType) -> dict[str, tuple[Any, list[str]]]:
    """Return the public objects of a module by name, each with its aliases and the strings that select it.

    The names of a module within it follow that one, unless they have their own page.
    """
    exported = public(module)
    # the other names of minifit have their own pages
    if module.__name__ == "minifit":
        exported = {name: exported[name] for name in ("GradientTape", "Variable")}
    for name, value in list(exported.items()):
        if inspect.ismodule(value) and name not in GROUPS:
            exported |= {f"{name}.{inner}": each for inner, each in public(value).items()}
    names: dict[int, list[str]] = {}
    for name, value in [*exported.items(), *getattr(module, "TABLE", {}).items()]:
        names.setdefault(id(value), []).append(name)
    objects = {}
    for value in [*exported.values(), *getattr(module, "TABLE", {}).values()]:
        known = list(dict.fromkeys(names[id(value)]))
        main_name = value.__name__ if getattr(value, "__name__", None) in known else known[0]
        objects[main_name] = value, [name for name in known if name != main_name]
    return objects


def public(module: ModuleType) -> dict[str, Any]:
    """Return what a module lists, constants with the text below them in the source."""
    values = {name: getattr(module, name) for name in module.__all__}
    return {
        name: value if callable(value) or inspect.ismodule(value) else reference.constant(module, name)
        for name, value in values.items()
    }


NOT_IN_SHORT = (
    *("models", "pipelines", "ops", "gradients", "distribute", "summary", "utils"),
    *("scikit-learn", "rules", "standin-functions", "errors"),
)
IN_SHORT = [name for name in GROUPS if name not in NOT_IN_SHORT]
"""Groups whose members the README lists."""

BEGIN, END = "<!-- made by `make docs` from the tables -->", "<!-- until here -->"


def readme(text: str) -> str:
    """Return the README with the current table of names and the current figures."""
    before, _, rest = text.partition(BEGIN)
    rows = [cells(f"[{GROUPS[name].lower()}](docs/{name}.md)", in_short(name)) for name in IN_SHORT]
    lines = [f"{before}{BEGIN}", "", cells("", ""), "|---|---|", *rows, "", f"{END}{rest.partition(END)[2]}"]
    return with_figures("\n".join(lines))


def in_short(name: str) -> str:
    """Return the names of a group's classes, or of its functions if it has no class."""
    module = import_module(f"minifit.{name}")
    table = getattr(module, "TABLE", {name: getattr(module, name) for name in module.__all__})
    members = list({id(member): member for member in table.values()}.values())
    classes = [member for member in members if isinstance(member, type)]
    return ", ".join(f"`{member.__name__.rpartition('.')[2]}`" for member in classes or members)


FIGURES = re.compile(
    r"(<!-- made by `make docs` from benchmarks\.json: (\w+) -->\n)(?:.*?)(<!-- until here -->)", re.DOTALL
)


def with_figures(text: str) -> str:
    """Return a page with the current figures of the record of the benchmarks."""
    figures = parts(DOCS / "benchmarks.json")
    return FIGURES.sub(lambda place: "\n".join([place[1], *figures[place[2]], "", place[3]]), text)


FILLED: dict[Path, Callable[[str], str]] = {
    README: readme,
    DOCS / "benchmarks.md": with_figures,
    DOCS / "workers.md": with_figures,
    **{page: partial(tutorial.filled, page) for page in tutorial.PAGES},
}
"""Functions that generate parts of hand-written pages."""


def first_paragraph(value: Any) -> str:
    """Return the first paragraph of a docstring, in one line."""
    return " ".join(reference.text_of(value).split("\n\n")[0].split())


def code(text: str) -> str:
    """Return a docstring's text with code in one backquote instead of two."""
    return re.sub(r"(?<!`)``(?!`)", "`", text)


# -- what differs between tf.keras 2.7 and Keras 3 -----------------------------------------------------------


def differences() -> str:
    """Return the page of the table that translates model files."""
    lines = [
        "# tf.keras 2.7 and Keras 3",
        "",
        "minifit has the classes, arguments and arithmetic of tf.keras 2.7. [Files](files.md) whose names end with",
        f"`.keras` or `.weights.h5` are in the format of Keras 3 ({VERSION}). This table lists the differences, and",
        "minifit translates files with it. If one side lacks something, minifit raises an error that names it, before",
        "anything is written or changed.",
    ]
    for family, rows in DIFFERENCES.items():
        lines += ["", f"## {family.capitalize()}", ""]
        lines += ["| Where | tf.keras 2.7 | Keras 3 | minifit |", "|---|---|---|---|", *map(difference, rows)]
    return page(lines)


def difference(row: Difference) -> str:
    """Return a row of the table as a row of the page."""
    has = [row.keras2, row.keras3] if row.in_words else [names(row.keras2), names(row.keras3)]
    return cells(names(row.classes) or "all", *(text or "none" for text in has), row.effect)


def names(listed: str) -> str:
    """Return a list of names separated by commas, each as code."""
    return ", ".join(f"`{name}`" for name in listed.split(", ") if name)


# -- the stand-in -------------------------------------------------------------------------------------------


def standin() -> str:
    """Return the page of the names of the stand-in."""
    lines = [
        "# What the stand-in has",
        "",
        "Programs that run under the stand-in, as described in [the guide](standin-guide.md), find these names when",
        "they import TensorFlow or Keras. Any other name raises an error that suggests the nearest one. The table is",
        "[`minifit/standin/names.py`](../minifit/standin/names.py). Names with an asterisk exist for `isinstance`,",
        "annotations and derived classes: these classes have no instances, and calling one raises an error. A module",
        "without names is empty and can be imported.",
    ]
    for title, table in (("`keras` and `tensorflow.keras`", KERAS), ("`tensorflow`", TENSORFLOW)):
        lines += ["", f"## {title}", "", "| Module | Names |", "|---|---|"]
        lines += [cells(f"`{module}`" if module else "", starred(names)) for module, names in table.items()]
    return page(lines)


def starred(names: Mapping[str, str]) -> str:
    """Return the names of a module separated by commas, with an asterisk after those of absent classes."""
    stars = {name: "*" if path.startswith("minifit.standin.absent.") else "" for name, path in names.items()}
    return ", ".join(f"`{name}`{stars[name]}" for name in sorted(names, key=str.lower))


# -- the pages ---------------------------------------------------------------------------------------------


GUIDES = {
    "coming-from": "the same training loop in four libraries",
    "howto": "the usual task of each, with code and its output",
    "models-guide": "chains, graphs, classes, and models within models",
    "data": "what `fit` takes, from arrays to files that do not fit into memory",
    "files": "saving and loading, also between minifit and Keras",
    "backup": "a run that is killed ends with the numbers of one that was not",
    "fit-loop": "a walk through the code, as a batch meets it",
    "trace": "a timeline of every hook, its logs and its changes",
    "monitor": "live curves in a browser",
    "tensorboard": "the dashboards that minifit writes for",
    "standin-guide": "`import tensorflow` without TensorFlow",
    "standin-plugins": "packages for Keras that were run on minifit",
    "workers": "one model, several processes",
    "conformance": "ask any framework for the rules of callbacks",
    "speed": "from ops to a compiled program",
    "benchmarks": "measured beside JAX, PyTorch, scikit-learn and Keras",
}
"""The guides in reading order, and the subject of each."""

INTRODUCTION = """\
# minifit: the documentation

minifit is a small training framework whose callbacks behave as `tf.keras.callbacks` (TensorFlow 2.7) documents them.

![The output of `make run`: a digit, the lines of seven epochs, early stopping, an accuracy of 98.6 %](pictures/run.svg)

| If you want to | Begin with |
|---|---|
| learn what a training framework does | [the fit loop in twelve lessons](lessons/README.md) |
| test training code for Keras without TensorFlow | [two lines in your CI](standin-guide.md) |
| know what a callback must do in a corner case | [what a callback can rely on](semantics.md) |
| look up a name | [the names](#names), each with arguments, results and errors |

## Commands

| Command | |
|---|---|
| `python -m minifit.standin script.py` | run a program for TensorFlow or Keras on minifit ([guide](standin-guide.md)) |
| `python -m minifit.trace script.py` | show what its training does ([guide](trace.md)) |
| `python -m minifit.monitor` | serve live curves of what `RemoteMonitor` posts ([guide](monitor.md)) |
| `python -m minifit.semantics ES-4` | print a rule, or ask another framework for it ([guide](conformance.md)) |

## Guides
"""


def index(others: list[str]) -> str:
    """Return the page that links to all others."""
    assert set(others) == set(GUIDES), "GUIDES has a line for each page that is written by hand, and no other"
    return page(
        [
            INTRODUCTION,
            *(f"- [{title_of(DOCS / f'{name}.md')}]({name}.md): {text}" for name, text in GUIDES.items()),
            "",
            "## Rules and tables",
            "",
            "- [What a callback can rely on](semantics.md): every rule with its tests and its source",
            "- [tf.keras 2.7 and Keras 3](keras3.md): the differences, and how files are translated",
            "- [What the stand-in has](standin.md): the names of TensorFlow and Keras that minifit provides",
            "",
            "## Names",
            "",
            "Each page has an entry for every public name, with its arguments, what it returns and what it raises.",
            "",
            *(f"- [{title}]({name}.md)" for name, title in GROUPS.items()),
        ]
    )


def title_of(file: Path) -> str:
    """Return the first heading of a page."""
    heading = re.search(r"^# (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1] if heading else file.stem


def hand_written() -> list[str]:
    """Return the names of the pages in docs/ that are not generated."""
    files = sorted(DOCS.glob("*.md"))
    return [f.stem for f in files if not f.read_text(encoding="utf-8").startswith(MADE)]


def cells(*texts: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


def page(lines: list[str]) -> str:
    return "\n".join([MADE, "", *(code(line) for line in lines), ""])


def pages() -> dict[str, str]:
    """Return every generated page by its file name."""
    texts = {"semantics.md": semantics(), "keras3.md": differences(), "standin.md": standin()}
    texts |= {f"{name}.md": group(name) for name in GROUPS}
    return texts | {"README.md": index(hand_written())}


def pictures() -> dict[str, str]:
    """Return every picture that is drawn here, by its file name."""
    programs = {f"program{end}.svg": drawing.svg(dark=bool(end)) for end in ("", "-dark")}
    return programs | diagrams.pictures()


def main() -> None:
    """Write the pages and parts of pages that have changed, and remove pages that are no longer generated."""
    generated = pages()
    for file in DOCS.glob("*.md"):
        if file.name not in generated and file.stem not in hand_written():
            file.unlink()
            print(f"removed docs/{file.name}")
    for name, text in generated.items():
        file = DOCS / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote docs/{name}")
    for name, text in pictures().items():
        file = DOCS / "pictures" / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote docs/pictures/{name}")
    if not TESTS.exists() or TESTS.read_text(encoding="utf-8") != tests_of_rules():
        TESTS.write_text(tests_of_rules(), encoding="utf-8", newline="\n")
        print(f"wrote {TESTS.relative_to(ROOT).as_posix()}")
    for file, fill in FILLED.items():
        text = file.read_text(encoding="utf-8")
        if fill(text) != text:
            file.write_text(fill(text), encoding="utf-8", newline="\n")
            print(f"wrote {file.relative_to(ROOT).as_posix()}")


if __name__ == "__main__":
    main()
