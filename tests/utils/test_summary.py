"""The table of `model.summary()`: the words and columns of tf.keras, without its empty lines."""

import numpy as np
import pytest

from minifit import Sequential
from minifit.layers import Dense, Dropout, InputLayer
from minifit.utils.summary import summary_lines

# Printed by TensorFlow 2.7 for the model below. It fills every line up with spaces, and puts an empty one
# after every layer.
KERAS = """\
Model: "sequential"
_________________________________________________________________
 Layer (type)                Output Shape              Param #
=================================================================
 dense (Dense)               (None, 5)                 25

 dropout (Dropout)           (None, 5)                 0

=================================================================
Total params: 25
Trainable params: 25
Non-trainable params: 0
_________________________________________________________________
"""


def small_model() -> Sequential:
    return Sequential(
        [Dense(5, input_shape=(4,), name="dense"), Dropout(0.5, name="dropout")], name="sequential"
    )


def test_the_lines_are_those_of_keras() -> None:
    model = small_model()
    assert summary_lines(model.name, model.layers) == [line for line in KERAS.splitlines() if line]


def test_it_is_printed_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    model, lines = small_model(), list[str]()
    model.summary(print_fn=lines.append)
    assert capsys.readouterr().out == ""
    model.summary()
    assert capsys.readouterr().out.splitlines() == lines == summary_lines(model.name, model.layers)


def test_totals_have_commas_and_columns_have_none() -> None:
    model = Sequential([Dense(10, input_shape=(784,), name="big")])
    text = "\n".join(summary_lines(model.name, model.layers))
    assert text.splitlines()[4].split() == ["big", "(Dense)", "(None,", "10)", "7850"]
    assert "Total params: 7,850\n" in text


def test_frozen_parameters_are_counted_apart() -> None:
    model = Sequential([Dense(5, input_shape=(4,)), Dense(2)])
    model.layers[0].trainable = False
    assert summary_lines(model.name, model.layers)[-4:-1] == [
        "Total params: 37",
        "Trainable params: 12",
        "Non-trainable params: 25",
    ]


def test_the_input_layer_is_not_listed() -> None:
    model = Sequential([InputLayer((4,)), Dense(5, name="dense")])
    rows = summary_lines(model.name, model.layers)[4:-5]
    assert [row.split()[0] for row in rows] == ["dense"]


def test_the_words_are_those_of_keras() -> None:
    model = small_model()
    expected = [line.split() for line in KERAS.splitlines() if line]
    assert [line.split() for line in summary_lines(model.name, model.layers)] == expected


@pytest.mark.parametrize("width", [40, 65, 100])
def test_the_width_of_a_line(width: int) -> None:
    model = small_model()
    lines = summary_lines(model.name, model.layers, line_length=width)
    assert lines[1] == lines[-1] == "_" * width
    assert lines[3] == "=" * width
    assert max(map(len, lines)) == width


@pytest.mark.parametrize("width", [65, 100])
def test_the_columns_end_at_parts_of_the_line(width: int) -> None:
    model = small_model()
    header = summary_lines(model.name, model.layers, line_length=width)[2]
    assert (header.index("Output"), header.index("Param")) == (int(0.45 * width), int(0.85 * width))


@pytest.mark.parametrize("positions", [(0.3, 0.8, 1.0), (30, 80, 100)])
def test_the_columns_may_be_placed(positions: tuple[float, ...]) -> None:
    model = small_model()
    header = summary_lines(model.name, model.layers, line_length=100, positions=positions)[2]
    assert (header.index("Layer"), header.index("Output"), header.index("Param")) == (1, 30, 80)


def test_a_long_name_does_not_move_the_columns() -> None:
    long = "a_very_long_name_that_does_not_fit_into_its_column"
    model = Sequential([Dense(5, input_shape=(4,), name=long)])
    header, _, row = summary_lines(model.name, model.layers)[2:5]
    assert row.index("(None, 5)") == header.index("Output Shape")
    assert row.index("25") == header.index("Param #")
    assert row.startswith(" a_very_long_name")


def test_shapes_of_more_dimensions() -> None:
    model = Sequential([Dense(5, input_shape=(7, 4))])
    model.predict(np.zeros((2, 7, 4)))
    assert "(None, 7, 5)" in summary_lines(model.name, model.layers)[4]
