"""The real TensorBoard, in a real browser, shows what an example wrote.

Set ``MINIFIT_PICTURES`` to a folder to keep the pictures that the test takes, for somebody to look at.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import browser
from tests.conformance.browser import Browser

PAGES = {
    "scalars": (["epoch_loss", "batch_accuracy", "evaluation_loss_vs_iterations", "validation"], 0),
    "histograms": (["dense/activation", "dense/kernel_0", "dense_1/bias_0"], 0),
    "images": (["confusion", "dense_1/kernel_0/image"], 2),
    "graphs&run=train": (["Main Graph", "flatten", "dense_1"], 0),
    "projector": (["Points:\n50", "Dimension:\n8", "numbers.tsv"], 0),
}
"""Pages, and the texts and the number of images that are seen on them."""

pytestmark = pytest.mark.skipif(
    os.name == "nt" or browser.find() is None, reason="there is no Chromium here, or no pipe to speak to it"
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """What the example writes."""
    folder = tmp_path_factory.mktemp("logs")
    environment = os.environ | {"PYTHONPATH": str(root)}
    subprocess.run(
        [sys.executable, str(root / "examples" / "14_tensorboard.py"), str(folder)],
        env=environment,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def server(logs: Path) -> Iterator[str]:
    """The address of a TensorBoard that serves it."""
    command = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        str(logs),
        "--host",
        "127.0.0.1",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                break
        try:
            assert found, said
            yield found[0]
        finally:
            process.terminate()
            process.stderr.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = browser.find()
    assert program is not None
    with browser.browsing(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("name", PAGES)
def test_the_page_shows_it(name: str, server: str, page: Browser) -> None:
    texts, images = PAGES[name]
    page.open(f"{server}#{name}")
    seen = page.wait(*texts, images=images)
    assert not re.search(r"failed|Malformed|Error:", seen["text"])
    picture = page.picture()
    assert len(picture) > 20_000, "an empty page is smaller"
    if folder := os.environ.get("MINIFIT_PICTURES"):
        page.pause(3)
        Path(folder, f"{name.partition('&')[0]}.png").write_bytes(page.picture())


@pytest.mark.rule("TB-10")
def test_the_conceptual_graph(server: str) -> None:
    with urllib.request.urlopen(
        f"{server}data/plugin/graphs/graph?run=train&conceptual=true&tag=keras"
    ) as answer:
        text = answer.read().decode()
    assert re.findall(r'name: "sequential/(\w+)"', text) == [
        "numbers_input",
        "numbers",
        "flatten",
        "dense",
        "dense_1",
    ]
    assert re.findall(r'input: "sequential/(\w+)"', text) == ["numbers_input", "numbers", "flatten", "dense"]


def test_the_projector_has_the_labels(server: str) -> None:
    with urllib.request.urlopen(f"{server}data/plugin/projector/info?run=.") as answer:
        (table,) = json.loads(answer.read())["embeddings"]
    assert table["tensorShape"] == [50, 8]
    address = f"{server}data/plugin/projector/metadata?run=.&name={table['tensorName']}"
    with urllib.request.urlopen(address) as answer:
        assert answer.read().decode().splitlines()[:2] == ["number\tremainder", "0\t0"]
