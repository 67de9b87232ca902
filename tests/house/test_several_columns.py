"""Data of several inputs and outputs, from all sources into a model: the same bits, however it is nested."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minifit
from minifit import Input, Model, Sequential, layers
from minifit.callbacks import Callback
from minifit.data import stored_batches
from minifit.errors import ArgumentError, DataError, MinifitError, ShapeError, UnknownNameError
from minifit.utils import Sequence as Numbered
from tests.data.drawing import dataset
from tests.training import resuming

N = 23
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 9, (N, 2, 3)).astype(np.uint8)
AGE = RNG.random(N)
KIND = np.arange(N) % 3
SCORE = RNG.random((N, 1))
WEIGHT = RNG.random(N)
QUIET: dict[str, Any] = {"verbose": 0}


def functional(**options: Any) -> Model:
    """A graph with inputs `image` and `age`, outputs `kind` and `score`."""
    image, age = Input((2, 3), name="image"), Input((1,), name="age")
    joined = layers.Concatenate()([layers.Flatten()(image), age])
    hidden = layers.Dense(4, activation="relu", kernel_initializer="he_normal")(joined)
    outputs = [
        layers.Dense(3, activation="softmax", name="kind")(hidden),
        layers.Dense(1, name="score")(hidden),
    ]
    return compiled(Model([image, age], outputs), **options)


class Named(Model):
    """Takes and returns dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.kind, self.score = layers.Dense(3, activation="softmax"), layers.Dense(1)

    def call(self, inputs: Any, training: bool | None = None, mask: None = None) -> Any:
        image = minifit.ops.reshape(inputs["image"], (-1, 6))
        joined = minifit.ops.concatenate([image, minifit.ops.reshape(inputs["age"], (-1, 1))])
        return {"score": self.score(joined), "kind": self.kind(joined)}


def compiled(model: Model, **options: Any) -> Model:
    settings = {"optimizer": "adam", "loss": {"kind": "sparse_categorical_crossentropy", "score": "mse"}}
    model.compile(**{**settings, "metrics": {"kind": "accuracy"}, **options})
    return model


def by_name(rows: Any = slice(None)) -> tuple[Any, Any]:
    return {"age": AGE[rows], "image": IMAGE[rows]}, {"score": SCORE[rows], "kind": KIND[rows]}


def batches(size: int = 4) -> Iterator[Any]:
    for start in range(0, N, size):
        yield by_name(slice(start, start + size))


class Batches(Numbered):
    def __len__(self) -> int:
        return (N + 3) // 4

    def __getitem__(self, index: int) -> Any:
        return by_name(slice(4 * index, 4 * index + 4))


def in_map(values: Any, file: Path) -> Any:
    made = np.memmap(file, values.dtype, "w+", shape=values.shape)
    made[:] = values
    return made


def trained(*data: Any, model: Callable[..., Model] = functional, **options: Any) -> tuple[list[bytes], Any]:
    """The weights and the history of a short training."""
    minifit.utils.set_random_seed(3)
    made = model()
    settings: dict[str, Any] = {"epochs": 2, "verbose": 0, "shuffle": False}
    if isinstance(data[0], dict | list | tuple):
        settings["batch_size"] = 4
    history = made.fit(*data, **{**settings, **options}).history
    return [w.tobytes() for w in made.get_weights()], history


FORMS: dict[str, Callable[[Path], tuple[Any, ...]]] = {
    "lists": lambda _: ([IMAGE, AGE], [KIND, SCORE]),
    "tuples": lambda _: ((IMAGE, AGE), (KIND, SCORE)),
    "lists of rows": lambda _: ([IMAGE.tolist(), AGE.tolist()], [KIND.tolist(), SCORE.tolist()]),
    "memory maps": lambda p: ([in_map(IMAGE, p / "i"), in_map(AGE, p / "a")], [in_map(KIND, p / "k"), SCORE]),
    "datasets": lambda _: (
        {"age": dataset(AGE), "image": dataset(IMAGE)},
        {"kind": dataset(KIND), "score": dataset(SCORE)},
    ),
    "generator": lambda _: ((b for _ in range(2) for b in batches()),),
    "Sequence": lambda _: (Batches(),),
    "objects": lambda _: ([IMAGE.astype(object), AGE.astype(object)], [KIND.astype(object), SCORE]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_trains_the_same_bits(form: str, tmp_path: Path) -> None:
    steps: dict[str, Any] = {"steps_per_epoch": 6} if form == "generator" else {}
    assert trained(*FORMS[form](tmp_path), **steps) == trained(*by_name())


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_evaluated_and_predicted_alike(form: str, tmp_path: Path) -> None:
    model = functional()
    expected = model.evaluate(*by_name(), batch_size=4, verbose=0)
    data: Any = FORMS[form](tmp_path)
    limits: dict[str, Any] = {"steps": 6} if form == "generator" else {}
    if len(data) == 2:
        limits["batch_size"] = 4
    assert model.evaluate(*data, **{**QUIET, **limits}) == expected
    kind, score = model.predict(FORMS[form](tmp_path)[0], **limits)
    again = model.predict([IMAGE, AGE], batch_size=4)
    assert kind.tobytes() == again[0].tobytes()
    assert score.tobytes() == again[1].tobytes()


def test_a_split_is_the_last_rows_of_every_array() -> None:
    at = int(N * 0.7)
    held_back = by_name(slice(at, None))
    first = trained(*by_name(), validation_split=1 - 0.7)
    assert first == trained(*by_name(slice(at)), validation_data=held_back)
    assert {"val_loss", "val_kind_loss", "val_score_loss", "val_kind_accuracy"} < first[1].keys()


def test_weights_by_output() -> None:
    none = trained(*by_name())
    one = trained(*by_name(), sample_weight=WEIGHT)
    assert one == trained(*by_name(), sample_weight=[WEIGHT, WEIGHT])
    half = trained(*by_name(), sample_weight={"score": WEIGHT})
    assert half == trained(*by_name(), sample_weight=[None, WEIGHT])
    assert half == trained(*by_name(), sample_weight=[np.ones(N), WEIGHT])
    assert len({tuple(weights) for weights, _ in (none, one, half)}) == 3


def test_one_array_of_targets_for_all_outputs() -> None:
    def model() -> Model:
        return functional(loss=["sparse_categorical_crossentropy", "mse"])

    x = [IMAGE, AGE]
    assert trained(x, KIND, model=model) == trained(x, [KIND, KIND], model=model)
    weights = {0: 1.0, 1: 2.0, 2: 3.0}
    weighed = trained(x, KIND, model=model, class_weight=weights)
    assert weighed == trained(x, KIND, model=model, sample_weight=np.array([1.0, 2, 3])[KIND])


def test_a_batch_by_name() -> None:
    model, x, y = functional(), *by_name()
    expected = model.test_on_batch([IMAGE, AGE], [KIND, SCORE])
    assert model.test_on_batch(x, y) == expected
    assert model.train_on_batch(x, y, sample_weight={"kind": WEIGHT})[0] != expected[0]
    assert [p.shape for p in model.predict_on_batch(x)] == [(N, 3), (N, 1)]


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda m: m.fit([IMAGE], [KIND, SCORE]),
            DataError,
            r"has 2: 'image', 'age'\. Received: a list of 1",
        ),
        (lambda m: m.predict(IMAGE), DataError, r"x must have .* has 2: 'image', 'age'\. Received: one"),
        (lambda m: m.fit({"image": IMAGE}, by_name()[1]), DataError, "Received: none for 'age'"),
        (lambda m: m.evaluate({"imag": IMAGE, "age": AGE}), UnknownNameError, "'imag'. Did you mean 'image'"),
        (lambda m: m.fit(by_name()[0], {"kinds": KIND}), UnknownNameError, "'kinds'. Did you mean 'kind'"),
        (
            lambda m: m.train_on_batch(by_name()[0], [KIND]),
            DataError,
            "'kind', 'score'. Received: a list of 1",
        ),
        (
            lambda m: m.fit([IMAGE, AGE[1:]], [KIND, SCORE]),
            DataError,
            r"x\[0\] has 23, x\[1\] has 22, y\[0\] has 23, y\[1\] has 23",
        ),
        (lambda m: m.fit(*by_name(), class_weight={0: 1.0, 1: 1.0, 2: 1.0}), ArgumentError, "single output"),
        (lambda m: m.fit([AGE, IMAGE], [KIND, SCORE]), ShapeError, "'image'"),
        (
            lambda m: m.fit(*by_name(), validation_data=({"image": IMAGE}, KIND)),
            DataError,
            "x of validation_data must .* Received: none for 'age'",
        ),
        (
            lambda m: m.fit([IMAGE, AGE], {"kind": KIND + 1, "score": SCORE}),
            DataError,
            r"Received: 3 in row 2 of y\['kind'\]",
        ),
    ],
    ids=range(11),
)
def test_data_that_does_not_match(call: Any, error: type[MinifitError], says: str) -> None:
    model = functional()
    before = model.get_weights()
    with pytest.raises(error, match=says):
        call(model)
    assert all(map(np.array_equal, before, model.get_weights()))


def test_of_one_input_and_output_a_dict_or_list_of_one() -> None:
    def chain() -> Model:
        model = Sequential(
            [layers.Dense(3, name="first"), layers.Dense(3, activation="softmax", name="last")]
        )
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    x, expected = SCORE, trained(SCORE, KIND, model=chain, batch_size=4)
    for given in (([x], [KIND]), ((x,), {"last": KIND}), ({"first_input": x}, KIND)):
        assert trained(*given, model=chain) == expected
    with pytest.raises(UnknownNameError, match=r"Received: 'lost'\. Did you mean 'last'"):
        chain().fit(x, {"lost": KIND})
    with pytest.raises(UnknownNameError, match=r"Received: 'other'\. Known: 'first_input'"):
        chain().fit({"other": x}, KIND)


# -- a model that takes whatever comes -----------------------------------------------------------------------


def named() -> Model:
    return compiled(Named())


def test_dicts_of_a_subclassed_model() -> None:
    expected = trained(*by_name(), model=named)
    assert expected == trained(*FORMS["datasets"](Path()), model=named)
    assert expected == trained(Batches(), model=named)
    model = named()
    model.fit(*by_name(), verbose=0)
    assert {k: v.shape for k, v in model.predict(by_name()[0]).items()} == {"kind": (N, 3), "score": (N, 1)}


def test_the_names_of_outputs_count_from_the_first_call_on() -> None:
    x, y = by_name()[0], {"kin": KIND, "score": SCORE}
    sources: list[Any] = [(x, y), (iter([(x, y)]),)]
    for given in sources:
        with pytest.raises(UnknownNameError, match=r"Received: 'kin'\. Did you mean 'kind'"):
            named().fit(*given, **QUIET)
    missing = trained(by_name()[0], {"score": SCORE}, model=named)
    assert missing[1]["kind_loss"] == [0.0, 0.0]


# -- going on after an interruption --------------------------------------------------------------------------


class Run:
    """A training from files, shuffled, with weights and a validation."""

    def __init__(self, form: str, model: Callable[[], Model]) -> None:
        self.form, self._model = form, model

    def model(self) -> Model:
        return self._model()

    def fit(self, model: Any, *callbacks: Callback) -> Any:
        data = FORMS[self.form](Path())
        options: dict[str, Any] = {"validation_data": by_name(slice(6))}
        if len(data) == 2:
            options |= {"batch_size": 4, "sample_weight": {"score": WEIGHT}}
        if self.form == "generator":
            options |= {"steps_per_epoch": 4}
        return model.fit(*data, epochs=3, verbose=0, callbacks=list(callbacks), **options)


@pytest.mark.parametrize("model", [functional, named])
@pytest.mark.parametrize("form", ["lists", "datasets", "generator", "Sequence"])
@pytest.mark.parametrize(("at", "within"), [(1, False), (7, True)])
def test_a_run_goes_on_bit_for_bit(
    form: str, model: Any, at: int, within: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_batches, "BLOCK", 300)
    if model is named and form == "lists":
        form = "datasets"
    resuming.same(Run(form, model), at, within)
