"""Files in Keras 3's formats: those that Keras 3 wrote, and those of minifit."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import minifit
from minifit import Sequential, callbacks, layers, losses, optimizers
from minifit.errors import (
    ArgumentError,
    FileFormatError,
    MinifitWarning,
    NotBuiltError,
    UnknownNameError,
)
from minifit.models import load_model
from minifit.models.files import describe
from minifit.saving.hdf5 import Group, image
from minifit.saving.keras3 import files
from minifit.saving.keras3.files import CONFIG, MEMBERS, METADATA, WEIGHTS
from tests.saving.files.cases import custom, data, seen, set_all, train
from tests.saving.files.cases_keras3 import KERAS3, PREDICTED
from tests.saving.files.exchange import worst

ARCHIVE = Path(__file__).parents[1] / "files" / "keras3.zip"
X, Y = data("sgd")


@pytest.fixture(scope="module")
def archive() -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(ARCHIVE) as opened:
        yield opened


def plain(told: Any) -> Any:
    return json.loads(json.dumps(told, default=np.ndarray.tolist))


def small(**compiling: Any) -> Sequential:
    made = [layers.Dense(3, "tanh", input_shape=(3,), name="a"), layers.Dense(1, name="b")]
    model = Sequential(made, name="small")
    model.compile(**{"optimizer": optimizers.Adam(0.1), "loss": "mse", "metrics": ["mae"], **compiling})
    return model


def bits(model: Sequential) -> list[bytes]:
    return [w.tobytes() for w in model.get_weights()]


def remembered(model: Sequential) -> Any:
    return plain(model.optimizer.get_state(model.trainable_weights))


def agrees(model: Sequential, name: str, archive: zipfile.ZipFile, *keys: str) -> bool:
    """Whether a model predicts, and goes on training, as Keras 3 told of its own."""
    told, found = json.loads(archive.read(f"{name}.json")), plain(seen(model, name))
    wanted = ("predicted",) if name in PREDICTED else keys
    return bool(worst({k: told[k] for k in wanted}, {k: found[k] for k in wanted}) < 1e-5)


def changed(path: Path, **members: bytes | None) -> Path:
    """The archive with other members; None takes one away. Names are without their suffixes."""
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content |= {next(n for n in MEMBERS if n.startswith(k)): v for k, v in members.items()}  # type: ignore[misc]
    with zipfile.ZipFile(path, "w") as new:
        for name, value in content.items():
            if value is not None:
                new.writestr(name, value)
    return path


# -- what Keras 3 wrote --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERAS3)
def test_a_model_of_keras_3_predicts_and_trains_on_as_it_did_there(
    name: str, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    model = load_model(archive.extract(f"{name}.keras", tmp_path), custom(minifit))
    assert agrees(model, name, archive, "predicted", "history", "after")


@pytest.mark.parametrize("name", KERAS3)
def test_weights_of_keras_3_come_with_what_the_optimizer_remembered(
    name: str, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    model = KERAS3[name](minifit)
    model.build((None, 3))
    model.load_weights(archive.extract(f"{name}.weights.h5", tmp_path))
    assert agrees(model, name, archive, "predicted", "after")


def test_weights_are_taken_from_a_whole_model_too(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    model = KERAS3["adam"](minifit)
    model.load_weights(archive.extract("adam.keras", tmp_path))
    assert agrees(model, "adam", archive, "predicted", "after")


@pytest.mark.parametrize("name", ["adam", "nadam", "exponential", "layers", "adapted", "block", "frozen"])
def test_files_have_what_those_of_keras_3_have(name: str, archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """Every array at its place with its shape and kind of number, and every name of a layer with weights."""

    def listed(path: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def note(place: str, there: Any) -> None:
            if isinstance(there, h5py.Dataset):
                found[place] = there.shape, there.dtype

        with zipfile.ZipFile(path) as opened, h5py.File(io.BytesIO(opened.read(WEIGHTS))) as file:
            file.visititems(note)
            for place in {p.rpartition("/")[0] for p in found if p.startswith("layers")}:
                found[place] = file[place].attrs["name"] if place.count("/") == 2 else "an inner one"
        return found

    path = archive.extract(f"{name}.keras", tmp_path)
    load_model(path, custom(minifit)).save(tmp_path / "again.keras")
    assert listed(tmp_path / "again.keras") == listed(path)


# -- what minifit writes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERAS3)
def test_a_model_predicts_and_trains_on_as_before_it_was_saved(name: str, tmp_path: Path) -> None:
    model = KERAS3[name](minifit)
    set_all(model)
    train(model, name)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras", custom(minifit))
    if name != "adapted":  # whose count of samples was made to be no whole number
        assert bits(loaded) == bits(model)
    if name != "shapes":  # whose random numbers begin anew
        assert plain(seen(loaded, name)) == plain(seen(model, name))
        assert loaded.metrics_names == model.metrics_names


def test_weights_come_back_with_what_the_optimizer_remembers(tmp_path: Path) -> None:
    model = small()
    model.fit(X, Y, epochs=2, verbose=0)
    model.save_weights(tmp_path / "m.weights.h5")
    other = small(optimizer=optimizers.Adam(0.7))
    other.load_weights(tmp_path / "m.weights.h5")
    assert bits(other) == bits(model)
    assert remembered(other) == remembered(model)
    uncompiled = Sequential(small().layers)
    uncompiled.load_weights(tmp_path / "m.weights.h5")
    assert bits(uncompiled) == bits(model)


def test_weights_without_an_optimizer(tmp_path: Path) -> None:
    model = Sequential(small().layers)
    model.save_weights(tmp_path / "m.weights.h5")
    other = small()
    other.fit(X, Y, verbose=0)
    before = remembered(other)
    other.load_weights(tmp_path / "m.weights.h5")
    assert bits(other) == bits(model)
    assert remembered(other) == before


def test_an_optimizer_that_does_not_fit_stays_as_it_was(tmp_path: Path) -> None:
    model = small()
    model.fit(X, Y, verbose=0)
    model.save_weights(tmp_path / "m.weights.h5")
    other = small(optimizer=optimizers.SGD(0.7))
    with pytest.warns(MinifitWarning, match="optimizer keeps its state.*SGD"):
        other.load_weights(tmp_path / "m.weights.h5")
    assert bits(other) == bits(model)
    assert float(other.optimizer.learning_rate) == pytest.approx(0.7)


def test_a_schedule_stays(tmp_path: Path) -> None:
    plain_rate = small(optimizer=optimizers.SGD(0.5))
    plain_rate.fit(X, Y, verbose=0)
    plain_rate.save_weights(tmp_path / "m.weights.h5")
    schedule = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    other = small(optimizer=optimizers.SGD(schedule))
    other.load_weights(tmp_path / "m.weights.h5")
    assert other.optimizer.learning_rate is schedule
    assert int(other.optimizer.iterations) == 1


def test_the_same_model_is_the_same_bytes(tmp_path: Path) -> None:
    model = small()
    for name in ("a.keras", "b.keras", "a.weights.h5", "b.weights.h5"):
        (model.save if "keras" in name else model.save_weights)(tmp_path / name)
    for end in (".keras", ".weights.h5"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()


def test_the_members_and_their_checksums(tmp_path: Path) -> None:
    small().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        assert tuple(file.namelist()) == MEMBERS
        assert file.testzip() is None
        metadata = json.loads(file.read(METADATA))
        assert metadata["keras_version"].startswith("3.")
        assert metadata["written_by"] == "minifit"
        assert file.read(WEIGHTS).startswith(b"minifit SHA-256")


def test_compressed_arrays(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(100, kernel_initializer="zeros", input_shape=(100,))])
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "n.keras", options={"compression": "gzip", "shuffle": True})
    assert (tmp_path / "n.keras").stat().st_size < (tmp_path / "m.keras").stat().st_size / 3
    assert bits(load_model(tmp_path / "n.keras", compile=False)) == bits(model)


def test_the_optimizer_may_be_left_out(tmp_path: Path) -> None:
    small().save(tmp_path / "m.keras", include_optimizer=False)
    with pytest.warns(MinifitWarning, match="how the model was compiled"):
        assert load_model(tmp_path / "m.keras").optimizer is None


def test_steps_per_execution_come_back(tmp_path: Path) -> None:
    small(steps_per_execution=3).save(tmp_path / "m.keras")
    ends: list[int] = []
    watch = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(batch))
    load_model(tmp_path / "m.keras").fit(X, Y, batch_size=1, verbose=0, callbacks=[watch])
    assert ends == [2, 5, 7]


def test_a_rate_that_decays_goes_on_as_a_schedule(tmp_path: Path) -> None:
    model = small(optimizer=optimizers.SGD(0.5, decay=0.5))
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file, h5py.File(io.BytesIO(file.read(WEIGHTS))) as numbers:
        assert len(numbers["optimizer/vars"]) == 1  # the steps made, and no learning rate, as of a schedule
    loaded = load_model(tmp_path / "m.keras")
    assert isinstance(loaded.optimizer.learning_rate, optimizers.schedules.InverseTimeDecay)
    for one in (model, loaded):
        one.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    assert worst(plain(model.get_weights()[0]), plain(loaded.get_weights()[0])) < 1e-6


def test_a_loss_and_a_layer_of_ones_own(tmp_path: Path) -> None:
    class Scale(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight("factor", (input_shape[-1],), initializer="ones")

        def call(self, inputs: Any) -> Any:
            return inputs * self.factor

    def cubic(y_true: Any, y_pred: Any) -> Any:
        return abs(y_true - y_pred) ** 3

    model = Sequential([Scale(input_shape=(3,)), layers.Dense(1)])
    model.compile("sgd", cubic, metrics=[cubic])
    model.save(tmp_path / "m.keras")
    own = {"Scale": Scale, "cubic": cubic}
    loaded = load_model(tmp_path / "m.keras", own)
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    with pytest.raises(UnknownNameError, match=r"'Scale'.*custom_objects"):
        load_model(tmp_path / "m.keras")


# -- names and formats ---------------------------------------------------------------------------------------


def test_weights_alone_have_no_place_in_a_whole_model(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"\.weights\.h5"):
        small().save_weights(tmp_path / "m.keras")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("save", [Sequential.save, Sequential.save_weights])
@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_files_in_the_legacy_format_under_these_names(name: str, save: Any, tmp_path: Path) -> None:
    """As tf.keras 2.7 writes them."""
    model = small()
    save(model, tmp_path / name, save_format="h5")
    other = small()
    other.load_weights(tmp_path / name)
    assert bits(other) == bits(model)
    other.load_weights(tmp_path / name, by_name=True)
    if save is Sequential.save and name == "m.keras":
        assert bits(load_model(tmp_path / name)) == bits(model)


def test_layers_are_not_found_by_their_names(tmp_path: Path) -> None:
    small().save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ArgumentError, match="by_name=True"):
        small().load_weights(tmp_path / "m.weights.h5", by_name=True)


def test_a_file_of_weights_is_no_model(tmp_path: Path) -> None:
    small().save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(FileFormatError, match="no configuration"):
        load_model(tmp_path / "m.weights.h5")


def test_a_model_of_keras_3_that_is_not_built(tmp_path: Path) -> None:
    small().save(tmp_path / "m.keras", include_optimizer=False)
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        config = json.loads(file.read(CONFIG))
    del config["config"]["layers"][0]
    config["compile_config"] = {"optimizer": "sgd", "loss": "mse"}
    empty = image(Group(members={"layers": Group()}))
    path = changed(tmp_path / "m.keras", metadata=b"{}", config=json.dumps(config).encode(), model=empty)
    loaded = load_model(path)
    assert not loaded.built
    loaded.fit(X, Y, verbose=0)


def test_a_model_that_is_not_built(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError):
        Sequential([layers.Dense(1)]).save(tmp_path / "m.keras")
    assert list(tmp_path.iterdir()) == []


def test_what_keras_3_does_not_have_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "m.keras")
    before = (tmp_path / "m.keras").read_bytes()
    model.compile(optimizers.Nadam(), losses.Huber())
    with pytest.raises(ArgumentError, match="schedule_decay"):
        model.save(tmp_path / "m.keras")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [before]
    model.save(tmp_path / "m.keras", include_optimizer=False)


# -- what is wrong -------------------------------------------------------------------------------------------


def other_shapes() -> Sequential:
    model = Sequential([layers.Dense(4, input_shape=(3,), name="a"), layers.Dense(1, name="b")])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_a_model_that_does_not_fit_stays_as_it_was(name: str, tmp_path: Path) -> None:
    (small().save if "keras" in name else small().save_weights)(tmp_path / name)
    less, more = small(), small()
    less.pop()
    more.add(layers.Dense(1))
    for other in (other_shapes(), less, more):
        before = bits(other), remembered(other)
        with pytest.raises(FileFormatError, match="must fit the weights"):
            other.load_weights(tmp_path / name)
        assert (bits(other), remembered(other)) == before


def test_layers_that_do_not_fit_may_be_left_out(tmp_path: Path) -> None:
    model = small()
    model.save_weights(tmp_path / "m.weights.h5")
    other = Sequential([layers.Dense(3, input_shape=(3,), name="a"), layers.Dense(2, name="b")])
    before = bits(other)
    with pytest.warns(MinifitWarning, match=r"'b' were not changed.*shape \(3, 2\)"):
        other.load_weights(tmp_path / "m.weights.h5", skip_mismatch=True)
    assert bits(other) == [*bits(model)[:2], *before[2:]]


@pytest.mark.parametrize(
    "members",
    [
        {"metadata": None},
        {"config": None},
        {"model": None},
        {"config": b"{"},
        {"config": b"[" * 100_000},
        {"config": b"\xff"},
        {"config": b"[]"},
        {"config": b"null"},
        {"metadata": b"nothing"},
        {"model": b""},
        {"model": b"\x89HDF\r\n\x1a\n"},
    ],
    ids=str,
)
def test_members_that_are_none(members: dict[str, bytes | None], tmp_path: Path) -> None:
    small().save(tmp_path / "m.keras")
    if "metadata" not in members:
        members = {"metadata": b"{}", **members}  # without the checksum
    with pytest.raises(FileFormatError):
        load_model(changed(tmp_path / "m.keras", **members))


def test_a_changed_configuration_is_noticed(tmp_path: Path) -> None:
    small().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        config = file.read(CONFIG).replace(b"tanh", b"relu")
    with pytest.raises(FileFormatError, match=r"checksum of config\.json"):
        load_model(changed(tmp_path / "m.keras", config=config))
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        numbers = bytearray(file.read(WEIGHTS))
    numbers[-1] ^= 1
    with pytest.raises(FileFormatError, match="checksum is wrong"):
        load_model(changed(tmp_path / "m.keras", metadata=b"{}", model=bytes(numbers)))


@pytest.mark.parametrize("content", [b"", b"PK", b"nothing of the kind" * 10, b"PK\5\6" + bytes(18)])
def test_a_file_that_is_no_archive(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"\.keras file"):
        load_model(tmp_path / "m.keras")


def test_a_configuration_that_asks_for_more_than_the_file_has(tmp_path: Path) -> None:
    small().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        config = json.loads(file.read(CONFIG))
    config["config"]["layers"][1]["config"]["units"] = 10**12
    with pytest.raises(FileFormatError, match="there are not enough"):
        load_model(changed(tmp_path / "m.keras", metadata=b"{}", config=json.dumps(config).encode()))


def test_a_model_compiled_with_what_minifit_does_not_have(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        config = json.loads(file.read(CONFIG))
    config["compile_config"]["optimizer"]["class_name"] = "Lion"
    changed(tmp_path / "m.keras", metadata=b"{}", config=json.dumps(config).encode())
    with pytest.raises(UnknownNameError, match="'Lion'") as caught:
        load_model(tmp_path / "m.keras")
    assert any("compile=False" in note for note in caught.value.__notes__)
    assert bits(load_model(tmp_path / "m.keras", compile=False)) == bits(model)
    other = small()
    other.load_weights(tmp_path / "m.keras")
    assert bits(other) == bits(model)


def test_weights_need_no_configuration_that_is_understood(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "m.keras")
    changed(tmp_path / "m.keras", metadata=b"{}", config=b'{"class_name": "Functional"}')
    other = small()
    other.load_weights(tmp_path / "m.keras")
    assert bits(other) == bits(model)


def test_a_description_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="only weights"):
        files.write(tmp_path / "x", describe(small(), False))
