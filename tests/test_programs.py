"""Arguments that name a program; tests/standin/test___main__.py and tests/test_trace.py run some."""

import pytest

from minifit import programs


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["script.py", "-x", "1"], ["script.py", "-x", "1"]),
        (["-m", "package.module", "-m"], ["-m", "package.module", "-m"]),
        (["-mpackage", "a"], ["-m", "package", "a"]),
        (["-cprint(1)"], ["-c", "print(1)"]),
    ],
)
def test_programs_have_names(arguments: list[str], expected: list[str]) -> None:
    assert programs.named(arguments, "python") == expected


@pytest.mark.parametrize("arguments", [[], ["-m"], ["-c"], ["-x", "script.py"], ["--help"]])
def test_no_program(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        programs.named(arguments, "python -m starter")
    said = str(ended.value)
    assert said.startswith("Name a program: python -m starter script.py args...")
    assert said.endswith(f"Received: {' '.join(arguments) or 'nothing'}")
