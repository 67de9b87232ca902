"""Events become a tree, and the tree a table."""

from typing import Any

from minifit.callbacks import timeline
from minifit.callbacks.hook_events import HookCall, HookChange, HookEvent
from minifit.callbacks.timeline import Span


class Events:
    """Makes events a second apart."""

    def __init__(self) -> None:
        self.all: list[HookEvent] = []

    def __call__(
        self, hook: str, index: int | None = None, *calls: str, run: int = 0, **more: Any
    ) -> HookEvent:
        at = float(len(self.all))
        logs = more.pop("logs", {})
        title = more.pop("title", "fit of model")
        told = [HookCall(callback, at, at + 0.5) for callback in calls]
        event = HookEvent(hook, index, at, at + 0.5, logs, told, run, title, **more)
        self.all.append(event)
        return event


def shape(spans: list[Span]) -> list[Any]:
    """The names of a tree."""
    return [(span.name, shape(span.inside)) if span.inside else span.name for span in spans]


def a_fit() -> Events:
    events = Events()
    events("on_train_begin")
    events("on_epoch_begin", 0)
    for batch in range(2):
        events("on_train_batch_begin", batch)
        events("on_train_batch_end", batch, "One", logs={"loss": 2.0 - batch})
    events("on_test_begin")
    events("on_test_batch_begin", 0)
    events("on_test_batch_end", 3)
    events("on_test_end")
    events("on_epoch_end", 0, "One")
    events("on_train_end")
    return events


def test_a_fit_as_a_tree() -> None:
    assert shape(timeline.tree(a_fit().all)) == [
        (
            "fit of model",
            [
                "on_train_begin",
                (
                    "epoch 0",
                    [
                        "on_epoch_begin 0",
                        (
                            "batch 0",
                            ["on_train_batch_begin 0", ("on_train_batch_end 0", ["One.on_train_batch_end"])],
                        ),
                        (
                            "batch 1",
                            ["on_train_batch_begin 1", ("on_train_batch_end 1", ["One.on_train_batch_end"])],
                        ),
                        (
                            "validation",
                            [
                                "on_test_begin",
                                ("batches 0 to 3", ["on_test_batch_begin 0", "on_test_batch_end 3"]),
                                "on_test_end",
                            ],
                        ),
                        ("on_epoch_end 0", ["One.on_epoch_end"]),
                    ],
                ),
                "on_train_end",
            ],
        )
    ]


def test_spans_last_as_long_as_what_is_inside() -> None:
    (run,) = timeline.tree(a_fit().all)
    assert (run.begin, run.end) == (0.0, 11.5)
    epoch = run.inside[1]
    assert (epoch.begin, epoch.end) == (1.0, 10.5)


def test_a_batch_without_an_end_and_a_run_that_fails() -> None:
    events = Events()
    events("on_train_begin")
    events("on_epoch_begin", 0)
    events("on_train_batch_begin", 0)
    events("on_epoch_end", 0)
    events("on_epoch_begin", 1)
    events("on_train_batch_begin", 0)
    events("exception", error="OSError: gone")
    (run,) = timeline.tree(events.all)
    assert shape([run]) == [
        (
            "fit of model",
            [
                "on_train_begin",
                ("epoch 0", ["on_epoch_begin 0", ("batch 0", ["on_train_batch_begin 0"]), "on_epoch_end 0"]),
                ("epoch 1", ["on_epoch_begin 1", ("batch 0", ["on_train_batch_begin 0"])]),
                "exception",
            ],
        )
    ]
    assert run.error == "OSError: gone"


def test_runs_inside_calls() -> None:
    events = Events()
    events("on_train_begin")
    outer = events("on_epoch_end", 0, "One", "Two")
    more: Any = {"run": 1, "title": "evaluate of model", "within": (outer, outer.calls[0])}
    events("on_test_begin", None, **more)
    events("on_test_batch_begin", 0, **more)
    events("on_test_end", None, **more)
    events("on_train_end")
    inner = ("evaluate of model", ["on_test_begin", ("batch 0", ["on_test_batch_begin 0"]), "on_test_end"])
    calls = [("One.on_epoch_end", [inner]), "Two.on_epoch_end"]
    assert shape(timeline.tree(events.all)) == [
        ("fit of model", ["on_train_begin", ("on_epoch_end 0", calls), "on_train_end"])
    ]


def test_a_run_whose_beginning_was_dropped() -> None:
    events = a_fit().all[7:]
    (run,) = timeline.tree(events)
    assert run.name == "fit of model"
    assert [e.name for e in run.walk() if e.kind == "event"] == [
        "on_test_batch_begin 0",
        "on_test_batch_end 3",
        "on_test_end",
        "on_epoch_end 0",
        "on_train_end",
    ]


def test_the_table() -> None:
    events = a_fit()
    totals: Any = {("One", "on_train_batch_end"): [2, 0.0012, 0.001], ("One", "on_epoch_end"): [1, 2.0, 2.0]}
    text = timeline.text(events.all, totals, {"on_train_batch_end": 1200})
    assert text.splitlines() == [
        "        at      took",
        "    0.000s    11.5 s  fit of model",
        "    0.000s    500 ms    on_train_begin",
        "    1.000s     9.5 s    epoch 0",
        "    1.000s    500 ms      on_epoch_begin 0",
        "    2.000s     1.5 s      batch 0  loss=2",
        "    4.000s     1.5 s      batch 1  loss=1",
        "    6.000s     3.5 s      validation",
        "    6.000s    500 ms        on_test_begin",
        "    7.000s     1.5 s        batches 0 to 3",
        "    9.000s    500 ms        on_test_end",
        "   10.000s    500 ms      on_epoch_end 0",
        "   10.000s    500 ms        One.on_epoch_end",
        "   11.000s    500 ms    on_train_end",
        "",
        "1,200 older events were dropped (1,200 on_train_batch_end). Raise max_events to keep more.",
        "",
        "time in callbacks         calls     total   longest",
        "One.on_epoch_end              1       2 s       2 s",
        "One.on_train_batch_end        2    1.2 ms      1 ms",
    ]


def test_many_batches_share_a_line_and_what_changed_stands_out() -> None:
    events = Events()
    events("on_epoch_begin", 0)
    for batch in range(9):
        events("on_train_batch_begin", batch)
        events("on_train_batch_end", batch, "One", logs={"loss": 9.0 - batch})
    events.all[-5].calls[0].changes.append(HookChange("stop_training", False, True))
    lines = timeline.text(events.all, {}, {}).splitlines()
    assert [line[22:] for line in lines if "batch" in line] == [
        "    6 times, batch 0 to 5, the median 1.5 s  loss=4",
        "    batch 6",
        "      on_train_batch_begin 6",
        "      on_train_batch_end 6  loss=3",
        "        One.on_train_batch_end  stop_training: False -> True",
        "    batch 7  loss=2",
        "    batch 8  loss=1",
    ]
    assert lines[-1] == "No callback was called."
