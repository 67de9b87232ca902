"""Draws the picture of a program in docs/speed.md from a real program: `make docs`."""

from typing import Any

import minifit
from minifit import layers
from minifit.kernels import load
from minifit.lowering.assembly import needed
from minifit.lowering.places import Place
from minifit.lowering.program import Instruction, Program
from minifit.training.step import TrainStep

PARTS = {
    "gather the batch": "#8a8f98",
    "forward": "#2f7ed8",
    "losses and metrics": "#c98a1b",
    "backward": "#b8416b",
    "update": "#2f9e6e",
}
"""Colours of the parts of a step, visible on light and on dark backgrounds."""

ROW, LEFT, WIDTH = 22, 150, 760


def example() -> Program:
    """Return the program of a small classifier."""
    layers.base.clear_names()
    model = minifit.Sequential(
        [layers.Dense(16, activation="relu", input_shape=(8,)), layers.Dense(3, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    objective = model.training_state.objective
    assert objective is not None
    objective.resolve(["dense_1"], [(2,)], [(2, 3)])
    step: Any = TrainStep(model, load("numpy"), model.training_state.streams, objective, model.optimizer)
    programs = step.make_programs()
    return programs.lower_program(((("<f4", (8,)),), (("<i8", ()),), ()))  # type: ignore[no-any-return]


def parts(program: Program) -> list[tuple[str, Instruction]]:
    """Return the instructions, each with its part of the step."""
    result = [("gather the batch", each) for each in (*program.gathers, *program.checks)]
    current, order = "forward", list(PARTS)
    for each in needed([*program.gathers, *program.checks, *program.body])[len(result) :]:
        part = current
        if any(word in each.name for word in ("entropy", "accuracy", "mean", "count_loss")):
            part = "losses and metrics"
        if each.name.endswith("_slope") or "_slope_" in each.name:
            part = "backward"
        if each.name in ("adam", "finish"):
            part = "update"
        current = max(current, part, key=order.index)
        result.append((current, each))
    return result


class Names:
    """The names of the places of a program in the picture."""

    def __init__(self, program: Program) -> None:
        self._known: dict[Any, str] = {program.rates: "rates", program.iterations: "iterations"}
        for (name, _), cell in ((k, c) for k, c in program.cells.items() if isinstance(k, tuple)):
            self._known[cell] = {"x": "all x", "y": "all y", "w": "all sample weights"}[name]
        self._letters = iter("xthzpqrsuabcdefgijklno" * 4)
        for parameter in program.learned:
            value = program.weight(parameter)
            name = parameter.name.rpartition(":")[0].replace("dense_1/", "2.").replace("dense/", "1.")
            self._known[value.place], self._known[value.storage.grad_place] = name, f"d {name}"

        (update,) = (each for each in program.body if each.name == "adam")
        self._known |= dict(zip(update.fields, ("weights", "m", "v", "gradients"), strict=False))

    def of(self, field: Any) -> str:
        """Return the name of a field of a row."""
        if not isinstance(field, Place):
            return f"{field:g}" if abs(field) < 10**6 else "sgemm"
        array = getattr(field, "array", None)
        if field not in self._known and array is not None:
            self._known[field] = f"{array:g}" if array.ndim == 0 else "?"
        if field not in self._known:
            self._known[field] = "sum" if type(field).__name__ == "Cell" else next(self._letters)
        return self._known[field]


def svg(dark: bool) -> str:
    """Return the picture."""
    program = example()
    names, rows = Names(program), parts(program)
    height = ROW * (len(rows) + 1) + 12
    text, faint = ("#e6edf3", "#9198a1") if dark else ("#24292f", "#6e7781")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, monospace" font-size="12">',
        f"<style>text {{ fill: {text} }} .faint {{ fill: {faint} }}</style>",
    ]
    last, y = "", 8
    for part, each in rows:
        if part != last:
            lines.append(
                f'<text x="0" y="{y + 15}" font-family="system-ui, sans-serif" font-weight="600">{part}</text>'
            )
            last = part
        colour = PARTS[part]
        lines.append(
            f'<rect x="{LEFT - 14}" y="{y + 1}" width="4" height="{ROW - 2}" rx="2" fill="{colour}"/>'
        )
        lines.append(f'<text x="{LEFT}" y="{y + 15}">{each.name}</text>')
        outputs = ", ".join(names.of(o) for o in each.outputs)
        read = " ".join(names.of(f) for f in each.fields[len(each.outputs) :])
        arrow = f"{outputs} ← {read}" if outputs else read
        lines.append(f'<text class="faint" x="{LEFT + 250}" y="{y + 15}">{arrow}</text>')
        y += ROW
    return "\n".join([*lines, "</svg>", ""])
