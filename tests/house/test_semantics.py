"""The rules have tests, the tests' marks have rules, and the pages of docs/ say what the code says."""

import ast
import re
from pathlib import Path

import pytest

from docs import build
from minifit.semantics import CHAPTERS, DEVIATION, RULES, SECTIONS, SOURCES, agreement, record
from minifit.semantics.report import summary
from minifit.semantics.runs import ALL, GROUPS, RUNS

PROOFS = build.proofs()
PAGES = build.pages()


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_test(rule: str) -> None:
    assert any(proof.rule == rule for proof in PROOFS)


def test_a_mark_has_a_rule() -> None:
    strangers = [proof for proof in PROOFS if proof.rule not in RULES]
    assert not strangers, "write the rule into minifit/semantics/rules.py"


def test_no_number_is_given_twice() -> None:
    assert len(RULES) == sum(map(len, SECTIONS.values()))
    assert all(re.fullmatch(r"[A-Z]+-\d+", number) for number in RULES)


@pytest.mark.parametrize("number", RULES)
def test_a_rule_is_a_sentence_with_a_source(number: str) -> None:
    rule = RULES[number]
    assert rule.promise.endswith(".")
    assert rule.source in SOURCES
    assert bool(rule.reason) == (rule.source == DEVIATION), "a deviation, and nothing else, has a reason"


def test_rules_that_docstrings_name_exist(root: Path) -> None:
    named = {
        (file.relative_to(root).as_posix(), number)
        for folder in ("minifit", "kernels")
        for file in (root / folder).rglob("*.py")
        for number in re.findall(r"\brule ([A-Z]+-\d+)", file.read_text(encoding="utf-8"))
    }
    assert named, "the search finds nothing any more"
    assert not {entry for entry in named if entry[1] not in RULES}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str, root: Path) -> None:
    file = root / "docs" / name
    assert file.exists(), "run `make docs`"
    assert file.read_text(encoding="utf-8") == PAGES[name], "run `make docs`"


def test_the_pictures_are_current(root: Path) -> None:
    for name, text in build.pictures().items():
        assert (root / "docs" / "pictures" / name).read_text(encoding="utf-8") == text, "run `make docs`"


def test_the_tests_of_rules_are_current() -> None:
    assert record.TESTS.read_text(encoding="utf-8") == build.tests_of_rules(), "run `make pages`"


def test_the_tests_of_rules_exist(root: Path) -> None:
    places = {place for number in RULES for place in record.proven_by(number)}
    assert len(places) > len(RULES)
    for file in {place.partition("::")[0] for place in places}:
        text = (root / file).read_text(encoding="utf-8")
        names = [place.partition("::")[2] for place in places if place.startswith(f"{file}::")]
        assert [name for name in names if f"def {name}(" not in text] == []


def test_every_section_has_a_heading_and_a_table_with_the_names_of_the_frameworks() -> None:
    page = PAGES["semantics.md"]
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == list(CHAPTERS)
    titles = [title for sections in CHAPTERS.values() if len(sections) > 1 for title in sections]
    assert re.findall(r"^### (.+)$", page, re.MULTILINE) == titles
    assert page.count("\n| Rule | minifit | tf.keras<br>2.7.4 | ") == len(SECTIONS)


@pytest.mark.parametrize("number", RULES)
def test_the_row_of_a_rule_has_its_address_and_a_sign_in_words_for_every_framework(number: str) -> None:
    (row,) = re.findall(rf'^\| <a id="{number.lower()}"></a>.*$', PAGES["semantics.md"], re.MULTILINE)
    assert f"[**{number}**](#{number.lower()})" in row
    verdicts = [f"{name} {word}" for name, word in agreement(number).items()]
    assert re.findall(r'title="([^"]+)" aria-label', row) == verdicts
    assert re.findall(r'aria-label="([^"]+)"', row) == verdicts


def test_signs_differ() -> None:
    assert len(set(build.PAGE_SIGNS.values())) == len(set(build.MEANINGS)) == len(record.SIGNS)
    assert set(build.PAGE_SIGNS) == set(build.MEANINGS) == set(record.SIGNS)


def test_the_readme_names_what_the_tables_have(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    assert text == build.readme(text), "run `make docs`"
    for name in ("`LayerNormalization`", "`hard_sigmoid`", "`FBetaScore`", "`CosineDecay`", "`MinMaxNorm`"):
        assert name in text


@pytest.mark.parametrize("name", build.GROUPS)
def test_every_member_of_a_table_is_on_its_page(name: str) -> None:
    for word in getattr(build.module_of(name), "TABLE", ()):
        assert re.search(rf"`{re.escape(word)}`", PAGES[f"{name}.md"]), word


def test_no_page_is_left_over(root: Path) -> None:
    made = {f.name for f in (root / "docs").glob("*.md")} - {f"{name}.md" for name in build.hand_written()}
    assert made == set(PAGES)


def test_the_index_links_to_every_page(root: Path) -> None:
    linked = set(re.findall(r"\]\(([^)]+\.md)\)", PAGES["README.md"]))
    pages = {f.name for f in (root / "docs").glob("*.md")} - {"README.md"}
    folders = {f"{f.parent.name}/README.md" for f in (root / "docs").glob("*/README.md")}
    assert linked == pages | folders


@pytest.mark.parametrize("name", build.GROUPS)
def test_everything_on_a_page_says_what_it_is(name: str) -> None:
    rows = re.findall(r"^\| \[`([\w.]+)`\]\(#[\w-]+\) \| (.*) \|$", PAGES[f"{name}.md"], re.MULTILINE)
    assert [own for own, _ in rows] == list(build.things(build.module_of(name)))
    assert [own for own, text in rows if not text] == []
    assert "0x" not in PAGES[f"{name}.md"], "the address of an object would differ at every run"


@pytest.mark.parametrize("name", build.GROUPS)
def test_every_name_has_a_heading_of_its_own(name: str) -> None:
    headings = re.findall(r"^##+ (.+)$", PAGES[f"{name}.md"], re.MULTILINE)
    assert set(build.things(build.module_of(name))) <= set(headings)
    linked = re.findall(r"^\| \[`[\w.]+`\]\(#(.+?)\)", PAGES[f"{name}.md"], re.MULTILINE)
    assert len(set(linked)) == len(linked), "two names have one address"


def test_marks_are_found_in_every_form() -> None:
    source = '@pytest.mark.rule("A-1", "A-2")\n@pytest.mark.rule("A-3")\n@other\ndef test_it(): ...\n'
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert list(build.marked(function)) == ["A-1", "A-2", "A-3"]


def test_the_page_of_the_kit_has_the_counts_of_the_record(root: Path) -> None:
    words = [record.verdict_of(number, "Keras 3.15.1") for number in RULES]
    counts = summary(word for word in words if word != "cannot be asked")
    assert f"    Rules: {counts}\n" in (root / "docs" / "conformance.md").read_text(encoding="utf-8")


def test_adapters_name_rules_that_exist(root: Path) -> None:
    names = {*RULES, *(number.partition("-")[0] for number in RULES), *RUNS, *GROUPS, ALL}
    files = list((root / "docs" / "adapters").glob("*.py"))
    assert files
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        (reasons,) = (
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "cannot_be_asked"
        )
        assert set(reasons) <= names
