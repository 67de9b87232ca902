"""Every run has its record and its group."""

from minifit.semantics.runs import GROUPS, RECORDS, RUNS, group


def test_every_run_has_a_record() -> None:
    assert RUNS.keys() == RECORDS.keys()
    assert len(RUNS) == 264


def test_every_run_is_in_a_group_and_every_group_has_runs() -> None:
    assert {group(name) for name in RUNS} == GROUPS.keys()
    assert group("plateau-stop-003") == "plateau"
