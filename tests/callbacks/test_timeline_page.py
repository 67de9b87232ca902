"""The page of a trace holds what it shows and nothing else, and a browser shows it.

Set ``MINIFIT_PICTURES`` to a folder to keep the pictures that the tests take, for somebody to look at.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minifit.callbacks import Callback, HookTrace, LambdaCallback, ReduceLROnPlateau
from minifit.callbacks.timeline_page import page
from tests.callbacks.recording import data, small_model
from tests.callbacks.test_timeline import Events, a_fit
from tests.conformance import browser
from tests.conformance.browser import Browser

X, Y = data(96)
EVIL = "</script><script>document.title = 'gone'</script><img src=x onerror=alert(1)>&\u2028"


def data_of(text: str) -> Any:
    """The data in a page."""
    (found,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


def test_the_data_in_a_page() -> None:
    totals: Any = {("One", "on_train_batch_end"): [2, 1.0, 0.5], ("One", "on_epoch_end"): [1, 2.0, 2.0]}
    found = data_of(page(a_fit().all, totals, {"on_test_end": 3}))
    assert found["totals"] == [["One.on_epoch_end", 1, 2.0, 2.0], ["One.on_train_batch_end", 2, 1.0, 0.5]]
    assert found["dropped"].startswith("3 older events were dropped")
    (run,) = found["runs"]
    epoch = run["inside"][1]
    assert (epoch["kind"], epoch["name"], epoch["begin"], epoch["end"]) == ("epoch", "epoch 0", 1.0, 10.5)
    assert epoch["inside"][1]["inside"][1]["logs"] == {"loss": 2.0}
    assert data_of(page([], {}, {})) == {"runs": [], "totals": [], "dropped": ""}


def test_what_is_not_finite() -> None:
    events = Events()
    events("on_epoch_begin", 0, logs={"loss": float("nan"), "mae": float("-inf")})
    (run,) = data_of(page(events.all, {}, {}))["runs"]
    assert run["inside"][0]["inside"][0]["logs"] == {"loss": "nan", "mae": "-inf"}


def test_everything_is_escaped_and_nothing_is_fetched() -> None:
    events = Events()
    events("on_epoch_begin", 0, EVIL, logs={EVIL: EVIL}, title=EVIL)
    events("exception", error=EVIL, title=EVIL)
    text, plain = page(events.all, {(EVIL, EVIL): [1, 1.0, 1.0]}, {EVIL: 1}), page([], {}, {})
    for mark in ("<", ">", "&", "\u2028"):
        assert text.count(mark) == plain.count(mark)
    assert data_of(text)["runs"][0]["name"] == EVIL
    assert not re.findall(r"(?:src|href)\s*=|url\(|https?:|import\s|fetch\(", plain)
    assert "default-src 'none'" in plain


# -- in a browser --------------------------------------------------------------------------------------------


in_a_browser = pytest.mark.skipif(
    os.name == "nt" or browser.find() is None, reason="there is no Chromium here, or no pipe to speak to it"
)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = browser.find()
    assert program is not None
    with browser.browsing(program, tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def keep(window: Browser) -> Any:
    """Keeps a picture where it is asked for."""

    def kept(name: str) -> None:
        if folder := os.environ.get("MINIFIT_PICTURES"):
            window.pause(0.2)
            (Path(folder) / f"{name}.png").write_bytes(window.picture())

    return kept


class Judge(Callback):
    """Evaluates after every epoch, and writes what comes out into the logs."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["judged"] = self.model.evaluate(X, Y, verbose=0)


def details(window: Browser) -> str:
    return str(window.evaluate("document.getElementById('details').innerText"))


def shown_range(window: Browser) -> str:
    """The stretch of time that the timeline shows, drawn now and not with the next frame."""
    return str(window.evaluate("draw(), document.getElementById('range').textContent"))


@in_a_browser
def test_a_fit_is_seen_by_eye_mouse_and_keyboard(window: Browser, keep: Any, tmp_path: Path) -> None:
    trace = HookTrace()

    def fail(epoch: int, logs: Any) -> None:
        if epoch == 3:
            raise ValueError("<b>no more</b>")

    rates = ReduceLROnPlateau("loss", patience=0, min_delta=9)
    with pytest.raises(ValueError, match="no more"):
        small_model().fit(
            *(X, Y, 4, 5, 0),
            callbacks=[trace, Judge(), rates, LambdaCallback(on_epoch_begin=fail)],
            validation_data=(X[:32], Y[:32]),
        )
    trace.html(tmp_path / "page.html")
    window.look(1200, 1000)
    window.open((tmp_path / "page.html").as_uri())
    seen = window.wait(
        "Who changed what", "ended by ValueError: <b>no more</b>", "learning_rate: 0.05 → 0.005"
    )
    assert "24 batches: batch 0 to batch 23" not in seen["text"], "epochs are folded"
    keep("trace")

    window.evaluate("document.getElementById('timeline').focus()")
    window.press("ArrowDown")
    assert details(window).startswith("fit of sequential")
    window.press("ArrowDown", "ArrowRight", "ArrowDown", "End", "ArrowDown")
    assert details(window).startswith("Judge.on_epoch_end")
    assert "logs['judged']: none →" in details(window) and "val_loss" in details(window)
    assert re.search(r"epoch 0 . on_epoch_end 0", details(window))
    before = shown_range(window)
    window.press("Enter")
    keep("trace-zoomed")
    assert shown_range(window) != before
    window.press("ArrowDown", "ArrowUp", "ArrowUp", "Home", "0")
    assert details(window).startswith("on_epoch_begin 0")
    assert shown_range(window) == before

    box = window.evaluate("JSON.stringify(document.getElementById('timeline').getBoundingClientRect())")
    place = json.loads(box)
    window.point(place["left"] + place["width"] * 0.3, place["top"] + 30)
    assert "fit of sequential" in window.evaluate("document.getElementById('tip').innerText")

    for _ in range(3):
        window.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(s => s.click())")
        window.pause(0.1)
    seen = window.seen()
    assert "24 batches: batch 0 to batch 23" in seen["text"]
    assert seen["images"] == []


@in_a_browser
@pytest.mark.parametrize("dark", [False, True])
def test_a_narrow_page_has_no_second_scroll_bar(
    dark: bool, window: Browser, keep: Any, tmp_path: Path
) -> None:
    trace = HookTrace()
    small_model().fit(X, Y, epochs=3, verbose=0, callbacks=[Judge(), trace])
    trace.html(tmp_path / "page.html")
    window.look(380, 800, dark)
    window.open((tmp_path / "page.html").as_uri())
    window.wait("All events")
    keep(f"trace-narrow-{'dark' if dark else 'light'}")
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert window.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 24, 31)" if dark else "rgb(255, 255, 255)"
    )


@in_a_browser
def test_many_events_and_hostile_texts(window: Browser, keep: Any, tmp_path: Path) -> None:
    events = Events()
    for epoch in range(5):
        events("on_epoch_begin", epoch, title=EVIL)
        for batch in range(1000):
            events("on_train_batch_begin", batch, title=EVIL)
            events("on_train_batch_end", batch, EVIL, title=EVIL, logs={EVIL: 1.0})
        events("on_epoch_end", epoch, title=EVIL)
    file = tmp_path / "page.html"
    file.write_text(page(events.all, {(EVIL, "on_epoch_end"): [1, 1.0, 1.0]}, {EVIL: 9}), encoding="utf-8")
    window.look(1200, 900)
    window.open(file.as_uri())
    window.wait("5,000 batches, 10,010 events", "9 older events were dropped")
    keep("trace-many")
    assert window.evaluate("document.title").startswith("Trace: </script><script>document.title")
    assert window.evaluate("document.querySelectorAll('img, script').length") == 2
    assert window.evaluate("drawn.length") < 2000
    for _ in range(3):
        window.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(s => s.click())")
        window.pause(0.1)
    assert window.evaluate("document.querySelectorAll('img, script').length") == 2
    window.evaluate("document.getElementById('timeline').focus()")
    window.press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "Enter")
    assert details(window).startswith("batch 0")


@in_a_browser
def test_runs_of_two_threads_lie_below_each_other(window: Browser, keep: Any, tmp_path: Path) -> None:
    events = Events()
    for run in (0, 1):
        events("on_train_begin", None, "One", run=run)
    for run in (0, 1):
        events("on_epoch_begin", 0, run=run)
    for run in (0, 1):
        events("on_train_end", run=run)
    events("on_test_begin", run=2, title="evaluate of model")
    file = tmp_path / "page.html"
    file.write_text(page(events.all, {}, {}), encoding="utf-8")
    window.look(1200, 900)
    window.open(file.as_uri())
    window.wait("3 runs")
    keep("trace-threads")
    assert window.evaluate("runs.map(run => run.depth)") == [0, 3, 0]


@in_a_browser
def test_a_trace_that_saw_nothing(window: Browser, tmp_path: Path) -> None:
    HookTrace().html(tmp_path / "page.html")
    window.open((tmp_path / "page.html").as_uri())
    window.wait("No events were recorded", "No callback changed the logs")
    window.evaluate("document.getElementById('timeline').focus()")
    window.press("ArrowDown", "+", "Enter")
    assert "Nothing is selected" in details(window)
