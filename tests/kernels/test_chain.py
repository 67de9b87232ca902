"""The table of the plan has a field of its own for everything."""

from minifit.kernels import chain

ROWS = {
    "data": "BATCH_SIZE SAMPLES ROWS X T IDS ORDER",
    "work": "LOSS OPTIMIZER BLAS BATCH_X BATCH_T TURNED VALUES GRADS FIRST_SLOT SECOND_SLOT SIZE METRIC",
    "layer": "K M ACTIVATION W B DW DB Y DY",
}


def test_no_two_fields_of_a_row_are_one() -> None:
    for names in ROWS.values():
        fields = [getattr(chain, name) for name in names.split()]
        assert fields == list(range(len(fields)))
        assert len(fields) <= chain.FIELDS


def test_the_metrics_and_what_ends_them_fit_into_their_row() -> None:
    assert chain.METRIC + chain.MOST_METRICS < chain.FIELDS
    assert chain.NO_METRIC == 0  # what a plan of zeros says
