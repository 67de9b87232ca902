"""The normal form of data: one array, or several in a list, a tuple or a dict by name, become lists of arrays.

The inputs and outputs of a model have an order, and so have the columns of a batch. A dict is put in the order of the
model's names; a list or tuple is by position. A `Form` records how the arrays were nested, so that a batch can be
returned to the user nested in the same way.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minifit import console, nest
from minifit.data.stored import Stored, is_stored
from minifit.errors import ArgumentError, DataError, UnknownNameError, quoted, suggestion

Leaf: TypeAlias = tuple[str, Any]
"""The name of an array in messages, such as ``"x['image']"``, and the array; None for an output without one."""


class Names(NamedTuple):
    """The names of a model's inputs and outputs, in order; None for a model that accepts any data."""

    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None


ANY_ONE = ("",)
ANY = Names()
"""The names of a model that accepts any data."""


class Form(NamedTuple):
    """The nesting of x, y and sample_weight: each leaf is a position among the columns of its part.

    A part that was not passed is None.
    """

    x: Any = 0
    y: Any = None
    sample_weight: Any = None

    def nest(self, parts: Sequence[Sequence[Any]]) -> tuple[Any, Any, Any]:
        """Return x, y and sample_weight in the user's nesting, from the inputs, targets and weights of a batch."""
        x, y, weights = (
            nest.map_leaves(lambda place, columns=part: None if place is None else columns[place], form)  # type: ignore[misc]
            for form, part in zip(self, parts, strict=True)
        )
        return x, y, weights

    def pack(self, batch: Sequence[Sequence[Any]]) -> Any:
        """Return a batch as Keras passes it to `train_step`: x, ``(x, y)`` or ``(x, y, sample_weight)``.

        Several inputs without targets are ``(x,)``. Weights that come from class_weight alone count as sample_weight.
        """
        x, y, weights = self.nest(batch)
        if weights is None and batch[2]:
            weights = batch[2][0]
        if weights is not None:
            return x, y, weights
        if y is not None:
            return x, y
        return (x,) if nest.is_nested(x) else x


ALONE = Form(0)
"""The form of one array of inputs."""

ONE = Form(0, 0)
"""The form of one array of inputs and one of targets, the most common one."""


class NormalForm(NamedTuple):
    """Data in normal form.

    Attributes
    ----------
    form : Form
    inputs, targets, weights : list of Leaf
        In the order of the model. A single array of targets or weights is for every output.
    outputs : int
        The number of outputs that the targets and weights are for.
    extra : tuple of str
        Names in x that are not inputs of the model.
    """

    form: Form
    inputs: list[Leaf]
    targets: list[Leaf]
    weights: list[Leaf]
    outputs: int = 1
    extra: Sequence[str] = ()

    @property
    def parts(self) -> tuple[list[Leaf], list[Leaf], list[Leaf]]:
        """The inputs, the targets and the weights."""
        return self.inputs, self.targets, self.weights


def normal_form(x: Any, y: Any, sample_weight: Any, names: Names, suffix: str = "") -> NormalForm:
    """Return data as lists of arrays, in the order of a model's inputs and outputs.

    Parameters
    ----------
    x, y, sample_weight
        One array, or several in a list, a tuple or a dict; y and sample_weight may be None.
    names : Names
    suffix : str, optional
        The words after ``x`` and ``y`` in messages: ``" of batch 3"``.

    Raises
    ------
    UnknownNameError
        For a name that is not an input or output, with the nearest one.
    DataError
        For a missing input, or a number of arrays that differs from the number of inputs or outputs.
    """
    plain = sample_weight is None and type(x) is np.ndarray and (y is None or type(y) is np.ndarray)
    if plain and len(names.inputs or ANY_ONE) == 1:
        targets = [] if y is None else [("y", y)]
        return NormalForm(ALONE if y is None else ONE, [("x", x)], targets, [], len(names.outputs or ANY_ONE))
    form, inputs, extra = _inputs(x, names.inputs, suffix)
    form_y, targets = (None, []) if y is None else _for_outputs("y", y, names.outputs, suffix)
    known, count = names.outputs, max(len(targets), 1)
    if known is not None:
        count = len(known)
    elif isinstance(y, Mapping):
        known = sorted(y)
    if sample_weight is None:
        return NormalForm(Form(form, form_y), inputs, targets, [], count, extra)
    form_w, weights = _for_outputs("sample_weight", sample_weight, known, suffix)
    if form_w != 0 and len(weights) != count:
        raise _miscounted("sample_weight", "output", sample_weight, len(weights), count, known, suffix)
    return NormalForm(Form(form, form_y, form_w), inputs, targets, weights, count, extra)


def _inputs(x: Any, known: Sequence[str] | None, suffix: str) -> tuple[Any, list[Leaf], Sequence[str]]:
    """Return the form of x, its arrays, and the names in it that are not inputs."""
    extra: list[str] = []
    if known is not None and isinstance(x, Mapping):
        _check_keys("x", x, suffix)
        missing, extra = [n for n in known if n not in x], [n for n in x if n not in known]
        if missing and extra:
            raise _unknown("x", "input", extra[0], known, suffix)
        if missing:
            raise DataError(
                f"x{suffix} must have an array for every input of the model: {_listed(known)}. "
                f"Received: none for {_listed(missing)}. Add it to the dict."
            )
        return {n: known.index(n) for n in x if n in known}, [(f"x[{n!r}]", x[n]) for n in known], extra
    form, leaves = _by_position("x", x, None if known is None else len(known), suffix)
    if known is not None and len(leaves) != len(known):
        raise _miscounted("x", "input", x, len(leaves), len(known), known, suffix)
    return form, leaves, extra


def _for_outputs(name: str, value: Any, known: Sequence[str] | None, suffix: str) -> tuple[Any, list[Leaf]]:
    """Return the form of targets or weights and their arrays: one for all outputs, or an array or None for each."""
    if known is not None and isinstance(value, Mapping):
        _check_keys(name, value, suffix)
        for key in value:
            if key not in known:
                raise _unknown(name, "output", key, known, suffix)
        form = {key: known.index(key) for key in value}
        return form, [(f"{name}[{key!r}]", value.get(key)) for key in known]
    form, leaves = _by_position(name, value, None if known is None else len(known), suffix)
    if form != 0 and known is not None and len(leaves) != len(known):
        raise _miscounted(name, "output", value, len(leaves), len(known), known, suffix)
    return form, leaves


def _by_position(name: str, value: Any, count: int | None, suffix: str) -> tuple[Any, list[Leaf]]:
    """Return the form of a value and its arrays in order; a dict is in the order of its sorted keys."""
    leaves: list[Leaf] = []
    if type(value) is np.ndarray or not _holds_arrays(value, count):
        return 0, [(name, value)]
    return _walk(name, value, leaves, suffix), leaves


def _walk(path: str, value: Any, leaves: list[Leaf], suffix: str) -> Any:
    """Return the form of a container, and append its arrays to `leaves`."""
    if isinstance(value, Mapping):
        _check_keys(path, value, suffix)
        forms = {key: _entry(f"{path}[{key!r}]", value[key], leaves, suffix) for key in sorted(value)}
        return {key: forms[key] for key in value}
    entries = [_entry(f"{path}[{i}]", entry, leaves, suffix) for i, entry in enumerate(value)]
    if isinstance(value, list):
        return entries
    return type(value)(*entries) if hasattr(value, "_fields") else tuple(entries)


def _entry(path: str, value: Any, leaves: list[Leaf], suffix: str) -> Any:
    if _holds_arrays(value, None):
        return _walk(path, value, leaves, suffix)
    leaves.append((path, value))
    return len(leaves) - 1


# -- containers of arrays -------------------------------------------------------------------------------------


def _holds_arrays(value: Any, count: int | None) -> bool:
    """Return whether a value is a container of arrays, and not a list of rows, for `count` inputs or outputs."""
    if isinstance(value, Mapping):
        return True
    if not isinstance(value, list | tuple) or not value:
        return False
    if count == 1:
        # a longer list would be one of rows
        return len(value) == 1 and _is_array(value[0])
    if count is None:
        return any(map(_is_array, value)) and all(entry is None or _is_array(entry) for entry in value)
    return any(_is_array(entry) or isinstance(entry, list | tuple) for entry in value)


def _is_array(value: Any) -> bool:
    """Return whether a value has axes, or holds arrays that do."""
    if isinstance(value, list | tuple | Mapping):
        return _holds_arrays(value, None)
    axes = getattr(value, "ndim", None)
    return bool(axes) if axes is not None else isinstance(value, Stored) or is_stored(value)


# -- errors ---------------------------------------------------------------------------------------------------


def warn_of_extra(normal: NormalForm, suffix: str = "") -> None:
    """Warn of arrays in x that no input uses."""
    if normal.extra:
        console.warn(
            "x should hold an array for every input of the model and no more. "
            f"Received: also {_listed(normal.extra)}{suffix}, which no input uses. Leave it out."
        )


def _check_keys(name: str, value: Mapping[Any, Any], suffix: str) -> None:
    odd = next((key for key in value if not isinstance(key, str)), None)
    if odd is not None or not value:
        hint = "; weights of classes are class_weight" if name == "sample_weight" else ""
        received = "an empty dict" if odd is None else f"a dict with the key {quoted(odd)}"
        raise DataError(
            f"{name}{suffix} can be a dict from names to arrays. Received: {received}. "
            f"Pass the names of inputs or outputs as keys, or one array{hint}."
        )


def _unknown(name: str, kind: str, key: str, known: Sequence[str], suffix: str) -> ArgumentError:
    return UnknownNameError(
        f"{name}{suffix} must have only names of the model's {kind}s as keys. "
        f"Received: {quoted(key)}. {suggestion(key, known)}"
    )


def _miscounted(
    name: str, kind: str, value: Any, received: int, count: int, known: Sequence[str] | None, suffix: str
) -> DataError:
    """Return the error for a number of arrays that differs from the number of inputs or outputs."""
    names = "" if known is None else f": {_listed(known)}"
    data = f"a {type(value).__name__} of {received}" if isinstance(value, list | tuple | Mapping) else "one"
    todo = f"Pass {count} in a list, in this order, or a dict by name." if count > 1 else "Pass one."
    return DataError(
        f"{name}{suffix} must have an array for each {kind} of the model, which has {count}{names}. "
        f"Received: {data}. {todo}"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))
