"""The monitor as people use it: the command, a fit that posts, and the page in a browser."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minifit.callbacks import LambdaCallback, RemoteMonitor
from minifit.monitor.__main__ import main
from minifit.monitor.server import PAGE, Monitor
from tests.browser import Page, browser
from tests.callbacks.recording import data, small_model

X, Y = data()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


# -- the command -------------------------------------------------------------------------------------------

# A shell that starts tests in the background has them ignore Ctrl-C, and so what they start.
PROGRAM = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("minifit.monitor", run_name="__main__", alter_sys=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process alone")
def test_ctrl_c_ends_it_and_the_file_has_everything(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    for runs in ("0 runs", "1 run"):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.endswith(f"Posts are kept in {tmp_path / 'monitor.jsonl'}, which has {runs}.\n")
        if runs == "0 runs":
            (address,) = re.findall(r"http://localhost:\d+", said)
            small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[RemoteMonitor(address)])
        process.send_signal(signal.SIGINT)
        assert process.communicate() == ("The monitor has ended.\n", "")
        assert process.returncode == 0
    assert [line.count('"epoch"') for line in (tmp_path / "monitor.jsonl").read_text().splitlines()] == [1, 1]
    assert os.listdir(tmp_path) == ["monitor.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "65536"], "argument --port: invalid port value: '65536'"),
        (["--port", "a"], "argument --port: invalid port value: 'a'"),
        (["--file", "a", "--no-file"], "not allowed with argument"),
        (["--host", "0.0.0.0"], "unrecognized arguments: --host"),
    ],
)
def test_arguments_that_are_none(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def test_what_cannot_be_served_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("epoch,loss\n")
    with pytest.raises(SystemExit, match=r"^minifit.monitor: Every line .* Pass another --file\.$"):
        main(["--port", "0", "--file", str(tmp_path / "a.csv")])
    with pytest.raises(SystemExit, match=r"^minifit.monitor: .*cannot be written to"):
        main(["--port", "0", "--file", str(tmp_path)])
    taken = Monitor(0)
    with pytest.raises(SystemExit, match=r"^minifit.monitor: The port must be free"):
        main(["--port", str(taken.port), "--no-file"])
    taken.close()


# -- colours ------------------------------------------------------------------------------------------------


def brightness(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_have_contrast(scheme: int) -> None:
    colours = dict(re.findall(r"--(\w+): (#\w{6})", re.findall(r":root \{(.*?)\}", PAGE, re.DOTALL)[scheme]))

    def contrast(one: str, other: str) -> float:
        low, high = sorted(brightness(colours[name]) for name in (one, other))
        return (high + 0.05) / (low + 0.05)

    for back in ("back", "raised"):
        assert min(contrast(back, text) for text in ("text", "quiet")) >= 4.5
    assert min(contrast("back", name) for name in ("focus", *(f"c{i}" for i in range(8)))) >= 4.5


# -- the page ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("chromium")
    with browser(folder, "--host-resolver-rules=MAP evil.example 127.0.0.1") as page:
        page.send("Page.addScriptToEvaluateOnNewDocument", source=IMPATIENT)
        yield page


IMPATIENT = "const later = setTimeout; setTimeout = (act, pause) => later(act, Math.min(pause, 20));"
"""Has a page wait for twenty milliseconds where it would wait for a second."""


class Shown:
    """A monitor, and its page in a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.start(0)
        page.errors.clear()
        page.size(1200, 900)

    def start(self, port: int) -> None:
        self.monitor = Monitor(port)
        self.thread = threading.Thread(target=self.monitor.serve, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.monitor.stop()
        self.thread.join()
        self.monitor.close()

    @property
    def root(self) -> str:
        return f"http://localhost:{self.monitor.port}"

    def add(self, *rows: dict[str, Any], name: str = "") -> None:
        for epoch, row in enumerate(rows):
            self.monitor.posts.add({"epoch": epoch, **row}, name)

    def open(self) -> None:
        """Open the page and wait until it shows all that was posted."""
        self.page.open(f"{self.root}/")
        self.page.wait(f"count === {len(self.monitor.posts.texts)} && !due")
        self.page.size(1200, 900)

    def run(self, script: str) -> Any:
        return self.page.run(script)

    def table(self) -> list[list[str]]:
        """The cells of the table, its header first."""
        rows: list[list[str]] = self.run(
            "[...document.querySelectorAll('tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
        return rows

    def chart(self, name: str) -> str:
        """An expression for the part of a chart that takes the keyboard."""
        return f"charts.get({name!r}).box"

    def point(self, name: str) -> str:
        """Return the words of a screen reader for the point of a chart."""
        text: str = self.run(f"{self.chart(name)}.getAttribute('aria-valuetext')")
        return text

    def curves(self, name: str) -> list[str]:
        paths: list[str] = self.run(
            f"[...{self.chart(name)}.querySelectorAll('.curve')].map((path) => path.getAttribute('d'))"
        )
        return paths


@pytest.fixture
def shown(chromium: Page) -> Iterator[Shown]:
    made = Shown(chromium)
    yield made
    chromium.open("about:blank")
    made.stop()
    assert not chromium.errors


@pytest.mark.slow
def test_a_fit_is_shown_as_it_goes(shown: Shown) -> None:
    shown.open()
    assert shown.run("document.getElementById('empty').innerText").endswith(f'RemoteMonitor("{shown.root}")')
    seen: list[str] = []

    def look(epoch: int, logs: Any) -> None:
        shown.page.wait(f"count === {epoch + 1} && !due")
        seen.append(shown.point("loss"))

    callbacks = [RemoteMonitor(shown.root, headers={"X-Run": "digits"}), LambdaCallback(on_epoch_end=look)]
    model = small_model()
    history = model.fit(X, Y, epochs=3, validation_data=(X, Y), verbose=0, callbacks=callbacks).history

    def text(value: float) -> str:
        return shown.run(f"number({value!r})")  # type: ignore[no-any-return]

    assert seen == [f"Run 1 (digits), loss, epoch {e}: {text(history['loss'][e])}" for e in range(3)]
    header, *rows = shown.table()
    assert header == ["epoch", "loss", "val_loss"]
    assert rows == [[str(e), text(history["loss"][e]), text(history["val_loss"][e])] for e in (2, 1, 0)]
    assert shown.page.run("document.title") == "Run 1 (digits), epoch 2"
    assert len(shown.curves("loss")) == 2  # with validation


@pytest.mark.slow
def test_the_keyboard_reaches_every_point(shown: Shown) -> None:
    shown.add(
        {"loss": 3.0, "val_loss": 4.0},
        {"loss": 2.0},
        {"loss": None, "val_loss": 5.0},
        {"loss": 1e-9, "val_loss": 6},
    )
    shown.add({"loss": 7.0})
    shown.open()
    focused = []
    for _ in range(7):
        shown.page.press("Tab")
        focused.append(
            shown.run("document.activeElement.ariaLabel ?? document.activeElement.labels?.[0]?.innerText")
        )
    assert [name[:14] for name in focused[:2]] == ["Run 2, 1 epoch", "Run 1, 4 epoch"]
    assert [name.split("\n")[0].strip() for name in focused[2:]] == [
        "Only values whose name has", "Logarithmic scale", "Curves of loss", "Run", "Table of values"
    ]  # fmt: skip
    shown.run(f"{shown.chart('loss')}.focus()")
    said = [shown.point("loss")]
    for key in [
        "ArrowUp",
        "Home",
        "ArrowLeft",
        "ArrowRight",
        "ArrowUp",
        "End",
        "ArrowRight",
        "ArrowDown",
        "ArrowDown",
    ]:
        shown.page.press(key)
        said.append(shown.point("loss"))
    assert said == [
        "Run 2, loss, epoch 0: 7",
        "Run 1, val_loss, epoch 0: 4",
        "Run 1, val_loss, epoch 0: 4",
        "Run 1, val_loss, epoch 0: 4",
        "Run 1, val_loss, epoch 2: 5",
        "Run 1, loss, epoch 2: not a number",
        "Run 1, loss, epoch 3: 1e−9",
        "Run 1, loss, epoch 3: 1e−9",
        "Run 1, val_loss, epoch 3: 6",
        "Run 2, loss, epoch 0: 7",
    ]
    shown.add({"loss": 1.0}, {"loss": 1.0}, name="new")  # while a point is chosen
    shown.page.wait("count === 7 && !due")
    assert shown.point("loss") == "Run 2, loss, epoch 0: 7"
    assert shown.run(f"document.activeElement === {shown.chart('loss')}")


@pytest.mark.slow
def test_the_mouse_chooses_the_nearest_point(shown: Shown) -> None:
    shown.add(*({"loss": float(e), "val_loss": 10.0 - e} for e in range(11)))
    shown.open()
    box = shown.run(f"{shown.chart('loss')}.getBoundingClientRect().toJSON()")
    assert shown.point("loss") == "Run 1, loss, epoch 10: 10"
    for x, y, said in (
        (0, 10, "val_loss, epoch 0: 10"),
        (0, 190, "loss, epoch 0: 0"),
        (box["width"] - 20, 190, "val_loss, epoch 10: 0"),
        (box["width"] + 5, 10, "loss, epoch 10: 10"),  # beside it: the newest again
    ):
        shown.page.point(box["left"] + x, box["top"] + y)
        assert shown.point("loss") == f"Run 1, {said}"
    assert shown.run("document.querySelectorAll('.ring').length") == 0


@pytest.mark.slow
def test_a_screen_reader_is_told_what_everything_is(shown: Shown) -> None:
    shown.add({"loss": 0.5})
    shown.open()
    tree = shown.page.tree()
    for part in [
        ("heading", "Training runs"),
        ("group", "Runs in the charts"),
        ("searchbox", "Only values whose name has"),
        ("checkbox", "Logarithmic scale"),
        ("region", "Curves"),
        ("slider", "Curves of loss"),
        ("combobox", "Run"),
        ("region", "Table of values"),
        ("table", "Run 1, the newest epoch first"),
        ("columnheader", "loss"),
        ("rowheader", "0"),
        ("cell", "0.5"),
    ]:
        assert part in tree
    roles = ("button", "checkbox", "combobox", "searchbox", "slider")
    assert all(name for role, name in tree if role in roles)
    assert shown.run("document.documentElement.lang") == "en"


@pytest.mark.slow
def test_names_are_text(shown: Shown) -> None:
    evil = "<script>window.evil = 1</script><img src=x onerror='window.evil = 1'>"
    names = [evil, "__proto__", "constructor", "", "val_", "\u202eab", "a" * 400, "'\"`${1}"]
    shown.add(dict.fromkeys(names, 1.0) | {"text": evil, "list": [evil]}, name=evil)
    shown.open()
    assert shown.run("window.evil") is None
    assert shown.run("document.images.length + document.scripts.length") == 1
    header, row = shown.table()
    assert len(header) == len(row) == 1 + len(names) + 2
    assert header[2:5] == names[1:4]
    assert header[7] == f"{'a' * 40} ... {'a' * 15}"
    assert shown.run("[...charts.keys()]") == [
        evil,
        "__proto__",
        "constructor",
        "",
        "\u202eab",
        "a" * 400,
        "'\"`${1}",
    ]


@pytest.mark.slow
def test_what_is_not_a_number_is_a_gap_and_what_is_missing_is_none(shown: Shown) -> None:
    gaps = [1.0, 2.0, None, 3.0, None, 10**400, 4.0]
    shown.add(*({"gap": value} | ({"rare": 1.0} if i % 3 == 0 else {}) for i, value in enumerate(gaps)))
    shown.open()
    assert [len(path.split("M")) - 1 for path in shown.curves("gap") + shown.curves("rare")] == [3, 1]
    assert shown.curves("rare")[0].count("L") == 2
    cells = [row[1:] for row in reversed(shown.table()[1:])]
    lost = "not a number"
    assert cells == [
        ["1", "1"], ["2", ""], [lost, ""], ["3", "1"], [lost, ""], [lost, ""], ["4", "1"]
    ]  # fmt: skip


@pytest.mark.slow
def test_curves_of_many_epochs_keep_their_extremes(shown: Shown) -> None:
    shown.add(*({"a": 50.0 if e == 777 else -9.0 if e == 1500 else e % 2} for e in range(3000)))
    shown.open()
    (path,) = shown.curves("a")
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]
    assert (min(heights), max(heights)) == (10.0, 196.0)  # of the whole chart
    assert 500 < len(heights) < 3000
    assert [row[0] for row in shown.table()[1:]] == [str(e) for e in range(2999, 2899, -1)]
    shown.run("document.getElementById('more').click()")
    shown.page.wait("!due")
    assert len(shown.table()) == 1101


@pytest.mark.slow
def test_runs_and_values_are_chosen(shown: Shown) -> None:
    for name in "abcdefghij":
        shown.add({"loss": 1.0, "acc": 2.0}, name=name)
    shown.open()
    checked = "[...document.querySelectorAll('#runs input')].map((box) => box.checked)"
    assert shown.run(checked) == [True] * 8 + [False] * 2
    assert len(shown.curves("loss")) == 8
    shown.run("document.querySelector('#runs input').click()")
    shown.page.wait("!due")
    assert len(shown.curves("loss")) == 7
    shown.run("at('filter').value = ' LO'; at('filter').oninput()")
    shown.page.wait("!due")
    assert shown.run("[...document.querySelectorAll('figure')].map((f) => f.hidden)") == [False, True]
    assert shown.table()[0] == ["epoch", "loss"]
    shown.run("at('choice').value = 3; at('choice').onchange()")
    shown.page.wait("!due")
    assert shown.run("at('caption').textContent").startswith("Run 3 (c)")


@pytest.mark.slow
def test_a_server_that_ends_and_comes_back(shown: Shown) -> None:
    shown.add({"loss": 1.0})
    shown.open()
    port = shown.monitor.port
    shown.stop()
    shown.page.wait("document.getElementById('state').classList.contains('lost')")
    assert shown.table()[1] == ["0", "1"]
    shown.start(port)
    shown.add({"loss": 2.0}, {"loss": 3.0})
    shown.page.wait("document.readyState === 'complete' && count === 2 && !due")
    assert shown.table()[1:] == [["1", "3"], ["0", "2"]]
    lost = "Failed to load resource: net::ERR_"  # refused, reset or not connected, as it comes
    assert all(lost in error for error in shown.page.errors)
    shown.page.errors.clear()


@pytest.mark.slow
def test_light_and_dark_wide_and_narrow(shown: Shown, tmp_path: Path) -> None:
    for name in ("", "a long name of a run that does not fit in a line " * 3):
        shown.add(
            *({f"value_with_a_name_{i}": float(i * e) for i in range(20)} for e in range(30)), name=name
        )
    shown.open()
    backs = []
    for width, dark in ((1600, False), (1600, True), (360, False), (360, True)):
        shown.page.look(tmp_path / "page.png", width, 800, dark)
        assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
        assert shown.run("document.documentElement.scrollWidth <= innerWidth")
        backs.append(shown.run("getComputedStyle(document.body).backgroundColor"))
        columns = shown.run(
            "getComputedStyle(document.querySelector('main')).gridTemplateColumns.split(' ').length"
        )
        assert columns == (2 if width == 1600 else 1)
    assert backs == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"] * 2


@pytest.mark.slow
def test_a_foreign_name_that_leads_here_reads_nothing(shown: Shown) -> None:
    shown.add({"loss": 0.123})
    shown.page.open(f"http://evil.example:{shown.monitor.port}/")
    assert "names of this machine alone. Received: evil.example" in shown.run("document.body.innerText")
    for path in ("/posts?after=0", "/"):
        said = shown.run(f"fetch('{path}').then(async (answer) => [answer.status, await answer.text()])")
        assert said[0] == 403
        assert "0.123" not in said[1]
    shown.page.errors.clear()  # of the refusals


@pytest.mark.slow
def test_a_page_of_another_site_can_post_nothing(shown: Shown, tmp_path: Path) -> None:
    """A form, in a page that has no origin, and requests of scripts with each content type that needs no leave."""
    target = f"{shown.root}/publish/epoch/end/"
    shown.page.send("Page.navigate", url="data:text/html,<title>evil</title>")
    shown.page.wait("document.title === 'evil'")
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        shown.run(
            f"fetch('{target}', {{method: 'POST', mode: 'no-cors', headers: {{'Content-Type': '{kind}'}}, "
            "body: 'data=%7B%22epoch%22%3A0%7D'}).catch(() => 0).then(() => 0)"
        )
    shown.run(
        f"document.body.innerHTML = '<form method=post action={target}><input name=data>"
        "</form>'; document.forms[0].data.value = '{\"epoch\": 0}'; document.forms[0].submit()"
    )
    shown.page.wait(f"location.href === '{target}' && document.readyState === 'complete'")
    assert "Received: a request with Origin" in shown.run("document.body.innerText")
    assert not shown.monitor.posts.texts
    shown.page.errors.clear()  # of the refusals
