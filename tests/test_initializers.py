"""Initializers: the distributions they promise, where they draw from, and the names they go by."""

import inspect
import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit import initializers, randomness
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from minifit.initializers import (
    TABLE,
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    Initializer,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
from minifit.randomness import Streams, set_random_seed
from minifit.tensor import Context

SHAPE = (200, 300)
CLASSES = sorted(set(TABLE.values()), key=lambda c: str(c.__name__))
DRAWING = [c for c in CLASSES if "seed" in inspect.signature(c).parameters]


@pytest.fixture
def _globals_put_back() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    own = randomness.DEFAULT.get_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)
    randomness.DEFAULT.set_state(own)


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


# -- what they make ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
def test_an_array_of_float32_that_can_be_written_to(cls: type[Initializer]) -> None:
    for shape in [(3, 4)] if cls in (Identity, Orthogonal) else [(), (5,), (3, 4), (2, 3, 4)]:
        made = cls()(shape, rng=rng())
        assert isinstance(made, np.ndarray)
        assert made.shape == shape
        assert made.dtype == np.float32
        made[...] = 1


@pytest.mark.parametrize("cls", CLASSES)
def test_dtype_is_float32_or_refused(cls: type[Initializer]) -> None:
    for dtype in ("float32", np.float32, None):
        assert cls()([2, 2], dtype, rng=rng()).dtype == np.float32
    with pytest.raises(ArgumentError, match="Weights are float32"):
        cls()((2, 2), dtype="float64")


def test_constants() -> None:
    np.testing.assert_array_equal(Zeros()((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(Ones()((2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(Constant(0.5)((2, 3)), np.full((2, 3), 0.5))
    np.testing.assert_array_equal(Constant()((2,)), [0, 0])


def test_identity() -> None:
    np.testing.assert_array_equal(Identity()((2, 2)), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(Identity(gain=2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])
    for shape in ((3,), (2, 3, 4)):
        with pytest.raises(ShapeError, match="Identity initializes matrices"):
            Identity()(shape)


def spread(made: Array) -> tuple[float, float, float, float]:
    return float(made.min()), float(made.max()), float(made.mean()), float(made.std())


def test_uniform() -> None:
    low, high, mean, std = spread(RandomUniform()(SHAPE, rng=rng()))
    assert -0.05 <= low < -0.0499
    assert 0.0499 < high <= 0.05
    assert abs(mean) < 0.001
    assert std == pytest.approx(0.1 / math.sqrt(12), rel=0.01)
    low, high, mean, _ = spread(RandomUniform(2.0, 4.0)(SHAPE, rng=rng()))
    assert (low, high, mean) == pytest.approx((2, 4, 3), abs=0.02)


def test_normal() -> None:
    low, high, mean, std = spread(RandomNormal()(SHAPE, rng=rng()))
    assert abs(mean) < 0.001
    assert std == pytest.approx(0.05, rel=0.01)
    assert -low > 0.15
    assert high > 0.15
    _, _, mean, std = spread(RandomNormal(mean=2.0, stddev=3.0)(SHAPE, rng=rng()))
    assert (mean, std) == pytest.approx((2, 3), rel=0.02)


def test_truncated_normal() -> None:
    low, high, mean, std = spread(TruncatedNormal()(SHAPE, rng=rng()))
    assert -0.1 <= low < -0.099
    assert 0.099 < high <= 0.1
    assert abs(mean) < 0.001
    assert std == pytest.approx(0.05 * initializers.TRUNCATED_STDDEV, rel=0.01)
    low, high, _, _ = spread(TruncatedNormal(mean=5.0, stddev=1.0)(SHAPE, rng=rng()))
    assert low >= 3
    assert high <= 7


def test_truncating_redraws_and_does_not_clip() -> None:
    made = TruncatedNormal(stddev=1.0)(SHAPE, rng=rng())
    assert (np.abs(made) > 1.999).mean() < 0.001


FANS = [((), 1, 1), ((5,), 5, 5), ((5, 7), 5, 7), ((3, 5, 7), 15, 21), ((3, 2, 5, 7), 30, 42)]


@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), FANS, ids=str)
def test_fans_are_counted_as_keras_does(shape: tuple[int, ...], fan_in: int, fan_out: int) -> None:
    assert initializers.fans(shape) == (fan_in, fan_out)


@pytest.mark.parametrize("distribution", VarianceScaling.distributions)
@pytest.mark.parametrize("mode", VarianceScaling.modes)
@pytest.mark.parametrize("shape", [(30_000,), (150, 400), (10, 60, 100), (3, 4, 40, 125)], ids=str)
def test_the_variance_is_scale_over_fan(shape: tuple[int, ...], mode: str, distribution: str) -> None:
    fan_in, fan_out = initializers.fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    low, high, mean, std = spread(VarianceScaling(3.0, mode, distribution)(shape, rng=rng()))
    assert std == pytest.approx(math.sqrt(3.0 / fan), rel=0.02)
    assert abs(mean) < std / 30
    most = {"uniform": math.sqrt(3), "truncated_normal": 2 / initializers.TRUNCATED_STDDEV}
    widest = most.get(distribution, 6) * math.sqrt(3.0 / fan) * (1 + 1e-6)
    assert -widest <= low < high <= widest


@pytest.mark.parametrize(
    ("cls", "variance", "uniform"),
    [
        (GlorotUniform, 2 / 500, True),
        (GlorotNormal, 2 / 500, False),
        (HeUniform, 2 / 200, True),
        (HeNormal, 2 / 200, False),
        (LecunUniform, 1 / 200, True),
        (LecunNormal, 1 / 200, False),
    ],
)
def test_named_ones(cls: type[VarianceScaling], variance: float, uniform: bool) -> None:
    made = cls()(SHAPE, rng=rng())
    limit = math.sqrt(3 * variance) if uniform else 2 * math.sqrt(variance) / initializers.TRUNCATED_STDDEV
    assert float(made.std()) == pytest.approx(math.sqrt(variance), rel=0.01)
    assert limit * 0.99 < float(np.abs(made).max()) <= limit * (1 + 1e-6)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (5, 5), (2, 3, 4), (2, 2, 8), (1, 3)], ids=str)
def test_orthogonal(shape: tuple[int, ...]) -> None:
    made = Orthogonal(gain=2.0)(shape, rng=rng())
    assert made.flags.c_contiguous
    matrix = made.reshape(-1, shape[-1])
    rows, columns = matrix.shape
    product = matrix.T @ matrix if rows >= columns else matrix @ matrix.T
    np.testing.assert_allclose(product, 4 * np.eye(min(rows, columns)), atol=1e-5)


def test_orthogonal_needs_a_matrix() -> None:
    with pytest.raises(ShapeError, match="at least two dimensions"):
        Orthogonal()((3,))


def test_orthogonal_matrices_point_everywhere() -> None:
    generator = rng()
    signs = [np.sign(Orthogonal()((3, 3), rng=generator)) for _ in range(200)]
    assert float(np.abs(np.mean(signs, axis=0)).max()) < 0.25


# -- where they draw from ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", DRAWING)
def test_the_same_stream_gives_the_same_numbers(cls: type[Initializer]) -> None:
    one, other = (cls()((3, 4), rng=np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    generator = np.random.default_rng(1)
    first, second = (cls()((3, 4), rng=generator) for _ in range(2))
    np.testing.assert_array_equal(first, one)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("cls", DRAWING)
def test_with_a_seed_it_draws_from_a_generator_of_its_own(cls: Any) -> None:
    used = np.random.default_rng(1)
    one, other = cls(seed=7), cls(seed=7)
    calls = [one((3, 4), rng=used), one((3, 4))], [other((3, 4)), other((3, 4))]
    for a, b in zip(*calls, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(*calls[0])  # as in Keras, a second call goes on
    assert used.random() == np.random.default_rng(1).random()
    assert not np.array_equal(cls(seed=8)((3, 4)), calls[0][0])


def test_without_either_it_draws_from_the_context() -> None:
    with Context(streams=Streams(3)) as here:
        made = RandomNormal()((4,))
        assert list(here.streams.get_state()["positions"]) == ["initializers"]
    np.testing.assert_array_equal(made, RandomNormal()((4,), rng=Streams(3).get("initializers")))


@pytest.mark.usefixtures("_globals_put_back")
def test_outside_of_a_context_set_random_seed_decides() -> None:
    made = []
    for _ in range(2):
        set_random_seed(1)
        made.append((GlorotUniform()((4,)), GlorotUniform()((4,))))
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(*made[0])


@pytest.mark.parametrize("cls", [Zeros, Ones, Constant, Identity])
def test_constants_draw_nothing(cls: type[Initializer]) -> None:
    with Context(streams=Streams()) as here:
        cls()((2, 2))
        assert here.streams._root is None


# -- arguments -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_scale_is_positive(scale: float) -> None:
    with pytest.raises(ArgumentError, match=r"scale must be (above 0|a finite number)\. Received: scale="):
        VarianceScaling(scale)


def test_unknown_mode_and_distribution() -> None:
    with pytest.raises(ArgumentError, match=r"mode must be one of 'fan_in'.*Received: mode='FAN_IN'"):
        VarianceScaling(mode="FAN_IN")
    with pytest.raises(ArgumentError, match=r"distribution must be one of.*Received: distribution='even'"):
        VarianceScaling(distribution="even")
    assert VarianceScaling(distribution="Normal").distribution == "truncated_normal"


@pytest.mark.parametrize("seed", [-1, 1.5, "1"])
def test_seed_is_a_natural_number(seed: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match="seed must be an integer of at least 0"):
        RandomNormal(seed=seed)


def test_a_numpy_seed_is_written_down_as_an_int() -> None:
    assert type(RandomNormal(seed=np.int64(3)).get_config()["seed"]) is int  # type: ignore[arg-type]


CONFIGS: dict[type[Initializer], dict[str, Any]] = {
    Zeros: {},
    Ones: {},
    Constant: {"value": 0},
    Identity: {"gain": 1.0},
    RandomUniform: {"minval": -0.05, "maxval": 0.05, "seed": None},
    RandomNormal: {"mean": 0.0, "stddev": 0.05, "seed": None},
    TruncatedNormal: {"mean": 0.0, "stddev": 0.05, "seed": None},
    VarianceScaling: {"scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal", "seed": None},
    GlorotUniform: {"seed": None},
    GlorotNormal: {"seed": None},
    HeUniform: {"seed": None},
    HeNormal: {"seed": None},
    LecunUniform: {"seed": None},
    LecunNormal: {"seed": None},
    Orthogonal: {"gain": 1.0, "seed": None},
}


@pytest.mark.parametrize("cls", CLASSES)
def test_configurations_and_defaults_are_those_of_keras(cls: type[Initializer]) -> None:
    assert cls().get_config() == CONFIGS[cls]
    assert list(inspect.signature(cls).parameters) == list(CONFIGS[cls])


@pytest.mark.parametrize("cls", CLASSES)
def test_an_equal_one_from_the_configuration(cls: Any) -> None:
    one = cls(seed=3) if cls in DRAWING else cls()
    other = initializers.get(initializers.serialize(one))
    assert type(other) is cls
    np.testing.assert_array_equal(one((3, 3)), other((3, 3)))


def test_a_dtype_in_an_old_file_is_left_out() -> None:
    made = initializers.get({"class_name": "Ones", "config": {"dtype": "float32"}})
    assert isinstance(made, Ones)


# -- names ---------------------------------------------------------------------------------------------------

ALIASES = {
    "zero": Zeros,
    "zeros": Zeros,
    "one": Ones,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "uniform": RandomUniform,
    "random_uniform": RandomUniform,
    "normal": RandomNormal,
    "random_normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
}


def test_names_and_aliases() -> None:
    assert dict(TABLE) == {**ALIASES, **{c.__name__: c for c in CLASSES}}


@pytest.mark.parametrize("name", TABLE)
def test_every_name_makes_one(name: str) -> None:
    assert type(initializers.get(name)) is TABLE[name]


@pytest.mark.parametrize("name", sorted(set(ALIASES) - {"zero", "one", "uniform", "normal"}))
def test_the_module_has_the_aliases_too(name: str) -> None:
    assert getattr(initializers, name) is ALIASES[name]


def test_get() -> None:
    def mine(shape: tuple[int, ...]) -> Array:
        return np.ones(shape)

    ready = Ones()
    assert initializers.get(None) is None
    assert initializers.get(mine) is mine
    assert initializers.get(ready) is ready
    assert type(initializers.get(Ones)) is Ones
    with pytest.raises(
        UnknownNameError,
        match=r"There is no initializer of that name. Received: 'glorot'\. Did you mean 'glorot_",
    ):
        initializers.get("glorot")
    with pytest.raises(ArgumentTypeError, match="Received: 3"):
        initializers.get(3)


def test_one_of_your_own() -> None:
    class Counting(Initializer):
        def __call__(self, shape: Any, dtype: Any = None, rng: Any = None) -> Array:
            return np.arange(math.prod(shape), dtype=np.float32).reshape(shape)

    assert Counting()((2, 2)).tolist() == [[0, 1], [2, 3]]
    assert Counting().get_config() == {}
    with pytest.raises(NotImplementedError, match="Initializer must define __call__"):
        Initializer()((2,))
