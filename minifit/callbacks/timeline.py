"""The events of a trace as a tree of runs, epochs and batches, and as a table.

A run contains its epochs, an epoch its batches and its validation, each of these its events, an event the calls of its
callbacks, and a call the runs that began inside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median
from typing import Any

from minifit.callbacks.hook_events import HookCall, HookChange, HookEvent, shown

LEVELS = {"epoch": 1, "test": 2, "train_batch": 2, "predict_batch": 2, "test_batch": 3}
"""Depths of the spans that pairs of hooks delimit; all other hooks belong to the run, at depth 0."""

FEW = 4
"""The number of consecutive similar batches from which the table shows them in one line."""


@dataclass(slots=True)
class Span:
    """A period of time with the events in it.

    Attributes
    ----------
    kind : str
        "run", "epoch", "validation", "batch", "event", "call" or "exception".
    name : str
    begin, end : float
        Seconds since the trace began.
    inside : list of Span
        The spans inside, in the order in which they began.
    logs : dict
    changes : list of HookChange
    error : str or None
    """

    kind: str
    name: str
    begin: float
    end: float
    inside: "list[Span]" = field(default_factory=list)
    logs: dict[str, Any] = field(default_factory=dict)
    changes: list[HookChange] = field(default_factory=list)
    error: str | None = None

    @property
    def plain(self) -> bool:
        """True if nothing inside changed a value, failed or began a run."""
        own = not self.changes and self.error is None and self.kind != "run"
        return own and all(span.plain for span in self.inside)

    def walk(self) -> "Iterator[Span]":
        """Yield this span and all spans inside."""
        yield self
        for span in self.inside:
            yield from span.walk()


def tree(events: Iterable[HookEvent]) -> list[Span]:
    """Return the outermost runs of a trace, in order."""
    runs: list[Span] = []
    # by run: levels and spans, the innermost last
    open_spans: dict[int, list[tuple[int, Span]]] = {}
    # by the identity of a call
    calls: dict[int, Span] = {}
    for event in events:
        if event.run not in open_spans:
            run = Span("run", event.title, event.begin, event.end)
            parent = calls.get(id(event.within[1])) if event.within is not None else None
            (runs if parent is None else parent.inside).append(run)
            open_spans[event.run] = [(0, run)]
        _put(open_spans[event.run], event, calls)
    for run in runs:
        _stretch(run)
    return runs


def _put(stack: list[tuple[int, Span]], event: HookEvent, calls: dict[int, Span]) -> None:
    """Add an event to the innermost span that contains it, and begin or end a span with it."""
    run = stack[0][1]
    stage, _, side = event.hook.removeprefix("on_").rpartition("_")
    level = 0 if stage == "test" and run.name.startswith("evaluate") else LEVELS.get(stage, 0)
    # deeper spans have ended
    deepest = level - 1 if side == "begin" and level else level
    while len(stack) > 1 and stack[-1][0] > deepest:
        stack.pop()
    if side == "begin" and level:
        opened = Span(_kind(stage), _title(stage, event.index), event.begin, event.end)
        stack[-1][1].inside.append(opened)
        stack.append((level, opened))
    span = stack[-1][1]
    span.inside.append(_span_of(event, calls))
    if side == "end" and len(stack) > 1 and stack[-1][0] == level:
        stack.pop()
        if span.kind == "batch" and span.name != (last := f"batch {event.index}"):
            span.name = f"batches {span.name.split()[-1]} to {last.rsplit(maxsplit=1)[-1]}"
    if event.error is not None:
        run.error = event.error


def _kind(stage: str) -> str:
    return {"epoch": "epoch", "test": "validation"}.get(stage, "batch")


def _title(stage: str, index: Any) -> str:
    return "validation" if stage == "test" else f"{_kind(stage)} {index}"


def _span_of(event: HookEvent, calls: dict[int, Span]) -> Span:
    """Return the span of an event with its calls."""
    name = event.hook if event.index is None else f"{event.hook} {event.index}"
    kind = "exception" if event.error is not None else "event"
    span = Span(kind, name, event.begin, event.end, logs=event.logs, error=event.error)
    for call in event.calls:
        calls[id(call)] = inner = _span_of_call(call, event)
        span.inside.append(inner)
    return span


def _span_of_call(call: HookCall, event: HookEvent) -> Span:
    name = f"{call.callback}.{event.hook}"
    return Span("call", name, call.begin, max(call.end, call.begin), changes=call.changes, error=call.error)


def _stretch(span: Span) -> None:
    """Extend every span to the end of the spans inside it."""
    for inner in span.inside:
        _stretch(inner)
        span.end = max(span.end, inner.end)


# -- the table ---------------------------------------------------------------------------------------------


def text(
    events: list[HookEvent], totals: Mapping[tuple[str, str], list[Any]], dropped: Mapping[str, int]
) -> str:
    """Return the table of events, followed by the time in each callback."""
    if not events:
        return "No events were recorded: nothing was fitted, evaluated or predicted."
    runs = tree(events)
    lines = [f"{'at':>10}  {'took':>8}", *(line for run in runs for line in _lines(run, 0))]
    if dropped:
        lines += ["", sentence(dropped)]
    return "\n".join([*lines, "", *_time_in_callbacks(runs, totals)])


def sentence(dropped: Mapping[str, int]) -> str:
    """Return a sentence about the dropped events."""
    parts = ", ".join(f"{count:,} {hook}" for hook, count in dropped.items())
    return f"{sum(dropped.values()):,} older events were dropped ({parts}). Raise max_events to keep more."


def _lines(span: Span, depth: int) -> Iterator[str]:
    """Yield the lines of a span and of the spans inside; consecutive batches without changes share a line."""
    changed = "; ".join(map(str, span.changes))
    failed = span.error if span.kind != "run" else None
    yield _line(span, depth, span.name, " ".join(filter(None, (_values(span.logs), changed, failed))))
    for alike, group in groupby(span.inside, lambda inner: inner.kind == "batch" and inner.plain):
        if alike:
            yield from _batches(list(group), depth + 1)
        else:
            for inner in group:
                yield from _lines(inner, depth + 1)


def _batches(alike: list[Span], depth: int) -> Iterator[str]:
    """Yield the lines of consecutive batches without changes, with the logs at their ends."""
    if len(alike) < FEW:
        for span in alike:
            yield _line(span, depth, span.name, _values(span.inside[-1].logs))
        return
    first, last = alike[0], alike[-1]
    middle = median(span.end - span.begin for span in alike)
    name = f"{len(alike)} times, {first.name} to {last.name.split()[-1]}, the median {_seconds(middle)}"
    whole = Span("batch", name, first.begin, last.end)
    yield _line(whole, depth, name, _values(last.inside[-1].logs))


def _values(logs: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={shown(value)}" for key, value in logs.items())


def _line(span: Span, depth: int, name: str, notes: str) -> str:
    took = _seconds(span.end - span.begin)
    return f"{span.begin:9.3f}s  {took:>8}  {'  ' * depth}{name}{f'  {notes}' if notes else ''}"


def _seconds(seconds: float) -> str:
    """Return a time with three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _time_in_callbacks(runs: list[Span], totals: Mapping[tuple[str, str], list[Any]]) -> Iterator[str]:
    """Yield a table of the time in each callback, the longest first."""
    if not totals:
        yield "No callback was called."
        return
    width = max(len(f"{callback}.{hook}") for callback, hook in totals)
    yield f"{'time in callbacks':<{width}}  {'calls':>7}  {'total':>8}  {'longest':>8}"
    for (callback, hook), (calls, seconds, longest) in by_time(totals):
        name = f"{callback}.{hook}"
        yield f"{name:<{width}}  {calls:>7,}  {_seconds(seconds):>8}  {_seconds(longest):>8}"


def by_time(totals: Mapping[tuple[str, str], list[Any]]) -> list[tuple[tuple[str, str], list[Any]]]:
    """Return the totals, the longest first."""
    return sorted(totals.items(), key=lambda entry: -entry[1][1])
