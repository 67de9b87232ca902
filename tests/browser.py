"""A browser for tests: Chromium without a window, spoken to through pipes.

Each message is a text in JSON that ends with a null character: https://chromedevtools.github.io/devtools-protocol.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


PATIENCE = 60.0
"""Seconds until a condition counts as one that never comes true."""


class ProtocolError(Exception):
    """A command that the browser cannot carry out, or a script that fails."""


class Page:
    """A page of the browser, for which `errors` lists what its scripts and its policy complain of."""

    def __init__(self, commands: IO[bytes], answers: IO[bytes]) -> None:
        self._commands, self._answers = commands, answers
        self._sent = 0
        self._session: dict[str, Any] = {}
        self.errors: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        for domain in ("Runtime", "Log", "Page", "Accessibility"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> Any:
        """Give a command and return its result; errors of the page that come before it are kept."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params, **self._session}
        self._commands.write(json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._sent:
            kind, details = answer.get("method"), answer.get("params", {})
            if kind == "Runtime.exceptionThrown" or (
                kind == "Log.entryAdded" and details["entry"]["level"] == "error"
            ):
                self.errors.append(json.dumps(details))
        if "error" in answer:
            raise ProtocolError(answer["error"])
        return answer["result"]

    def _receive(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has ended"
            text += byte
        answer: dict[str, Any] = json.loads(text)
        return answer

    def run(self, script: str) -> Any:
        """Return what an expression gives, a promise what it holds."""
        done = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise ProtocolError(done["exceptionDetails"])
        return done["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true in the page, which may go to another address meanwhile."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if self.run(condition):
                    return
                assert time.monotonic() < end, f"never true: {condition}"
            except ProtocolError:  # between two pages
                if time.monotonic() > end:
                    raise
            time.sleep(0.02)

    def open(self, address: str) -> None:
        """Go to an address; scripts may still run."""
        self.send("Page.navigate", url=address)
        self.wait(f"location.href.startsWith({json.dumps(address)}) && document.readyState === 'complete'")

    def press(self, key: str, **more: Any) -> None:
        """Press a key and let it go."""
        codes = {"Tab": 9, "Enter": 13, "End": 35, "Home": 36, " ": 32}
        codes |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        for kind in ("rawKeyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code="Space" if key == " " else key,
                windowsVirtualKeyCode=codes[key],
                **more,
            )

    def point(self, x: float, y: float) -> None:
        """Move the mouse to a place of the window."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def look(self, file: Path, width: int, height: int, dark: bool = False) -> None:
        """Write a picture of the page as it is in a window of some size."""
        self.size(width, height, dark)
        picture = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=False)["data"]
        file.write_bytes(base64.b64decode(picture))

    def size(self, width: int, height: int, dark: bool = False) -> None:
        """Give the window a size and a scheme of colours."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.run("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))")

    def tree(self) -> list[tuple[str, str]]:
        """Return role and name of everything that a screen reader is told of."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        parts = [n for n in nodes if not n["ignored"]]
        return [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in parts]


@contextmanager
def browser(folder: Path, *options: str) -> Iterator[Page]:
    """Start the browser, with its files in a folder and more options; skip the test where there is none.

    Pipes with numbers of their own are a matter of POSIX.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None or os.name == "nt":
        pytest.skip("there is no Chromium that can be spoken to through pipes")
    usual = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"]
    usual += ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
    command = [program, *usual, *options, f"--user-data-dir={folder}", "about:blank"]
    (theirs_in, ours_out), (ours_in, theirs_out) = pipe(), pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", PLACE, str(theirs_in), str(theirs_out), *command],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    with os.fdopen(ours_out, "wb", buffering=0) as commands, os.fdopen(ours_in, "rb") as answers:
        try:
            yield Page(commands, answers)
        finally:
            process.terminate()
            process.wait()


PLACE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""A program that becomes the browser, which reads commands from 3 and writes answers to 4."""


def pipe() -> tuple[int, int]:
    """A pipe whose ends have numbers that leave 3 and 4 free."""
    import fcntl

    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
