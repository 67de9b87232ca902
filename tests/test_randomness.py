"""Streams of random numbers: what repeats, what is independent, and how they are put back."""

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.randomness import (
    DEFAULT,
    Streams,
    generator_at,
    new_root,
    root_seed,
    set_random_seed,
    set_root_seed,
)


@pytest.fixture(autouse=True)
def _globals_put_back() -> Iterator[None]:
    """Each test begins as a fresh process does and leaves the generators as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    own = DEFAULT.get_state()
    DEFAULT.reset()
    yield
    random.setstate(python)
    np.random.set_state(numpy)
    DEFAULT.set_state(own)


def numbers(streams: Streams, name: str = "shuffle", count: int = 5) -> list[float]:
    return [float(x) for x in streams.get(name).random(count)]


# -- streams -------------------------------------------------------------------------------------------------


def test_the_same_root_gives_the_same_numbers() -> None:
    assert numbers(Streams(1)) == numbers(Streams(1))
    assert numbers(Streams(1)) != numbers(Streams(2))


def test_a_stream_goes_on() -> None:
    streams = Streams(1)
    assert streams.get("shuffle") is streams.get("shuffle")
    assert numbers(streams) + numbers(streams) == numbers(Streams(1), count=10)


def test_streams_do_not_touch_each_other() -> None:
    streams = Streams(1)
    numbers(streams, "dropout", 1000)
    numbers(streams, "initializers", 7)
    assert numbers(streams, "shuffle") == numbers(Streams(1), "shuffle")
    assert numbers(Streams(1), "shuffle") != numbers(Streams(1), "dropout")


def test_neighbouring_streams_are_not_correlated() -> None:
    names = [f"dropout/dropout_{i}" for i in range(20)]
    table = np.array([Streams(1).get(name).random(2000) for name in names])
    off_diagonal = np.corrcoef(table) - np.eye(20)
    assert float(np.abs(off_diagonal).max()) < 0.1


def test_a_stream_with_a_seed_of_its_own() -> None:
    one, other = Streams(1).get("dropout", seed=5), Streams(2).get("dropout", seed=5)
    assert one.random() == other.random()
    assert Streams(1).get("dropout", seed=6).random() != Streams(1).get("dropout", seed=5).random()
    lazy = Streams()
    lazy.get("dropout", seed=5)
    assert lazy._root is None


def test_the_root_is_drawn_at_first_use() -> None:
    streams = Streams()
    assert streams._root is None
    streams.get("shuffle")
    assert isinstance(streams._root, int)


def test_reset_begins_anew() -> None:
    streams = Streams(1)
    first = numbers(streams)
    streams.reset()
    assert streams._root is None
    assert streams.get_state()["positions"] == {}
    assert numbers(streams) != first


# -- seeds ---------------------------------------------------------------------------------------------------


def test_numpys_seed_alone_repeats() -> None:
    made = []
    for _ in range(2):
        np.random.seed(0)
        made.append([numbers(Streams()), numbers(Streams())])
    assert made[0] == made[1]
    assert made[0][0] != made[0][1]


def test_one_draw_from_numpys_generator_and_no_more() -> None:
    np.random.seed(0)
    streams = Streams()
    for name in ("shuffle", "dropout", "initializers"):
        numbers(streams, name)
    after = np.random.random()
    np.random.seed(0)
    np.random.randint(2**31 - 1)
    assert np.random.random() == after


def test_without_a_seed_nothing_repeats() -> None:
    assert new_root() != new_root()
    assert numbers(Streams()) != numbers(Streams())


def test_set_random_seed_repeats_everything() -> None:
    def everything() -> list[Any]:
        set_random_seed(1)
        return [numbers(DEFAULT), numbers(Streams()), numbers(Streams()), np.random.random(), random.random()]

    first = everything()
    assert first == everything()
    assert len({str(part) for part in first}) == len(first)
    set_random_seed(2)
    assert numbers(DEFAULT) != first[0]


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, np.int64(3)])
def test_seeds_that_will_do(seed: int) -> None:
    set_random_seed(seed)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "1", None, True])
def test_seeds_that_will_not(seed: Any) -> None:
    before = random.getstate(), np.random.random()
    np.random.seed(0)
    with pytest.raises(
        ArgumentError, match=r"seed must be an integer from 0 to 2\*\*32 - 1. Received: seed="
    ):
        set_random_seed(seed)
    assert random.getstate() == before[0]


# -- state ---------------------------------------------------------------------------------------------------


def test_put_back_it_goes_on_bit_for_bit() -> None:
    streams = Streams(1)
    numbers(streams, "shuffle", 3)
    streams.get("dropout").random(3, dtype=np.float32)  # leaves half of a 64-bit number over
    state = streams.get_state()
    wanted = [
        streams.get("dropout").random(5, dtype=np.float32).tolist(),
        numbers(streams),
        numbers(streams, "new"),
    ]
    other = Streams()
    other.set_state(state)
    again = [other.get("dropout").random(5, dtype=np.float32).tolist(), numbers(other), numbers(other, "new")]
    assert again == wanted


def test_the_same_streams_can_be_put_back() -> None:
    streams = Streams(1)
    state = streams.get_state()
    first = numbers(streams)
    streams.set_state(state)
    assert numbers(streams) == first


def test_streams_that_nobody_has_drawn_from_are_put_back_too() -> None:
    streams, other = Streams(), Streams()
    other.set_state(streams.get_state())
    assert numbers(other) == numbers(streams)


def test_a_stream_with_its_own_seed_is_put_back_too() -> None:
    streams = Streams(1)
    streams.get("dropout", seed=5).random(3)
    state = streams.get_state()
    wanted = streams.get("dropout", seed=5).random()
    other = Streams(9)
    other.set_state(state)
    assert other.get("dropout", seed=5).random() == wanted


def test_a_state_does_not_change_when_the_streams_go_on() -> None:
    streams = Streams(1)
    numbers(streams)
    state = streams.get_state()
    text = json.dumps(state)
    numbers(streams)
    assert json.dumps(state) == text


def test_a_state_is_plain_data() -> None:
    streams = Streams(1)
    numbers(streams)
    other = Streams()
    other.set_state(json.loads(json.dumps(streams.get_state())))
    assert numbers(other) == numbers(streams)


def test_permutations_and_normals_repeat_too() -> None:
    one, other = Streams(1).get("x"), Streams(1).get("x")
    assert one.permutation(50).tolist() == other.permutation(50).tolist()
    assert one.standard_normal(5).tolist() == other.standard_normal(5).tolist()


def test_a_generator_goes_on_from_where_another_one_was() -> None:
    rng = np.random.default_rng(3)
    rng.integers(10, size=7, dtype=np.uint32)  # which leaves half a number behind
    position = rng.bit_generator.state
    other = generator_at(position)
    np.testing.assert_array_equal(other.permutation(50), rng.permutation(50))


def test_a_seed_of_roots_leaves_numpy_alone() -> None:
    try:
        set_root_seed(3)
        first = [new_root(), new_root()]
        np.random.seed(0)
        wanted = np.random.rand(2)
        set_root_seed(3)
        np.random.seed(0)
        assert [new_root(), new_root()] == first
        np.testing.assert_array_equal(np.random.rand(2), wanted)
    finally:
        set_random_seed(1)
    root = new_root()
    np.random.seed(1)
    assert new_root() == root


def test_the_seed_of_roots_can_be_asked_for_and_taken_back() -> None:
    try:
        set_root_seed(3)
        assert root_seed() == 3
        set_root_seed(None)
        assert root_seed() is None
        np.random.seed(1)
        root = new_root()
        np.random.seed(1)
        assert new_root() == root
        set_root_seed(4)
    finally:
        set_random_seed(1)
    assert root_seed() is None


def test_streams_that_have_not_begun_draw_no_root_for_their_state() -> None:
    np.random.seed(1)
    expected = np.random.RandomState(1).randint(2**31 - 1)
    streams = Streams()
    assert streams.get_state_if_begun() is None
    assert streams.root == expected
    state = streams.get_state_if_begun()
    assert state == streams.get_state()
    other = Streams(3)
    other.go_on_from(state)
    assert other.get("x").random() == streams.get("x").random()
    other.go_on_from(None)
    assert other.get_state_if_begun() is None
