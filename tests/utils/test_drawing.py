"""What is drawn of a model, and its drawing as text."""

from typing import Any

import pytest

from minifit import Input, Model, Sequential
from minifit.errors import ArgumentError
from minifit.layers import Add, Concatenate, Dense, Softmax
from minifit.utils.drawing import drawing_of, text_lines


def branching() -> Any:
    """Two inputs, two outputs, and values that several layers take."""
    x, z = Input((4,), name="x"), Input((2,), name="z")
    h, g = Dense(3, "relu", name="h")(x), Dense(3, name="g")(z)
    joined, added = Concatenate(name="c")([h, g]), Add(name="d")([h, g])
    return Model([x, z], [Dense(1, name="o")(joined), Dense(5, name="p")(added)], name="branching")


def nested() -> Any:
    x = Input((4,), name="x")
    inner = Sequential([Dense(3, input_shape=(4,), name="a"), Softmax(name="b")], name="inner")
    return Model(x, Add(name="c")([inner(x), Dense(3, name="d")(x)]), name="outer")


def lines_of(model: Any, *arguments: Any) -> list[tuple[str, str]]:
    return [(a.name, b.name) for a, b in drawing_of(model, *arguments).lines]


def test_lines_go_from_layer_to_layer() -> None:
    assert lines_of(branching()) == [
        ("x", "h"),
        ("z", "g"),
        ("h", "c"),
        ("g", "c"),
        ("h", "d"),
        ("g", "d"),
        ("c", "o"),
        ("d", "p"),
    ]
    chain = Sequential([Dense(3, input_shape=(4,), name="a"), Dense(3, name="b")])
    assert lines_of(chain) == [("a_input", "a"), ("a", "b")]


def test_a_box_says_what_a_layer_is() -> None:
    box = drawing_of(branching()).boxes[2]
    assert (box.name, box.kind, box.activation, box.dtype) == ("h", "Dense", "relu", "float32")
    assert (box.inputs, box.outputs) == ("(None, 4)", "(None, 3)")
    assert [source.name for source in box.sources] == ["x"]


def test_models_inside_are_boxes_of_boxes() -> None:
    assert lines_of(nested()) == [("x", "inner"), ("x", "d"), ("inner", "c"), ("d", "c")]
    assert set(lines_of(nested(), True)) == {
        ("x", "a_input"),
        ("a_input", "a"),
        ("a", "b"),
        ("b", "c"),
        ("x", "d"),
        ("d", "c"),
    }
    inner = next(box.inner for box in drawing_of(nested(), True).boxes if box.name == "inner")
    assert inner is not None and [box.name for box in inner.boxes] == ["a_input", "a", "b"]
    assert all(box.inner is None for box in drawing_of(nested()).boxes)


def test_lines_end_at_the_input_and_begin_at_the_output_that_is_meant() -> None:
    inner = branching()
    a, b = Input((4,), name="a"), Input((2,), name="b")
    one, five = inner([a, b])
    model = Model([a, b], [Dense(1, name="of_one")(one), Dense(1, name="of_five")(five)])
    found = set(lines_of(model, True))
    assert {("a", "x"), ("b", "z"), ("o", "of_one"), ("p", "of_five")} <= found
    assert ("p", "of_one") not in found and ("a", "z") not in found


def test_a_part_of_the_layers() -> None:
    model = Sequential([Dense(3, input_shape=(4,), name=name) for name in ("a", "b", "bb", "c")])
    assert lines_of(model, False, ["a$", "b"]) == [("a", "b"), ("b", "bb")]  # expressions, as in Keras
    assert lines_of(model, False, ["c", "bb"]) == [("bb", "c")]
    with pytest.raises(ArgumentError, match=r"layer_range must name layers of the model.*Received: 'x'"):
        drawing_of(model, layer_range=["x", "c"])
    for wrong in (["a"], ["a", 3]):
        with pytest.raises(ArgumentError, match="layer_range must be the names"):
            drawing_of(model, layer_range=wrong)  # type: ignore[arg-type]


def test_a_model_that_is_no_graph_is_one_box() -> None:
    class Own(Model):
        """A model of the user's."""

        def __init__(self) -> None:
            super().__init__(name="own")
            self.dense = Dense(2)

        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            return self.dense(inputs)

    model = Own()
    model.build((None, 3))
    assert [box.name for box in drawing_of(model).boxes] == ["own"]
    assert text_lines(drawing_of(model)) == ['Model: "own"', "● own (Own)"]


# -- as text -------------------------------------------------------------------------------------------------


def test_values_run_down_lanes() -> None:
    assert text_lines(drawing_of(branching())) == [
        'Model: "branching"',
        "●     x (InputLayer)",
        "│ ●   z (InputLayer)",
        "● │   h (Dense)",
        "│ ●   g (Dense)",
        "├─┼─● c (Concatenate)",
        "●─╯ │ d (Add)",
        "│   ● o (Dense)",
        "●     p (Dense)",
    ]


def test_lanes_that_only_cross() -> None:
    x = Input((4,), name="x")
    a, b, c = (Dense(4, name=name)(x) for name in "abc")
    model = Model(x, [Add(name="ac")([a, c]), Add(name="all")([a, b, c]), Softmax(name="s")(b)])
    assert text_lines(drawing_of(model))[1:] == [
        "●       x (InputLayer)",
        "├─●     a (Dense)",
        "├─│─●   c (Dense)",
        "● │ │   b (Dense)",
        "│ ├─┼─● ac (Add)",
        "├─●─╯   all (Add)",
        "●       s (Softmax)",
    ]


def test_models_inside_are_drawn_beside_the_lanes() -> None:
    assert text_lines(drawing_of(nested(), True), ascii=True) == [
        'Model: "outer"',
        "o       x (InputLayer)",
        "+-o     inner (Sequential)",
        "| |   o a_input (InputLayer)",
        "| |   o a (Dense)",
        "| |   o b (Softmax)",
        "o |     d (Dense)",
        "o-'     c (Add)",
    ]


def test_a_layer_that_is_called_again() -> None:
    x = Input((4,), name="x")
    again = Dense(4, name="again")
    model = Model(x, again(Softmax(name="s")(again(x))), name="m")
    assert text_lines(drawing_of(model)) == [
        'Model: "m"',
        "● x (InputLayer)",
        "● again (Dense)  and, called again, behind s",
        "● s (Softmax)",
    ]


def test_what_a_row_says() -> None:
    def row(**shown: bool) -> str:
        return text_lines(drawing_of(branching()), **shown)[3][6:].strip()

    assert row() == "h (Dense)"
    assert row(show_layer_names=False) == "Dense"
    assert row(show_shapes=True, show_dtype=True) == "h (Dense)  float32  (None, 4) -> (None, 3)"
    assert row(show_layer_activations=True) == "h (Dense)  relu"


def test_a_layer_of_several_shapes() -> None:
    shared = Dense(2, name="shared")
    shared(Input((5, 3)))
    x = Input((3,), name="x")
    box = drawing_of(Model(x, shared(x))).boxes[1]
    assert (box.inputs, box.outputs) == ("multiple", "multiple")
