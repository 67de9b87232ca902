"""The diagrams of the guides, each for light and for dark: `make pages` writes them into pictures/."""

from collections.abc import Callable
from html import escape

LIGHT = {"text": "#24292f", "quiet": "#57606a", "line": "#afb8c1", "fill": "#f6f8fa", "page": "#ffffff"}
DARK = {"text": "#e6edf3", "quiet": "#9da7b1", "line": "#565f69", "fill": "#21262d", "page": "#161b22"}
ACCENTS = {"blue": "#2f7ed8", "amber": "#c98a1b", "red": "#c9507c", "green": "#2f9e6e"}
"""Colours that show on light and on dark."""

SANS, MONO = "system-ui, sans-serif", "ui-monospace, SFMono-Regular, Menlo, monospace"


class Canvas:
    """Shapes of an SVG picture.

    Parameters
    ----------
    width, height : int
    dark : bool
    """

    def __init__(self, width: int, height: int, dark: bool) -> None:
        self._colours = (DARK if dark else LIGHT) | ACCENTS
        self._lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-size="13">',
            *(
                f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
                f'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="{self._colours[name]}"/></marker>'
                for name in ("quiet", *ACCENTS)
            ),
        ]

    def words(
        self, x: float, y: float, text: str, colour: str = "text", code: bool = False, bold: bool = False
    ) -> None:
        """Write a line of text from a point on."""
        weight = ' font-weight="600"' if bold else ""
        self._lines.append(
            f'<text x="{x}" y="{y}" fill="{self._colours[colour]}" font-family="{MONO if code else SANS}"{weight}>'
            f"{escape(text)}</text>"
        )

    def frame(self, x: float, y: float, width: float, height: float, colour: str = "line") -> None:
        """Draw a box."""
        fill = self._colours["fill"]
        self._lines.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{fill}" '
            f'stroke="{self._colours[colour]}" stroke-width="1.5"/>'
        )

    def box(self, x: float, y: float, width: float, *texts: str, colour: str = "line") -> None:
        """Draw a box of 24 points and 18 a line, with a bold first line."""
        self.frame(x, y, width, 18 * len(texts) + 14, colour)
        for line, text in enumerate(texts):
            self.words(x + 12, y + 20 + 18 * line, text, "quiet" if line else "text", bold=not line)

    def arrow(self, *points: tuple[float, float], colour: str = "quiet") -> None:
        """Draw a line through points, with a head at the last."""
        path = "L".join(f"{x} {y}" for x, y in points)
        self._lines.append(
            f'<path d="M{path}" fill="none" stroke="{self._colours[colour]}" stroke-width="1.5" '
            f'marker-end="url(#{colour})"/>'
        )

    def svg(self) -> str:
        """Return the picture."""
        return "\n".join([*self._lines, "</svg>", ""])


def loop(dark: bool) -> str:
    """Draw the events of a fit, in their order."""
    canvas = Canvas(740, 530, dark)
    canvas.words(16, 24, "on_train_begin(logs)", code=True)
    canvas.frame(16, 38, 708, 440, "blue")
    canvas.words(32, 60, "for each epoch", "blue", bold=True)
    canvas.words(32, 84, "on_epoch_begin(epoch, logs)", code=True)
    canvas.frame(32, 98, 676, 132, "amber")
    canvas.words(48, 120, "for each batch", "amber", bold=True)
    canvas.words(48, 144, "on_train_batch_begin(batch, logs)", code=True)
    canvas.words(48, 172, "the step: forward, loss, backward, metrics, update", bold=True)
    canvas.words(48, 200, "on_train_batch_end(batch, logs)", code=True)
    canvas.words(380, 200, "logs: the means over the epoch so far", "quiet")
    canvas.words(48, 220, "stop_training is read: True ends the batches of this epoch", "quiet")
    canvas.frame(32, 246, 676, 148, "green")
    canvas.words(48, 268, "if validation is due in this epoch", "green", bold=True)
    canvas.words(48, 292, "on_test_begin(logs)", code=True)
    canvas.frame(48, 302, 644, 54)
    canvas.words(64, 324, "for each batch of validation data", "quiet", bold=True)
    canvas.words(64, 345, "on_test_batch_begin, forward, loss, metrics, on_test_batch_end", code=True)
    canvas.words(48, 378, "on_test_end(logs)", code=True)
    canvas.words(32, 420, "on_epoch_end(epoch, logs)", code=True)
    canvas.words(380, 420, "logs: of the last batch, and val_ of the validation", "quiet")
    canvas.words(32, 444, "on_epoch_end() of a Sequence", code=True)
    canvas.words(32, 466, "stop_training is read: True ends the fit", "quiet")
    canvas.words(16, 502, "on_train_end(logs)", code=True)
    canvas.words(380, 502, "logs: of the last epoch", "quiet")
    return canvas.svg()


def batch(dark: bool) -> str:
    """Draw the way of a batch from the data to the weights."""
    canvas = Canvas(740, 380, dark)
    canvas.box(16, 16, 200, "the data", "arrays, HDF5, Dataset,", "Sequence, generator")
    canvas.box(270, 16, 200, "columns", "x, y, sample weights, in", "the order of this epoch")
    canvas.box(524, 16, 200, "the runner", "takes batches until the", "next callback is due")
    canvas.arrow((216, 50), (266, 50))
    canvas.arrow((470, 50), (520, 50))
    canvas.arrow((624, 84), (624, 128), colour="green")
    canvas.arrow((560, 84), (560, 106), (160, 106), (160, 128), colour="amber")
    canvas.frame(16, 132, 340, 150, "amber")
    canvas.words(32, 154, "op by op, in NumPy", "amber", bold=True)
    canvas.words(32, 178, "one batch, and Python between its ops", "quiet")
    for line, text in enumerate(("forward, loss, backward", "metrics", "update")):
        canvas.words(32, 206 + 22 * line, text, code=True)
    canvas.words(32, 274, "any model, also your own parts", "quiet")
    canvas.frame(384, 132, 340, 150, "green")
    canvas.words(400, 154, "as a program", "green", bold=True)
    canvas.words(400, 178, "many batches in one call, no Python within", "quiet")
    for line, text in enumerate(("gather rows, forward, losses", "metrics, backward", "update")):
        canvas.words(400, 206 + 22 * line, text, code=True)
    canvas.words(400, 274, "models of the library's parts", "quiet")
    canvas.box(230, 326, 280, "weights, slots and sums", colour="blue")
    canvas.arrow((186, 282), (186, 342), (226, 342), colour="blue")
    canvas.arrow((554, 282), (554, 342), (514, 342), colour="blue")
    return canvas.svg()


def state(dark: bool) -> str:
    """Draw who holds which state of a training, and the backup that gathers it."""
    canvas = Canvas(740, 290, dark)
    holders = [
        ("the model", "weights, moving averages,", "stop_training"),
        ("the optimizer", "slots, iterations,", "learning rate"),
        ("losses and metrics", "the sums of the epoch", "so far"),
        ("the data", "the order of the samples,", "the position in it"),
        ("random streams", "shuffling, dropout, random", "and np.random"),
        ("each callback", "what its get_state", "returns"),
    ]
    for place, texts in enumerate(holders):
        x, y = 16 + 248 * (place % 3), 16 if place < 3 else 206
        canvas.box(x, y, 212, *texts, colour="green")
        edge = (84, 118) if place < 3 else (206, 172)
        canvas.arrow((x + 106, edge[0]), (x + 106, edge[1]), colour="quiet")
    canvas.frame(16, 122, 708, 46, "blue")
    canvas.words(32, 150, "TrainingState", code=True, bold=True)
    canvas.words(160, 150, "epoch, batch, engine", "quiet")
    canvas.words(330, 150, "captured at a hook, written to one file:", "quiet")
    canvas.words(592, 150, "backup.h5", "blue", code=True, bold=True)
    return canvas.svg()


def message(dark: bool) -> str:
    """Draw the message that workers add up after each batch."""
    canvas = Canvas(740, 330, dark)
    for place, name in enumerate(("worker 0, the chief", "worker 1")):
        y = 16 + 168 * place
        canvas.words(16, y + 14, name, "text", bold=True)
        canvas.box(16, y + 26, 150, "its rows", "of the batch")
        canvas.arrow((166, y + 50), (196, y + 50))
        canvas.words(202, y + 14, "its message", "quiet")
        parts = (
            (100, "gradients", "blue"),
            (70, "sums", "amber"),
            (62, "pause", "red"),
            (66, "status", "red"),
        )
        x = 200
        for width, text, colour in parts:
            canvas.frame(x, y + 26, width, 50, colour)
            canvas.words(x + 10, y + 56, text)
            x += width
        canvas.box(580, y + 26, 144, "update", "the same weights")
        canvas.arrow((498, y + 50), (576, y + 50))
    canvas.arrow((349, 98), (349, 206), colour="green")
    canvas.arrow((349, 152), (349, 96), colour="green")
    canvas.words(362, 156, "added up by MPI, in place, once a batch", "green", bold=True)
    for line, text in enumerate(
        (
            "gradients: 4 bytes for each learned weight; sums: of the loss and the metrics",
            "pause: how many workers request a pause; status: whether one has failed",
        )
    ):
        canvas.words(16, 294 + 20 * line, text, "quiet")
    return canvas.svg()


DIAGRAMS: dict[str, Callable[[bool], str]] = {
    "loop": loop,
    "batch": batch,
    "state": state,
    "message": message,
}


def pictures() -> dict[str, str]:
    """Return every diagram by its file name."""
    return {
        f"{name}{'-dark' if dark else ''}.svg": draw(dark)
        for name, draw in DIAGRAMS.items()
        for dark in (False, True)
    }
