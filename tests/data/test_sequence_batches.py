"""Batches by number: in which order, when the source is told that an epoch is over, and how a run goes on."""

import json
from collections import deque
from itertools import chain
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.data import Sequence, SequenceBatches, batches_of
from minifit.errors import ArgumentError, DataError, MinifitWarning
from minifit.layers import Dense
from tests.data.drawing import context, drawn

W = np.array([1, 2], np.float32)


class Source(Sequence):
    """Batches whose inputs are their numbers; it notes what it is asked."""

    def __init__(self, n: int = 3, name: str = "t", grows: int = 0, log: list[str] | None = None) -> None:
        self.n, self.name, self.grows = n, name, grows
        self.log: list[str] = [] if log is None else log

    def __len__(self) -> int:
        self.log.append(f"{self.name}.len")
        return self.n

    def __getitem__(self, index: int) -> Any:
        assert type(index) is int
        self.log.append(f"{self.name}[{index}]")
        return np.full((2, 1), index, np.float32), np.zeros((2, 1))

    def on_epoch_end(self) -> None:
        self.log.append(f"{self.name}.end")
        self.n += self.grows


class Indexed:
    """Nothing but what is needed."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return np.full((2, 1), index), np.zeros(2), W


def numbers(batches: SequenceBatches, here: Any, most: int = 100) -> list[int]:
    return [int(b.x[0, 0]) for b in drawn(batches, here, most)]


# -- what is a sequence --------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [Source(), Indexed(), deque(Source())], ids=lambda s: type(s).__name__)
def test_whatever_gives_batches_by_number(source: Any) -> None:
    batches = batches_of(source)
    assert isinstance(batches, SequenceBatches)
    assert numbers(batches, context()) == [0, 1, 2]


def test_batches_with_weights() -> None:
    first = drawn(batches_of(Indexed(), class_weight={0: 10}), context(), 1)[0]
    assert first.weight is not None
    assert first.weight.tolist() == [10, 20]
    assert first.x.dtype == first.weight.dtype == np.float32


@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_what_goes_with_arrays_alone(name: str) -> None:
    arguments: dict[str, Any] = {name: np.zeros(6)}
    with pytest.raises(ArgumentError, match=rf"{name} is only for arrays: .*together with a Source"):
        batches_of(Source(), **arguments)


def test_no_batch_at_all() -> None:
    with pytest.raises(DataError, match=r"at least one batch\. Received: an empty Source\."):
        batches_of(Source(0))


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ((np.zeros(2), np.zeros(3)), r"In batch 0: all arrays must have the same number of samples"),
        ((np.zeros(2), ["a", "b"]), r"y of batch 0 must hold real numbers"),
        (None, r"A batch needs inputs\. Received: None in batch 0"),
    ],
    ids=["lengths", "strings", "none"],
)
def test_a_batch_that_is_none(item: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        SequenceBatches([item])


def test_an_error_of_the_source_is_passed_on() -> None:
    class Broken(Source):
        def __getitem__(self, index: int) -> Any:
            if index == 2:
                raise KeyError("mine")
            return super().__getitem__(index)

    with pytest.raises(KeyError, match="mine"):
        numbers(SequenceBatches(Broken()), context())


# -- order ---------------------------------------------------------------------------------------------------


def epochs(batches: SequenceBatches, n: int) -> list[list[int]]:
    here, found = context(), []
    for _ in range(n):
        batches.begin_epoch()
        found.append(numbers(batches, here, batches.steps or 0))
        batches.end_epoch()
    return found


def test_in_order() -> None:
    assert epochs(SequenceBatches(Source(3)), 2) == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.rule("DATA-2")
def test_every_epoch_has_an_order_of_its_own() -> None:
    found = epochs(SequenceBatches(Source(50), shuffle=True), 3)
    assert all(sorted(order) == list(range(50)) for order in found)
    assert len({tuple(order) for order in [*found, range(50)]}) == 4


def test_the_order_comes_from_the_stream_of_shuffling() -> None:
    def order(seed: int) -> list[int]:
        here = context(seed)
        here.streams.get("dropout/d").random(seed)
        return numbers(SequenceBatches(Source(50), shuffle=True), here)

    assert order(1) == order(1) != order(2)


@pytest.mark.rule("DATA-2")
@pytest.mark.parametrize("steps", [1, 2])
def test_with_fewer_steps_every_epoch_begins_anew(steps: int) -> None:
    assert epochs(SequenceBatches(Source(3), steps), 3) == [list(range(steps))] * 3
    found = epochs(SequenceBatches(Source(50), steps, shuffle=True), 40)
    assert len(set(chain(*found))) > 20


def test_with_more_steps_the_data_ends() -> None:
    batches, here = SequenceBatches(Source(3), 5), context()
    assert numbers(batches, here) == [0, 1, 2]
    assert [batches.next(here) for _ in range(3)] == [None, None, None]


@pytest.mark.parametrize("shuffle", [False, True])
def test_rewinding(shuffle: bool) -> None:
    batches, here = SequenceBatches(Source(20), shuffle=shuffle), context()
    for most in (1, 2, 20):
        numbers(batches, here, most)
        batches.rewind()
        assert sorted(numbers(batches, here)) == list(range(20))
        batches.rewind()


# -- what the source is asked, as tf.keras 2.7.4 was seen to ask it -------------------------------------------


class Watch(Callback):
    def __init__(self, log: list[str], stop: int | None = None) -> None:
        self.log, self.stop = log, stop

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.log.append(f"<{epoch}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.log.append(f"{epoch}>")
        self.model.stop_training |= epoch == self.stop

    def on_test_begin(self, logs: Any = None) -> None:
        self.log.append("test<")

    def on_test_end(self, logs: Any = None) -> None:
        self.log.append(">test")

    def on_predict_end(self, logs: Any = None) -> None:
        self.log.append(">predict")

    def on_train_end(self, logs: Any = None) -> None:
        self.log.append(">train")


def model() -> Sequential:
    made = Sequential([Dense(1, input_shape=(1,))])
    made.compile("sgd", "mse")
    return made


def told(
    call: str, n: int, validate: int | None = None, grows: int = 0, stop: int | None = None, **options: Any
) -> str:
    """What happens in one call, from when the model has been built."""
    log: list[str] = []
    if call == "fit":
        options["shuffle"] = False
    if validate is not None:
        options["validation_data"] = Source(validate, "v", grows, log)
        grows = 0
    getattr(model(), call)(Source(n, "t", grows, log), verbose=0, callbacks=[Watch(log, stop)], **options)
    begun = next(i for i, entry in enumerate(log) if "<" in entry or entry == ">predict")
    return " ".join(log[begun:] if call != "predict" else log[2:])


@pytest.mark.rule("DATA-1")
def test_once_after_every_epoch_behind_the_callbacks() -> None:
    epoch = "<{0} t.len t[0] t[1] {0}> t.end"
    assert told("fit", 2, epochs=2) == f"{epoch.format(0)} {epoch.format(1)} >train"
    assert told("fit", 2, epochs=3, initial_epoch=2) == f"{epoch.format(2)} >train"


def test_with_fewer_steps() -> None:
    epoch = "<{0} t.len t[0] t[1] {0}> t.end"
    assert told("fit", 4, steps_per_epoch=2, epochs=2) == f"{epoch.format(0)} {epoch.format(1)} >train"


def test_with_more_steps() -> None:
    with pytest.warns(MinifitWarning, match="5 batches were expected, there are 3"):
        found = told("fit", 3, steps_per_epoch=5, epochs=3)
    assert found == "<0 t.len t[0] t[1] t[2] 0> t.end >train"


@pytest.mark.rule("DATA-1")
def test_not_when_training_is_stopped() -> None:
    assert told("fit", 2, epochs=3, stop=0) == "<0 t.len t[0] t[1] 0> >train"


@pytest.mark.rule("DATA-1")
def test_after_every_validation_before_its_end_is_told() -> None:
    epoch = "<{0} t.len t[0] t[1] test< v.len v[0] v[1] v.end >test {0}> t.end"
    assert told("fit", 2, validate=2, epochs=2) == f"{epoch.format(0)} {epoch.format(1)} >train"
    assert told("fit", 2, validate=5, validation_steps=2, epochs=1) == f"{epoch.format(0)} >train"


def test_when_validation_is_not_due() -> None:
    found = told("fit", 1, validate=1, validation_freq=2, epochs=2)
    assert found == "<0 t.len t[0] 0> t.end <1 t.len t[0] test< v.len v[0] v.end >test 1> t.end >train"


@pytest.mark.rule("DATA-1")
def test_evaluate_and_predict() -> None:
    assert told("evaluate", 3) == "test< t.len t[0] t[1] t[2] t.end >test"
    assert told("evaluate", 3, steps=2) == "test< t.len t[0] t[1] t.end >test"
    assert told("predict", 2) == "t.len t[0] t[1] t.end >predict"
    assert told("predict", 2, steps=1) == "t.len t[0] t.end >predict"


@pytest.mark.rule("DATA-2")
def test_a_source_that_grows_keeps_its_number_of_steps() -> None:
    found = told("fit", 2, grows=1, epochs=2)
    assert found == "<0 t.len t[0] t[1] 0> t.end <1 t.len t[0] t[1] 1> t.end >train"
    source, seen = Source(2, grows=50), set()
    batches = SequenceBatches(source, shuffle=True)
    for order in epochs(batches, 4)[1:]:
        assert len(order) == 2
        seen |= set(order)
    assert max(seen) > 10  # the batches are chosen from those that there are now


@pytest.mark.rule("DATA-2")
def test_a_source_that_shrinks_comes_to_its_end() -> None:
    with pytest.warns(MinifitWarning, match="3 batches were expected, there are 2"):
        found = told("fit", 3, grows=-1, epochs=3)
    assert found == "<0 t.len t[0] t[1] t[2] 0> t.end <1 t.len t[0] t[1] 1> t.end >train"


def test_a_source_that_is_not_told() -> None:
    model().fit(Indexed(), epochs=2, verbose=0)


def test_its_code_runs_as_if_the_caller_had_called_it() -> None:
    class Divides(Source):
        def __getitem__(self, index: int) -> Any:
            np.float32(1) / np.float32(index)  # inside of a step warnings would be silenced
            return super().__getitem__(index)

    with pytest.warns(RuntimeWarning, match="divide by zero"):
        batches = SequenceBatches(Divides(2))
    with pytest.warns(RuntimeWarning, match="divide by zero"), np.errstate(all="ignore"):
        numbers(batches, context())


# -- the state -----------------------------------------------------------------------------------------------


class Shuffles(Source):
    """Puts its batches into another order after every epoch, by a generator of its own."""

    def __init__(self, n: int = 5) -> None:
        super().__init__(n)
        self.rng = np.random.default_rng(3)
        self.order = np.arange(n)

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        return np.full((2, 1), self.order[index], np.float32), np.zeros(2)

    def on_epoch_end(self) -> None:
        self.rng.shuffle(self.order)


def run(batches: SequenceBatches, here: Any, first: int, last: int) -> list[int]:
    """The numbers of the batches from `first` to `last`, counted over all epochs; as `fit` draws them."""
    steps, found = batches.steps or 0, []
    for batch in range(first, last):
        if batch % steps == 0:
            batches.begin_epoch()
        found += numbers(batches, here, 1)
        if batch % steps == steps - 1 and batch + 1 < last:  # a callback may capture just before
            batches.end_epoch()
    return found


@pytest.mark.parametrize("made", [Source, Shuffles])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    ("steps", "at"), [*((None, at) for at in range(13)), *((2, at) for at in range(7))], ids=str
)
def test_going_on_from_a_captured_state(
    made: type[Source], shuffle: bool, steps: int | None, at: int
) -> None:
    batches, here = SequenceBatches(made(4), steps, shuffle), context(5)
    last = 3 * (batches.steps or 0)
    run(batches, here, 0, at)
    state, streams = batches.get_state(), here.streams.get_state()
    assert json.loads(json.dumps(state)) == state
    expected = run(batches, here, at, last)

    resumed, there = SequenceBatches(made(4), steps, shuffle), context(99)
    there.streams.set_state(streams)
    resumed.set_state(state)
    assert run(resumed, there, at, last) == expected
    assert resumed.ends == batches.ends


class Remembers(Shuffles):
    """Shuffles by whatever numbers there are, and can say what came of it."""

    def __init__(self, n: int = 5) -> None:
        super().__init__(n)
        self.rng = np.random.default_rng()

    def get_state(self) -> dict[str, Any]:
        return {"order": self.order}

    def set_state(self, state: dict[str, Any]) -> None:
        self.order = state["order"]


@pytest.mark.parametrize("at", [1, 2, 3, 5, 6, 7, 11])
def test_a_source_with_a_state_of_its_own(at: int) -> None:
    batches, resumed = SequenceBatches(Remembers(4)), SequenceBatches(Remembers(4))
    run(batches, context(), 0, at)
    state = batches.get_state()
    resumed.set_state(state)
    assert resumed.ends == batches.ends == at // 4
    end = (at // 4 + 1) * 4
    assert run(resumed, context(), at, end) == run(batches, context(), at, end)


def test_the_state_of_a_source_is_copied_both_ways() -> None:
    batches, resumed = SequenceBatches(Remembers(4)), SequenceBatches(Remembers(4))
    state = batches.get_state()
    resumed.set_state(state)
    for each in (batches, resumed):
        run(each, context(), 0, 12)
    np.testing.assert_array_equal(state["source"]["order"], np.arange(4))


def test_nothing_is_drawn_to_go_on() -> None:
    source = Source(100)
    resumed = SequenceBatches(source)
    state = {**resumed.get_state(), "position": 98}
    source.log.clear()
    resumed.set_state(state)
    assert numbers(resumed, context()) == [98, 99]
    assert source.log == ["t[98]", "t[99]"]


def test_what_must_be_equal_to_go_on() -> None:
    assert SequenceBatches(Source(3), 2, shuffle=True).describe() == {
        "from": "SequenceBatches",
        "class_weight": None,
        "batches": 3,
        "steps": 2,
        "shuffle": True,
    }
