"""Interrupts wait until a section is over: none is lost, none comes twice, and handlers are left as they were."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from minifit import interrupts
from tests.interrupting import Lines, ctrl_c

INT = signal.SIGINT
HAS_TERM = sys.platform != "win32"


def interrupt() -> None:
    signal.raise_signal(INT)


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Every test leaves the handlers and the sections as it found them."""
    with ctrl_c():
        before = [signal.getsignal(number) for number in interrupts.SIGNALS]
        yield
        assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before
    state = interrupts._HELD
    assert (state.depth, state.prepared, state.waiting) == (0, False, {})


class Handler:
    """A handler that takes down what it is called for, and may raise."""

    def __init__(self, number: int, error: BaseException | None = None) -> None:
        self.number, self.error, self.calls = number, error, list[int]()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.calls.append(number)
        if self.error is not None:
            raise self.error

    def __enter__(self) -> "Handler":
        self.before = signal.signal(self.number, self)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(self.number, self.before)


def test_an_interrupt_waits_for_the_end_of_the_section() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts.held():
        interrupt()
        steps.append("after it")
    assert steps == ["after it"]


def test_sections_nest_and_the_outermost_counts() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts.held():
        with interrupts.held():
            interrupt()
        steps.append("after the inner one")
    assert steps == ["after the inner one"]


def test_many_interrupts_in_one_section_are_one() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts.held():
        for _ in range(3):
            interrupt()
    with interrupts.held():
        pass


def test_an_exception_of_the_section_is_the_context_of_the_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, interrupts.held():
        interrupt()
        raise ValueError
    assert isinstance(caught.value.__context__, ValueError)


@pytest.mark.skipif(not HAS_TERM, reason="SIGTERM ends the process here")
def test_every_signal_with_a_function_waits_and_none_is_lost_when_one_raises() -> None:
    with Handler(signal.SIGTERM) as term, Handler(INT, KeyboardInterrupt()) as ctrl_c:
        with pytest.raises(KeyboardInterrupt), interrupts.held():
            signal.raise_signal(signal.SIGTERM)
            interrupt()
            assert not term.calls and not ctrl_c.calls
        assert term.calls == [signal.SIGTERM] and ctrl_c.calls == [INT]


def test_a_signal_that_comes_in_a_handler_that_waited_is_not_lost() -> None:
    calls = []

    def handler(number: int, frame: FrameType | None) -> None:
        calls.append(number)
        if len(calls) < 3:
            interrupt()

    before = signal.signal(INT, handler)
    try:
        with interrupts.held():
            interrupt()
    finally:
        signal.signal(INT, before)
    assert calls == [INT] * 3


def test_outside_of_sections_a_handler_is_called_at_once() -> None:
    with Handler(INT) as handler, interrupts.deferrable():
        interrupt()
        assert handler.calls == [INT]
        with interrupts.held():
            interrupt()
            assert handler.calls == [INT]
        assert handler.calls == [INT, INT]


@pytest.mark.parametrize("ignored", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_is_no_function_stays(ignored: Any) -> None:
    before = signal.signal(INT, ignored)
    try:
        with interrupts.deferrable(), interrupts.held():
            assert signal.getsignal(INT) is ignored
    finally:
        signal.signal(INT, before)


def test_a_handler_that_the_user_sets_meanwhile_stays_and_can_be_made_to_wait() -> None:
    own = Handler(INT)
    before = signal.getsignal(INT)
    try:
        with interrupts.deferrable():
            signal.signal(INT, own)
            with interrupts.held():
                interrupt()
                assert own.calls == [INT], "nothing of ours stands there"
            interrupts.renew()
            with interrupts.held():
                interrupt()
                assert own.calls == [INT]
            assert own.calls == [INT, INT]
        assert signal.getsignal(INT) is own
    finally:
        signal.signal(INT, before)


def test_a_handler_that_is_put_back_as_it_was_found_is_the_one_from_before() -> None:
    with Handler(INT) as first:
        with interrupts.deferrable():
            found = signal.signal(INT, Handler(INT))
            interrupts.renew()
            signal.signal(INT, found)
        assert signal.getsignal(INT) is first


def test_one_that_is_put_back_too_late_still_hands_on() -> None:
    with Handler(INT) as first:
        with interrupts.deferrable():
            found = signal.getsignal(INT)
        signal.signal(INT, found)
        interrupt()
        assert first.calls == [INT]


def test_in_another_thread_nothing_is_done() -> None:
    seen: list[Any] = []

    def work() -> None:
        with interrupts.deferrable(), interrupts.held():
            interrupts.renew()
            seen.append((interrupts._HELD.depth, signal.getsignal(INT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(0, signal.getsignal(INT))]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_that_another_thread_forks_is_in_no_section(root: Path) -> None:
    code = """
import os, signal, threading, warnings
from minifit import interrupts
warnings.simplefilter("ignore")
def fork():
    global child
    child = os.fork()
    if not child:
        try:
            with interrupts.held():
                signal.raise_signal(signal.SIGINT)
            os._exit(1)
        except KeyboardInterrupt:
            os._exit(42)
with interrupts.held():
    thread = threading.Thread(target=fork); thread.start(); thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert run.stdout == "42\n", run.stderr


# -- at any instant -------------------------------------------------------------------------------------------


def inside(name: str) -> bool:
    return name == interrupts.__file__


class Work:
    """A section in a block: what is done in it is whole."""

    def __init__(self) -> None:
        self.before = self.after = 0

    def __call__(self) -> None:
        with interrupts.deferrable():
            interrupts.renew()
            with interrupts.held():
                self.before += 1
                with interrupts.held():
                    interrupts.renew()
                self.after += 1


def test_an_interrupt_at_any_line_of_this_module_arrives_and_leaves_all_in_order() -> None:
    total = Lines(within=inside).run(Work())
    assert total > 30
    for at in range(1, total + 1):
        work = Work()
        with pytest.raises(KeyboardInterrupt):
            Lines(at, within=inside).run(work)
        assert work.before == work.after
        assert_in_order()


def test_two_interrupts_at_any_two_lines_leave_all_in_order() -> None:
    total = Lines(within=inside).run(Work())
    for first in range(1, total, 3):
        for second in range(first + 1, total + 12, 4):
            work = Work()
            with pytest.raises(KeyboardInterrupt):
                Lines(first, second, within=inside).run(work)
            assert_in_order()


def assert_in_order() -> None:
    with (
        interrupts.deferrable()
    ):  # a handler of ours that was left behind hands on, and goes at the next time
        assert (interrupts._HELD.depth, interrupts._HELD.prepared, interrupts._HELD.waiting) == (0, True, {})
    assert signal.getsignal(INT) is signal.default_int_handler
