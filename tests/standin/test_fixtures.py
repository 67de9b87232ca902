"""The fixture of the plugin; the plugin's own tests use it in a run of pytest."""

import sys
from contextlib import contextmanager

from minifit.standin import fixtures
from minifit.standin.installing import FINDER


def test_it_installs_for_the_time_of_a_test() -> None:
    with contextmanager(fixtures.standin.__wrapped__)():  # type: ignore[attr-defined]
        assert FINDER in sys.meta_path
    assert FINDER not in sys.meta_path
