"""The comparison, with processes that answer at once."""

import argparse
from typing import Any

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import pythons, steps
from tests.benchmarks.pythons import Failed, Pythons
from tests.benchmarks.sections import of_steps


def options(**given: Any) -> argparse.Namespace:
    usual: dict[str, Any] = {
        "workloads": [],
        "implementations": None,
        "seconds": 0.0,
        "rounds": 1,
        "minutes": 4.0,
    }
    return argparse.Namespace(**usual | given)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every worker answers at once, but PyTorch's fails; the names of those that were asked."""
    asked: list[str] = []

    def run(python: str, job: str, **given: Any) -> Any:
        if job == "versions":
            return {"numpy": "2.0", "torch": "2.13", "keras": "2.7"}
        asked.append(given["implementation"])
        if asked[-1] == "torch":
            raise Failed("no memory")
        return 2e-6 * len(asked)

    monkeypatch.setattr(pythons, "run", run)
    monkeypatch.setattr(steps, "run", run)
    return asked


def test_rounds_are_made_in_turn(answers: list[str]) -> None:
    found = steps.measured(
        options(workloads=["seed"], implementations=["minifit", "numpy"], rounds=2), Pythons()
    )
    assert answers == ["minifit", "numpy"] * 2
    assert found["seconds"] == {"seed": {"minifit": [2e-6, 6e-6], "numpy": [4e-6, 8e-6]}}
    assert found["rounds"] == 2


def test_a_peer_that_is_not_there_is_said_and_left_out(
    answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = steps.measured(options(workloads=["seed"]), Pythons())
    assert set(answers) == {"minifit", "numpy", "torch", "bare"}
    assert "jax" not in str(found["versions"])
    said = capsys.readouterr().out
    assert "jax_scan          is left out: no Python here has jax" in said
    assert "keras_jax         is left out: no Python here has keras>=3 jax" in said


def test_a_peer_that_fails_is_said_and_has_no_figure(
    answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = steps.measured(options(workloads=["seed"], implementations=["torch", "numpy"]), Pythons())
    assert found["seconds"] == {"seed": {"numpy": [4e-6]}}
    assert "torch failed: no memory" in capsys.readouterr().out
    assert ["PyTorch loop", "–"] in steps.times(found)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["cifar"], "There is no command or workload 'cifar'. Commands: steps, .*; workloads: seed, "),
        (
            ["seed", "--implementations", "theano"],
            "There is no implementation 'theano'. There are: minifit, ",
        ),
        (["steps", "seed", "--record", __file__], "A record must be JSON"),
    ],
)
def test_what_nobody_knows_is_refused(given: list[str], message: str, answers: list[str]) -> None:
    with pytest.raises(SystemExit, match=message):
        bench.main(given)
    assert answers == []


@pytest.mark.parametrize(
    ("rounds", "done", "spent", "more"),
    [
        (None, 0, 0.0, True),
        (None, 1, 100.0, True),  # a second round ends after 200 seconds
        (None, 1, 130.0, False),
        (None, 5, 5.0, False),
        (7, 6, 1e6, True),
        (7, 7, 0.0, False),
    ],
)
def test_how_many_rounds_there_are(rounds: int | None, done: int, spent: float, more: bool) -> None:
    assert steps.wanted(done, spent, options(rounds=rounds)) == more


def test_the_table_of_times() -> None:
    assert steps.times(of_steps()) == [
        ["", "seed", "wide"],
        ["minifit", "2.00", "200,000"],
        ["NumPy loop", "8.00", "200,000"],
        ["PyTorch loop", "–", "100,000"],
        ["bare matrix products", "1.00", "100,000"],
    ]


def test_it_says_how_far_the_rounds_are_apart() -> None:
    assert steps.spread(of_steps()) == "3 rounds, which differ by up to 400 % (minifit on seed)."
    assert steps.spread(of_steps() | {"rounds": 1}) == "One round."


def test_the_table_of_ratios_has_a_mean_where_nothing_is_missing() -> None:
    assert steps.ratios(of_steps()) == [
        ["minifit :", "seed", "wide", "geometric mean"],
        ["the best peer", "0.25", "2.00", "0.71"],
        ["NumPy loop", "0.25", "1.00", "0.50"],
        ["PyTorch loop", "–", "2.00", "–"],
        ["bare matrix products", "–", "2.00", "–"],
    ]
