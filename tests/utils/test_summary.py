"""The table of `model.summary()`: the words and columns of tf.keras, without its empty lines."""

from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential
from minifit.errors import ArgumentError
from minifit.graph import Graph
from minifit.layers import Dense, Dropout, InputLayer, Softmax, Subtract
from minifit.utils.summary import connections, is_chain, shape_of, summary_lines

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


# Printed by TensorFlow 2.7 for `shared` below.
GRAPH = """\
Model: "shared"
__________________________________________________________________________________________________
 Layer (type)                   Output Shape         Param #     Connected to
==================================================================================================
 x (InputLayer)                 [(None, 4)]          0           []

 z (InputLayer)                 [(None, 4)]          0           []

 d (Dense)                      (None, 3)            15          ['x[0][0]',
                                                                  'z[0][0]']

 s (Subtract)                   (None, 3)            0           ['d[0][0]',
                                                                  'd[1][0]']

==================================================================================================
Total params: 15
Trainable params: 15
Non-trainable params: 0
__________________________________________________________________________________________________
"""


# Printed by TensorFlow 2.7 with ``expand_nested=True`` for a Sequential "outer" of a Sequential "deep" and `Softmax`.
NESTED = """\
Model: "outer"
_________________________________________________________________
 Layer (type)                Output Shape              Param #
=================================================================
 deep (Sequential)           (None, 7)                 44
|¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯|
| in (Sequential)           (None, 2)                 23        |
||¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯||
|| a (Dense)               (None, 3)                 15        ||
||                                                             ||
|| b (Dense)               (None, 2)                 8         ||
|¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯|
| q (Dense)                 (None, 7)                 21        |
¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯¯
 sm (Softmax)                (None, 7)                 0

=================================================================
Total params: 44
Trainable params: 44
Non-trainable params: 0
_________________________________________________________________
"""


def small_model() -> Sequential:
    return Sequential(
        [Dense(5, input_shape=(4,), name="dense"), Dropout(0.5, name="dropout")], name="sequential"
    )


def test_the_lines_are_those_of_keras() -> None:
    model = small_model()
    assert summary_lines(model) == [line for line in KERAS.splitlines() if line]


def test_it_is_printed_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    model, lines = small_model(), list[str]()
    model.summary(print_fn=lines.append)
    assert capsys.readouterr().out == ""
    model.summary()
    assert capsys.readouterr().out.splitlines() == lines == summary_lines(model)


def test_totals_have_commas_and_columns_have_none() -> None:
    model = Sequential([Dense(10, input_shape=(784,), name="big")])
    text = "\n".join(summary_lines(model))
    assert text.splitlines()[4].split() == ["big", "(Dense)", "(None,", "10)", "7850"]
    assert "Total params: 7,850\n" in text


def test_frozen_parameters_are_counted_apart() -> None:
    model = Sequential([Dense(5, input_shape=(4,)), Dense(2)])
    model.layers[0].trainable = False
    assert summary_lines(model)[-4:-1] == [
        "Total params: 37",
        "Trainable params: 12",
        "Non-trainable params: 25",
    ]


def test_the_input_layer_is_not_listed() -> None:
    model = Sequential([InputLayer((4,)), Dense(5, name="dense")])
    rows = summary_lines(model)[4:-5]
    assert [row.split()[0] for row in rows] == ["dense"]


def test_the_words_are_those_of_keras() -> None:
    model = small_model()
    expected = [line.split() for line in KERAS.splitlines() if line]
    assert [line.split() for line in summary_lines(model)] == expected


@pytest.mark.parametrize("width", [40, 65, 100])
def test_the_width_of_a_line(width: int) -> None:
    model = small_model()
    lines = summary_lines(model, line_length=width)
    assert lines[1] == lines[-1] == "_" * width
    assert lines[3] == "=" * width
    assert max(map(len, lines)) == width


@pytest.mark.parametrize("width", [65, 100])
def test_the_columns_end_at_parts_of_the_line(width: int) -> None:
    model = small_model()
    header = summary_lines(model, line_length=width)[2]
    assert (header.index("Output"), header.index("Param")) == (int(0.45 * width), int(0.85 * width))


@pytest.mark.parametrize("positions", [(0.3, 0.8, 1.0), (30, 80, 100)])
def test_the_columns_may_be_placed(positions: tuple[float, ...]) -> None:
    model = small_model()
    header = summary_lines(model, line_length=100, positions=positions)[2]
    assert (header.index("Layer"), header.index("Output"), header.index("Param")) == (1, 30, 80)


def test_a_long_name_does_not_move_the_columns() -> None:
    long = "a_very_long_name_that_does_not_fit_into_its_column"
    model = Sequential([Dense(5, input_shape=(4,), name=long)])
    header, _, row = summary_lines(model)[2:5]
    assert row.index("(None, 5)") == header.index("Output Shape")
    assert row.index("25") == header.index("Param #")
    assert [line[:29].rstrip() for line in summary_lines(model)[4:7]] == [
        " a_very_long_name_that_does",
        " _not_fit_into_its_column (",
        " Dense)",
    ]


def test_shapes_of_more_dimensions() -> None:
    model = Sequential([Dense(5, input_shape=(7, 4))])
    model.predict(np.zeros((2, 7, 4)))
    assert "(None, 7, 5)" in summary_lines(model)[4]


# -- graphs --------------------------------------------------------------------------------------------------


def shared() -> Any:
    """A model of two inputs with a layer that is called on both."""
    inputs = [Input((4,), name="x"), Input((4,), name="z")]
    layer = Dense(3, name="d")
    return Model(inputs, Subtract(name="s")([layer(x) for x in inputs]), name="shared")


def printed(model: Any, **options: Any) -> list[str]:
    lines: list[str] = []
    model.summary(print_fn=lines.append, **options)
    return lines


def test_a_graph_says_what_layers_are_called_on() -> None:
    model = shared()
    assert printed(model) == GRAPH.splitlines()
    assert connections(model.layers[-1], model._graph) == ["d[0][0]", "d[1][0]"]


def test_calls_of_other_graphs_do_not_count() -> None:
    model = shared()
    model.layers[2](Input((4,), name="elsewhere"))
    assert printed(model) == GRAPH.splitlines()


def test_columns_of_a_graph_may_be_placed() -> None:
    header = printed(shared(), line_length=80, positions=(0.3, 0.6, 0.7, 1.0))[2]
    assert [header.index(word) for word in ("Output", "Param", "Connected")] == [24, 48, 56]
    with pytest.raises(ArgumentError, match="positions must be four growing numbers"):
        printed(shared(), positions=(0.3, 0.6, 1.0))


def test_models_inside_a_model() -> None:
    inner = Sequential([Dense(3, input_shape=(4,), name="a"), Dense(2, name="b")], name="in")
    deep = Sequential([inner, Dense(7, name="q")], name="deep")
    outer = Sequential([deep, Softmax(name="sm")], name="outer")
    assert printed(outer, expand_nested=True) == NESTED.splitlines()
    rows = [row.split()[:2] for row in printed(outer)[4:6]]
    assert rows == [["deep", "(Sequential)"], ["sm", "(Softmax)"]]
    assert "" not in printed(outer) and "" not in printed(small_model(), expand_nested=True)


def test_a_graph_that_is_a_chain_has_no_such_column() -> None:
    x = Input((4,), name="x")
    lines = printed(Model(x, Dense(1, name="d")(x), name="m"))
    assert lines[2] == KERAS.splitlines()[2]
    assert lines[4] == " x (InputLayer)              [(None, 4)]               0"


class Own(Model):
    """A model that is no graph, with a weight of its own and a layer that it never calls."""

    def __init__(self) -> None:
        super().__init__(name="own")
        self.dense, self.unused = Dense(2, name="d"), Dense(2, name="u")
        self.scale = self.add_weight("scale", (3,), initializer="ones")

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return self.dense(inputs * self.scale)


def test_a_model_that_is_no_graph() -> None:
    model = Own()
    model.build((None, 3))
    rows = printed(model)[4:8]
    assert [row.split() for row in rows[:2]] == [
        ["d", "(Dense)", "(None,", "2)", "8"],
        ["u", "(Dense)", "?", "0", "(unused)"],
    ]
    assert rows[3] == "Total params: 11"


def test_weights_that_layers_share_are_counted_once() -> None:
    model = shared()
    again = Model(model.input, [model.output, Dense(1, name="e")(model.output)], name="again")
    assert printed(again)[-4] == "Total params: 19"


def test_the_column_of_what_is_trained() -> None:
    model = small_model()
    model.layers[0].trainable = False
    header, _, first, second = summary_lines(model, show_trainable=True)[2:6]
    assert header.split()[-1] == "Trainable" and header.index("Trainable") == 65
    assert first.endswith(" N") and second.endswith(" Y")
    assert first.index("N", 60) == second.index("Y", 60) == 65


def test_what_is_a_chain() -> None:
    x = Input((4,))
    first, second = Dense(3), Dense(3)
    end = second(first(x))
    assert is_chain(Graph([x], [end])) and is_chain(Graph([x], [end, end.node.parents[0]]))
    assert not is_chain(Graph([x], [second(end)]))  # a layer twice
    assert not is_chain(Graph([x], [first(x), Dense(1)(x)]))  # two ways
    assert not is_chain(Graph([x], [Subtract()([x, x])]))
    assert not is_chain(Graph([x, Input((2,))], [end]))


def test_shapes() -> None:
    layer = Dense(3)
    assert shape_of(layer) == "?"
    assert shape_of(layer(Input((2,))).node.layer) == "(None, 3)"
    layer(Input((7, 2)))
    assert shape_of(layer) == "multiple"
    assert shape_of(Input((2,)).node.layer) == "[(None, 2)]"
