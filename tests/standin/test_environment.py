"""Programs get answers about devices, functions and logs, and print."""

import io
import logging
from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.standin import environment as env
from minifit.tensor import Tensor


def test_there_is_one_device() -> None:
    assert [d.device_type for d in env.list_physical_devices()] == ["CPU"]
    assert env.list_physical_devices("GPU") == env.list_logical_devices("GPU") == []
    assert not env.is_gpu_available() and not env.gpu_device_name() and not env.is_built_with_cuda()
    for device in env.list_physical_devices("GPU"):
        env.set_memory_growth(device, True)
    env.set_visible_devices([], "GPU")
    env.set_threads(1)
    assert env.get_threads() == 0
    with env.device("/GPU:0"), env.name_scope("a") as name:
        assert name == "a"


def test_a_function_stays_itself() -> None:
    def f(x: Any) -> Any:
        return x

    assert env.function(f) is f
    assert env.function(jit_compile=True, input_signature=[1])(f) is f
    env.run_functions_eagerly(True)
    env.disable_eager_execution()
    env.enable_eager_execution()
    assert env.executing_eagerly() and env.functions_run_eagerly()
    with pytest.raises(ArgumentError, match="'speed'"):
        env.function(f, speed=2)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Tensor([1.0, 0.25]), "[1 0.25]"),
        (Tensor(np.array(1 / 3, np.float32)), "0.333333343"),
        (Tensor(np.arange(8)), "[0 1 2 ... 5 6 7]"),
        ("loss:", "loss:"),
    ],
)
def test_print(value: Any, text: str) -> None:
    out = io.StringIO()
    env.print_(value, "end", output_stream=out)
    assert out.getvalue() == f"{text} end\n"


def test_print_goes_to_the_stream_of_errors(capsys: pytest.CaptureFixture[str]) -> None:
    env.print_("a", 1, sep="-", end="!")
    assert capsys.readouterr() == ("", "a-1!")


def test_the_logger() -> None:
    env.set_verbosity(env.ERROR)
    assert env.get_logger().level == logging.ERROR
    env.get_logger().setLevel(logging.NOTSET)


def test_structures() -> None:
    added = env.map_structure(lambda a, b: a + b, {"x": [1, 2]}, {"x": [10, 20]})
    assert added == {"x": [11, 22]}
    with pytest.raises(ArgumentError, match="nested alike"):
        env.map_structure(max, [1, 2], [1])
    with pytest.raises(ArgumentError, match="expand_composites"):
        env.map_structure(str, [1], expand_composites=True)


def test_dtypes_have_names() -> None:
    assert (env.FLOAT32.name, env.BOOL.name) == ("float32", "bool")
    assert Tensor([1.0]).dtype == env.FLOAT32


def test_results_repeat_whatever_is_asked() -> None:
    env.enable_op_determinism()
    env.disable_op_determinism()
    assert env.is_op_determinism_enabled()


def test_gradients_of_ops_of_libraries_are_accepted() -> None:
    def gradient(op: Any, dy: Any) -> Any:
        return dy

    assert env.RegisterGradient("Addons>Op")(gradient) is gradient
    env.no_gradient("Addons>Other")
