"""A copy of anything, by `copy` or by way of pickle, is whole, is independent, and goes on as the original would."""

import copy
import inspect
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cloudpickle
import dill
import joblib
import numpy as np
import pytest

import minifit
from minifit import (
    Input,
    Model,
    Sequential,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
    schedules,
)
from minifit.arrays import Array
from minifit.callbacks.base import HOOKS, has_state
from minifit.layers import Add, BatchNormalization, Dense, Dropout, Layer
from minifit.parameters import Parameter, ParameterBuffer, Variable
from minifit.tensor import Tensor
from tests.house.random_models import OF_IDS
from tests.layers.test_base import INPUTS, MERGING, NEEDED

X = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)
Y = X.sum(1)


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


WAYS: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, pickled, lambda m: pickled(copy.deepcopy(m))]
ways = pytest.mark.parametrize("way", WAYS, ids=["copy", "deepcopy", "pickle", "twice"])
two_ways = pytest.mark.parametrize("way", WAYS[1:3], ids=["deepcopy", "pickle"])
engines = pytest.mark.parametrize("engine", ["numpy", "numba"])


def bits(model: Any) -> list[bytes]:
    slots = [a for w in model.weights for a in model.optimizer.slots_of(w).values()]
    return [a.tobytes() for a in (*model.get_weights(), *slots, model.optimizer.iterations.numpy())]


def train(model: Any, epochs: int = 2, x: Array = X, **options: Any) -> list[bytes]:
    model.fit(x, Y[: len(x)], 5, epochs=epochs, verbose=0, **options)
    return bits(model)


def check(model: Any, way: Callable[[Any], Any], x: Array = X) -> None:
    """The copy is equal, learns what the original learns, and neither notices the other."""
    model.stop_training = True
    first, second = way(model), way(model)
    before = bits(model)
    assert bits(first) == before
    assert first.stop_training
    after = train(first, x=x)
    assert bits(model) == before and bits(second) == before
    learned = [b for b, w in zip(after, model.weights, strict=False) if w.trainable]
    assert not learned or learned != [b for b, w in zip(before, model.weights, strict=False) if w.trainable]
    assert train(model, x=x) == after
    assert train(second, x=x) == after


# -- what is made of weights -----------------------------------------------------------------------------------


def model_with(name: str) -> tuple[Any, Array]:
    """A model with a layer of this class, between layers that learn, and what it takes."""
    x = INPUTS.get(name, X[:4, :3])
    if name in MERGING:
        inputs = Input((3,))
        merged = layers.TABLE[name](**NEEDED[name])([Dense(3)(inputs), inputs])
        model = Model(inputs, Dense(1)(merged))
        model.compile("adam", "mse", metrics=["mae"])
        return model, x
    tested = [] if name == "InputLayer" else [layers.TABLE[name](**NEEDED[name])]
    before: list[Layer] = [] if name in OF_IDS else [Dense(3)]
    model = Sequential([layers.InputLayer(x.shape[1:]), *before, *tested, layers.Flatten(), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model, x


@two_ways
@pytest.mark.parametrize("name", sorted(set(layers.TABLE) - {"StringLookup"}))
def test_every_layer(name: str, way: Callable[[Any], Any]) -> None:
    model, x = model_with(name)
    untouched = way(model)
    trained = train(model, x=x)
    check(model, way, x)
    assert train(untouched, x=x) == trained


OPTIMIZERS = sorted({kind.__name__ for kind in optimizers.TABLE.values()})
PATHS = [*((name, "numpy") for name in OPTIMIZERS), *((name, "numba") for name in ("SGD", "Adam", "AdamW"))]
"""One optimizer for each path through the compiled engine is enough."""


@two_ways
@pytest.mark.parametrize(("name", "engine"), PATHS)
def test_every_optimizer(
    name: str, engine: str, way: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    momentum = {"momentum": 0.9} if name == "SGD" else {}
    model = Sequential([Dense(4, "relu", input_shape=(4,)), Dense(1)])
    model.compile(getattr(optimizers, name)(0.01, **momentum), "mse")
    train(model)
    check(model, way)


@ways
def test_a_model_without_weights_and_its_copy_begin_alike(way: Callable[[Any], Any]) -> None:
    model = Sequential([Dense(4, "relu"), Dropout(0.5), Dense(1)])
    model.compile("adam", "mse")
    copied = way(model)
    assert not copied.built
    assert train(copied) == train(model)


class Own(Model):
    """A model that calls its layers itself, one of them in a list and one twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.rest = Dense(4, "relu"), [Dense(4), Dropout(0.3)]
        self.last = Sequential([BatchNormalization(), Dense(1)])

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        hidden = self.first(inputs)
        for layer in (*self.rest, self.rest[0]):
            hidden = layer(hidden)
        return self.last(hidden)


def graph() -> Any:
    """A graph with a shared layer, a layer of two results, a model in it that is called twice, and an op."""
    x = Input((4,))
    shared, inner = Dense(4, "relu"), Sequential([Dense(4, input_shape=(4,)), Dropout(0.3)])
    left, right = shared(x), inner(shared(x * 2.0))
    return Model(x, Dense(1)(Add()([left, right, inner(left)])))


def chain_of_models() -> Any:
    """Models in a chain, one of them with a loss of its own."""
    x = Input((4,))
    hidden = BatchNormalization()(Dense(4)(x))
    inner = Model(x, Dense(3)(hidden))
    inner.add_loss(ops.mean(ops.square(hidden)) * 0.01)
    return Sequential([inner, Sequential([Dropout(0.3), Dense(1)])])


KINDS = {"subclass": Own, "graph": graph, "chain of models": chain_of_models}


@two_ways
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model(kind: str, way: Callable[[Any], Any]) -> None:
    model = KINDS[kind]()
    model.compile("adam", "mse", metrics=["mae"])
    untouched = way(model)
    trained = train(model)
    check(model, way)
    assert train(untouched) == trained
    copied = way(model)
    assert [w.name for w in copied.weights] == [w.name for w in model.weights]
    assert np.array_equal(copied.predict(X), model.predict(X))
    assert not {id(w) for w in copied.weights} & {id(w) for w in model.weights}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("package", [joblib, dill, cloudpickle])
def test_every_kind_of_model_in_files_of_other_packages(kind: str, package: Any, tmp_path: Path) -> None:
    model = KINDS[kind]()
    model.compile("adam", "mse")
    train(model)
    if package is joblib:
        joblib.dump(model, tmp_path / "m.joblib")
        copied = joblib.load(tmp_path / "m.joblib")
    else:
        copied = pickle.loads(package.dumps(model))
    assert bits(copied) == bits(model) and train(copied) == train(model)


def test_weights_that_two_models_share_are_shared_by_their_copies() -> None:
    layer = Dense(4)
    x = Input((4,))
    models = [Model(x, Dense(1)(layer(x))), Sequential([layer, Dense(1)])]
    for way in WAYS[1:3]:
        one, two = way(models)
        assert one.layers[1] is two.layers[0]
        for model in (one, two):
            model.compile("adam", "mse")
        before = two.predict(X)
        train(one)
        assert not np.array_equal(two.predict(X), before)
        train(two)


def test_a_part_of_a_graph_is_copied_with_the_whole() -> None:
    model = graph()
    part = Model(model.input, model.layers[1].get_output_at(0))
    for way in WAYS[1:3]:
        copied, cut = way([model, part])
        assert cut.layers[1] is copied.layers[1]
        assert np.array_equal(cut.predict(X), part.predict(X))
        assert copied.layers[1].get_output_at(1).shape == (None, 4)


@engines
def test_layers_that_were_copied_learn_in_another_model(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    original = Sequential([Dense(8, "relu", input_shape=(4,)), Dense(1)])
    for way in WAYS:
        model = Sequential(
            way(original.layers) if way is not copy.copy else [way(la) for la in original.layers]
        )
        model.compile("adam", "mse")
        before = model.evaluate(X, Y, verbose=0)
        assert before == pytest.approx(float(np.mean((original.predict(X)[:, 0] - Y) ** 2)), rel=1e-5)
        model.fit(X, Y, epochs=20, verbose=0)
        assert model.evaluate(X, Y, verbose=0) < before


@two_ways
def test_layers_and_optimizer_that_were_copied_together(way: Callable[[Any], Any]) -> None:
    model = Sequential([Dense(8, "relu", input_shape=(4,)), Dense(1)])
    model.compile("adam", "mse")
    train(model, shuffle=False)
    for parts in ((model.layers, model.optimizer), (model.optimizer, model.layers)):
        copied = way(parts)
        optimizer, own = sorted(copied, key=lambda part: isinstance(part, list))
        other = Sequential(own)
        other.compile(optimizer, "mse")
        twin = copy.deepcopy(model)
        assert train(other, shuffle=False) == train(twin, shuffle=False)


@ways
@pytest.mark.parametrize("frozen", [False, True])
def test_an_optimizer_that_was_copied_alone_goes_on_with_what_it_trained(
    way: Callable[[Any], Any], frozen: bool
) -> None:
    model = Sequential([Dense(8, "relu", input_shape=(4,)), Dense(3), Dense(1)])
    model.layers[1].trainable = not frozen
    model.compile("adam", "mse")
    train(model)
    twin = copy.deepcopy(model)
    model.optimizer = way(model.optimizer)
    assert train(model) == train(twin)


def test_an_optimizer_that_was_copied_alone_knows_nothing_of_other_weights() -> None:
    model = Sequential([Dense(8, "relu", input_shape=(4,)), Dense(1)])
    model.compile("adam", "mse")
    train(model)
    other = Sequential([Dense(1, input_shape=(4,))])
    other.compile(copy.deepcopy(model.optimizer), "mse")
    assert all(not slot.any() for w in other.weights for slot in other.optimizer.slots_of(w).values())
    train(other)
    assert all(np.isfinite(w).all() for w in other.get_weights())


@ways
def test_a_loop_by_hand_with_a_copied_layer_and_optimizer(way: Callable[[Any], Any]) -> None:
    def step(layer: Layer, optimizer: Any) -> bytes:
        for weight in layer.weights:
            weight.grad = None
        (layer(X) - Tensor(Y[:, None])).sum().backward()
        optimizer.apply_gradients([(w.grad, w) for w in layer.weights])
        return b"".join(w.numpy().tobytes() for w in layer.weights)

    class Pair:
        def __init__(self) -> None:
            self.layer, self.optimizer = Dense(1), optimizers.Adam(0.1)

    pair = Pair()
    step(pair.layer, pair.optimizer)
    twin = copy.deepcopy(pair)
    alone = way(pair.optimizer)
    together = step(twin.layer, twin.optimizer)
    assert step(copy.copy(pair.layer), alone) == together
    assert step(pair.layer, pair.optimizer) == together


@ways
def test_a_weight_that_two_layers_share_stays_shared(way: Callable[[Any], Any]) -> None:
    model = Sequential([Dense(4, input_shape=(4,)), Dense(4), Dense(1)])
    first, second = (layer for layer in model.layers[:2] if isinstance(layer, Dense))
    second.kernel = first.kernel
    model.compile("adam", "mse")
    assert len(model.weights) == 5
    train(model)
    copied = way(model)
    assert copied.layers[1].kernel is copied.layers[0].kernel is not first.kernel
    check(model, way)


@ways
def test_a_model_with_frozen_and_moving_weights_copied_while_its_data_is_read(
    way: Callable[[Any], Any],
) -> None:
    model = Sequential([Dense(4, input_shape=(4,)), BatchNormalization(), Dropout(0.2), Dense(1)])
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    copies = []

    def batches() -> Any:
        for i in range(4):
            if i == 2:
                copies.append(way(model))  # in the middle of a step, where frozen weights take no gradient
            yield X, Y

    model.fit(batches(), steps_per_epoch=4, verbose=0)
    copied = copies[0]
    assert not copied.training_state.running
    copied.layers[0].trainable = True
    copied.compile(copied.optimizer, copied.loss)
    before = copied.layers[0].get_weights()[0]
    train(copied)
    assert (before != copied.layers[0].get_weights()[0]).any()


class Penalty:
    """A regularizer that knows its layer, as users write them: a circle of references."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def __call__(self, weight: Tensor) -> Tensor:
        return (weight * weight).sum() * 0.01


@ways
def test_circles_of_references(way: Callable[[Any], Any]) -> None:
    model = Sequential([Dense(4, input_shape=(4,)), Dense(1)])
    model.weights[0].regularizer = Penalty(model)
    vars(model.layers[1])["note"] = model
    model.compile("adam", "mse")
    train(model)
    check(model, way)
    assert way(model.training_state)._model.training_state.optimizer is not model.optimizer
    layer = way(model.layers[1])
    assert layer.note.layers[1] is layer
    train(layer.note)


def through_joblib(model: Any, folder: Path) -> Any:
    path = folder / "model.joblib"
    joblib.dump(model, path)
    return joblib.load(path, mmap_mode="r")


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(lambda m, folder: cloudpickle.loads(cloudpickle.dumps(m)), id="cloudpickle"),
        pytest.param(lambda m, folder: dill.loads(dill.dumps(m)), id="dill"),
        pytest.param(through_joblib, id="joblib"),
    ],
)
@engines
def test_other_picklers(
    way: Callable[[Any, Path], Any], engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    model = Sequential([Dense(4, "relu", input_shape=(4,)), BatchNormalization(), Dropout(0.2), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    train(model)
    check(model, lambda m: way(m, tmp_path))


def test_lambdas_are_copied_and_refused_by_pickle_alone() -> None:
    model = Sequential(
        [Dense(4, lambda x: x * x, input_shape=(4,)), layers.Lambda(lambda x: x + 1), Dense(1)]
    )
    model.compile(optimizers.SGD(lambda: 0.001), lambda t, p: (t - p) * (t - p))
    train(model)
    check(model, copy.deepcopy)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(model)


# -- tensors, parameters, variables --------------------------------------------------------------------------


@ways
def test_a_tensor_is_copied_with_its_numbers_alone(way: Callable[[Any], Any]) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    leaf, made = way(x), way(y)
    assert leaf.requires_grad and not made.requires_grad
    assert float(made) == 5
    (leaf * 3).sum().backward()
    y.backward()
    np.testing.assert_array_equal([leaf.grad, x.grad], [[3, 3], [2, 4]])
    leaf.value[...] = 0
    assert x.numpy().tolist() == [1, 2]


@ways
def test_a_parameter_is_copied_whole_and_detached(way: Callable[[Any], Any]) -> None:
    parameter = Parameter("w:0", np.arange(3.0))
    parameter.regularizer, parameter.constraint = regularizers.L2(0.5), constraints.NonNeg()
    ParameterBuffer().adopt([parameter])
    parameter.accumulate(np.ones(3, np.float32))
    copied = way(parameter)
    assert (copied.name, copied.trainable, copied.requires_grad) == ("w:0", True, True)
    assert (copied.buffer, copied.grad_view, copied.grad, copied.start) == (None, None, None, 0)
    assert copied.regularizer.l2 == 0.5 and isinstance(copied.constraint, constraints.NonNeg)
    copied.assign([7, 7, 7])
    assert parameter.numpy().tolist() == [0, 1, 2]
    assert parameter.buffer is not None


def test_numbers_that_come_from_a_file_that_cannot_be_written_to() -> None:
    """As `joblib` hands large arrays to its workers."""

    def read_only(thing: Any) -> Any:
        buffers: list[pickle.PickleBuffer] = []
        data = pickle.dumps(thing, protocol=5, buffer_callback=buffers.append)
        return pickle.loads(data, buffers=[bytes(b.raw()) for b in buffers])

    assert not read_only(np.zeros(3)).flags.writeable
    model = Sequential([Dense(4, "relu", input_shape=(4,)), Dense(1, "sigmoid")])
    model.compile("adam", "mse", metrics=[metrics.AUC()])
    model.fit(X, Y > 0, verbose=0)
    check(model, read_only)
    variable = read_only(Variable([1.0, 2.0]))
    variable.assign([3, 4])
    assert variable.numpy().tolist() == [3, 4]


@ways
def test_a_variable_is_copied(way: Callable[[Any], Any]) -> None:
    rate = Variable(0.5, name="rate")
    copied = way(rate)
    copied.assign(0.25)
    assert (float(rate), float(copied), copied.name) == (0.5, 0.25, "rate:0")


# -- what has no weights -------------------------------------------------------------------------------------


def test_every_kind_of_object_is_told_apart_from_its_copy() -> None:
    """Nothing that either of them may change is shared, down to the last list."""
    tables = (losses, metrics, initializers, regularizers, constraints, schedules)
    arguments: dict[str, dict[str, Any]] = {
        "Constant": {"value": 2.0},
        "MaxNorm": {"max_value": 2},
        "PiecewiseConstantDecay": {"boundaries": [2, 4], "values": [1.0, 0.5, 0.1]},
        "FBetaScore": {"beta": 2.0},
        "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5},
        "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5},
        "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 3},
        "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 3},
        "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 3},
    }
    seen = 0
    for table in tables:
        kinds: set[Any] = {k for k in table.TABLE.values() if inspect.isclass(k)}
        for kind in kinds:
            thing = kind(**arguments.get(kind.__name__, {}))
            for way in WAYS:
                copied = way(thing)
                assert type(copied) is kind and copied.get_config() == thing.get_config()
                assert not shared(vars(thing), vars(copied)), kind
            seen += 1
    assert seen > 60


def shared(a: Any, b: Any) -> list[Any]:
    """The mutable things that two objects have in common."""
    if a is b and isinstance(a, list | dict | set | np.ndarray | Variable):
        return [a]
    if isinstance(a, dict):
        return [s for key in a for s in shared(a[key], b[key])]
    if isinstance(a, list | tuple):
        return [s for pair in zip(a, b, strict=True) for s in shared(*pair)]
    return []


@ways
def test_sums_of_metrics_go_with_the_copy(way: Callable[[Any], Any]) -> None:
    model = Sequential([Dense(1, "sigmoid", input_shape=(4,))])
    model.compile("sgd", "mse", metrics=[metrics.AUC(), "mae", metrics.Precision()])
    model.evaluate(X, Y > 0, verbose=0)
    copied = way(model)
    values = [m.result() for m in model.metrics]
    assert [m.result() for m in copied.metrics] == values
    copied.evaluate(-X, Y > 0, verbose=0)
    assert [m.result() for m in model.metrics] == values


# -- callbacks -----------------------------------------------------------------------------------------------


def every_callback(folder: Path) -> dict[str, callbacks.Callback]:
    """One of each class, set up so that it has much to remember."""
    made = {
        "BackupAndRestore": callbacks.BackupAndRestore(folder / "backup", save_freq=3),
        "BaseLogger": callbacks.BaseLogger(),
        "Callback": callbacks.Callback(),
        "CSVLogger": callbacks.CSVLogger(folder / "log.csv"),
        "EarlyStopping": callbacks.EarlyStopping("loss", patience=9, restore_best_weights=True),
        "History": callbacks.History(),
        "HookTrace": callbacks.HookTrace(),
        "LambdaCallback": callbacks.LambdaCallback(on_epoch_end=ignore),
        "LearningRateScheduler": callbacks.LearningRateScheduler(halve),
        "ModelCheckpoint": callbacks.ModelCheckpoint(
            folder / "m.h5", "loss", save_best_only=True, save_freq=2
        ),
        "ProgbarLogger": callbacks.ProgbarLogger(),
        "ReduceLROnPlateau": callbacks.ReduceLROnPlateau("loss", patience=1),
        "RemoteMonitor": callbacks.RemoteMonitor("http://127.0.0.1:9"),
        "TensorBoard": callbacks.TensorBoard(folder / "logs", update_freq=2, profile_batch=(1, 3)),
        "TerminateOnNaN": callbacks.TerminateOnNaN(),
    }
    classes = {n for n in callbacks.__all__ if n not in ("CallbackList", "experimental")}
    assert made.keys() == classes, "a new callback goes into this list, too"
    return made


def ignore(epoch: int, logs: Any) -> None: ...


def halve(epoch: int, rate: float) -> float:
    return rate / 2


class Copying(callbacks.Callback):
    """Copies the model with all callbacks of the fit, at every hook."""

    def __init__(self, others: list[Any]) -> None:
        self.others = others
        self.taken: dict[str, tuple[Any, ...]] = {}

    def take(self, hook: str, *_: Any) -> None:
        for way in (copy.deepcopy, pickled):
            copies = way({"model": self.model, "others": self.others})
            states = [copy.deepcopy(o.get_state()) for o in self.others if has_state(o)]
            self.taken[f"{hook} {way.__name__}"] = copies["model"], copies["others"], states


for _hook in HOOKS:
    setattr(Copying, _hook, lambda self, *args, _hook=_hook: self.take(_hook, *args))


@pytest.fixture(params=["numpy", "numba"])
def _engine(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", request.param)


def run_of(folder: Path, name: str, copying: bool) -> tuple[Sequential, Copying, list[Any]]:
    minifit.utils.set_random_seed(3)
    model = Sequential([Dense(4, "relu", name="a"), Dense(1, name="b")], name="m")
    model.compile("adam", "mse", metrics=["mae"])
    other = every_callback(folder)[name]
    watcher = Copying([other])
    taken = [other, watcher] if copying else [other]
    model.fit(X, Y, 6, epochs=2, verbose=0, callbacks=taken, validation_data=(X[:6], Y[:6]))
    return model, watcher, taken


@pytest.mark.filterwarnings("ignore:RemoteMonitor cannot send", "ignore:The run in")
@pytest.mark.usefixtures("_engine")
@pytest.mark.parametrize("name", sorted(every_callback(Path("."))))
def test_every_callback_at_every_hook(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, _, _ = run_of(tmp_path / "plain", name, copying=False)
    model, copying, _ = run_of(tmp_path / "copying", name, copying=True)
    assert bits(model) == bits(plain)  # to be copied changes nothing
    assert content(tmp_path / "copying") == content(tmp_path / "plain")
    assert len(copying.taken) >= 2 * 10
    for hook, (copied, others, states) in copying.taken.items():
        assert not copied.training_state.running, hook
        if name != "History":  # which leaves the model behind
            assert all(o.model is copied for o in others), hook
        if name not in ("TensorBoard", "CSVLogger"):  # which have files of their own
            assert repr([o.get_state() for o in others if has_state(o)]) == repr(states), hook
    at_end = [taken for hook, taken in copying.taken.items() if hook.startswith("on_epoch_end")][-1]
    np.random.seed(0)
    again = train(at_end[0], callbacks=at_end[1])
    assert all(np.isfinite(w).all() for w in at_end[0].get_weights()) and again != bits(plain)
    for _, others, _ in copying.taken.values():
        for other in others:
            other.release()
    assert bits(model) == bits(plain)


def content(folder: Path) -> dict[str, bytes]:
    """The files whose bytes follow from the run, by their names."""
    return {p.name: p.read_bytes() for p in folder.rglob("*.csv")}


@pytest.mark.usefixtures("_engine")
@ways
def test_a_copy_taken_at_the_end_of_an_epoch_goes_on_as_the_original(way: Callable[[Any], Any]) -> None:
    copies: list[Any] = []

    class Second(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                copies.append(way(self.model))

    model = Sequential([Dense(4, "relu"), Dropout(0.3), Dense(1)])
    model.compile("nadam", "mse", metrics=["mae"])
    whole = train(model, 4, callbacks=[Second()])
    assert train(copies[0], 4, initial_epoch=2) == whole


def test_a_list_of_callbacks_is_copied_whole() -> None:
    history = callbacks.History()
    handler = callbacks.CallbackList([history, callbacks.EarlyStopping("loss")], model=Sequential())
    for way in WAYS:
        copied = way(handler)
        copied.on_train_begin()
        copied.history.on_epoch_end(0, {"loss": 1.0})
        copied.on_train_batch_end(0, {"loss": 1.0})
        assert copied.history is not history and not history.history


def test_a_log_goes_on_behind_the_last_row_of_the_original(tmp_path: Path) -> None:
    log = callbacks.CSVLogger(tmp_path / "log.csv")
    log.on_train_begin()
    log.on_epoch_end(0, {"loss": 0.5})
    copied, again = copy.deepcopy(log), copy.deepcopy(log)
    copied.on_epoch_end(1, {"loss": 0.25})
    copied.release()
    log.release()
    assert (tmp_path / "log.csv").read_text().split() == ["epoch,loss", "0,0.5", "1,0.25"]
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0, callbacks=[again])  # a fit replaces the file, as with the original
    assert len((tmp_path / "log.csv").read_text().split()) == 2


# -- other processes -----------------------------------------------------------------------------------------


def trained_elsewhere(models: list[Any]) -> list[tuple[Any, list[bytes]]]:
    return [(model, train(model)) for model in models]


def test_models_go_to_another_process_and_back() -> None:
    models = [Sequential([Dense(4, "relu"), Dropout(0.3), Dense(1)]), *(make() for make in KINDS.values())]
    for model in models:
        model.compile("adam", "mse", metrics=["mae"])
        train(model)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        results = pool.submit(trained_elsewhere, models).result()
    for model, (returned, there) in zip(models, results, strict=True):
        assert bits(returned) == there == train(model)
        assert train(returned) == train(model)
