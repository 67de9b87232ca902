"""`make profile`: which function time belongs to, and what is shown."""

import argparse
from typing import Any

import pytest
from pyinstrument.frame import Frame

from minifit import kernels
from tests.benchmarks import where
from tests.benchmarks.pythons import ROOT
from tests.benchmarks.where import Profile
from tests.benchmarks.workloads import WORKLOADS, Workload

HEAVY = Workload(320, (256, 256, 2), 32, "classes")
"""Most of its time is spent in kernels: even the few looks of a busy machine meet them."""


class Here:
    """Where frames are from."""

    sys_prefixes = ()

    def shorten_path(self, path: str) -> str:
        return path


def frame(name: str, file: str, seconds: float = 0.0, *children: Frame) -> Frame:
    """A frame as pyinstrument makes it, with so much time of its own."""
    own = Frame("[self]", time=seconds)
    made = Frame(f"{name}\0{file}\x007", [own, *children], seconds + sum(child.time for child in children))
    made.set_context(Here())
    return made


def test_a_compiled_kernel_is_seen_under_its_name() -> None:
    called = where._caller_of(divmod, "dense_forward")
    assert called(7, 2) == (3, 1)
    code = called.__code__
    assert where.place(frame(code.co_name, code.co_filename)) == "kernel dense_forward"


def test_kernels_are_as_before_afterwards() -> None:
    before = kernels.load
    with where.named_kernels():
        assert kernels.load is not before
        assert set(before("numpy").__all__) <= set(vars(kernels.load("numpy")))
    assert kernels.load is before


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (str(ROOT / "kernels" / "reference_dense.py"), True),
        (str(ROOT / "minifit" / "kernels" / "driver.py"), True),
        (where.KERNEL, True),
        (str(ROOT / "minifit" / "tensor.py"), False),
        (__file__, False),
    ],
)
def test_what_a_kernel_is(file: str, expected: bool) -> None:
    assert where.is_kernel(frame("product", file)) is expected
    assert where.place(frame("product", file)).startswith("kernel product") is expected


def test_what_a_kernel_calls_is_inside_it() -> None:
    kernel = frame("product", where.KERNEL, 1.0, frame("dot", "numpy.py", 2.0))
    root = frame("take", "step.py", 3.0, kernel)
    inside = {each.function: in_kernel for each, in_kernel in where.frames(root)}
    assert inside == {"take": False, "product": True, "dot": True}
    assert {each.function: each.total_self_time for each, _ in where.frames(root)} == {
        "take": 3.0,
        "product": 1.0,
        "dot": 2.0,
    }


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_profile(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    found = where.profile(HEAVY, 0.2)
    assert found.engine == engine
    assert found.seconds > 0
    assert found.looks > 0
    assert sum(found.shares.values()) == pytest.approx(1)
    assert 0 < found.kernels <= 1
    kernel = {"numpy": "kernel product", "numba": "kernel carry_out"}[engine]
    assert found.shares[kernel] > 0
    assert "inside kernels" in where.report("digits", found, most=3)


def test_the_table_sums_up_what_it_leaves_out() -> None:
    shares = dict(zip("abcd", (0.1, 0.4, 0.3, 0.2), strict=True))
    found = Profile(10e-6, "numba", shares, 0.4, 1000)
    assert where.table(found, most=2) == [
        ["", "us a step", "share"],
        ["b", "4.00", "40.0 %"],
        ["c", "3.00", "30.0 %"],
        ["2 others", "3.00", "30.0 %"],
    ]
    report = where.report("digits", found, most=2)
    assert "A step takes 10.0 us: 4.00 inside kernels, 6.00 in the Python around them." in report
    assert str(WORKLOADS["digits"]) in report


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workload": "cifar"}, "There is no workload 'cifar'"),
        ({"seconds": 0.0}, "--seconds must be at least 0.1"),
    ],
)
def test_what_cannot_be_profiled_is_refused(given: dict[str, Any], message: str) -> None:
    usual = {"workload": "digits", "seconds": 1.0, "rows": 5}
    with pytest.raises(SystemExit, match=message):
        where.main(argparse.Namespace(**usual | given))
