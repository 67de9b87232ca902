"""Data that cannot be used, wherever data is given: the table of what may be wrong with x, y and the weights.

Every case runs at every entry point that reads the part at fault: `fit`, `evaluate`, `predict`, their relatives for
one batch, as validation data, and as the third batch of a generator and of a Sequence, where the error names that
batch and the two before it have been trained on. Nothing is harmed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, ops
from minifit.arrays import Array
from minifit.data import batches_of
from minifit.errors import DataError, MinifitError, MinifitWarning, ShapeError, UnknownNameError
from minifit.optimizers import SGD
from minifit.tensor import Tensor
from minifit.utils import Sequence
from tests.data.drawing import dataset
from tests.house.unharmed import CLASSES, KINDS, ONE_HOT, X, Y, bits, fails, new_model, unharmed


class SparseLike:
    """What a matrix of scipy.sparse looks like from here."""

    nnz, shape = 3, (8, 3)

    def toarray(self) -> Array:
        return X

    def __len__(self) -> int:
        raise TypeError("sparse matrix length is ambiguous")

    def __getitem__(self, index: Any) -> Any:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter([self])


class FrameLike:
    """What a table of pandas looks like from here: columns of one kind make an array, others an array of objects."""

    def __init__(self, *rows: list[Any]) -> None:
        self.rows = rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        mixed = len({type(v) for row in self.rows for v in row}) > 1
        return np.array(self.rows, object if mixed else dtype)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[str]:
        return iter(["column"])  # over the names of its columns


def batches() -> Iterator[Any]:
    yield X[:2], Y[:2]


class Batches:
    """A class of batches, of which an object is meant."""

    def __iter__(self) -> Iterator[Any]:
        return batches()


def with_one(good: Any, row: Any, value: Any) -> Array:
    """A copy with another value at one place."""
    made = np.array(good, np.result_type(np.asarray(good).dtype, np.asarray(value).dtype))
    made[row] = value
    return made


# -- the table -----------------------------------------------------------------------------------------------


@dataclass
class Case:
    """Something wrong with one part of the data."""

    what: str
    part: str
    """Which one: "x", "y" or "sample_weight"."""
    value: Any
    says: tuple[str, ...]
    """Pieces of the text, in their order."""
    error: type[MinifitError] = DataError
    kind: str = "numbers"
    """The model, of `KINDS`."""
    later: tuple[type[MinifitError], tuple[str, ...]] | None = None
    """What is said instead where it comes as a later batch."""
    but_not: tuple[str, ...] = ()
    """Entry points where this is no mistake."""

    @property
    def at_once(self) -> bool:
        """Whether it shows before a batch is looked at; in validation data else only after an epoch."""
        return (self.error is not ShapeError and self.kind != "words") or (
            self.part == "x" and self.kind == "numbers"
        )


THIRD = (
    "third batch of fit",
    "third batch of a Sequence",
    "third batch of evaluate",
    "third batch of predict",
)
ragged = [[1.0, 2.0, 3.0], [1.0, 2.0], *[[1.0, 2.0, 3.0]] * 6]
masked = np.ma.masked_greater(X, 0.5)
ROUNDS = (
    "batches must have the same parts, with the same number of axes",
    "Received:",
    "in batch 2",
    "Yield them alike",
)
WIDTH = "'first' expects input of shape (None, 3)"
RESHAPE = "Reshape the data"

INPUTS = [
    Case("too many features", "x", np.zeros((8, 5)), (WIDTH, "Received: (None, 5)", RESHAPE), ShapeError),
    Case("too few features", "x", X[:, :2], (WIDTH, "Received: (None, 2)", RESHAPE), ShapeError),
    Case(
        "rank 1", "x", X[:, 0], (WIDTH, "Received: (None,)", RESHAPE), ShapeError, later=(DataError, ROUNDS)
    ),
    Case(
        "one sample alone",
        "x",
        X[0],
        (WIDTH, "Received: (None,)", "x[None] makes a single sample"),
        ShapeError,
        later=(DataError, ROUNDS),
        but_not=(
            "fit",
            "evaluate",
            "train_on_batch",
            "test_on_batch",
            "validation_data",
            *THIRD,
        ),  # y has 8 rows
    ),
    Case(
        "rank 3",
        "x",
        np.zeros((8, 2, 3)),
        (WIDTH, "Received: (None, 2, 3)", RESHAPE),
        ShapeError,
        later=(DataError, ROUNDS),
    ),
    Case("a number", "x", 3.0, ("one row for each sample", "Received: a single number", "Pass an array")),
    Case("nothing", "x", None, ("Received: None",)),
    Case("no sample", "x", X[:0], ("at least one sample", "Received: shape (0, 3)", "Check how it was made")),
    Case("no feature", "x", X[:, :0], ("at least one number", "Received: shape (8, 0)", "Check how")),
    Case("an empty list", "x", [], ("at least one sample", "Received: shape (0,)", "Check how")),
    Case(
        "ragged",
        "x",
        ragged,
        ("equal length", "Received: a ragged list", "row 0 has 3 values, row 1 has 2", "Pad the short rows"),
    ),
    Case(
        "ragged objects",
        "x",
        np.array([*map(list, ragged)], object),
        ("equal length", "Received: a ragged ndarray", "row 1 has 2", "Pad the short rows"),
    ),
    Case(
        "objects with None",
        "x",
        with_one(X.astype(object), (2, 1), None),
        ("real numbers", "dtype object", "with None at (2, 1)", "fill in missing values"),
    ),
    Case(
        "a table with text",
        "x",
        FrameLike(*[[1.0, 2.0, "red"]] * 8),
        ("real numbers", "dtype object from FrameLike, with 'red' at (0, 2)", "Encode text as numbers"),
    ),
    Case(
        "text",
        "x",
        np.array([["a", "b", "c"]] * 8),
        ("real numbers", "Received: dtype <U1 from ndarray, such as 'a'", "Encode it as numbers"),
    ),
    Case("a file name", "x", "data.csv", ("one array of numbers", "the text 'data.csv'", "Read the data")),
    Case("bytes", "x", b"data", ("one array of numbers", "the text b'data'", "Read the data")),
    Case("complex", "x", X + 1j, ("real numbers", "Received: dtype complex", "Pass x.real")),
    Case(
        "dates",
        "x",
        np.zeros((8, 3), "datetime64[s]"),
        ("real numbers", "Received: dtype datetime64[s]", "np.timedelta64"),
    ),
    Case(
        "records",
        "x",
        np.zeros(8, [("a", "f4"), ("b", "f4")]),
        ("real numbers", "Received: dtype [('a', '<f4')", "as columns"),
    ),
    Case(
        "integers of more than 64 bits",
        "x",
        [[2**64, 1, 2]] * 8,
        ("at most 64 bits", "18446744073709551616 does not fit", "np.array(x, float)"),
    ),
    Case(
        "numbers beyond float32",
        "x",
        with_one(X.astype(float), (1, 2), 1e39),
        ("float32 can hold, up to 3.4e38", "Received: 1e+39 in row 1", "Scale the data"),
    ),
    Case(
        "large numbers beyond float32 beside NaN",
        "x",
        with_one(with_one(X.astype(float), (0, 0), np.nan), (1, 2), -1e200),
        ("float32 can hold", "Received: -1e+200 in row 1", "Scale the data"),
    ),
    Case("sparse", "x", SparseLike(), ("one array", "Received: a sparse SparseLike", "Pass x.toarray()")),
    Case("masked", "x", masked, ("one array", "a masked array with 8 masked values", "x.filled(0)")),
    Case("a set", "x", {1.0, 2.0}, ("one array", "Received: a set, which has no order", "Pass a list")),
    Case(
        "a dict",
        "x",
        {"x": X},
        ("names of the model's inputs", "Received: 'x'", "Known: 'first_input'"),
        UnknownNameError,
    ),
    Case(
        "two inputs",
        "x",
        [X, X],
        ("one array", "Received: a list of 2 arrays, of shapes (8, 3), (8, 3)", "np.concatenate"),
    ),
    Case(
        "arrays of different lengths",
        "x",
        [X, X[:4], X],
        ("one array", "Received: a list of 3 arrays", "np.concatenate"),
    ),
    Case("x and y in one", "x", (X, Y), ("one array", "a tuple of 2 arrays", "as separate arguments")),
    Case("a function", "x", batches, ("one array", "Received: the function batches", "Call it")),
    Case("a lambda", "x", lambda: X, ("one array", "Received: the function <lambda>", "Call it")),
    Case("a class", "x", Batches, ("one array", "Received: the class Batches", "Make an object of it")),
    Case("an object", "x", object(), ("one array", "Received: a value of type object", "Pass a NumPy array")),
    Case(
        "an iterator",
        "x",
        iter([1]),
        ("one array", "Received: a list_iterator", "Pass the arrays that it yields"),
        but_not=("fit", "evaluate", "predict", "validation_data"),  # there it is one of batches
    ),
    Case(
        "a word that is not in the table",
        "x",
        [[0, 4], [1, 5], *[[0, 0]] * 6],
        ("'words' has rows from 0 to 4", "Received: 5 at (1, 1)", "increase input_dim"),
        kind="words",
    ),
    Case(
        "a negative word",
        "x",
        [[0, -1], *[[0, 0]] * 7],
        ("'words' has rows from 0 to 4", "Received: -1 at (0, 1)", "Correct the input"),
        kind="words",
    ),
    Case(
        "a word beyond what float32 counts",
        "x",
        [[0, 1], [2**24 + 1, 0], *[[0, 0]] * 6],
        ("'words' has rows from 0 to 4", "Received: 16777216 at (1, 0)", "Correct the input"),
        kind="words",
    ),
    Case(
        "no word",
        "x",
        [[0.0, np.nan], *[[0.0, 0.0]] * 7],
        ("'words' has rows from 0 to 4", "Received: nan at (0, 1)", "Correct the input"),
        kind="words",
    ),
]

TARGETS = [
    Case(
        "none",
        "y",
        None,
        ("loss needs targets", "Received: none", "Pass y"),
        later=(DataError, ROUNDS),
        but_not=("validation_data",),
    ),
    Case(
        "another length", "y", Y[:1], ("same number of samples", "Received: x has", "y has 1", "Shorten or")
    ),
    Case("text", "y", ["red"] * 8, ("y", "real numbers", "<U3 from list, such as 'red'", "np.unique(y,")),
    Case(
        "a gap",
        "y",
        [1.0, None] * 4,
        ("y", "real numbers", "dtype object", "None at row 1", "fill in missing"),
    ),
    Case("complex", "y", Y + 1j, ("y", "real numbers", "Received: dtype complex", "Pass y.real")),
    Case(
        "dates", "y", np.zeros(8, "M8[s]"), ("y", "real numbers", "Received: dtype datetime64", "timedelta")
    ),
    Case(
        "a dict",
        "y",
        {"y": Y},
        ("y", "names of the model's outputs", "Received: 'y'", "Known: 'last'"),
        UnknownNameError,
    ),
    Case("a set", "y", {1.0, 2.0}, ("y", "one array", "Received: a set, which has no order", "Pass a list")),
    Case("sparse", "y", SparseLike(), ("y", "Received: a sparse SparseLike", "y.toarray()")),
    Case("masked", "y", np.ma.masked_less(Y, 0), ("y", "masked array with", "y.filled(0)")),
    Case("a function", "y", batches, ("y", "Received: the function batches", "Call it")),
    Case("a number", "y", 3, ("y", "one row for each sample", "Received: a single number")),
    Case("no number in a sample", "y", np.zeros((8, 0)), ("y", "at least one number", "shape (8, 0)")),
    Case(
        "numbers beyond float32", "y", with_one(Y, 1, -1e300), ("y", "float32", "-1e+300 in row 1", "Scale")
    ),
    Case(
        "rank 3",
        "y",
        np.zeros((8, 2, 2)),
        ("shapes that broadcast", "(8, 2, 2), predictions of shape (8, 1)", "Reshape the targets"),
        ShapeError,
        later=(DataError, ROUNDS),
    ),
    Case(
        "rank 3 that would broadcast",
        "y",
        np.zeros((8, 8, 2)),
        ("shapes that broadcast", "(8, 8, 2), predictions of shape (8, 1)", "Reshape the targets"),
        ShapeError,
        later=(DataError, ROUNDS),
    ),
    Case(
        "another width",
        "y",
        np.zeros((8, 2)),
        ("one target for each prediction", "(8, 2), predictions of shape (8, 3)", "predictions' shape"),
        ShapeError,
        "one-hot",
    ),
    Case(
        "class numbers for one-hot rows",
        "y",
        CLASSES,
        ("one target for each prediction", "(8, 1), predictions of shape (8, 3)", "use sparse_categorical"),
        ShapeError,
        "one-hot",
        later=(DataError, ROUNDS),
    ),
    Case(
        "one-hot rows for class numbers",
        "y",
        ONE_HOT,
        ("one class number a sample", "targets of shape (8, 3)", "use categorical_crossentropy"),
        ShapeError,
        "classes",
        later=(DataError, ROUNDS),
    ),
    Case(
        "a class too many",
        "y",
        with_one(CLASSES, 1, 3),
        ("whole numbers from 0 to 2, for a model of 3 outputs", "Received: 3 in row 1", "more units"),
        kind="classes",
    ),
    Case(
        "a negative class",
        "y",
        with_one(CLASSES, 1, -1),
        ("whole numbers from 0 to 2", "Received: -1 in row 1", "Correct the targets"),
        kind="classes",
    ),
    Case(
        "classes counted from 1 as a column",
        "y",
        (CLASSES + 1)[[0, 2, 1, 3, 4, 5, 6, 7], None],
        ("whole numbers from 0 to 2", "Received: 3 in row 1", "Correct the targets"),
        kind="classes",
        later=(DataError, ROUNDS),
    ),
    Case(
        "a class that is no whole number",
        "y",
        with_one(CLASSES, 1, 1.5),
        ("whole numbers from 0 to 2", "Received: 1.5 in row 1", "Correct the targets"),
        kind="classes",
    ),
    Case(
        "a class that is no number",
        "y",
        with_one(CLASSES, 1, np.nan),
        ("whole numbers from 0 to 2", "Received: nan in row 1", "Correct the targets"),
        kind="classes",
    ),
    Case(
        "a huge class",
        "y",
        with_one(CLASSES, 1, 2**40),
        ("whole numbers from 0 to 2", "Received: 1099511627776 in row 1", "Correct the targets"),
        kind="classes",
    ),
    Case(
        "an unsigned class beyond int64",
        "y",
        with_one(CLASSES.astype(np.uint64), 1, np.uint64(2**63)),
        ("whole numbers from 0 to 2", "Received: 9", "in row 1", "Correct the targets"),
        kind="classes",
    ),
]

WEIGHTS = [
    Case("another length", "sample_weight", np.ones(1), ("same number of samples", "sample_weight has 1")),
    Case(
        "several for a sample",
        "sample_weight",
        np.ones((8, 3)),
        ("one weight for each sample", "Received: weights of shape (8, 3)", "shape (8,)"),
        ShapeError,
        later=(DataError, ROUNDS),
    ),
    Case("text", "sample_weight", ["a"] * 8, ("sample_weight", "real numbers", "Encode")),
    Case("a number", "sample_weight", 2.0, ("sample_weight", "one row for each sample", "a single number")),
    Case(
        "a dict of classes", "sample_weight", {0: 1.0}, ("sample_weight", "Received: a dict", "class_weight")
    ),
    Case("beyond float32", "sample_weight", np.full(8, 1e60), ("sample_weight", "float32", "1e+60 in row 0")),
]


# -- where data is given -------------------------------------------------------------------------------------

Data = tuple[Any, Any, Any]


def after_two(kind: str, third: Data) -> Iterator[Any]:
    """Two good batches, then another; its rows as far as it has any."""
    x, y = KINDS[kind].x, KINDS[kind].y
    yield x[:2], y[:2]
    yield x[2:4], y[2:4]
    yield third[:2] if third[2] is None else third


def after_two_weighted(kind: str, third: Data) -> Iterator[Any]:
    """The same with weights, all 1 at first."""
    for x, y in list(after_two(kind, (None, None, None)))[:2]:
        yield x, y, np.ones(2)
    yield third


def later(kind: str, data: Data) -> Iterator[Any]:
    return after_two(kind, data) if data[2] is None else after_two_weighted(kind, data)


class Numbered(Sequence):
    """The same batches by number."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self.batches = list(batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Any:
        return self.batches[index]


ENTRIES: dict[str, Callable[[Sequential, str, Data], Any]] = {
    "fit": lambda m, k, d: m.fit(d[0], d[1], sample_weight=d[2], batch_size=8, shuffle=False, verbose=0),
    "evaluate": lambda m, k, d: m.evaluate(d[0], d[1], sample_weight=d[2], verbose=0),
    "predict": lambda m, k, d: m.predict(d[0]),
    "train_on_batch": lambda m, k, d: m.train_on_batch(d[0], d[1], sample_weight=d[2]),
    "test_on_batch": lambda m, k, d: m.test_on_batch(d[0], d[1], sample_weight=d[2]),
    "predict_on_batch": lambda m, k, d: m.predict_on_batch(d[0]),
    "validation_data": lambda m, k, d: m.fit(
        KINDS[k].x,
        KINDS[k].y,
        validation_data=d if d[2] is not None else d[:2],
        validation_batch_size=8,
        batch_size=2,
        shuffle=False,
        verbose=0,
    ),
    "third batch of fit": lambda m, k, d: m.fit(later(k, d), verbose=0),
    "third batch of a Sequence": lambda m, k, d: m.fit(Numbered(later(k, d)), shuffle=False, verbose=0),
    "third batch of evaluate": lambda m, k, d: m.evaluate(later(k, d), verbose=0),
    "third batch of predict": lambda m, k, d: m.predict(later(k, d)),
}

READ_X_ALONE = ("predict", "predict_on_batch", "third batch of predict")

CASES = [*INPUTS, *TARGETS, *WEIGHTS]


def runs() -> Iterator[Any]:
    for case in CASES:
        for entry in ENTRIES:
            if entry not in case.but_not and (case.part == "x" or entry not in READ_X_ALONE):
                yield pytest.param(case, entry, id=f"{entry}-{case.part}-{case.what}".replace(" ", "_"))


def good_but(kind: str, part: str, value: Any) -> Data:
    """Good data for a kind of model, but for one part."""
    data = {"x": KINDS[kind].x, "y": KINDS[kind].y, "sample_weight": None, part: value}
    return data["x"], data["y"], data["sample_weight"]


@pytest.fixture(autouse=True)
def _one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are compared bit for bit between arrays and generators, for which "auto" may choose differently."""
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")


def test_the_table_is_large_enough() -> None:
    assert len(CASES) >= 60
    assert len({(case.part, case.what) for case in CASES}) == len(CASES)


@pytest.mark.parametrize(("case", "entry"), list(runs()))
def test_bad_data_says_what_is_wrong_and_harms_nothing(case: Case, entry: str) -> None:
    model, error, says = KINDS[case.kind].new(), case.error, case.says
    if entry in THIRD:
        error, says = case.later or (error, says)
    text = fails(
        model, lambda m: ENTRIES[entry](m, case.kind, good_but(case.kind, case.part, case.value)), error, says
    )
    assert ("batch 2" in text) == (entry in THIRD)
    assert ("validation_data" in text) == (entry == "validation_data") or not case.at_once
    steps = {
        "third batch of fit": 2,
        "third batch of a Sequence": 2,
        "validation_data": 0 if case.at_once else 4,
    }
    unharmed(model, steps.get(entry, 0), case.kind)


# -- what is not refused but said ----------------------------------------------------------------------------

JUDGED = tuple(entry for entry in ENTRIES if entry not in READ_X_ALONE)
SPOILED = {
    "nan in y": ("y", with_one(Y, 3, np.nan), "nan in row 3 of y"),
    "inf in y": ("y", with_one(Y, [3, 5], np.inf), "inf in row 3 of y{}, the first of 2 such rows"),
    "nan in a column of y": ("y", with_one(Y[:, None], (3, 0), np.nan), "nan in row 3 of y"),
    "nan in the weights": ("sample_weight", with_one(np.ones(8), 6, np.nan), "nan in row 6 of sample_weight"),
    "nan in x": ("x", with_one(X, (2, 1), np.nan), "nan in row 2 of x"),
    "float64": ("y", with_one(Y.astype(float), 3, np.nan), "nan in row 3 of y"),
}
NAMES = {"validation_data": " of validation_data", **dict.fromkeys(THIRD, " of batch 2")}


@pytest.mark.parametrize("entry", JUDGED)
@pytest.mark.parametrize("what", SPOILED)
def test_numbers_that_are_not_finite_are_said_once(what: str, entry: str) -> None:
    part, value, says = SPOILED[what]
    model = KINDS["numbers"].new()
    data = good_but("numbers", part, value)
    if np.ndim(value) == 2 and part == "y" and entry in THIRD:
        data = (X, value[:, 0], None)  # later batches keep the rank of the first
    with pytest.warns(MinifitWarning) as told:
        ENTRIES[entry](model, "numbers", data)
    (warning,) = told
    of = NAMES.get(entry, "")
    received = says.format(of) if "{}" in says else says + of
    assert str(warning.message) == (
        "The data should be finite; otherwise the loss is not, and then the weights are not. "
        f"Received: {received}. Leave such rows out or fill them in."
    )
    assert warning.filename == __file__, "it points at the line of the user"


def test_they_are_said_once_a_fit() -> None:
    x, y = X, with_one(Y, 3, np.nan)
    with pytest.warns(MinifitWarning) as told:
        new_model().fit(x, y, epochs=5, batch_size=2, verbose=0, validation_data=(X, Y))
    assert len(told) == 1


def test_a_loss_that_leaves_nan_out_hears_no_warning() -> None:
    def masked_error(y_true: Any, y_pred: Any) -> Any:
        known = np.isfinite(y_true.numpy())
        return ops.mean(ops.square(ops.where(known, y_true, 0.0) - ops.where(known, y_pred, 0.0)), axis=-1)

    model = new_model()
    model.compile("sgd", masked_error)
    assert np.isfinite(model.fit(X, with_one(Y, 3, np.nan), verbose=0).history["loss"][0])


def test_predictions_of_nan_are_nan_and_nothing_is_said() -> None:
    x = with_one(X, (2, 1), np.nan)
    assert np.isnan(new_model().predict(x)[:, 0]).tolist() == [False, False, True, *[False] * 5]


def test_a_loss_that_diverges_on_sound_data_is_not_blamed_on_it() -> None:
    model = new_model()
    model.compile(SGD(1e30), "mse")
    assert not np.isfinite(model.fit(X, Y, batch_size=2, epochs=3, verbose=0).history["loss"][-1])


# -- what looks odd and is fine ------------------------------------------------------------------------------

LARGE = [[2**63, 1, 1], [2**24 + 1, -(2**40), 0], *[[0, 0, 0]] * 6]

FINE: dict[str, tuple[str, str, Any, Any]] = {
    # what: the model, the part, what is given, what it is the same as
    "a list of lists": ("numbers", "x", X.tolist(), X),
    "a tuple of tuples": ("numbers", "x", tuple(map(tuple, X.tolist())), X),
    "a list of rows": ("numbers", "x", list(X), X),
    "a list of one input": ("numbers", "x", [X], X),
    "float64": ("numbers", "x", X.astype(float), X),
    "float16": ("numbers", "x", X.astype(np.float16), X.astype(np.float16).astype(np.float32)),
    "longdouble": ("numbers", "x", X.astype(np.longdouble), X),
    "bytes of numbers": ("numbers", "x", (X > 0).astype(np.uint8), (X > 0).astype(np.float32)),
    "booleans": ("numbers", "x", X > 0, (X > 0).astype(np.float32)),
    "the other byte order": ("numbers", "x", X.astype(">f4"), X),
    "the other memory order": ("numbers", "x", np.asfortranarray(X), X),
    "every second row": ("numbers", "x", np.repeat(X, 2, axis=0)[::2], X),
    "a table of numbers": ("numbers", "x", FrameLike(*X.tolist()), X),
    "masked, but nothing is": ("numbers", "x", np.ma.masked_array(X), X),
    "a tensor": ("numbers", "x", Tensor(X), X),
    "integers that float32 rounds": (
        "numbers",
        "x",
        np.array(LARGE, object).astype(float),
        np.array(LARGE, np.float32),
    ),
    "2 ** 63": ("numbers", "x", [[2**63, 1, 2]] * 8, np.array([[2**63, 1, 2]] * 8, np.float32)),
    "the largest of float32": (
        "numbers",
        "x",
        with_one(X.astype(float), 0, 3.4e38),
        with_one(X, 0, np.float32(3.4e38)),
    ),
    "words as floats": ("words", "x", KINDS["words"].x.astype(float), KINDS["words"].x),
    "fractions of words, cut off": ("words", "x", KINDS["words"].x + 0.75, KINDS["words"].x),
    "targets in a column": ("numbers", "y", Y[:, None], Y),
    "targets with one axis too many": ("numbers", "y", Y[:, None, None], Y),
    "a list of targets": ("numbers", "y", Y.tolist(), Y),
    "one list of targets": ("numbers", "y", [Y], Y),
    "whole targets": ("numbers", "y", list(range(8)), np.arange(8, dtype=np.float32)),
    "unsigned targets": ("numbers", "y", np.full(8, 2**63, np.uint64), np.full(8, 2.0**63, np.float32)),
    "classes in a column": ("classes", "y", CLASSES[:, None], CLASSES),
    "classes as floats": ("classes", "y", CLASSES.astype(np.float32), CLASSES),
    "classes in float64": ("classes", "y", CLASSES.astype(float), CLASSES),
    "small classes": ("classes", "y", CLASSES.astype(np.int8), CLASSES),
    "unsigned classes": ("classes", "y", CLASSES.astype(np.uint64), CLASSES),
    "a list of classes": ("classes", "y", CLASSES.tolist(), CLASSES),
    "two of three classes": ("classes", "y", CLASSES > 0, (CLASSES > 0).astype(int)),
    "one-hot rows of booleans": ("one-hot", "y", ONE_HOT > 0, ONE_HOT),
    "weights in a column": ("numbers", "sample_weight", np.arange(8.0)[:, None], np.arange(8.0)),
    "a list of weights": ("numbers", "sample_weight", list(range(8)), np.arange(8.0)),
    "weights of 1": ("numbers", "sample_weight", np.ones(8, int), np.ones(8)),
}

PLAIN = tuple(entry for entry in ENTRIES if entry not in THIRD)


@pytest.mark.parametrize("what", FINE)
def test_what_looks_odd_and_is_fine(what: str) -> None:
    kind, part, given, same = FINE[what]
    for entry in PLAIN if part == "x" else [entry for entry in PLAIN if entry not in READ_X_ALONE]:
        found = []
        for value in (given, same):
            model = KINDS[kind].new()
            ENTRIES[entry](model, kind, good_but(kind, part, value))
            found.append((bits(model), model.training_state.objective.logs()))  # type: ignore[union-attr]
        np.testing.assert_equal(found[0], found[1], err_msg=entry)


@pytest.mark.parametrize("entry", ["fit", "evaluate", "predict"])
def test_a_batch_size_above_the_data_is_one_batch(entry: str) -> None:
    found = []
    for size in (8, 9, 10**9):
        model = new_model()
        data = (X,) if entry == "predict" else (X, Y)
        order = {"shuffle": False} if entry == "fit" else {}
        result = getattr(model, entry)(*data, batch_size=size, verbose=0, **order)
        found.append((bits(model), result.history if entry == "fit" else result))
    np.testing.assert_equal(found[1:], found[:1] * 2)


def test_weights_may_be_zero_or_negative() -> None:
    for weights, factor in ((np.zeros(8), 0), (-np.ones(8), -1)):
        model = new_model()
        plain = model.evaluate(X, Y, verbose=0)
        assert model.evaluate(X, Y, sample_weight=weights, verbose=0) == pytest.approx(factor * plain)


def test_nothing_is_read_of_a_file_but_its_batches(tmp_path: Path) -> None:
    x, y = np.zeros((64, 3)), np.zeros(64)
    x[40, 1], y[50] = 1e300, np.nan
    read = [np.memmap(tmp_path / name, np.float64, "w+", shape=a.shape) for name, a in (("x", x), ("y", y))]
    for file, array in zip(read, (x, y), strict=True):
        file[:] = array
    model = new_model()
    model.fit(read[0][:32], read[1][:32], batch_size=8, verbose=0)  # what is wrong comes later
    batches = batches_of(read[0], read[1])
    assert batches.targets == (None,), "there is nothing to look through beforehand"
    with pytest.warns(MinifitWarning, match=r"Received: nan in row 50 of y, batch 6\."):
        model.fit(read[0], read[1], batch_size=8, shuffle=False, verbose=0)


def in_a_file(kind: str, array: Array, folder: Path) -> Any:
    if kind == "h5py":
        return dataset(array)
    mapped = np.memmap(folder / "y", array.dtype, "w+", shape=array.shape)
    mapped[:] = array
    return mapped


@pytest.mark.parametrize("kind", ["h5py", "memmap"])
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_of_a_file_the_batch_at_fault_is_named(kind: str, shuffle: Any, tmp_path: Path) -> None:
    x, classes = np.zeros((64, 3), np.float32), np.arange(64) % 3
    y = in_a_file(kind, with_one(classes, 41, 7), tmp_path)
    batch = r"\d" if shuffle is True else "5"  # without an order of rows, the number is that of the file
    which = f"{batch}, row 41 of the data"
    with pytest.raises(
        DataError, match=rf"^In batch {which}: Class numbers .* Received: 7 in row \d of the batch"
    ):
        KINDS["classes"].new().fit(x, y, batch_size=8, shuffle=shuffle, verbose=0)
    with pytest.raises(
        DataError, match=rf"^In batch {which}: class_weight must have a weight for every class"
    ):
        KINDS["classes"].new().fit(
            x, y, batch_size=8, shuffle=shuffle, verbose=0, class_weight={0: 1, 1: 1, 2: 1}
        )
    model = KINDS["classes"].new()
    with pytest.raises(DataError, match=r"^In batch 5 of validation_data, row 41 of the data: Class numbers"):
        model.fit(x, classes, validation_data=(x, y), validation_batch_size=8, verbose=0)


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_of_a_dataset_the_batch_with_nan_is_named(shuffle: Any) -> None:
    y = dataset(with_one(np.zeros(64), 41, np.nan))
    batch = r"\d" if shuffle is True else "5"
    with pytest.warns(MinifitWarning, match=rf"Received: nan in row 41 of y, batch {batch}\. Leave"):
        new_model().fit(np.zeros((64, 3)), y, batch_size=8, shuffle=shuffle, verbose=0)


@pytest.mark.parametrize("call", ["evaluate", "predict"])
def test_the_first_batch_is_named_too(call: str) -> None:
    with pytest.raises(ShapeError, match=r"^In batch 0: Layer 'first' expects"):
        getattr(new_model(), call)(iter([(X[:, :2], Y)]), verbose=0)
