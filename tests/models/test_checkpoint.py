"""Checkpoints bring back variables, models and optimizers, and managers keep the last few files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    NotBuiltError,
    PartialLoadError,
    ShapeError,
)
from minifit.functions.module import Module
from minifit.layers import Dense
from minifit.models import Sequential
from minifit.models.checkpoint import Checkpoint, CheckpointManager, latest_checkpoint
from minifit.optimizers import Adam, schedules
from minifit.parameters import Variable
from minifit.saving.device_options import CheckpointOptions
from minifit.tape import GradientTape

X, Y = np.random.default_rng(0).standard_normal((2, 16, 3)).astype(np.float32)


class Program:
    """A loop written by hand."""

    def __init__(self) -> None:
        self.model = Sequential([Dense(3, input_shape=(3,))])
        self.optimizer = Adam(0.1)
        self.step = Variable(0, trainable=False, dtype=np.int64)
        self.checkpoint = Checkpoint(step=self.step, optimizer=self.optimizer, net=self.model)

    def run(self, steps: int) -> list[float]:
        losses = []
        for _ in range(steps):
            with GradientTape() as tape:
                loss = ((self.model(X) - Y) ** 2).mean()
            gradients = tape.gradient(loss, self.model.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
            self.step.assign_add(1)
            losses.append(float(loss))
        return losses


def test_a_program_goes_on_where_it_was(tmp_path: Path) -> None:
    first = Program()
    first.run(5)
    path = first.checkpoint.save(tmp_path / "ckpt")
    rest = first.run(3)
    other = Program()
    other.checkpoint.restore(path).assert_consumed()
    assert int(other.step) == 5
    assert other.run(3) == rest


def test_the_names_of_files(tmp_path: Path) -> None:
    checkpoint = Checkpoint(v=Variable(1.0))
    paths = [checkpoint.save(str(tmp_path / "ckpt")) for _ in range(2)]
    assert paths == [str(tmp_path / "ckpt-1"), str(tmp_path / "ckpt-2")]
    assert latest_checkpoint(tmp_path) == paths[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint", "ckpt-1", "ckpt-2"]
    Path(paths[1]).unlink()
    assert latest_checkpoint(tmp_path) == paths[0]


def test_before_there_is_a_file(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path) is None
    v = Variable(2.0)
    status = Checkpoint(v=v).restore(latest_checkpoint(tmp_path))
    assert float(v) == 2.0
    with pytest.raises(PartialLoadError):
        status.assert_consumed()


def test_what_is_in_lists_modules_and_other_checkpoints(tmp_path: Path) -> None:
    class Part(Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = Variable([1.0, 2.0])

    def make() -> tuple[Part, list[Variable], Checkpoint]:
        part, both = Part(), [Variable(3.0), Variable(4.0)]
        return part, both, Checkpoint(part, both=both, inner=Checkpoint(again=part, own={"x": Variable(5.0)}))

    part, both, checkpoint = make()
    part.w.assign([8.0, 9.0])
    both[1].assign(7.0)
    path = checkpoint.write(tmp_path / "file")
    part, both, checkpoint = make()
    checkpoint.read(path).assert_consumed()
    assert part.w.numpy().tolist() == [8, 9]
    assert float(both[1]) == 7


def test_files_and_programs_that_differ(tmp_path: Path) -> None:
    path = Checkpoint(a=Variable(1.0), b=Variable(2.0)).write(tmp_path / "file")
    a, c = Variable(0.0), Variable(0.0)
    status = Checkpoint(a=a, c=c).read(path)
    assert (float(a), float(c)) == (1, 0)
    status.expect_partial()
    with pytest.raises(PartialLoadError, match="'c'"):
        status.assert_existing_objects_matched()
    with pytest.raises(PartialLoadError, match="1 of layers"):
        Checkpoint(a=a).read(path).assert_consumed()
    with pytest.raises(ShapeError, match="'b' of shape"):
        Checkpoint(a=a, b=Variable([1.0])).read(path)


@pytest.mark.parametrize("value", [3, "text", Sequential, iter([])])
def test_what_cannot_be_kept(value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="A checkpoint saves variables"):
        Checkpoint(value=value)


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"text")
    with pytest.raises(FileFormatError, match="A checkpoint must be a file"):
        Checkpoint(a=Variable(1.0)).read(tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        Checkpoint(a=Variable(1.0)).read(tmp_path / "none")


def test_a_manager_keeps_the_last_few(tmp_path: Path) -> None:
    v = Variable(0.0)
    manager = CheckpointManager(Checkpoint(v=v), tmp_path, max_to_keep=2, checkpoint_name="w")
    assert manager.latest_checkpoint is None
    for n in range(4):
        v.assign(float(n))
        manager.save()
    assert manager.checkpoints == [str(tmp_path / "w-3"), str(tmp_path / "w-4")]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint", "w-3", "w-4"]
    assert manager.save(checkpoint_number=10) == str(tmp_path / "w-10")
    assert manager.latest_checkpoint == str(tmp_path / "w-10")


def test_a_file_holds_each_variable_once_and_slots_of_what_is_learned(tmp_path: Path) -> None:
    learned, frozen, optimizer = Variable(1.0), Variable(1.0, trainable=False), Adam(0.1)
    optimizer.apply_gradients([(Variable(2.0).value, learned)])
    checkpoint = Checkpoint(v=learned, again=learned, frozen=frozen, optimizer=optimizer)
    path = checkpoint.write(tmp_path / "file")
    checkpoint.read(path).assert_consumed()
    with np.load(path) as file:
        of_weights = {name for name in file.files if not name.startswith("/optimizer/")}
        assert of_weights == {"/v", "/frozen", "/save_counter"}
        slots = set(file.files) - of_weights - {"/optimizer/iterations", "/optimizer/learning_rate"}
        assert slots and all(name.endswith("/v") for name in slots)


def test_a_schedule_is_not_kept(tmp_path: Path) -> None:
    optimizer = Adam(schedules.ExponentialDecay(0.1, 1, 0.5))
    path = Checkpoint(optimizer=optimizer).write(tmp_path / "file")
    optimizer.iterations.assign(7)
    Checkpoint(optimizer=optimizer).read(path).assert_consumed()
    assert int(optimizer.iterations) == 0
    with np.load(path) as file:
        assert set(file.files) == {"/optimizer/iterations", "/save_counter"}


def test_a_file_that_is_written_again_is_named_once(tmp_path: Path) -> None:
    v = Variable(1.0)
    paths = [Checkpoint(v=v).save(tmp_path / "ckpt") for _ in range(2)]
    assert (tmp_path / "checkpoint").read_text().count("all_model") == 1
    manager = CheckpointManager(Checkpoint(v=v), tmp_path, 2)
    for number in (7, 1, 1):
        manager.save(checkpoint_number=number)
    assert manager.checkpoints == [str(tmp_path / "ckpt-7"), paths[0]]


def test_options_name_a_device_and_nothing_else(tmp_path: Path) -> None:
    checkpoint, device = Checkpoint(v=Variable(1.0)), CheckpointOptions("/job:localhost")
    manager = CheckpointManager(checkpoint, tmp_path, 1)
    path = checkpoint.save(tmp_path / "ckpt", options=device)
    checkpoint.restore(path, options=device).assert_consumed()
    assert manager.save(options=device) == str(tmp_path / "ckpt-2")
    packed: Any = {"compression": "gzip"}
    for call in (checkpoint.save, checkpoint.write, checkpoint.read, checkpoint.restore):
        with pytest.raises(ArgumentError, match=r"Checkpoint name a device.*'compression'"):
            call(path, options=packed)
    with pytest.raises(ArgumentError, match="CheckpointManager name a device"):
        manager.save(options=packed)
    assert int(checkpoint.save_counter) == 2


def test_an_index_of_another_name(tmp_path: Path) -> None:
    path = Checkpoint(v=Variable(1.0)).save(tmp_path / "ckpt")
    (tmp_path / "checkpoint").rename(tmp_path / "other")
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path, "other") == path


def test_a_manager_waits_for_its_interval(tmp_path: Path) -> None:
    step = Variable(0, trainable=False)
    manager = CheckpointManager(
        Checkpoint(step=step), tmp_path, None, step_counter=step, checkpoint_interval=2
    )
    written = []
    for _ in range(5):
        written.append(manager.save() is not None)
        step.assign_add(1)
    assert written == [True, False, True, False, True]
    assert manager.save(check_interval=False)
    with pytest.raises(ArgumentError, match="step_counter"):
        CheckpointManager(Checkpoint(step=step), tmp_path, None, checkpoint_interval=2)


def test_restore_or_initialize(tmp_path: Path) -> None:
    v, begun = Variable(1.0), []
    manager = CheckpointManager(Checkpoint(v=v), tmp_path, 1, init_fn=lambda: begun.append(1))
    assert manager.restore_or_initialize() is None
    path = manager.save()
    v.assign(5.0)
    assert manager.restore_or_initialize() == path
    assert (float(v), begun) == (1, [1])


def test_a_model_that_waits_for_its_first_data(tmp_path: Path) -> None:
    model = Sequential([Dense(2)])
    checkpoint = Checkpoint(model=model)
    with pytest.raises(NotBuiltError, match="has no weights before it is built"):
        checkpoint.save(tmp_path / "ckpt")
    model.build((None, 3))
    kept = model.get_weights()
    path = checkpoint.save(tmp_path / "ckpt")
    model.set_weights([w + 1 for w in kept])
    checkpoint.restore(path)
    np.testing.assert_array_equal(model.get_weights()[0], kept[0])
