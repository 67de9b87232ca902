"""The form of a program is that of its rows."""

from minifit.kernels import program as at


def test_a_row_is_as_long_as_its_fields() -> None:
    assert at.ROW == 8 * at.FIELDS
    assert {at.N, at.FIRST, at.STEP, at.SIZE, at.SAMPLES, at.ORDER, at.SOUND} <= set(range(at.FRAME))
    assert len({at.GO_ON, at.REFUSE, at.LAST}) == 3
