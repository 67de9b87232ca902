"""The table that ``model.summary()`` prints."""

from collections.abc import Sequence

from minifit.checks import positive
from minifit.errors import ArgumentError
from minifit.layers import Layer

_WIDTH = 65
_ENDS = (0.45, 0.85, 1.0)  # where the columns end, as parts of the width


def summary_lines(
    name: str,
    layers: Sequence[Layer],
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
) -> list[str]:
    """A model's layers, their output shapes and their numbers of parameters, as lines of text.

    Parameters
    ----------
    name : str
    layers : list of Layer
        All built.
    line_length : int, default 65
    positions : three increasing numbers, default (0.45, 0.85, 1.0)
        Where the columns end: parts of the line when they are at most 1, else characters.
    """
    width = _WIDTH if line_length is None else positive("line_length", line_length, example=80)
    ends = _checked_ends(positions or _ENDS, width)
    width = max(width, ends[-1])
    lines = [
        f'Model: "{name}"',
        "_" * width,
        _row(("Layer (type)", "Output Shape", "Param #"), ends),
        "=" * width,
    ]
    for layer in layers:
        title = f"{layer.name} ({type(layer).__name__})"
        lines.append(_row((title, str(layer.output_shape), str(layer.count_params())), ends))
    trainable = sum(w.value.size for layer in layers for w in layer.trainable_weights)
    total = sum(layer.count_params() for layer in layers)
    return [
        *lines,
        "=" * width,
        f"Total params: {total:,}",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
        "_" * width,
    ]


def _checked_ends(positions: Sequence[float], width: int) -> list[int]:
    """The columns' ends in characters."""
    try:
        ends = [int(width * p) if p <= 1 else int(p) for p in positions]
    except (TypeError, ValueError):
        ends = []
    if len(ends) != len(_ENDS) or any(b <= a for a, b in zip([0, *ends], ends, strict=False)):
        raise ArgumentError(
            "positions are three growing numbers: where the columns end, as parts of the line or in characters. "
            f"Received: positions={positions!r}. Leave it out for {list(_ENDS)}."
        )
    return ends


def _row(cells: Sequence[str], ends: Sequence[int]) -> str:
    line = " "
    for cell, end in zip(cells, ends, strict=True):
        line = (line + cell)[: end - 1].ljust(end)
    return line.rstrip()
