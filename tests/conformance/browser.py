"""A headless Chromium that opens pages, looks at what they show and takes pictures.

It is spoken to over two pipes, in the DevTools protocol: JSON texts that end with a zero byte.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"),
    "--window-size=1200,800",
]

_STARTER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(file), fcntl.F_DUPFD, 10) for file in sys.argv[1:3]]
for number, end in zip((3, 4), ends):  # the browser reads from 3 and writes to 4
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""

_SEEN = """
(() => {
  const texts = [], images = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent);
    if (node.nodeName === 'IMG' && node.naturalWidth) images.push([node.naturalWidth, node.naturalHeight]);
    if (['SCRIPT', 'STYLE'].includes(node.nodeName)) return;
    if (node.contentDocument && node.contentDocument.body) walk(node.contentDocument.body);
    for (const child of node.shadowRoot ? [...node.shadowRoot.childNodes, ...node.childNodes] : node.childNodes)
      walk(child);
  };
  walk(document.body);
  return {text: texts.map(t => t.trim()).filter(t => t).join('\\n'), images};
})()
"""


def find() -> str | None:
    """The program, where there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """A running browser with one page."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._number = 0
        self._left = b""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def open(self, url: str) -> None:
        """Go to a page."""
        self._ask("Page.navigate", url="about:blank", session=True)  # a new fragment alone would load nothing
        self._ask("Page.navigate", url=url, session=True)

    def seen(self) -> dict[str, Any]:
        """All text, and the sizes of all images that have been loaded."""
        found = self._ask("Runtime.evaluate", expression=_SEEN, returnByValue=True, session=True)
        return dict(found["result"].get("value") or {"text": "", "images": []})

    def wait(self, *texts: str, images: int = 0, seconds: float = 20) -> dict[str, Any]:
        """Look until all of these are there."""
        deadline = time.monotonic() + seconds
        while True:
            seen = self.seen()
            missing = [text for text in texts if text not in seen["text"]]
            if not missing and len(seen["images"]) >= images:
                return seen
            assert time.monotonic() < deadline, (
                f"missing: {missing}, images {seen['images']} in\n{seen['text'][:3000]}"
            )
            self.pause(0.2)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, session=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            for kind in ("keyDown", "keyUp"):
                self._ask("Input.dispatchKeyEvent", type=kind, key=key, session=True)

    def point(self, x: float, y: float) -> None:
        """Move the mouse to a place in the window."""
        self._ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, session=True)

    def look(self, width: int, height: int, dark: bool = False) -> None:
        """Set the size of the window, and whether the user prefers dark colors."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", session=True, **size)
        colors = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", session=True, features=[colors])

    def pause(self, seconds: float) -> None:
        """Let the page go on for a while."""
        wait = f"new Promise(done => setTimeout(done, {1000 * seconds}))"
        self._ask("Runtime.evaluate", expression=wait, awaitPromise=True, session=True)

    def picture(self) -> bytes:
        """The page as a PNG file."""
        return base64.b64decode(self._ask("Page.captureScreenshot", session=True)["data"])

    def _ask(self, method: str, session: bool = False, **params: Any) -> dict[str, Any]:
        self._number += 1
        request: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session:
            request["sessionId"] = self._session
        os.write(self._to, json.dumps(request).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            part = os.read(self._back, 1 << 16)
            assert part, "the browser has ended"
            self._left += part
        text, _, self._left = self._left.partition(b"\0")
        return dict(json.loads(text))


@contextlib.contextmanager
def browsing(program: str, folder: Path) -> Iterator[Browser]:
    """A browser with an empty profile in a folder; it ends with the block."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    starter = [sys.executable, "-c", _STARTER, str(theirs_in), str(theirs_out)]
    process = subprocess.Popen(
        [*starter, program, *_FLAGS, f"--user-data-dir={folder}"],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(ours_out, ours_in)
    finally:
        process.kill()
        process.wait()
        os.close(ours_out)
        os.close(ours_in)
