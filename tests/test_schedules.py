"""Each schedule gives the rates of TensorFlow 2.7, for one step and for many at once."""

from typing import Any

import numpy as np
import pytest

from minifit import schedules
from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from minifit.parameters import Variable
from minifit.schedules import ExponentialDecay, LearningRateSchedule, PiecewiseConstantDecay

STEPS = [0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 20, 21, 30, 31, 70, 99, 210, 399, 1000, 99999]

# The rates at these steps, as TensorFlow 2.7 computes them.
RATES: dict[str, list[float]] = {
    "ExponentialDecay(0.1, 10, 0.5)": [
        0.100000001,
        0.0933033004,
        0.0870550573,
        0.0812252387,
        0.0707106814,
        0.0615572222,
        0.0574349165,
        0.0535886772,
        0.0500000007,
        0.0466516502,
        0.0250000004,
        0.023325827,
        0.0125000002,
        0.0116629135,
        0.000781250012,
        0.000104665407,
        4.76837165e-08,
        9.74771276e-14,
        7.88860917e-32,
        0.0,
    ],
    "ExponentialDecay(0.1, 10, 0.96, staircase=True)": [
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.0960000008,
        0.0960000008,
        0.0921600014,
        0.0921600014,
        0.0884735957,
        0.0884735957,
        0.075144738,
        0.0692533851,
        0.0424322151,
        0.0203506239,
        0.0016870281,
        0.0,
    ],
    "ExponentialDecay(0.3, 7, 1.1)": [
        0.300000012,
        0.304112673,
        0.30828172,
        0.312507898,
        0.321134895,
        0.330000013,
        0.334523946,
        0.339109868,
        0.343758672,
        0.348471254,
        0.393900126,
        0.399300039,
        0.451355278,
        0.457542866,
        0.778122962,
        1.15486777,
        5.23482418,
        68.6285553,
        245676.453,
    ],
    "ExponentialDecay(0.1, 100000, 0.96)": [
        0.100000001,
        0.0999999568,
        0.0999999195,
        0.0999998748,
        0.0999998003,
        0.0999997184,
        0.0999996737,
        0.099999629,
        0.0999995992,
        0.0999995545,
        0.0999991819,
        0.0999991447,
        0.0999987796,
        0.0999987349,
        0.0999971479,
        0.0999959633,
        0.0999914333,
        0.0999837145,
        0.0999591872,
        0.0960000381,
    ],
    "PiecewiseConstantDecay([3, 7], [1.0, 0.5, 0.1])": [
        1.0,
        1.0,
        1.0,
        1.0,
        0.5,
        0.5,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
    ],
    "PiecewiseConstantDecay([2.5], [1.0, 0.5])": [
        1.0,
        1.0,
        1.0,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
    ],
    "PiecewiseConstantDecay([0, 10, 100], [0.4, 0.3, 0.2, 0.1])": [
        0.400000006,
        0.300000012,
        0.300000012,
        0.300000012,
        0.300000012,
        0.300000012,
        0.300000012,
        0.300000012,
        0.300000012,
        0.200000003,
        0.200000003,
        0.200000003,
        0.200000003,
        0.200000003,
        0.200000003,
        0.200000003,
        0.100000001,
        0.100000001,
        0.100000001,
        0.100000001,
    ],
    "PolynomialDecay(0.1, 10)": [
        0.100000001,
        0.0900100023,
        0.080020003,
        0.0700300038,
        0.0500500016,
        0.0300700013,
        0.0200799983,
        0.0100900019,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
        9.99999975e-05,
    ],
    "PolynomialDecay(0.1, 10, 0.01, power=0.5)": [
        0.100000001,
        0.0953814983,
        0.0904984474,
        0.0852994025,
        0.0736396089,
        0.0592950359,
        0.0502492264,
        0.0384605005,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
        0.00999999978,
    ],
    "PolynomialDecay(0.1, 10, 0.01, power=2.0, cycle=True)": [
        0.100000001,
        0.0828999951,
        0.0676000044,
        0.0540999994,
        0.0324999988,
        0.0181000009,
        0.0135999992,
        0.0109000001,
        0.00999999978,
        0.0282249991,
        0.00999999978,
        0.0181000009,
        0.00999999978,
        0.0145562515,
        0.00999999978,
        0.0100090001,
        0.00999999978,
        0.0100005623,
        0.00999999978,
        0.00999999978,
    ],
    "PolynomialDecay(0.1, 7, 0.02, cycle=True)": [
        0.099999994,
        0.0885714293,
        0.077142857,
        0.0657142848,
        0.0428571403,
        0.0199999996,
        0.0542857125,
        0.0485714301,
        0.0428571403,
        0.0371428579,
        0.0238095224,
        0.0199999996,
        0.0314285681,
        0.0291428566,
        0.0199999996,
        0.0245714281,
        0.0199999996,
        0.0199999996,
        0.0200799182,
        0.0200023986,
    ],
    "InverseTimeDecay(0.1, 10, 0.5)": [
        0.100000001,
        0.0952381045,
        0.0909090936,
        0.0869565234,
        0.0799999982,
        0.0740740746,
        0.0714285746,
        0.068965517,
        0.0666666701,
        0.0645161346,
        0.0500000007,
        0.0487804897,
        0.0399999991,
        0.0392156877,
        0.0222222228,
        0.0168067235,
        0.00869565271,
        0.00477326941,
        0.00196078443,
        1.99961996e-05,
    ],
    "InverseTimeDecay(0.1, 3, 0.5, staircase=True)": [
        0.100000001,
        0.100000001,
        0.100000001,
        0.0666666701,
        0.0666666701,
        0.0500000007,
        0.0500000007,
        0.0399999991,
        0.0399999991,
        0.0399999991,
        0.0250000004,
        0.0222222228,
        0.0166666675,
        0.0166666675,
        0.00800000038,
        0.00571428565,
        0.00277777785,
        0.00148148148,
        0.000597014907,
        5.99970008e-06,
    ],
    "CosineDecay(0.1, 10)": [
        0.100000001,
        0.0975528285,
        0.0904508457,
        0.0793892667,
        0.049999997,
        0.0206107404,
        0.00954914745,
        0.00244717603,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
    ],
    "CosineDecay(0.1, 17, alpha=0.2)": [
        0.100000001,
        0.0993189216,
        0.0972988904,
        0.0940086842,
        0.0841053873,
        0.0709465221,
        0.0636907369,
        0.0563092642,
        0.049053479,
        0.0421704613,
        0.0200000014,
        0.0200000014,
        0.0200000014,
        0.0200000014,
        0.0200000014,
        0.0200000014,
        0.0200000014,
        0.0200000014,
        0.0200000014,
        0.0200000014,
    ],
    "CosineDecayRestarts(0.1, 10)": [
        0.100000001,
        0.0975528285,
        0.0904508457,
        0.0793892667,
        0.049999997,
        0.0206107404,
        0.00954914745,
        0.00244717603,
        0.100000001,
        0.0993844196,
        0.049999997,
        0.0421782844,
        0.100000001,
        0.0998458713,
        0.100000001,
        0.0709329993,
        0.0691341683,
        0.0820975751,
        0.0378509909,
        0.0884441361,
    ],
    "CosineDecayRestarts(0.1, 10, t_mul=1.0)": [
        0.100000001,
        0.0975528285,
        0.0904508457,
        0.0793892667,
        0.049999997,
        0.0206107404,
        0.00954914745,
        0.00244717603,
        0.100000001,
        0.0975528285,
        0.100000001,
        0.0975528285,
        0.100000001,
        0.0975528285,
        0.100000001,
        0.00244719395,
        0.100000001,
        0.00244709849,
        0.100000001,
        0.0024282455,
    ],
    "CosineDecayRestarts(0.1, 5, t_mul=1.5, m_mul=0.7, alpha=0.1)": [
        0.100000001,
        0.0914057642,
        0.0689057633,
        0.0410942249,
        0.0730000064,
        0.0625776127,
        0.051234033,
        0.0382073559,
        0.02575,
        0.0160159618,
        0.0210250001,
        0.0161885638,
        0.0315484926,
        0.0288195666,
        0.0247030314,
        0.0106146773,
        0.0128383487,
        0.0134874061,
        0.0113298623,
        0.0100084776,
    ],
    "CosineDecayRestarts(0.2, 7, t_mul=3.0, m_mul=0.5)": [
        0.200000003,
        0.190096885,
        0.162348971,
        0.122252084,
        0.0376510024,
        0.100000001,
        0.0994415432,
        0.0977786407,
        0.0950484425,
        0.0913119465,
        0.0317329429,
        0.0249999966,
        0.0498757698,
        0.0497207716,
        0.0124999983,
        0.0248896461,
        0.00754900277,
        0.0111899544,
        0.00612606248,
        0.000343506981,
    ],
    "CosineDecayRestarts(0.1, 10, t_mul=1.0, m_mul=0.9)": [
        0.100000001,
        0.0975528285,
        0.0904508457,
        0.0793892667,
        0.049999997,
        0.0206107404,
        0.00954914745,
        0.00244717603,
        0.0899999961,
        0.0877975449,
        0.0809999928,
        0.0790177882,
        0.0728999898,
        0.0711160079,
        0.0478296839,
        0.000948092842,
        0.0109418929,
        4.01891557e-05,
        2.65613289e-06,
        0.0,
    ],
    "CosineDecayRestarts(0.1, 100, t_mul=1.1)": [
        0.100000001,
        0.0999753252,
        0.0999013409,
        0.0997781008,
        0.0993844196,
        0.0987958387,
        0.0984291583,
        0.0980146825,
        0.0975528285,
        0.0970440432,
        0.0904508457,
        0.0895077512,
        0.0793892667,
        0.0781041682,
        0.0206107404,
        2.46733434e-05,
        0.0,
        0.0482891239,
        0.0838635787,
        0.0638876781,
    ],
}


def make(text: str) -> LearningRateSchedule:
    made: LearningRateSchedule = eval(text, dict(schedules.TABLE))
    return made


@pytest.mark.parametrize("text", RATES)
def test_the_rates(text: str) -> None:
    schedule = make(text)
    rates = [schedule(np.float32(step)) for step, _ in zip(STEPS, RATES[text], strict=False)]
    assert all(type(rate.numpy()) is np.float32 and rate.numpy() == rate for rate in rates)
    np.testing.assert_allclose(rates, RATES[text], rtol=1e-6)


@pytest.mark.parametrize("text", RATES)
def test_many_steps_at_once(text: str) -> None:
    expected = RATES[text]
    rates = make(text)(np.array(STEPS[: len(expected)], np.float32))
    assert rates.dtype == np.float32
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


@pytest.mark.parametrize("text", [t for t in RATES if "2.5" not in t])
@pytest.mark.parametrize("step", [3, np.int64(3), np.float64(3), np.array(3), Variable(3, dtype=np.int64)])
def test_what_a_step_may_be(text: str, step: Any) -> None:
    np.testing.assert_array_equal(make(text)(step), make(text)(np.float32(3)))


def test_boundaries_are_of_the_kind_of_the_step() -> None:
    schedule = PiecewiseConstantDecay([2.5], [1.0, 0.5])
    assert [schedule(2.0), schedule(2.5), schedule(2.75), schedule(3.0)] == [1, 1, 0.5, 0.5]
    assert [schedule(2), schedule(3)] == [1, 0.5]


@pytest.mark.parametrize("text", RATES)
def test_the_round_trip(text: str) -> None:
    schedule = make(text)
    data = schedules.serialize(schedule)
    assert data == {"class_name": type(schedule).__name__, "config": schedule.get_config()}
    for again in (schedules.deserialize(data), type(schedule).from_config(schedule.get_config())):
        assert type(again) is type(schedule)
        assert again.get_config() == schedule.get_config()


@pytest.mark.parametrize(
    ("text", "config"),
    [
        (
            "ExponentialDecay(1, 2, 0.5)",
            {
                "initial_learning_rate": 1,
                "decay_steps": 2,
                "decay_rate": 0.5,
                "staircase": False,
                "name": None,
            },
        ),
        (
            "InverseTimeDecay(1, 2, 0.5, True, 'a')",
            {"initial_learning_rate": 1, "decay_steps": 2, "decay_rate": 0.5, "staircase": True, "name": "a"},
        ),
        (
            "PiecewiseConstantDecay([1], [0.5, 0.25])",
            {"boundaries": [1], "values": [0.5, 0.25], "name": None},
        ),
        (
            "PolynomialDecay(1, 2)",
            {
                "initial_learning_rate": 1,
                "decay_steps": 2,
                "end_learning_rate": 0.0001,
                "power": 1.0,
                "cycle": False,
                "name": None,
            },
        ),
        ("CosineDecay(1, 2)", {"initial_learning_rate": 1, "decay_steps": 2, "alpha": 0.0, "name": None}),
        (
            "CosineDecayRestarts(1, 2)",
            {
                "initial_learning_rate": 1,
                "first_decay_steps": 2,
                "t_mul": 2.0,
                "m_mul": 1.0,
                "alpha": 0.0,
                "name": None,
            },
        ),
    ],
)
def test_the_configuration_is_what_was_given(text: str, config: dict[str, Any]) -> None:
    found = make(text).get_config()
    assert found == config
    assert list(found) == list(config)


def test_a_schedule_of_ones_own() -> None:
    class Own(LearningRateSchedule):
        def __init__(self, start: float) -> None:
            self.start = start

        def __call__(self, step: Any) -> Any:
            return self.start / (step + 1)

        def get_config(self) -> dict[str, Any]:
            return {"start": self.start}

    data = schedules.serialize(Own(0.5))
    assert schedules.deserialize(data, {"Own": Own})(1) == 0.25
    with pytest.raises(UnknownNameError, match=r"schedule.*'Own'"):
        schedules.deserialize(data)


def test_a_subclass_says_what_is_missing() -> None:
    class Empty(LearningRateSchedule):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define __call__\(step\)"):
        Empty()(0)
    with pytest.raises(NotImplementedError, match=r"Empty must define get_config\(\)"):
        schedules.serialize(Empty())


def test_boundaries_and_values_go_together() -> None:
    with pytest.raises(
        ArgumentError, match=r"one more value than boundaries\. Received: boundaries=\[1, 2\], val"
    ):
        PiecewiseConstantDecay([1, 2], [0.5, 0.25])


@pytest.mark.parametrize("boundaries", [[2, 1], [1, 1]])
def test_boundaries_that_do_not_grow(boundaries: list[int]) -> None:
    with pytest.raises(ArgumentError, match=r"boundaries must grow\. Received: boundaries=\[.*\]\. Sort"):
        PiecewiseConstantDecay(boundaries, [0.5, 0.25, 0.1])


@pytest.mark.parametrize("name", [name for name in schedules.TABLE if name != "PiecewiseConstantDecay"])
@pytest.mark.parametrize("steps", [0, -1, float("nan")])
def test_a_length_that_is_none(name: str, steps: Any) -> None:
    more = [0.5] if name in ("ExponentialDecay", "InverseTimeDecay") else []
    with pytest.raises(
        ArgumentError,
        match=r"decay_steps must be (above 0|a finite number)\. Received: .*decay_steps=.*\. Pass",
    ):
        schedules.TABLE[name](0.1, steps, *more)


@pytest.mark.parametrize("wrong", [None, 3, len])
def test_what_describes_no_schedule(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"schedule must be .*Received: "):
        schedules.deserialize(wrong)


def test_an_unknown_keyword() -> None:
    with pytest.raises(TypeError, match="foo"):
        ExponentialDecay(0.1, 2, 0.5, foo=1)  # type: ignore[call-arg]
