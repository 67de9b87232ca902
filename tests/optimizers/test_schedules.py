"""The schedules are also found among the optimizers, as in Keras."""

import minifit.optimizers.schedules
from minifit import optimizers, schedules


def test_both_places_have_the_same() -> None:
    there = optimizers.schedules
    assert there is minifit.optimizers.schedules
    assert there.__all__ == schedules.__all__
    assert all(getattr(there, name) is getattr(schedules, name) for name in schedules.__all__)
