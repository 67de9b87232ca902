"""Symbols, nodes and the walk over a graph."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.graph import Graph, Node, Symbol, flat_shapes, is_shape, map_shapes, pack_shapes
from minifit.layers import Dense, Input, Layer
from minifit.tensor import Tensor, constant


def run(graph: Graph, *feeds: Any) -> list[np.ndarray[Any, Any]]:
    def apply(node: Node, inputs: Any, kwargs: dict[str, Any]) -> Any:
        return node.layer.run(inputs, None, kwargs)

    return [t.numpy() for t in graph.walk([constant(np.asarray(x, np.float32)) for x in feeds], apply)]


class Halves(Layer):
    def call(self, inputs: Tensor) -> Any:
        return {"upper": inputs[:, 1:], "lower": inputs[:, :1]}


def diamond() -> Graph:
    """Two ways from the input to the output, of which one goes through the same layer twice."""
    x = Input((2,), name="x")
    once = Dense(2, name="d")
    y = once(once(x))
    return Graph([x], [y + Dense(2, name="e")(x)])


def test_nodes_stand_behind_those_that_they_need() -> None:
    graph = diamond()
    known = set(graph.inputs)
    for node in graph.nodes:
        assert known.issuperset(node.parents)
        known.add(node.outputs)
    assert next(layer.name for layer in graph.layers) == "x"
    assert [layer.name for layer in graph.layers].count("d") == 1


def test_the_walk_computes() -> None:
    graph = diamond()
    x = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
    d, e = (next(layer for layer in graph.layers if layer.name == name) for name in "de")
    expected = (d(d(x)) + e(x)).numpy()
    np.testing.assert_array_equal(run(graph, x)[0], expected)


def test_gradients_of_a_symbol_that_fans_out_add_up() -> None:
    x = Input((1,))
    graph = Graph([x], [x * x + x * 3.0])
    value = Tensor([[2.0], [5.0]], requires_grad=True)
    (y,) = graph.walk([value], lambda node, inputs, kwargs: node.layer.run(inputs, None, kwargs))
    y.backward()
    assert value.grad is not None
    np.testing.assert_allclose(value.grad, [[7.0], [13.0]])


def test_a_chain_is_straight_and_nothing_else_is() -> None:
    x = Input((2,))
    middle = Dense(2)(x)
    end = Dense(1)(middle)
    assert Graph([x], [end]).straight
    assert Graph([x], [x]).straight
    assert not Graph([x], [end + middle]).straight
    assert not Graph([x], [end, middle]).straight
    assert not Graph([x], [middle * x]).straight
    assert pickle.loads(pickle.dumps(Graph([x], [end]))).straight
    chain = Graph([x], [x])
    chain.append(middle.node)
    chain.append(end.node)
    assert chain.straight
    np.testing.assert_array_equal(run(chain, [[1, 2]])[0], run(Graph([x], [end]), [[1, 2]])[0])
    chain.pop()
    assert chain.straight


def test_results_may_be_nested() -> None:
    x = Input((3,))
    made = Halves()(x)
    assert made["upper"].shape == (None, 2)
    graph = Graph([x], [made["lower"], made["upper"]])
    lower, upper = run(graph, [[1, 2, 3]])
    np.testing.assert_array_equal(lower, [[1]])
    np.testing.assert_array_equal(upper, [[2, 3]])


def test_an_output_that_needs_another_input_is_refused() -> None:
    x, other = Input((2,), name="x"), Input((2,), name="other")
    with pytest.raises(ArgumentError, match=r"\['x'\]\. Received: .*'other'.*disconnected"):
        Graph([x], [x + other])


def test_an_input_that_is_not_needed_counts_among_the_layers() -> None:
    x, other = Input((2,), name="x"), Input((2,), name="other")
    graph = Graph([x, other], [Dense(1, name="d")(x)])
    assert {layer.name for layer in graph.layers} == {"x", "other", "d"}
    assert [node.layer.name for node in graph.nodes] == ["d"]


def test_deep_graphs_need_no_deep_recursion() -> None:
    x = y = Input((1,))
    for _ in range(3000):
        y = y + 1.0
    graph = Graph([x], [y])
    assert run(graph, [[0.0]])[0] == 3000
    again = pickle.loads(pickle.dumps(graph))
    assert run(again, [[0.0]])[0] == 3000


@pytest.mark.parametrize("make", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_a_copy_has_layers_and_calls_of_its_own(make: Any) -> None:
    graph = diamond()
    other = make(graph)
    assert not {id(layer) for layer in graph.layers} & {id(layer) for layer in other.layers}
    d = next(layer for layer in other.layers if layer.name == "d")
    assert len(d.inbound_nodes) == 2
    x = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(run(graph, x)[0], run(other, x)[0])


@pytest.mark.parametrize(
    ("use", "shown"),
    [
        (float, "a float"),
        (np.asarray, "an array"),
        (len, "a length"),
        (list, "something to iterate over"),
        (bool, "a bool"),
    ],
)
def test_a_symbol_has_no_numbers(use: Any, shown: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"symbolic tensor.*{shown}"):
        use(Input((2,)))


@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (lambda x: 1.0 - x, (None, 3)),
        (lambda x: np.ones(3, np.float32) * x, (None, 3)),
        (lambda x: Tensor([1.0, 2.0, 3.0]) / x, (None, 3)),
        (lambda x: -(abs(x) ** 2), (None, 3)),
        (lambda x: x[:, 1], (None,)),
        (ops.mean, ()),
        (lambda x: ops.reshape(x, (-1, 3, 1)), (None, 3, 1)),
        (lambda x: ops.concatenate([x, x]), (None, 6)),
        (lambda x: x > 0, (None, 3)),
    ],
)
def test_ops_on_symbols_are_layers_with_shapes(op: Any, shape: Any) -> None:
    y = op(Input((3,)))
    assert isinstance(y, Symbol)
    assert y.shape == shape


def test_shapes_are_told_from_what_they_are_nested_in() -> None:
    assert is_shape((None, 3)) and not is_shape([(None, 3)])
    nested = {"b": (None, 1), "a": [(None, 2), (None, 3)]}
    assert flat_shapes(nested) == [(None, 2), (None, 3), (None, 1)]
    assert map_shapes(len, nested) == {"b": 2, "a": [2, 2]}
    assert pack_shapes(nested, [1, 2, 3]) == {"b": 3, "a": [1, 2]}
    with pytest.raises(ArgumentTypeError, match="A shape is a tuple"):
        flat_shapes([None, "3"])
