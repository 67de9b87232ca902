"""The activations that are ops of their own: TensorFlow's values and slopes, everywhere and in every float dtype."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from minifit import activations, nonlinearities
from minifit.arrays import Array
from minifit.nonlinearities import (
    elu,
    erf,
    gelu,
    hard_sigmoid,
    log_softmax,
    mish,
    selu,
    softplus,
    softsign,
    swish,
)
from minifit.tensor import Context, Tensor, current
from minifit.utils import check_gradients

Function = Callable[..., Tensor]

X = np.array([-10, -5, -4, -3, -2.5, -2, -1, -0.5, 0, 0.5, 1, 2, 2.5, 3, 4, 5, 10], np.float32)
WIDE = np.array([[-30, -7.7, -3.1, -2.3, -1.6], [-0.9, -0.4, -0.03, 0.02, 0.3], [0.8, 1.7, 2.4, 6.1, 40]])
HUGE = np.array([-3e38, -1e20, -1e5, -1000, -100, -90, 90, 100, 1000, 1e5, 1e20, 3e38], np.float32)

BY_NUMBER: dict[str, Function] = {
    "elu": elu,
    "elu, alpha 0.5": partial(elu, alpha=0.5),
    "selu": selu,
    "softplus": softplus,
    "softsign": softsign,
    "hard_sigmoid": hard_sigmoid,
    "swish": swish,
    "mish": mish,
    "gelu": gelu,
    "gelu, approximate": partial(gelu, approximate=True),
}
ALL: dict[str, Function] = {
    **BY_NUMBER,
    "log_softmax": log_softmax,
    "log_softmax, axis 0": partial(log_softmax, axis=0),
}

# What TensorFlow 2.7 computes for X: values and slopes.
EXPECTED: dict[str, tuple[list[float], list[float]]] = {
    "elu": (
        [
            -0.9999546,
            -0.99326205,
            -0.9816844,
            -0.95021296,
            -0.917915,
            -0.86466473,
            -0.63212055,
            -0.39346933,
            0,
            0.5,
            1.0,
            2.0,
            2.5,
            3.0,
            4.0,
            5.0,
            10.0,
        ],
        [
            4.541874e-05,
            0.0067379475,
            0.018315613,
            0.049787045,
            0.08208501,
            0.13533527,
            0.36787945,
            0.60653067,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
        ],
    ),
    "elu, alpha 0.5": (
        [
            -0.4999773,
            -0.49663103,
            -0.4908422,
            -0.47510648,
            -0.4589575,
            -0.43233237,
            -0.31606027,
            -0.19673467,
            0,
            0.5,
            1.0,
            2.0,
            2.5,
            3.0,
            4.0,
            5.0,
            10.0,
        ],
        [
            2.270937e-05,
            0.0033689737,
            0.009157807,
            0.024893522,
            0.041042507,
            0.06766763,
            0.18393973,
            0.30326533,
            0.5,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
            1.0,
        ],
    ),
    "selu": (
        [
            -1.7580194,
            -1.7462534,
            -1.7258986,
            -1.6705687,
            -1.6137857,
            -1.5201665,
            -1.1113307,
            -0.69175816,
            0,
            0.5253505,
            1.050701,
            2.101402,
            2.6267526,
            3.152103,
            4.202804,
            5.253505,
            10.50701,
        ],
        [
            7.9870224e-05,
            0.011845946,
            0.032200694,
            0.08753061,
            0.14431357,
            0.2379328,
            0.64676857,
            1.0663412,
            1.050701,
            1.050701,
            1.050701,
            1.050701,
            1.050701,
            1.050701,
            1.050701,
            1.050701,
            1.050701,
        ],
    ),
    "softplus": (
        [
            4.5398898e-05,
            0.0067153485,
            0.018149927,
            0.048587356,
            0.078889735,
            0.126928,
            0.31326172,
            0.474077,
            0.6931472,
            0.9740769,
            1.3132616,
            2.126928,
            2.5788898,
            3.048587,
            4.01815,
            5.0067153,
            10.000046,
        ],
        [
            4.539993e-05,
            0.0066928566,
            0.017986238,
            0.047425866,
            0.075858176,
            0.11920291,
            0.26894143,
            0.3775407,
            0.5,
            0.6224593,
            0.7310586,
            0.8807971,
            0.9241418,
            0.95257413,
            0.98201376,
            0.9933071,
            0.9999546,
        ],
    ),
    "softsign": (
        [
            -0.90909094,
            -0.8333333,
            -0.8,
            -0.75,
            -0.71428573,
            -0.6666667,
            -0.5,
            -0.33333334,
            0,
            0.33333334,
            0.5,
            0.6666667,
            0.71428573,
            0.75,
            0.8,
            0.8333333,
            0.90909094,
        ],
        [
            0.008264462,
            0.027777778,
            0.04,
            0.0625,
            0.08163265,
            0.11111111,
            0.25,
            0.44444445,
            1.0,
            0.44444445,
            0.25,
            0.11111111,
            0.08163265,
            0.0625,
            0.04,
            0.027777778,
            0.008264462,
        ],
    ),
    "hard_sigmoid": (
        [0, 0, 0, 0, 0, 0.099999994, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0],
        [0, 0, 0, 0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0, 0],
    ),
    "swish": (
        [
            -0.00045399932,
            -0.033464283,
            -0.07194495,
            -0.1422776,
            -0.18964544,
            -0.23840582,
            -0.26894143,
            -0.18877035,
            0,
            0.31122965,
            0.7310586,
            1.7615942,
            2.3103545,
            2.8577223,
            3.928055,
            4.9665356,
            9.999546,
        ],
        [
            -0.00040857878,
            -0.026547454,
            -0.052664693,
            -0.08810409,
            -0.0994011,
            -0.090784244,
            0.072329484,
            0.26003885,
            0.5,
            0.7399611,
            0.92767054,
            1.0907842,
            1.0994011,
            1.0881041,
            1.0526646,
            1.0265476,
            1.0004088,
        ],
    ),
    "gelu": (
        [
            0,
            -1.6391277e-06,
            -0.00012636185,
            -0.0040495098,
            -0.015524179,
            -0.04550028,
            -0.15865529,
            -0.15426877,
            0,
            0.34573123,
            0.8413447,
            1.9544997,
            2.4844759,
            2.9959507,
            3.9998736,
            4.999998,
            10.0,
        ],
        [
            -7.694599e-22,
            -7.105773e-06,
            -0.0005037307,
            -0.011945703,
            -0.037611086,
            -0.08523182,
            -0.08331546,
            0.13250488,
            0.5,
            0.8674951,
            1.0833155,
            1.0852318,
            1.0376111,
            1.0119457,
            1.0005038,
            1.000007,
            1.0,
        ],
    ),
    "gelu, approximate": (
        [
            0,
            0,
            -7.045269e-05,
            -0.0036375225,
            -0.015084296,
            -0.04540223,
            -0.15880796,
            -0.154286,
            0,
            0.345714,
            0.841192,
            1.9545977,
            2.4849157,
            2.9963627,
            3.9999294,
            5.0,
            10.0,
        ],
        [
            0,
            0,
            -0.0003361157,
            -0.011584528,
            -0.03795167,
            -0.0860991,
            -0.08296407,
            0.1326301,
            0.5,
            0.86736995,
            1.082964,
            1.086099,
            1.0379517,
            1.0115846,
            1.000336,
            1.0,
            1.0,
        ],
    ),
}


def slopes(function: Function, x: Array) -> Array:
    leaf = Tensor(x, requires_grad=True)
    function(leaf).backward()
    assert leaf.grad is not None
    return leaf.grad


def test_every_activation_is_tried_here() -> None:
    tried = {getattr(function, "func", function) for function in ALL.values()}
    assert tried == {getattr(nonlinearities, name) for name in nonlinearities.__all__}


def test_every_activation_has_its_name_in_the_table() -> None:
    for name in nonlinearities.__all__:
        assert activations.TABLE[name] is getattr(nonlinearities, name)


# -- the numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPECTED)
def test_values(name: str) -> None:
    y = BY_NUMBER[name](X)
    assert y.dtype == np.float32
    # TensorFlow is left with few digits of 1 + tanh(x) and 1 + erf(x) near -1, and of a small sigmoid
    atol = 1e-6 if name.startswith("gelu") else 2e-7 if name == "swish" else 1e-9
    np.testing.assert_allclose(y.value, EXPECTED[name][0], rtol=1e-6, atol=atol)


@pytest.mark.parametrize("name", EXPECTED)
def test_slopes(name: str) -> None:
    atol = 3e-6 if name.startswith("gelu") else 1e-7  # as above
    np.testing.assert_allclose(slopes(BY_NUMBER[name], X), EXPECTED[name][1], rtol=1e-6, atol=atol)


def test_mish_by_its_formula() -> None:
    expected = [v * math.tanh(math.log1p(math.exp(v))) for v in X.tolist()]
    np.testing.assert_allclose(mish(X).value, expected, rtol=1e-6)


def test_gelu_by_its_definition() -> None:
    x = np.linspace(-6, 6, 101)
    expected = [v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()]
    np.testing.assert_allclose(gelu(x).value, expected, rtol=1e-6, atol=1e-15)
    assert 0.0004 < np.abs(gelu(x, approximate=True).value - expected).max() < 0.0005


def test_the_corners_of_hard_sigmoid_have_the_slope_of_the_line_between() -> None:
    x = np.array([-2.6, -2.5, 2.5, 2.6], np.float32)
    np.testing.assert_allclose(slopes(hard_sigmoid, x), [0, 0.2, 0.2, 0])  # as TensorFlow 2.7


@pytest.mark.parametrize(("alpha", "slope"), [(0.5, 0.5), (1.0, 1.0), (2.0, 2.0)])
def test_the_slope_of_elu_at_zero_is_alpha(alpha: float, slope: float) -> None:
    assert slopes(partial(elu, alpha=alpha), np.zeros(1, np.float32)).tolist() == [slope]  # as TensorFlow 2.7


def test_the_slope_of_selu_at_zero_is_that_above() -> None:
    np.testing.assert_allclose(slopes(selu, np.zeros(1, np.float32)), [1.050701])  # as TensorFlow 2.7


# What TensorFlow 2.7 computes for CUBE along each axis.
CUBE = np.array([[[0.0, -0.25], [0.5, -0.75]], [[1.0, -1.25], [1.5, -1.75]]], np.float32)
LOG_SOFTMAX: dict[int, list[Any]] = {
    0: [[[-1.3132616, -0.31326166]] * 2, [[-0.31326166, -1.3132616]] * 2],
    1: [[[-0.974077, -0.474077], [-0.474077, -0.974077]]] * 2,
    2: [
        [[-0.5759394, -0.8259394], [-0.25192904, -1.501929]],
        [[-0.100206584, -2.3502066], [-0.038041413, -3.2880414]],
    ],
}


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_log_softmax_along_an_axis(axis: int) -> None:
    y = log_softmax(CUBE, axis)
    np.testing.assert_allclose(y.value, LOG_SOFTMAX[axis % 3], rtol=1e-6)
    np.testing.assert_allclose(y.value, np.log(activations.softmax(CUBE, axis).value), rtol=2e-6)
    check_gradients(partial(log_softmax, axis=axis), CUBE)


def test_the_gradient_of_log_softmax() -> None:
    x = Tensor(np.array([[-3, -1, -0.5, 0, 0.5, 1, 3]], np.float32), requires_grad=True)
    log_softmax(x).backward(np.arange(7, dtype=np.float32)[None])
    expected = [-0.039488565, 0.7082168, 1.5189308, 2.206851, 2.6923184, 2.8439975, -9.930825]
    assert x.grad is not None
    np.testing.assert_allclose(x.grad[0], expected, rtol=1e-6)  # as TensorFlow 2.7


def test_log_softmax_of_a_large_range() -> None:
    leaf = Tensor(np.array([[1000, 0, -1000], [-1000, -1000, -1000]], np.float32), requires_grad=True)
    y = log_softmax(leaf)
    np.testing.assert_allclose(y.value[0], [0, -1000, -2000])
    np.testing.assert_allclose(y.value[1], [-math.log(3)] * 3, rtol=1e-6)
    y[:, 0].sum().backward()
    assert leaf.grad is not None
    np.testing.assert_allclose(leaf.grad[0], [0.0, 0, 0])
    np.testing.assert_allclose(leaf.grad[1], [2 / 3, -1 / 3, -1 / 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "factor"), [(elu, 1.0), (selu, 1.6732632423543772 * 1.0507009873554805)]
)
def test_just_below_zero_the_digits_are_those_of_a_rounded_exp(function: Function, factor: float) -> None:
    x = -np.logspace(-7, 1, 1000, dtype=np.float32)
    rounded = np.exp(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(function(x).value, np.float32(factor) * (rounded - 1))


# -- everywhere ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", [(15,), (3, 5), (5, 1, 3)], ids=str)
def test_gradients(name: str, shape: tuple[int, ...]) -> None:
    check_gradients(ALL[name], WIDE.reshape(shape), atol=1e-8)


@pytest.mark.parametrize("name", [*BY_NUMBER, "log_softmax"])
def test_an_empty_batch(name: str) -> None:
    check_gradients(ALL[name], WIDE[:0])


@pytest.mark.parametrize("name", ALL)
def test_huge_numbers_neither_overflow_nor_warn(name: str) -> None:
    x = HUGE / 2 if name.startswith("log_softmax") else HUGE  # it looks at the difference of two
    with np.errstate(all="raise", under="ignore"):
        y = ALL[name](x if name != "selu" else x / 2)  # which is steeper than 1
        found = slopes(ALL[name], x if name != "selu" else x / 2)
    assert np.isfinite(y.value).all()
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", BY_NUMBER)
def test_far_out_they_are_straight_lines(name: str) -> None:
    function = BY_NUMBER[name]
    x = np.array([-1e6, 1e6], np.float32)
    left, right = function(x).value.tolist()
    scale = 1.050701 if name == "selu" else 1.0
    floor = {"elu": -1, "elu, alpha 0.5": -0.5, "selu": -1.7580993, "softsign": -1}.get(name, 0)
    assert left == pytest.approx(floor, abs=1e-5)
    assert right == pytest.approx(1 if name in ("softsign", "hard_sigmoid") else 1e6 * scale, rel=1e-5)
    slope = 0 if name in ("softsign", "hard_sigmoid") else scale
    np.testing.assert_allclose(slopes(function, x), [0, slope], rtol=1e-6, atol=1e-11)


@pytest.mark.parametrize("name", ALL)
def test_nan_stays_nan(name: str) -> None:
    x = np.array([[0.5, np.nan], [0.5, 2.0]], np.float32)
    found = np.isnan(ALL[name](x).value)
    assert found[0, 1]
    assert not found[1, 1] or name == "log_softmax, axis 0"


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_float_dtype_is_kept(name: str, dtype: Any) -> None:
    x = WIDE.astype(dtype)
    y = ALL[name](x)
    assert y.dtype == slopes(ALL[name], x).dtype == dtype
    np.testing.assert_allclose(y.value, ALL[name](x.astype(np.float64)).value, rtol=3e-3, atol=5e-3)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("given", [[1, -2, 3], np.array([1, -2, 3]), np.array([True, False])], ids=repr)
def test_what_is_no_float_becomes_float32(name: str, given: Any) -> None:
    y = ALL[name](given)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.value, ALL[name](np.array(given, np.float32)).value)


@pytest.mark.parametrize("name", BY_NUMBER)
def test_a_single_number(name: str) -> None:
    x = Tensor(0.75, requires_grad=True)
    y = BY_NUMBER[name](x)
    assert isinstance(y.value, np.ndarray)
    assert y.shape == ()
    assert float(y) == pytest.approx(float(BY_NUMBER[name]([0.75]).value[0]))
    y.backward()
    assert x.grad is not None
    assert x.grad.shape == ()


@pytest.mark.parametrize("name", ALL)
def test_the_input_is_left_alone(name: str) -> None:
    x = WIDE.astype(np.float32)
    kept = x.copy()
    slopes(ALL[name], x)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_remembered_where_nobody_asks_for_gradients(name: str) -> None:
    assert ALL[name](X).rule is None
    with Context(recording=False, streams=current().streams):
        assert ALL[name](Tensor(X, requires_grad=True)).rule is None


# -- the error function --------------------------------------------------------------------------------------

POINTS = np.concatenate(
    [
        np.linspace(-7, 7, 20_001),
        np.linspace(0.4687, 0.4688, 1_001),
        np.logspace(-300, 0, 1_001),
        [0.0, 1e300],
    ]
)


def test_erf_in_double_precision() -> None:
    expected = np.array([math.erf(v) for v in POINTS.tolist()])
    np.testing.assert_allclose(erf(POINTS), expected, rtol=6e-16, atol=0)


def test_erf_in_single_precision() -> None:
    x = np.clip(POINTS, -1e30, 1e30).astype(np.float32)
    found = erf(x)
    assert found.dtype == np.float32
    expected = np.array([math.erf(v) for v in x.tolist()])
    np.testing.assert_array_equal(found, expected.astype(np.float32))


def test_erf_at_its_ends() -> None:
    found = erf(np.array([-np.inf, -6, -0.0, 0.0, 6, np.inf, np.nan]))
    np.testing.assert_array_equal(found, [-1, -1, 0, 0, 1, 1, np.nan])
    assert np.signbit(found).tolist()[:4] == [True, True, True, False]


def test_erf_of_no_numbers_and_of_one() -> None:
    assert erf(np.zeros((0, 3), np.float32)).shape == (0, 3)
    assert erf(np.array(0.5)) == pytest.approx(math.erf(0.5))
