"""Models as files: what comes back, what tf.keras wrote, and what is refused."""

import io
import json
import os
import re
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import minifit
from minifit import Sequential, layers, losses, metrics, models, optimizers, utils
from minifit.callbacks import LambdaCallback
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    MinifitError,
    MinifitWarning,
    NotBuiltError,
    UnknownNameError,
)
from minifit.models import load_model
from minifit.models.checkpoint import latest_checkpoint
from minifit.models.files import describe
from minifit.saving import hdf5, legacy
from minifit.saving.device_options import CheckpointOptions, SaveOptions
from minifit.saving.keras3.to_keras3 import to_keras3
from minifit.saving.keras3.variables import tree
from tests.saving.files.cases import CASES, custom, data, predicted, seen, set_all, train
from tests.saving.files.cases_graphs import GRAPHS, WEIGHTS_ALONE
from tests.saving.files.exchange import worst

ARCHIVE = Path(__file__).parents[1] / "saving" / "files" / "tf27.zip"
X, Y = data("sgd")


def small(**compiling: Any) -> Sequential:
    model = Sequential(
        [layers.Dense(3, "tanh", input_shape=(3,), name="a"), layers.Dense(1, name="b")], name="small"
    )
    model.compile(**{"optimizer": optimizers.Adam(0.1), "loss": "mse", "metrics": ["mae"], **compiling})
    return model


def plain(told: Any) -> Any:
    """What `seen` returns, with lists for arrays."""
    return json.loads(json.dumps(told, default=np.ndarray.tolist))


def bits(model: minifit.Model) -> list[bytes]:
    return [w.tobytes() for w in model.get_weights()]


@pytest.fixture(scope="module")
def archive() -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(ARCHIVE) as opened:
        yield opened


# -- what tf.keras 2.7 wrote ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in CASES if name not in WEIGHTS_ALONE])
def test_a_model_of_tf_keras_predicts_and_trains_on_as_it_did_there(
    name: str, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    path = archive.extract(f"{name}.h5", tmp_path)
    told = json.loads(archive.read(f"{name}.json"))
    assert worst(told, plain(seen(load_model(path, custom(minifit)), name))) < 1e-5


@pytest.mark.parametrize("name", CASES)
def test_a_model_predicts_and_trains_on_as_before_it_was_saved(name: str, tmp_path: Path) -> None:
    model = CASES[name](minifit)
    set_all(model)
    train(model, name)
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", custom(minifit))
    assert bits(loaded) == bits(model)
    assert plain(seen(loaded, name)) == plain(seen(model, name))
    assert loaded.metrics_names == model.metrics_names


@pytest.mark.parametrize("name", [*GRAPHS])
def test_weights_of_graphs_and_of_models_by_their_call(
    name: str, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    model = CASES[name](minifit)
    model.load_weights(archive.extract(f"{name}.only.h5", tmp_path)).assert_consumed()
    told = json.loads(archive.read(f"{name}.json"))["predicted"]
    assert worst({"predicted": told}, {"predicted": predicted(model, name)}) < 1e-5


@pytest.mark.parametrize("name", [*GRAPHS])
def test_names_and_orders_of_weights_are_those_of_tf_keras(
    name: str, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    model = CASES[name](minifit)
    set_all(model)
    train(model, name)
    model.save_weights(tmp_path / "m.h5")
    with (
        h5py.File(tmp_path / "m.h5") as ours,
        h5py.File(archive.extract(f"{name}.only.h5", tmp_path)) as theirs,
    ):
        kept = [
            [n for n in f.attrs["layer_names"] if len(f[n].attrs["weight_names"])] for f in (ours, theirs)
        ]
        assert len(kept[0]) == len(kept[1])
        for our, their in (*zip(*kept, strict=True), ["top_level_model_weights"] * 2):
            names = [
                [
                    n.decode().rpartition("/")[2] if isinstance(n, bytes) else n.rpartition("/")[2]
                    for n in each
                ]
                for each in (ours[our].attrs["weight_names"], theirs[their].attrs["weight_names"])
            ]
            assert names[0] == names[1], our


@pytest.mark.parametrize(
    "name", ["two", "listed", "dicts", "merging", "graph-in-chain", "three-deep", "arguments"]
)
def test_the_configuration_of_a_graph_is_that_of_tf_keras(
    name: str, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    ours = json.loads(CASES[name](minifit).to_json())
    with h5py.File(archive.extract(f"{name}.h5", tmp_path)) as file:
        theirs = json.loads(file.attrs["model_config"])
    assert {key: ours[key] for key in ("class_name", "config")} == theirs


def test_a_layer_that_models_share_is_one_layer_again(tmp_path: Path) -> None:
    inner = Sequential([layers.Dense(3, input_shape=(3,), name="a")], name="inner")
    middle = Sequential([inner, layers.Dense(2, name="b")], name="middle")
    x = minifit.Input((3,), name="x")
    model = minifit.Model(x, [middle(x), inner(x)], name="outer")
    model.compile("sgd", ["mse", "mse"])
    for path in (tmp_path / "m.h5", tmp_path / "m.keras"):
        model.save(path)
        loaded = load_model(path)
        assert loaded.get_layer("middle").layers[0] is loaded.get_layer("inner")
        assert bits(loaded) == bits(model)
        assert len(loaded.weights) == 4
        targets = [np.ones((8, 2)), np.ones((8, 3))]
        for one in (loaded, model_of_file := load_model(path)):
            one.fit(X, targets, shuffle=False, verbose=0)
        assert bits(loaded) == bits(model_of_file)


def test_a_model_by_its_call_needs_a_get_config(tmp_path: Path) -> None:
    class Bare(minifit.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    model = Bare()
    model(X)
    for name in ("m.h5", "m.keras"):
        with pytest.raises(NotImplementedError, match=r"Bare.*get_config.*save_weights"):
            model.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    for name in ("m.h5", "m.weights.h5"):
        model.save_weights(tmp_path / name)
        again = Bare()
        again(X)
        again.load_weights(tmp_path / name)
        assert bits(again) == bits(model)


def test_a_graph_of_an_unknown_layer_asks_for_custom_objects(tmp_path: Path) -> None:
    model = CASES["arguments"](minifit)
    for name in ("m.h5", "m.keras"):
        model.save(tmp_path / name)
        with pytest.raises(UnknownNameError, match=r"'Mixed'.*custom_objects"):
            load_model(tmp_path / name)


def test_models_in_models_without_end_are_refused(tmp_path: Path) -> None:
    depth = 20_000
    text = '{"class_name": "Sequential", "config": {"name": "s", "layers": [' * depth + "]}}" * depth
    root: Any = legacy.tree(describe(small(), True))
    root.attributes["model_config"] = text
    hdf5.write(tmp_path / "m.h5", root)
    with pytest.raises(FileFormatError):
        load_model(tmp_path / "m.h5")


ENTRY = {"class_name": "Dense", "config": {"units": 1, "name": "d"}, "name": "d"}
INPUT = {
    "class_name": "InputLayer",
    "config": {"batch_input_shape": [None, 3], "name": "x"},
    "name": "x",
    "inbound_nodes": [],
}


@pytest.mark.parametrize(
    ("nodes", "outputs", "words"),
    [
        ([[["d", 0, 0, {}]]], [["d", 0, 0]], "no cycles.*'d'"),
        ([[["nobody", 0, 0, {}]]], [["d", 0, 0]], "its own calls.*'nobody'"),
        ([[["x", 1, 0, {}]]], [["d", 0, 0]], "its own calls.*'x', 1"),
        ([[["x", 0, 7, {}]]], [["d", 0, 0]], "its own calls.*'x', 0, 7"),
        ([[["x", 0, 0, {}]]], [["d", 5, 0]], "its own calls.*'d', 5"),
        ([[["x", 0, 0, {}]]], [["nobody", 0, 0]], "its own calls.*'nobody'"),
        ([[["x", 0, 0, {}]]], [], "inputs and outputs of a graph"),
        ([[]], [["d", 0, 0]], "A call in a graph has inputs.*'d'"),
        ([[["x", 0, 0, {"other": ["d", 0, 0]}]]], [["d", 0, 0]], "no cycles"),
    ],
)
def test_damaged_graphs_are_refused_with_their_place(
    nodes: Any, outputs: Any, words: str, tmp_path: Path
) -> None:
    config = {
        "name": "g",
        "layers": [INPUT, {**ENTRY, "inbound_nodes": nodes}],
        "input_layers": [["x", 0, 0]],
        "output_layers": outputs,
    }
    with pytest.raises(FileFormatError, match=words):
        models.model_from_config({"class_name": "Functional", "config": config})
    root: Any = legacy.tree(describe(small(), True))
    root.attributes["model_config"] = json.dumps({"class_name": "Functional", "config": config})
    hdf5.write(tmp_path / "m.h5", root)
    with pytest.raises(FileFormatError, match=words):
        load_model(tmp_path / "m.h5")


def test_weights_of_tf_keras_alone(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    for name in ("layers", "block"):
        whole = load_model(archive.extract(f"{name}.h5", tmp_path), custom(minifit))
        for source in (f"{name}.only.h5", f"{name}.h5"):
            model = CASES[name](minifit)
            model.load_weights(archive.extract(source, tmp_path))
            assert bits(model) == bits(whole)


def test_files_have_what_those_of_tf_keras_have(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """Every group, array, shape, kind of number and attribute; only names of inner layers differ."""

    def listed(path: Any) -> Any:
        found: dict[str, Any] = {}
        with h5py.File(path) as file:
            note = lambda n, o: found.update({n: (getattr(o, "shape", None), sorted(o.attrs))})  # noqa: E731
            file.visititems(note)
            return found, sorted(file.attrs), json.loads(file.attrs["model_config"])

    path = Path(archive.extract("adam.h5", tmp_path))
    model = load_model(path)
    model.save(tmp_path / "again.h5")
    assert listed(tmp_path / "again.h5") == listed(path)


# -- saving and loading --------------------------------------------------------------------------------------


def test_a_model_comes_back(tmp_path: Path) -> None:
    model = small()
    model.fit(X, Y, verbose=0)
    for save in (model.save, partial(models.save_model, model)):
        save(tmp_path / "m")
        loaded = load_model(tmp_path / "m")
        assert bits(loaded) == bits(model)
        assert loaded.get_config() == model.get_config()
        assert loaded.optimizer.get_config() == model.optimizer.get_config()
        assert int(loaded.optimizer.iterations) == 1


def test_a_whole_model_in_a_file_whose_name_speaks_of_weights(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "whole.weights.h5")
    loaded = load_model(tmp_path / "whole.weights.h5")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    model.load_weights(tmp_path / "whole.weights.h5")


def test_without_the_optimizer(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "m.h5", include_optimizer=False)
    with pytest.warns(MinifitWarning, match="does not say how the model was compiled"):
        loaded = load_model(tmp_path / "m.h5")
    assert loaded.optimizer is None
    assert load_model(tmp_path / "m.h5", compile=False).optimizer is None
    model.save(tmp_path / "n.h5")
    assert load_model(tmp_path / "n.h5", compile=False).optimizer is None


def test_a_model_that_was_never_compiled(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,))])
    model.save(tmp_path / "m.h5")
    assert bits(load_model(tmp_path / "m.h5", compile=False)) == bits(model)


def test_a_model_without_weights(tmp_path: Path) -> None:
    model = Sequential([layers.Flatten(input_shape=(2, 2))])
    model.save(tmp_path / "m.h5")
    assert load_model(tmp_path / "m.h5", compile=False).predict(np.ones((1, 2, 2))).tolist() == [[1, 1, 1, 1]]


def test_weights_alone(tmp_path: Path) -> None:
    one, other = small(), small()
    one.save_weights(tmp_path / "w.h5")
    other.load_weights(str(tmp_path / "w.h5"))
    assert bits(one) == bits(other)
    with pytest.raises(FileFormatError, match="no configuration"):
        load_model(tmp_path / "w.h5")


def test_a_model_that_is_not_built(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(2)])
    model.compile("sgd", "mse")
    for act in (model.save, model.save_weights, model.load_weights):
        with pytest.raises(NotBuiltError, match="not built"):
            act(tmp_path / "m.h5")
    assert not (tmp_path / "m.h5").exists()


def test_a_callback_saves_in_the_middle_of_a_fit(tmp_path: Path) -> None:
    model = small()
    save = LambdaCallback(on_epoch_end=lambda epoch, logs: model.save(tmp_path / f"{epoch}.h5"))
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0, callbacks=[save])
    first = load_model(tmp_path / "0.h5")
    first.fit(X, Y, shuffle=False, verbose=0)
    assert bits(first) == bits(model)


def test_by_name(tmp_path: Path) -> None:
    small().save_weights(tmp_path / "w.h5")
    other = Sequential([layers.Dense(3, input_shape=(3,), name="a"), layers.Dense(2, name="c")])
    before = bits(other)
    other.load_weights(tmp_path / "w.h5", by_name=True)
    assert bits(other)[0] != before[0]
    assert bits(other)[2:] == before[2:]
    wider = Sequential([layers.Dense(3, input_shape=(3,), name="a"), layers.Dense(2, name="b")])
    before = bits(wider)
    with pytest.raises(FileFormatError, match="b/kernel"):
        wider.load_weights(tmp_path / "w.h5", by_name=True)
    assert bits(wider) == before
    with pytest.warns(MinifitWarning, match="'b' were not changed"):
        wider.load_weights(tmp_path / "w.h5", by_name=True, skip_mismatch=True)
    assert bits(wider)[2:] == before[2:]
    with pytest.raises(ArgumentError, match="needs by_name=True"):
        wider.load_weights(tmp_path / "w.h5", skip_mismatch=True)


def test_loading_that_fails_leaves_the_model_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small()
    model.save_weights(tmp_path / "w.h5", options={"compression": "gzip"})
    content = bytearray((tmp_path / "w.h5").read_bytes())
    content[:512] = bytes(512)
    at = content.rindex(b"\x78\x5e") if b"\x78\x5e" in content else content.rindex(b"\x78\x01")
    content[at + 4] ^= 0xFF  # in the compressed numbers of the array that is read last
    (tmp_path / "broken.h5").write_bytes(content)
    other = small()
    before = bits(other)
    with pytest.raises(FileFormatError):
        other.load_weights(tmp_path / "broken.h5")
    assert bits(other) == before


def test_options_of_the_arrays(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(100, kernel_initializer="ones", input_shape=(100,))])
    model.save_weights(tmp_path / "plain.h5")
    model.save_weights(
        tmp_path / "packed.h5", options={"compression": "gzip", "compression_opts": 9, "shuffle": True}
    )
    assert (tmp_path / "packed.h5").stat().st_size < (tmp_path / "plain.h5").stat().st_size / 3
    other = Sequential([layers.Dense(100, input_shape=(100,))])
    other.load_weights(tmp_path / "packed.h5")
    assert bits(other) == bits(model)
    with pytest.raises(ArgumentError, match="options"):
        model.save(tmp_path / "x.h5", options={"chunks": 3})
    assert not (tmp_path / "x.h5").exists()


@pytest.mark.parametrize("options", [{"compression": "gzip"}, {}, "gzip", 3])
def test_reading_has_no_options(options: Any, tmp_path: Path) -> None:
    model = small()
    model.save_weights(tmp_path / "w.h5")
    with pytest.raises(ArgumentError, match=r"options=.* Leave them out"):
        model.load_weights(tmp_path / "w.h5", options=options)


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5", "w.keras"])
def test_options_that_name_a_device(name: str, tmp_path: Path) -> None:
    model = small()
    options = CheckpointOptions("/job:localhost")
    if name.endswith("keras"):
        model.save(tmp_path / name, options=SaveOptions(experimental_io_device="/job:localhost"))
    else:
        model.save_weights(tmp_path / name, options=options)
    other = small()
    other.load_weights(tmp_path / name, options=options).assert_consumed()
    assert bits(other) == bits(model)


def test_arguments_of_save(tmp_path: Path) -> None:
    model = small()
    for save in (model.save, model.save_weights):
        with pytest.raises(ArgumentError, match="save_format='onnx'"):
            save(tmp_path / "m", save_format="onnx")
    with pytest.raises(ArgumentError, match="save_format='tf'"):
        model.save_weights(tmp_path / "m.h5", save_format="tf")
    with pytest.raises(ArgumentError, match="Signatures"):
        model.save(tmp_path / "m", signatures={})  # type: ignore[arg-type]
    for path in (3, None, b"m"):
        with pytest.raises(ArgumentTypeError, match="path"):
            model.save(path)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def test_a_file_is_replaced_only_when_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.h5"
    answers = iter(["what", "n", "Y"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    small().save(path, overwrite=False)
    first = path.read_bytes()
    small().save(path, overwrite=False)
    assert path.read_bytes() == first
    small().save_weights(path, overwrite=False)
    second = path.read_bytes()
    assert second != first

    def nobody(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        small().save(path, overwrite=False)
    assert path.read_bytes() == second


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for act in (load_model, small().load_weights):
        with pytest.raises(FileNotFoundError):
            act(tmp_path / "none.h5")
        with pytest.raises(OSError, match=r"irectory|denied"):
            act(tmp_path)


# -- names and things of one's own ---------------------------------------------------------------------------


class Scale(layers.Layer):
    """A layer of one's own."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight("factor", (input_shape[-1],), initializer="ones")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


def halved(x: Any) -> Any:
    """An activation of one's own."""
    return x * 0.5


def off_by(y_true: Any, y_pred: Any) -> Any:
    """A loss and a metric of one's own."""
    return losses.mean_absolute_error(y_true, y_pred) + 1


class Gap(losses.Loss):
    """A loss object of one's own."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return losses.mean_absolute_error(y_true, y_pred)


class Slower(optimizers.SGD):
    """An optimizer of one's own."""


OWN = {"Scale": Scale, "halved": halved, "off_by": off_by, "Gap": Gap, "Slower": Slower}


def own() -> Sequential:
    model = Sequential([Scale(input_shape=(3,)), layers.Dense(1, halved)])
    model.compile(
        Slower(0.1, momentum=0.5), Gap(), metrics=[off_by, "mae", losses.MeanSquaredError(), Gap(name="gap")]
    )
    return model


def test_things_of_ones_own(tmp_path: Path) -> None:
    model = own()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", custom_objects=OWN)
    assert isinstance(loaded.optimizer, Slower)
    assert (
        loaded.fit(X, Y, shuffle=False, verbose=0).history
        == model.fit(X, Y, shuffle=False, verbose=0).history
    )
    assert list(loaded.history.history) == ["loss", "off_by", "mae", "mean_squared_error", "gap"]
    with utils.custom_object_scope(OWN):
        assert bits(load_model(tmp_path / "m.h5")) != []


@pytest.mark.parametrize("missing", OWN)
def test_a_name_that_nobody_knows(missing: str, tmp_path: Path) -> None:
    model = own()
    model.save(tmp_path / "m.h5")
    with pytest.raises(UnknownNameError, match=rf"Received: '{missing}'.*custom_objects"):
        load_model(tmp_path / "m.h5", {k: v for k, v in OWN.items() if k != missing})


def test_a_model_in_a_folder(tmp_path: Path) -> None:
    model = own()
    model.save(f"{tmp_path}/new/")
    model.save(tmp_path / "new")  # which is there now
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["keras_model.h5"]
    loaded = load_model(tmp_path / "new", OWN)
    assert bits(loaded) == bits(model)
    other = own()
    other.load_weights(f"{tmp_path}/new/").assert_consumed()
    assert np.array_equal(other.predict(X), model.predict(X))


def test_a_name_without_an_end_is_a_folder_in_the_format_of_tensorflow(tmp_path: Path) -> None:
    model = small()
    model.fit(X, Y, verbose=0)
    path = tmp_path / "saved" / "digits.model"
    for _ in range(2):  # what is there is replaced
        models.save_model(model, path, save_format="tf")
        assert [p.name for p in path.iterdir()] == ["keras_model.h5"]
    loaded = load_model(str(path))
    assert bits(loaded) == bits(model)
    assert (
        loaded.fit(X, Y, shuffle=False, verbose=0).history
        == model.fit(X, Y, shuffle=False, verbose=0).history
    )


def test_a_file_in_the_place_of_the_folder_is_left_as_it_is(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "m", save_format="h5")
    before = (tmp_path / "m").read_bytes()
    with pytest.raises(FileExistsError, match="a file is in its place"):
        model.save(tmp_path / "m", save_format="tf")
    assert (tmp_path / "m").read_bytes() == before
    assert bits(load_model(tmp_path / "m")) == bits(model)


def test_a_folder_that_cannot_be_written_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("minifit.saving.checksum.write_sealed", full)
    with pytest.raises(OSError, match="No space left"):
        small().save(tmp_path / "new" / "m", save_format="tf")
    assert list(tmp_path.iterdir()) == []


def test_weights_in_the_format_of_tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, other = small(), small()
    path = tmp_path / "training" / "cp.ckpt"
    model.save_weights(path, save_format="tf")
    names = ["checkpoint", "cp.ckpt.data-00000-of-00001", "cp.ckpt.index"]  # as in tf.keras
    assert sorted(p.name for p in path.parent.iterdir()) == names
    latest = latest_checkpoint(path.parent)
    assert latest == str(path)
    other.load_weights(latest).assert_consumed()
    assert bits(other) == bits(model)
    asked: list[str] = []

    def decline(question: str) -> str:
        asked.append(question)
        return "n"

    monkeypatch.setattr("builtins.input", decline)
    changed = small()
    changed.save_weights(path, overwrite=False, save_format="tf")
    assert "cp.ckpt.index already exists" in asked[0]
    changed.save_weights(path, save_format="tf")
    other.load_weights(path)
    assert bits(other) == bits(changed) != bits(model)
    model.save_weights(path)  # one file, in the place of those
    assert sorted(p.name for p in path.parent.iterdir()) == ["checkpoint", "cp.ckpt"]
    other.load_weights(path)
    assert bits(other) == bits(model)


def test_weights_named_as_the_index_of_their_folder(tmp_path: Path) -> None:
    model, other = small(), small()
    model.save_weights(tmp_path / "checkpoint", save_format="tf")
    latest = latest_checkpoint(tmp_path)
    assert latest == str(tmp_path / "checkpoint")
    other.load_weights(latest)
    assert bits(other) == bits(model)


def test_a_folder_without_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"keras_model\.h5"):
        load_model(tmp_path)
    own().save(tmp_path)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    before = (tmp_path / "keras_model.h5").read_bytes()
    own().save(tmp_path, overwrite=False)
    assert (tmp_path / "keras_model.h5").read_bytes() == before


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_registered_things_need_no_custom_objects(ending: str, tmp_path: Path) -> None:
    names = utils.get_custom_objects()
    try:
        for name, thing in {**OWN, "Chain": Chain}.items():
            utils.register_keras_serializable("mine", name)(thing)
        model = Chain(own().layers)
        model.compile(Slower(0.1), Gap(), metrics=[off_by, "mae"])
        model.fit(X, Y, verbose=0)
        model.save(tmp_path / f"m{ending}")
        written = json.loads(model.to_json())
        assert written["class_name"] == "mine>Chain"
        kinds = [entry["class_name"] for entry in written["config"]["layers"]]
        assert kinds == ["InputLayer", "mine>Scale", "Dense"]
        loaded = load_model(tmp_path / f"m{ending}")
    finally:
        names.clear()
    assert isinstance(loaded, Chain) and isinstance(loaded.optimizer, Slower)
    assert (
        loaded.fit(X, Y, shuffle=False, verbose=0).history
        == model.fit(X, Y, shuffle=False, verbose=0).history
    )
    with pytest.raises(UnknownNameError, match="custom_objects"):
        load_model(tmp_path / f"m{ending}")
    assert isinstance(load_model(tmp_path / f"m{ending}", {**OWN, "Chain": Chain}), Chain)


class Chain(Sequential):
    """A model of one's own."""


def test_a_function_is_never_read_from_a_file(tmp_path: Path) -> None:
    model = Sequential([layers.Lambda(lambda x: x * 2, input_shape=(3,)), layers.Dense(1)])
    model.save(tmp_path / "m.h5")
    with pytest.raises(ArgumentError, match="Functions are never read from files"):
        load_model(tmp_path / "m.h5")


def test_json(tmp_path: Path) -> None:
    model = own()
    text = model.to_json(indent=1)
    assert json.loads(text)["class_name"] == "Sequential"
    again = models.model_from_json(text, OWN)
    assert again.get_config() == model.get_config()
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    assert models.model_from_config(json.loads(text), OWN).get_config() == model.get_config()


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "{", "[" * 100_000, None, '{"a": 1}', '{"class_name": ["Sequential"]}']
)
def test_json_that_is_no_model(text: Any) -> None:
    with pytest.raises(MinifitError):
        models.model_from_json(text)


def test_a_configuration_with_nonsense() -> None:
    for config in (
        {},
        {"layers": 3},
        {"layers": [{"class_name": "Dense", "config": {"units": 2, "unknown": 3}}]},
    ):
        with pytest.raises(MinifitError):
            models.model_from_config({"class_name": "Sequential", "config": config})
    with pytest.raises(ArgumentTypeError, match="class_name"):
        models.model_from_config([])  # type: ignore[arg-type]


def test_a_configuration_that_json_has_no_word_for(tmp_path: Path) -> None:
    class Odd(Scale):
        odd: Any = None

        def get_config(self) -> Any:
            return {**super().get_config(), "odd": self.odd}

    layer = Odd(input_shape=(3,))
    model = Sequential([layer])
    for odd, written in ((np.float32(0.5), 0.5), (np.arange(2), [0, 1]), (halved, "halved"), (Gap(), "Gap")):
        layer.odd = odd
        found = json.loads(model.to_json())["config"]["layers"][1]["config"]["odd"]
        assert (found["class_name"] if isinstance(found, dict) else found) == written
    layer.odd = 1j
    with pytest.raises(ArgumentError, match="plain values"):
        model.save(tmp_path / "m.h5")


# -- files that claim things ---------------------------------------------------------------------------------


def rewritten(path: Path, change: Any) -> Path:
    """A file of a small model whose configuration was changed."""
    root = legacy.tree(describe(small(), True))
    for name in ("model_config", "training_config"):
        config = json.loads(str(root.attributes[name]))
        change(name, config)
        root.attributes[name] = json.dumps(config)
    hdf5.write(path, root)
    return path


def test_a_model_is_not_made_larger_than_its_file(tmp_path: Path) -> None:
    def many_units(name: str, config: Any) -> None:
        if name == "model_config":
            config["config"]["layers"][1]["config"]["units"] = 10**12

    with pytest.raises(FileFormatError, match="'a/kernel' of shape"):
        load_model(rewritten(tmp_path / "m.h5", many_units))

    def many_thresholds(name: str, config: Any) -> None:
        if name == "training_config":
            config["metrics"] = [{"class_name": "AUC", "config": {"num_thresholds": 10**12}}]

    with pytest.raises(FileFormatError, match="num_thresholds"):
        load_model(rewritten(tmp_path / "m.h5", many_thresholds))


def test_an_array_that_does_not_fit_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["a", "b"]
        for name in ("a", "b"):
            group = file.create_group(name)
            group.attrs["weight_names"] = ["w"]
            group.create_dataset("w", (100_000, 100_000), "f4", chunks=(1000, 1000), compression="gzip")
    with pytest.raises(FileFormatError, match="40000000000 bytes, which it does not have"):
        small().load_weights(path)


def test_an_optimizer_that_does_not_fit_begins_anew(tmp_path: Path) -> None:
    model = small()
    model.fit(X, Y, verbose=0)
    root: Any = legacy.tree(describe(model, True))
    root.members["optimizer_weights"].attributes["weight_names"].pop()
    hdf5.write(tmp_path / "m.h5", root)
    with pytest.warns(MinifitWarning, match="starts from scratch"):
        loaded = load_model(tmp_path / "m.h5")
    assert bits(loaded) == bits(model)
    assert int(loaded.optimizer.iterations) == 0


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    small().save(path)
    content = path.read_bytes()
    for broken in (content[:-1], content[:3000] + b"?" + content[3001:]):
        path.write_bytes(broken)
        with pytest.raises(FileFormatError, match="checksum"):
            load_model(path)


def test_an_infinite_number_is_a_number(tmp_path: Path) -> None:
    root: Any = legacy.tree(describe(small(), False))
    root.members["a"].members["a"].members["bias:0"] = np.array([np.nan, 1e300, -np.inf])
    hdf5.write(tmp_path / "m.h5", root)
    model = small()
    model.load_weights(tmp_path / "m.h5")
    assert model.get_weights()[1].tolist()[1:] == [np.inf, -np.inf]


def test_the_order_of_the_weights_of_layers_in_layers() -> None:
    model = CASES["block"](minifit)
    first, second, last = describe(model, False).model.layers
    assert [w.name.rpartition("/")[2] for w in first.own()] == ["scale:0", "offset:0"]
    assert list(first.inner) == ["frozen", "parts", "batch"]
    assert isinstance(first.inner["parts"], list)
    trained, frozen = first.all_weights()[:7], second.all_weights()
    assert [w.name for w in trained] == [w.name for w in model.layers[0].trainable_weights]
    assert [w.name.rpartition("/")[2] for w in frozen[:3]] == ["scale:0", "offset:0", "kernel:0"]
    assert [w.name.rpartition("/")[2] for w in last.all_weights()] == ["kernel:0", "bias:0"]


def test_metrics_come_back_with_their_names(tmp_path: Path) -> None:
    wanted = ["acc", metrics.Recall(name="found", thresholds=[0.2, 0.4]), losses.CosineSimilarity()]
    model = Sequential([layers.Dense(1, "sigmoid", input_shape=(3,))])
    model.compile("sgd", "mse", metrics=wanted, weighted_metrics=["mse"])
    model.save(tmp_path / "before.h5")
    model.evaluate(X, Y, verbose=0)
    model.save(tmp_path / "after.h5")
    for name in ("before", "after"):
        loaded = load_model(tmp_path / f"{name}.h5")
        loaded.evaluate(X, Y, verbose=0)
        assert loaded.metrics_names == ["loss", "acc", "found", "cosine_similarity", "mse"]
    told, found = (
        model.evaluate(X, Y, verbose=0, return_dict=True),
        loaded.evaluate(X, Y, verbose=0, return_dict=True),
    )
    assert {k: np.asarray(v).tolist() for k, v in told.items()} == {
        k: np.asarray(v).tolist() for k, v in found.items()
    }


# -- names ---------------------------------------------------------------------------------------------------

ODD_NAMES = [
    "top_level_model_weights", "optimizer_weights", "model_weights", "layer_names", "weight_names", "layers", "vars",
    "a/b", "a//b", "/a", "a/", "top_level_model_weights/a", "one/kernel:0", "kernel:0", " ", "a b", ".", "..", "./a",
    "a/..", "/", "é中", "\U0001f642", "e\u0301", "\n", "\x1b[2J", "%s{}", "a\\b", "CON", "0", "x" * 32_000,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_NAMES, ids=[n[:20] for n in ODD_NAMES])
def test_odd_names_come_back_from_every_format(name: str, tmp_path: Path) -> None:
    middle = Affine([name, "w", "w", "w_1"], name=name)
    metric = metrics.MeanAbsoluteError(name=name)
    model = Sequential(
        [layers.Dense(2, input_shape=(2,), name="one"), middle, layers.Dense(1, name="two")], name
    )
    model.compile("adam", "mse", metrics=[metric])
    model.fit(np.ones((2, 2)), np.ones(2), verbose=0)
    for file in ("m.h5", "m.keras"):
        model.save(tmp_path / file)
        again = load_model(tmp_path / file, {"Affine": Affine})
        again.evaluate(np.ones((2, 2)), np.ones(2), verbose=0)
        assert (again.name, again.layers[1].name, again.metrics_names[-1]) == (name, name, name)
        assert again.optimizer.iterations == 1
        assert bits(again) == bits(model)
    for file, by_name in (("w.weights.h5", False), ("w.h5", False), ("w.h5", True)):
        model.save_weights(tmp_path / file)
        other = Sequential.from_config(model.get_config(), {"Affine": Affine})
        other.load_weights(tmp_path / file, by_name=by_name)
        assert bits(other) == bits(model)


class Affine(layers.Layer):
    """A layer whose weights have these names."""

    def __init__(self, names: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = names

    def build(self, input_shape: Any) -> None:
        self.made = [self.add_weight(name, (input_shape[-1],), initializer="normal") for name in self.names]

    def call(self, inputs: Any) -> Any:
        for weight in self.made:
            inputs = inputs + weight
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "names": self.names}


@pytest.mark.parametrize("name", ["a\0b", "\0", "\ud800", "x\udfffy", "x" * 32_001, 3, b"a", ["a"]])
def test_names_that_no_file_can_store_are_refused_when_a_thing_is_made(name: Any) -> None:
    kind = ArgumentError if isinstance(name, str) else ArgumentTypeError
    makers: list[Any] = [partial(layers.Dense, 1), layers.InputLayer, Sequential]
    for make in makers:
        with pytest.raises(kind, match=r"name (must be|may have) .* Received: "):
            make(name=name)
    if isinstance(name, str):
        with pytest.raises(ArgumentError, match=r"A weight's name (must be|may have) .* Received: "):
            Affine([name]).build((None, 2))


def test_a_name_that_became_unfit_afterwards_is_refused_when_it_is_saved(tmp_path: Path) -> None:
    model = small()
    model.layers[0].weights[0].name = "\ud800"
    with pytest.raises(ArgumentError, match="A name in a file must be Unicode"):
        model.save(tmp_path / "m.h5")
    assert not os.listdir(tmp_path)


# -- memory --------------------------------------------------------------------------------------------------


def bomb(kind: str) -> dict[str, bytes]:
    """The members of an archive of a few kB that would become gigabytes."""
    model = small()
    description = describe(model, True)
    assert description.config is not None
    config = json.dumps(to_keras3(description.config, description.training))
    members = {
        "metadata.json": b"{}",
        "config.json": config.encode(),
        "model.weights.h5": hdf5.image(tree(description)),
    }
    many = b'{"a":[' + b"[]," * 3_000_000 + b"0]}"
    if kind == "weights":
        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            shape, chunk = (2**14, 2**13), (2**11, 2**13)
            zeros = zlib.compress(bytes(2**26), 9)
            stored = file.create_dataset("layers/dense/vars/0", shape, "f4", chunks=chunk, compression="gzip")
            for row in range(0, 2**14, 2**11):
                stored.id.write_direct_chunk((row, 0), zeros)
        members["config.json"] = re.sub(
            r'"units": \d+', '"units": 8192', config.replace("[null, 3]", "[null, 16384]")
        ).encode()
        members["model.weights.h5"] = memory.getvalue()
    elif kind == "zeros":
        members["model.weights.h5"] += bytes(1 << 25)
    else:
        members[kind] = many
    return members


@pytest.mark.parametrize("kind", ["weights", "zeros", "config.json", "metadata.json"])
def test_small_files_take_little_memory(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in bomb(kind).items():
            archive.writestr(name, content)
    assert path.stat().st_size < 50_000
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError):
            load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_model_from_a_file_has_its_metrics_at_once(tmp_path: Path) -> None:
    model = small(metrics=["mae", "accuracy"])
    model.save(tmp_path / "kept.h5")
    loaded = load_model(tmp_path / "kept.h5")
    assert loaded.metrics_names == [m.name for m in loaded.metrics] == ["loss", "mae", "accuracy"]
    loaded.fit(X, Y, verbose=0)
    assert loaded.metrics_names == ["loss", "mae", "accuracy"]
