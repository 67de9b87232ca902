"""The picture of a run in the README: what `make run` prints, as a drawing of a terminal.

    python -m docs.terminal

runs the example and draws its output. The picture is kept, as times differ from run to run.
"""

import re
import subprocess
import sys
from html import escape
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PICTURE = DOCS / "pictures" / "run.svg"
EXAMPLE = DOCS.parent / "examples" / "quickstart.py"

FIRST, LAST = 3, 4
"""Lines of epochs that are shown from the beginning and from the end."""

ROW, CHARACTER, MARGIN, SIZE = 19, 7.83, 16, 13
"""Pixels: the height of a line, the width of a character, the margin, the font."""

COLOURS = (
    (re.compile(r"^\$ .*"), "prompt"),
    (re.compile(r"^(?=[ -@]{18}$) {2}.*"), "digit"),
    (re.compile(r"val_\w+: [\d.]+"), "good"),
    (re.compile(r"^(Restoring|Epoch \d+:|  \d was read).*"), "event"),
    (re.compile(r"^Validation accuracy.*"), "result"),
)
"""What is coloured, and the class of its style."""

STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #24292f; white-space: pre }
.screen { fill: #f6f8fa; stroke: #d0d7de } .prompt { fill: #6e7781 } .digit { fill: #57606a }
.good { fill: #0b6e4f } .event { fill: #9a5b00 } .result { fill: #0b6e4f; font-weight: 700 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .screen { fill: #0d1117; stroke: #30363d } .prompt { fill: #9198a1 } .digit { fill: #9198a1 }
  .good { fill: #56d3a3 } .event { fill: #e3b341 } .result { fill: #56d3a3 }
}
"""


def output() -> list[str]:
    """Return the lines that the example prints."""
    done = subprocess.run([sys.executable, EXAMPLE], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def shortened(lines: list[str]) -> list[str]:
    """Return the lines without the summary of the model and without the epochs in the middle."""
    begin = next(i for i, line in enumerate(lines) if line.startswith("Model: "))
    first = next(i for i, line in enumerate(lines) if line.startswith("Epoch 1/"))
    epochs = [i for i, line in enumerate(lines) if re.match(r"Epoch \d+/", line)]
    if len(epochs) <= FIRST + LAST:
        return lines[:begin] + lines[first:]
    return [*lines[:begin], *lines[first : epochs[FIRST]], "...", *lines[epochs[-LAST] :]]


def spans(line: str) -> str:
    """Return the line as SVG, with the parts that are coloured."""
    pieces: list[tuple[int, int, str]] = []
    for pattern, name in COLOURS:
        pieces += [(match.start(), match.end(), name) for match in pattern.finditer(line)]
    parts, end = [], 0
    for begin, stop, name in sorted(pieces):
        parts += [
            escape(line[end:begin]),
            f'<tspan class="{name}">{escape(line[begin:stop])}</tspan>',
        ]
        end = stop
    return "".join([*parts, escape(line[end:])])


def svg(lines: list[str], title: str) -> str:
    """Return the picture of a terminal that shows the lines."""
    width = round(max(map(len, lines)) * CHARACTER + 2 * MARGIN)
    height = len(lines) * ROW + 2 * MARGIN
    drawn = [
        f'<text x="{MARGIN}" y="{MARGIN + ROW * i + SIZE}" xml:space="preserve">{spans(line)}</text>'
        for i, line in enumerate(lines)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="screen" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
            *drawn,
            "</svg>",
            "",
        ]
    )


if __name__ == "__main__":
    shown = ["$ make run", *shortened(output())]
    PICTURE.write_text(svg(shown, "The output of make run"), encoding="utf-8")
    print(f"drew {PICTURE}")
