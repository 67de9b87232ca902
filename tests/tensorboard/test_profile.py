"""Traces, and which batches are profiled."""

import json
from pathlib import Path
from typing import Any

import pytest

from minifit.errors import ArgumentError
from minifit.kernels import reference
from minifit.tensorboard.profile import Trace, batches_to_profile


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


def test_a_call_that_fails_is_a_span_too() -> None:
    trace = Trace()

    def fails() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        trace.timed("callbacks", "x", fails)()
    assert [(row, name) for row, name, _, _ in trace.spans] == [("callbacks", "x")]
