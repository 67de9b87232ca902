"""Traces, and which batches are profiled."""

import json
from pathlib import Path
from typing import Any

import pytest

from minifit.errors import ArgumentError, MinifitWarning
from minifit.kernels import reference
from minifit.tensorboard import profile
from minifit.tensorboard.profile import Profiler, Trace, batches_to_profile


@pytest.mark.rule("TB-11")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0, []),
        (2, [2]),
        ((2, 4), [2, 3, 4]),
        ([3, 3], [3]),
        ("2,4", [2, 3, 4]),
        ("10, 11", [10, 11]),
    ],
)
def test_batches(given: Any, expected: list[int]) -> None:
    assert list(batches_to_profile(given)) == expected


@pytest.mark.rule("TB-11")
@pytest.mark.parametrize(
    "given",
    [
        -1,
        (3, 1),
        [1, 2, 3],
        (0, 4),
        (-1, 2),
        "a,b",
        "1,",
        "",
        "-1",
        "5",
        "0",
        "1,2,3",
        2.5,
        None,
        True,
        (1.0, 2),
    ],
)
def test_refused(given: Any) -> None:
    with pytest.raises(ArgumentError, match="profile_batch"):
        batches_to_profile(given)


def test_a_trace_is_json_that_a_browser_opens(tmp_path: Path) -> None:
    trace = Trace()
    kernels = trace.timed_kernels(reference)
    assert set(reference.__all__) <= set(dir(kernels))
    trace.spans.append(("batches", "batch 1", 1.0, 1.5))
    trace.spans.append(("kernels", "dense", 1.125, 1.25))
    first, second = trace.write(str(tmp_path)), trace.write(str(tmp_path))
    assert first != second
    written = json.loads(Path(first).read_text(encoding="utf-8"))
    assert Path(first).parent.parent == tmp_path / "plugins" / "profile"
    named = {e["tid"]: e["args"]["name"] for e in written["traceEvents"] if e["ph"] == "M"}
    spans = [
        (named[e["tid"]], e["name"], e["ts"], e["dur"]) for e in written["traceEvents"] if e["ph"] == "X"
    ]
    assert spans == [("batches", "batch 1", 0.0, 500000.0), ("kernels", "dense", 125000.0, 125000.0)]


class State:
    """Notes who asks for a profile."""

    def __init__(self) -> None:
        self.traces: list[Trace | None] = []

    def profile(self, trace: Trace | None) -> None:
        self.traces.append(trace)


@pytest.mark.rule("TB-11")
def test_a_profiler_counts_batches_that_run_together() -> None:
    state = State()
    for _ in range(2):
        profiler, ends = Profiler((4, 5)), []
        for first, last in ((0, 2), (0, 0), (1, 1), (2, 9)):  # the second epoch begins with the fourth batch
            wake = profiler.wake_after()
            profiler.batch_begins(first, state)
            ends.append((wake, profiler.wake_after(), profiler.batch_ends(last, state), profiler.busy))
        assert [(wake, then, busy) for wake, then, _, busy in ends] == [
            (3, 3, True),
            (None, 1, True),
            (1, 1, False),
            (None, None, False),
        ]
        trace = ends[2][2]
        assert trace is not None
        assert [name for _, name, _, _ in trace.spans] == ["batch 4", "batch 5"]
    assert [t is None for t in state.traces] == [False, True] * 2


@pytest.mark.rule("TB-11")
def test_a_profile_that_grows_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "MOST", 3)
    profiler, state = Profiler("1,9"), State()
    for batch in range(3):
        profiler.batch_begins(batch, state)
        if batch < 2:
            assert profiler.batch_ends(batch, state) is None
    with pytest.warns(MinifitWarning, match="The profile ends with batch 3"):
        trace = profiler.batch_ends(2, state)
    assert trace is not None and len(trace.spans) == 3
    assert not profiler.busy


def test_a_call_that_fails_is_a_span_too() -> None:
    trace = Trace()

    def fails() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        trace.timed("callbacks", "x", fails)()
    assert [(row, name) for row, name, _, _ in trace.spans] == [("callbacks", "x")]
