"""What the tests of the optimizers share: three steps from known places, and where TensorFlow 2.7 got with them.

`STEPS`, `SCHEDULED` and `SLOTS` were computed by TensorFlow 2.7; AdamW's are those of its Adam with the weights
made smaller before each step, as Keras 2.11 does.
"""

import inspect
from types import ModuleType
from typing import Any

import numpy as np

from minifit import Sequential, kernels, optimizers
from minifit.arrays import Array
from minifit.optimizers import Optimizer, schedules
from minifit.parameters import Parameter, ParameterBuffer

CLASSES: list[Any] = sorted(set(optimizers.TABLE.values()), key=lambda c: str(c.__name__))

# Two parameters, and the gradients of three steps.
A, B = [1.0, -2.0], [0.5, 3.0, -0.25]
GRADIENTS = [
    ([0.5, -0.2], [0.1, -1.5, 2.0]),
    ([-0.3, 0.4], [2.0, 0.01, -0.7]),
    ([1.5, -0.1], [0.0, -0.6, 0.3]),
]

STEPS: dict[str, list[float]] = {
    "SGD(0.1)": [0.830000043, -2.00999999, 0.290000021, 3.20900011, -0.409999996],
    "SGD(0.1, momentum=0.9)": [0.771499991, -2.01180005, 0.0929000229, 3.46460009, -0.68900001],
    "SGD(0.1, momentum=0.9, nesterov=True)": [
        0.624349952,
        -2.02062011,
        -0.0763899833,
        3.62714005,
        -0.805099964,
    ],
    "SGD(0.1, decay=0.5)": [0.894999981, -2.00166655, 0.356666684, 3.17933345, -0.418333292],
    "SGD(0.1, momentum=1.0)": [0.75999999, -2.00999999, 0.0699999928, 3.50800014, -0.74000001],
    "SGD(0.1, clipvalue=0.4)": [0.949999988, -2.00999999, 0.450000018, 3.079, -0.279999971],
    "SGD(0.1, clipnorm=0.5)": [0.933686912, -2.01810455, 0.450809211, 3.07446146, -0.295811385],
    "SGD(0.1, global_clipnorm=0.5)": [0.951562047, -2.00224161, 0.452115297, 3.04729915, -0.282109231],
    "SGD(0.1, clipnorm=0.5, clipvalue=0.3)": [0.970000029, -2.0, 0.460000008, 3.05900002, -0.280000001],
    "SGD(0.1, global_clipnorm=0.5, clipvalue=0.3)": [
        0.970132709,
        -1.99786985,
        0.466164649,
        3.05403042,
        -0.279867321,
    ],
    "SGD(0.1, momentum=0.9, clipnorm=0.5, decay=0.1)": [
        0.884435177,
        -2.01599574,
        0.413070202,
        3.1180954,
        -0.348417342,
    ],
    "Adam(0.1)": [0.815943956, -1.95028055, 0.262302518, 3.23797989, -0.427188694],
    "Adam(0.1, beta_1=0.5, beta_2=0.8, epsilon=0.01)": [
        0.829854131,
        -1.97877598,
        0.277234763,
        3.21052957,
        -0.385440469,
    ],
    "Adam(0.1, amsgrad=True)": [0.815943956, -1.95028055, 0.262332529, 3.23794818, -0.427188694],
    "Adam(0.1, beta_1=0.5, beta_2=0.3, amsgrad=True)": [
        0.84207052,
        -1.96310639,
        0.287602931,
        3.18106532,
        -0.376560092,
    ],
    "Adam(0.1, decay=0.5)": [0.854780674, -1.9312427, 0.318208665, 3.18007445, -0.395035416],
    "Adam(0.1, beta_2=0.3)": [0.830932975, -1.94901109, 0.262639284, 3.30262423, -0.473411143],
    "Adam(0.1, clipnorm=0.5)": [0.83221066, -1.96478367, 0.263175458, 3.24806166, -0.43583867],
    "AdamW(0.1)": [0.814832091, -1.94794679, 0.26181379, 3.23427463, -0.426793367],
    "AdamW(0.1, weight_decay=0.5)": [0.684026301, -1.67294991, 0.204622954, 2.7970295, -0.379850119],
    "AdamW(0.1, weight_decay=0.5, amsgrad=True, clipnorm=0.5)": [
        0.700128913,
        -1.68731868,
        0.205500215,
        2.80708623,
        -0.388758063,
    ],
    "Adamax(0.1)": [0.843973398, -1.9379971, 0.310260564, 3.19158149, -0.402824759],
    "Adamax(0.1, beta_1=0.5, beta_2=0.8, epsilon=0.01)": [
        0.854272485,
        -1.9622004,
        0.304717779,
        3.19725204,
        -0.381858408,
    ],
    "Adamax(0.1, decay=0.5, clipnorm=0.5)": [0.868715048, -1.92856896, 0.346320331, 3.15971375, -0.385536939],
    "Adamax(0.1, beta_2=1.0)": [0.843989193, -1.93798804, 0.310295284, 3.19144559, -0.402748078],
    "Adamax(0.1, beta_2=0.1)": [0.833462894, -1.96510983, -0.00204765797, 3.68124509, -0.591378212],
    "Nadam(0.1)": [0.836845398, -1.96388268, 0.282032728, 3.15927911, -0.346661121],
    "Nadam(0.1, beta_1=0.5, beta_2=0.8, epsilon=0.01)": [
        0.81839329,
        -1.97245252,
        0.261994332,
        3.18772483,
        -0.3518821,
    ],
    "Nadam(0.1, schedule_decay=0.5)": [0.838352203, -1.96328413, 0.282212675, 3.15943909, -0.347693771],
    "Nadam(0.1, clipvalue=0.4)": [0.880804777, -1.96388268, 0.282745779, 3.19369674, -0.338645071],
    "Nadam(0.1, decay=0.5)": [0.836845398, -1.96388268, 0.282032728, 3.15927911, -0.346661121],
    "Nadam(0.1, beta_1=1.0)": [0.856322885, -1.96270871, 0.305875957, 3.13612938, -0.332728773],
    "Adagrad(0.1)": [0.869254708, -2.00161695, 0.371196151, 3.13364363, -0.32996726],
    "Adagrad(1.0, initial_accumulator_value=0.0, epsilon=0.01)": [
        -0.400870025,
        -1.70892596,
        -1.40288055,
        4.35585403,
        -1.05575502,
    ],
    "Adagrad(0.1, decay=0.5, clipvalue=0.4)": [
        0.927354097,
        -1.98625386,
        0.418528855,
        3.10799623,
        -0.308303088,
    ],
    "Adagrad(0.1, clipnorm=0.5)": [0.902791858, -2.01695609, 0.410670608, 3.13987851, -0.336108953],
    "Adagrad(0.1, epsilon=0)": [0.869254708, -2.00161695, 0.371196151, 3.13364363, -0.32996726],
    "Adadelta(1.0)": [0.997538567, -1.99978364, 0.496588409, 3.00216699, -0.251045108],
    "Adadelta(0.5, rho=0.5, epsilon=0.01)": [0.890644372, -1.99058127, 0.377779484, 3.12291217, -0.301439345],
    "Adadelta(1.0, decay=0.5, global_clipnorm=0.5)": [
        0.998253882,
        -1.99941373,
        0.497259051,
        3.0019443,
        -0.251129806,
    ],
    "Adadelta(1.0, rho=1.0)": [-0.699999988, -2.10000014, -1.60000002, 5.08999968, -1.8499999],
    "RMSprop(0.1)": [0.554793239, -1.89624202, -0.132099241, 3.44243526, -0.505625665],
    "RMSprop(0.1, rho=0.5, epsilon=0.01)": [0.814361215, -1.95414352, 0.235759363, 3.22584558, -0.364525497],
    "RMSprop(0.1, momentum=0.9)": [0.166172862, -1.61264467, -0.957092166, 3.98118448, -0.947865367],
    "RMSprop(0.1, centered=True)": [0.52120769, -1.88254142, -0.167960465, 3.4702611, -0.522190332],
    "RMSprop(0.1, momentum=0.9, centered=True)": [
        0.103883117,
        -1.57293034,
        -1.03907681,
        4.03816557,
        -0.992190182,
    ],
    "RMSprop(0.1, rho=0.5, momentum=0.5, epsilon=0.01, centered=True)": [
        0.619867682,
        -1.92699981,
        0.0375875905,
        3.46815205,
        -0.541574299,
    ],
    "RMSprop(0.1, decay=0.5)": [0.647454679, -1.83762646, -0.026808396, 3.37896085, -0.517684162],
    "Ftrl(0.1)": [0.334732264, -0.311308414, -0.105535164, 2.51479077, -0.290923834],
    "Ftrl(0.1, learning_rate_power=-0.3)": [
        0.171677247,
        -0.199146464,
        -0.136177361,
        1.99620676,
        -0.273488611,
    ],
    "Ftrl(0.1, learning_rate_power=0.0)": [
        -0.170000002,
        -0.00999999978,
        -0.209999993,
        0.209000021,
        -0.159999996,
    ],
    "Ftrl(0.1, learning_rate_power=-1.0, initial_accumulator_value=0.5)": [
        0.253837228,
        -0.154169559,
        -0.0541498251,
        2.52801943,
        -0.258544147,
    ],
    "Ftrl(0.1, initial_accumulator_value=0.0, l2_regularization_strength=0.25)": [
        0.775171041,
        -1.58077312,
        0.169224441,
        3.03537822,
        -0.322887987,
    ],
    "Ftrl(0.1, l1_regularization_strength=0.5)": [
        0.250216812,
        -0.177677825,
        -0.0751154944,
        2.48217416,
        -0.266230583,
    ],
    "Ftrl(0.1, l2_regularization_strength=0.5)": [
        0.27897951,
        -0.248728216,
        -0.0993033275,
        2.3609345,
        -0.277191579,
    ],
    "Ftrl(0.1, l2_shrinkage_regularization_strength=0.5)": [
        0.120020337,
        0.144667372,
        -0.236256763,
        2.04053855,
        -0.253101975,
    ],
    "Ftrl(0.1, beta=0.5)": [0.162164986, -0.138392404, -0.0818800852, 1.89676237, -0.233166501],
    "Ftrl(0.1, learning_rate_power=-0.7, initial_accumulator_value=0.2, l1_regularization_strength=0.1, "
    "l2_regularization_strength=0.2, l2_shrinkage_regularization_strength=0.3, beta=0.4)": [
        0.0830115527,
        0.0168824755,
        -0.0920487791,
        1.91675389,
        -0.224858508,
    ],
    "Ftrl(0.1, decay=0.5, clipnorm=0.5)": [
        0.1953374,
        -0.164481834,
        -0.0447546653,
        0.526185513,
        -0.0944914743,
    ],
}
"""Where the three steps lead from A and B."""

SCHEDULED: dict[str, list[float]] = {
    "SGD(ExponentialDecay(0.1, 2, 0.5))": [0.896213233, -2.00328422, 0.348578632, 3.17929292, -0.415502489],
    "SGD(ExponentialDecay(0.1, 2, 0.5), decay=0.5)": [
        0.92664212,
        -1.99635613,
        0.395719111,
        3.16452885,
        -0.424501657,
    ],
    "SGD(PiecewiseConstantDecay([0, 1], [0.1, 0.5, 0.02]), momentum=0.9)": [
        1.11949992,
        -2.32379985,
        -1.42709994,
        3.40900016,
        -0.132999972,
    ],
    "SGD(lambda: 0.1, momentum=0.5)": [0.807500005, -2.0150001, 0.182500035, 3.3210001, -0.524999976],
    "Adam(PolynomialDecay(0.1, 2, 0.01))": [0.882977605, -1.9215039, 0.351283848, 3.14372635, -0.375109792],
    "AdamW(ExponentialDecay(0.1, 2, 0.5), weight_decay=0.5)": [
        0.753793955,
        -1.72502732,
        0.269138843,
        2.85614729,
        -0.363343477,
    ],
    "Nadam(lambda: 0.1)": [0.836845398, -1.96388268, 0.282032728, 3.15927911, -0.346661121],
    "Adagrad(InverseTimeDecay(0.1, 1, 0.5))": [
        0.89990741,
        -1.98625386,
        0.404080391,
        3.11563754,
        -0.333924592,
    ],
    "RMSprop(CosineDecay(0.1, 2, alpha=0.1), momentum=0.5)": [
        0.556251824,
        -1.67499769,
        -0.313965738,
        3.56440806,
        -0.717983246,
    ],
    "Ftrl(CosineDecayRestarts(0.1, 2))": [0.236744329, -0.38916561, -0.111291654, 2.42960668, -0.306502104],
}
"""The same, with learning rates that change by themselves."""

TEXTS = [
    *STEPS,
    "SGD(0.1, weight_decay=0.5)",
    "Adam(0.1, weight_decay=0.5, decay=0.1)",
    "RMSprop(0.1, weight_decay=0.5, momentum=0.9, centered=True, clipvalue=1.0)",
    "Nadam(0.1, weight_decay=0.5, global_clipnorm=1.0)",
]
"""Every optimizer with a number for its learning rate."""

SLOTS: dict[str, dict[str, list[list[float]]]] = {
    "SGD(0.1, momentum=0.9)": {
        "momentum": [[-0.163499996, -0.00980000105], [-0.188099995, 0.180600002, -0.128999993]]
    },
    "Adam(0.1, amsgrad=True)": {
        "m": [[0.163500041, 0.00980000198], [0.18810004, -0.180600047, 0.129000023]],
        "v": [[0.00258937688, 0.00020975736], [0.00400592852, 0.00260556862, 0.00457145553]],
        "vhat": [[0.00258937688, 0.00020975736], [0.00400993833, 0.00260556862, 0.00457145553]],
    },
    "Adamax(0.1, beta_2=0.1)": {
        "m": [[0.163500041, 0.00980000198], [0.18810004, -0.180600047, 0.129000023]],
        "v": [[1.5, 0.100000001], [0.200000003, 0.600000024, 0.300000012]],
    },
    "Nadam(0.1)": {
        "m": [[0.163500041, 0.00980000105], [0.18810004, -0.180600047, 0.129000023]],
        "v": [[0.00258937688, 0.000209757345], [0.00400592852, 0.00260556862, 0.00457145507]],
    },
    "Adagrad(0.1, clipnorm=0.5)": {
        "accumulator": [[0.654411077, 0.29558897], [0.323111534, 0.389861792, 0.337026656]]
    },
    "Adadelta(0.5, rho=0.5, epsilon=0.01)": {
        "accum_grad": [[1.17875004, 0.0500000007], [1.00125003, 0.461275011, 0.667500019]],
        "accum_var": [[0.0268281661, 0.010555557], [0.00745859183, 0.00819182117, 0.00568824168]],
    },
    "RMSprop(0.1, momentum=0.9, centered=True)": {
        "rms": [[0.253350049, 0.018640006], [0.360810071, 0.218259037, 0.37710008]],
        "momentum": [[0.432422549, -0.0830531642], [0.571150422, -0.407160372, 0.219968081]],
        "mg": [[0.163500041, 0.00980000198], [0.18810004, -0.180600047, 0.129000023]],
    },
    "Ftrl(0.1, l1_regularization_strength=0.5)": {
        "accumulator": [[2.69000006, 0.310000002], [4.11000013, 2.7100997, 4.67999983]],
        "linear": [[-4.60386038, 1.4892683], [2.02282643, -41.3624992, 6.25944805]],
    },
    "Ftrl(0.1, l2_shrinkage_regularization_strength=0.5)": {
        "accumulator": [[2.69000006, 0.310000002], [4.11000013, 2.7100997, 4.67999983]],
        "linear": [[-1.96847975, -0.805473924], [4.78966522, -33.5921249, 5.47543287]],
    },
}
"""What is remembered after the three steps: [of A, of B] for every slot."""


def make(text: str) -> Optimizer:
    """The optimizer that the text describes."""
    names = {c.__name__: c for c in CLASSES} | {name: getattr(schedules, name) for name in schedules.__all__}
    made: Optimizer = eval(text, names)
    return made


def of(made: type[Optimizer], table: dict[str, Any]) -> list[Any]:
    """The entries of a table that are about one class."""
    return [entry for entry in table.items() if entry[0].startswith(f"{made.__name__}(")]


def parameters() -> list[Parameter]:
    """A and B in a buffer."""
    made = [Parameter("a", np.array(A)), Parameter("b", np.array(B))]
    ParameterBuffer().adopt(made)
    return made


def run(
    optimizer: Optimizer, params: list[Parameter], steps: slice = slice(None), engine: str = "numpy"
) -> list[float]:
    """Make the steps of `GRADIENTS`; where they lead."""
    module: ModuleType = kernels.load(engine)
    optimizer.plan(params)
    for gradients in GRADIENTS[steps]:
        for p, gradient in zip(params, gradients, strict=True):
            p.grad = None
            p.accumulate(np.array(gradient, np.float32))
        optimizer.step(module)
    reached: list[float] = np.concatenate([p.value for p in params]).tolist()
    return reached


def assert_steps(text: str, expected: list[float]) -> None:
    """Both engines get where they should."""
    for engine in ("numpy", "numba"):
        reached = run(make(text), parameters(), engine=engine)
        np.testing.assert_allclose(reached, expected, rtol=3e-6, atol=1e-6)


def assert_slots(text: str, expected: dict[str, list[list[float]]]) -> None:
    """It remembers what it should."""
    params, optimizer = parameters(), make(text)
    run(optimizer, params)
    assert list(expected) == list(optimizer.slot_names)
    for i, p in enumerate(params):
        for name, slot in optimizer.slots_of(p).items():
            # 1 - beta is taken in float32 there
            np.testing.assert_allclose(slot, expected[name][i], rtol=2e-5, atol=1e-8)


def assert_defaults(made: Any, arguments: dict[str, Any], config: list[str]) -> None:
    """It takes these arguments, in this order, and its configuration has these keys after the name."""
    taken = [a for a in inspect.signature(made).parameters.values() if a.name != "kwargs"]
    assert {a.name: a.default for a in taken} == arguments
    assert [a.name for a in taken] == list(arguments)
    found = made().get_config()
    assert list(found) == ["name", *config]
    assert found.pop("learning_rate") == float(np.float32(arguments["learning_rate"]))
    found.pop("decay")
    assert found == {name: arguments[name] for name in found}


X = np.sin(np.arange(24.0)).reshape(8, 3)
Y = np.cos(np.arange(16.0)).reshape(8, 2)


def deterministic(model: Sequential) -> Sequential:
    """The model with weights that are always the same."""
    model.set_weights(
        [np.cos(np.arange(w.value.size) + i).reshape(w.shape) for i, w in enumerate(model.weights)]
    )
    return model


def fitted(model: Sequential, epochs: int = 2) -> Sequential:
    """The model after two steps an epoch on X and Y."""
    model.fit(X, Y, epochs=epochs, batch_size=4, shuffle=False, verbose=0)
    return model


def bits(arrays: list[Array]) -> list[bytes]:
    """The very bits of every array."""
    return [a.tobytes() for a in arrays]
