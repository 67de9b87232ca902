"""The buffer that all parameters of a model live in, and the variables beside it."""

import copy
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import GradientTape
from minifit.arrays import ALIGNMENT, Array
from minifit.errors import ArgumentError, ArgumentTypeError, FileFormatError, ShapeError
from minifit.optimizers import SGD
from minifit.parameters import (
    Parameter,
    ParameterBuffer,
    Variable,
    padded,
    room_for,
    same,
    segments,
    take_room,
)
from minifit.tensor import Tensor

SHAPES = [(3, 4), (4,), (), (2, 3, 5), (16,)]


def make(*shapes: tuple[int, ...]) -> list[Parameter]:
    rng = np.random.default_rng(0)
    return [Parameter(f"p{i}", rng.standard_normal(s)) for i, s in enumerate(shapes)]


def adopted(*shapes: tuple[int, ...]) -> tuple[ParameterBuffer, list[Parameter]]:
    buffer, parameters = ParameterBuffer(), make(*shapes)
    buffer.adopt(parameters)
    return buffer, parameters


def grad_view_of(p: Parameter) -> Array:
    assert p.grad_view is not None
    return p.grad_view


def stretches(parameters: list[Parameter]) -> list[tuple[int, int]]:
    return [(s.start, s.stop) for s in segments(parameters)]


# -- one parameter -------------------------------------------------------------------------------------------


def test_a_parameter_is_float32_and_copies() -> None:
    given = np.ones(3)
    p = Parameter("p", given)
    given[:] = 5
    assert p.dtype == np.float32
    assert p.value.tolist() == [1, 1, 1]
    same = np.ones(3, np.float32)
    assert not np.shares_memory(Parameter("p", same).value, same)


def test_trainable_or_not() -> None:
    assert Parameter("p", np.ones(3)).requires_grad
    frozen = Parameter("p", np.ones(3), trainable=False)
    assert not frozen.trainable
    assert not frozen.requires_grad


def test_assign_replaces_in_place() -> None:
    p = Parameter("p", np.ones((2, 2)))
    value = p.value
    p.assign([[1, 2], [3, 4]])
    assert p.value is value
    assert value.tolist() == [[1, 2], [3, 4]]
    p.assign(Tensor(np.zeros((2, 2))))
    assert not value.any()


@pytest.mark.parametrize("value", [1.0, [1.0, 2.0], np.ones((2, 1)), np.ones((3, 2))], ids=str)
def test_assign_keeps_the_shape(value: Any) -> None:
    p = Parameter("dense/kernel:0", np.ones((2, 2)))
    with pytest.raises(ShapeError, match=r"keeps its shape: dense/kernel:0 is \(2, 2\)\. Received"):
        p.assign(value)
    assert p.value.tolist() == [[1, 1], [1, 1]]


def test_gradients_without_a_buffer() -> None:
    p = Parameter("p", [1.0, 2.0])  # type: ignore[arg-type]
    (p * p).sum().backward()
    np.testing.assert_array_equal(p.grad, [2, 4])


# -- the buffer ----------------------------------------------------------------------------------------------


def test_an_empty_buffer() -> None:
    buffer = ParameterBuffer()
    buffer.adopt([])
    assert buffer.values.size == 0
    assert buffer.layout == 0
    assert segments([]) == []


def test_parameters_become_views_and_keep_their_numbers() -> None:
    before = [p.numpy() for p in make(*SHAPES)]
    buffer, parameters = adopted(*SHAPES)
    for p, numbers in zip(parameters, before, strict=True):
        np.testing.assert_array_equal(p.value, numbers)
        assert p.buffer is buffer
        assert np.shares_memory(p.value, buffer.values) or p.value.size == 0
        assert np.shares_memory(grad_view_of(p), buffer.grads)
        assert p.value.shape == grad_view_of(p).shape == numbers.shape
        assert p.value.flags.c_contiguous
    assert buffer.parameters == parameters


def test_everything_is_float32_contiguous_and_aligned() -> None:
    buffer, parameters = adopted(*SHAPES)
    for array in (buffer.values, buffer.grads):
        assert array.dtype == np.float32
        assert array.ndim == 1
        assert array.flags.c_contiguous
        assert array.ctypes.data % ALIGNMENT == 0
    for p in parameters:
        assert p.value.ctypes.data % ALIGNMENT == 0
        assert grad_view_of(p).ctypes.data % ALIGNMENT == 0
        np.testing.assert_array_equal(buffer.values[p.start : p.start + p.value.size], p.value.reshape(-1))


def test_parameters_do_not_overlap_and_leave_only_padding() -> None:
    buffer, parameters = adopted(*SHAPES)
    ends = [p.start + padded(p.value.size) for p in parameters]
    assert [p.start for p in parameters] == [0, *ends[:-1]]
    assert buffer.values.size == buffer.grads.size == ends[-1]
    used = np.zeros(buffer.values.size, bool)
    for p in parameters:
        used[p.start : p.start + p.value.size] = True
    assert not buffer.values[~used].any()


@pytest.mark.parametrize(("size", "room"), [(0, 0), (1, 16), (15, 16), (16, 16), (17, 32), (160, 160)])
def test_padded(size: int, room: int) -> None:
    assert padded(size) == room


def test_writing_either_way_is_seen() -> None:
    buffer, (p, *_) = adopted(*SHAPES)
    buffer.values[...] = 7
    assert p.value.tolist() == np.full((3, 4), 7).tolist()
    p.assign(np.zeros((3, 4)))
    assert not buffer.values[:12].any()


def test_adopting_more_keeps_all_numbers() -> None:
    buffer, first = adopted((3, 4), (4,))
    first[0].assign(np.arange(12).reshape(3, 4))
    before = [p.numpy() for p in first]
    old = buffer.values
    more = make((5,), (2, 2))
    buffer.adopt([*first, *more])
    assert buffer.layout == 2
    assert buffer.parameters == [*first, *more]
    for p, numbers in zip(first, before, strict=True):
        np.testing.assert_array_equal(p.value, numbers)
        assert np.shares_memory(p.value, buffer.values)
        assert not np.shares_memory(p.value, old)
    assert [p.start for p in buffer.parameters] == [0, 16, 32, 48]


def test_those_of_layers_taken_off_move_behind() -> None:
    buffer, (kept, off) = adopted((3, 4), (4,))
    off.assign(np.arange(4))
    (new,) = make((5,))
    buffer.adopt([kept, new])
    assert buffer.parameters == [kept, new, off]
    assert len(segments([kept, new])) == 1
    assert off.value.tolist() == [0, 1, 2, 3]


def test_adopting_the_same_again_changes_nothing() -> None:
    buffer, parameters = adopted(*SHAPES)
    values, grads = buffer.values, buffer.grads
    buffer.adopt(parameters)
    assert buffer.layout == 1
    assert buffer.values is values
    assert buffer.grads is grads


def test_a_gradient_from_before_is_forgotten() -> None:
    buffer, (p,) = adopted((2,))
    (p * 2.0).sum().backward()
    buffer.adopt(make((3,)))
    assert p.grad is None
    assert not buffer.grads.any()


def test_what_belongs_to_one_buffer_stays_there() -> None:
    one, (p, q) = adopted((3,), (4,))
    other = ParameterBuffer()
    new = make((5,))
    other.adopt([p, *new, q])
    assert (p.buffer, new[0].buffer, q.buffer) == (one, other, one)
    assert other.parameters == new
    assert one.layout == other.layout == 1


def test_a_parameter_given_twice_is_taken_in_once() -> None:
    buffer, (p,) = ParameterBuffer(), make((3,))
    buffer.adopt([p, p])
    assert buffer.parameters == [p]
    assert p.start == 0


def test_gradients_lie_in_the_buffer() -> None:
    buffer, (p, q) = adopted((2,), (2,))
    (p * Tensor([1.0, 2.0]) + q * q).sum().backward()
    assert p.grad is p.grad_view
    assert q.grad is q.grad_view
    np.testing.assert_array_equal(buffer.grads[:2], [1, 2])
    np.testing.assert_allclose(buffer.grads[16:18], 2 * q.value, rtol=1e-6)


def test_what_a_gradient_buffer_held_before_does_not_count() -> None:
    buffer, (p,) = adopted((2,))
    for _ in range(2):
        buffer.grads[...] = 99  # from another step
        p.grad = None
        (p * p + p).sum().backward()
        np.testing.assert_allclose(buffer.grads[:2], 2 * p.value + 1, rtol=1e-6)


def test_gradients_add_up_until_they_are_forgotten() -> None:
    _, (p,) = adopted((2,))
    for _ in range(3):
        (p * 2.0).sum().backward()
    np.testing.assert_array_equal(p.grad, [6, 6])


# -- segments ------------------------------------------------------------------------------------------------


def test_all_parameters_are_one_segment() -> None:
    buffer, parameters = adopted(*SHAPES)
    assert stretches(parameters) == [(0, buffer.values.size)]
    assert stretches(parameters[::-1]) == [(0, buffer.values.size)]


def test_segments_split_around_what_is_frozen_and_merge_again() -> None:
    _, (a, b, c, d) = adopted((3,), (3,), (3,), (3,))
    assert stretches([a, c, d]) == [(0, 16), (32, 64)]
    assert stretches([b]) == [(16, 32)]
    assert stretches([a, d]) == [(0, 16), (48, 64)]
    assert stretches([a, b, c]) == [(0, 48)]
    assert stretches([d, a, c, b]) == [(0, 64)]


def test_parameters_of_two_buffers() -> None:
    one, (a, b) = adopted((3,), (3,))
    other, (c, d) = adopted((3,), (20,))
    found = segments([a, c, b, d])
    assert {id(s.buffer): (s.start, s.stop) for s in found} == {id(one): (0, 32), id(other): (0, 48)}
    assert len(segments([b, c])) == 2


def test_a_segment_of_an_array_like_the_buffer() -> None:
    buffer, (_, b, c) = adopted((3,), (3,), (3,))
    (segment,) = segments([b, c])
    mirror = np.arange(buffer.values.size)
    np.testing.assert_array_equal(segment.of(mirror), np.arange(16, 48))
    assert np.shares_memory(segment.of(buffer.values), c.value)


def test_segments_hold_exactly_the_parameters() -> None:
    buffer, parameters = adopted(*SHAPES)
    for pattern in range(2 ** len(SHAPES)):
        chosen = [p for i, p in enumerate(parameters) if pattern >> i & 1]
        marked = np.zeros(buffer.values.size)
        for segment in segments(chosen):
            segment.of(marked)[...] += 1
        for p in parameters:
            wanted = 1 if any(p is q for q in chosen) else 0
            assert (marked[p.start : p.start + padded(p.value.size)] == wanted).all()


# -- variables -----------------------------------------------------------------------------------------------

BINARY: list[Callable[[Any, Any], Any]] = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.floordiv,
    operator.mod,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
]


@pytest.mark.parametrize("op", BINARY, ids=lambda op: str(op.__name__))
@pytest.mark.parametrize("other", [2, 0.5, np.float32(0.5), np.array([1.0, 0.5], np.float32)], ids=str)
def test_a_variable_counts_like_its_number(op: Callable[[Any, Any], Any], other: Any) -> None:
    number = np.float32(0.5)
    for made, wanted in (
        (op(Variable(0.5), other), op(number, other)),
        (op(other, Variable(0.5)), op(other, number)),
        (op(Variable(0.5), Variable(other)), op(number, np.float32(other))),
    ):
        np.testing.assert_array_equal(made, wanted)
        assert np.asarray(made).dtype == np.asarray(wanted).dtype


def test_one_sided_operators_and_numpy_functions() -> None:
    v = Variable(-0.5)
    assert -v == 0.5
    assert abs(v) == 0.5
    assert np.exp(v) == np.exp(np.float32(-0.5))
    assert np.isfinite(v)
    assert max(v, Variable(1.0)) == 1.0


def test_a_tensor_times_a_variable_keeps_the_gradient() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x * Variable(3.0)).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 3])


def test_a_variable_times_a_tensor_keeps_the_gradient() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    (Variable(3.0) * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 3])


def test_conversions() -> None:
    v = Variable(2.75, name="lr")
    assert float(v) == 2.75
    assert int(v) == 2
    assert math.sqrt(v) == math.sqrt(2.75)
    assert bool(v)
    assert not Variable(0.0)
    assert list(range(5))[Variable(3, dtype=np.int64)] == 3
    assert repr(v) == "<Variable lr:0: 2.75>"


def test_a_fraction_is_no_index() -> None:
    with pytest.raises(TypeError):
        range(5)[Variable(2.75)]


@pytest.mark.parametrize("spec", ["", ".3f", ".2e", "10.4g"])
def test_format(spec: str) -> None:
    assert format(Variable(0.1), spec) == format(np.float32(0.1), spec)
    assert f"{Variable(0.001):.2e}" == "1.00e-03"


def test_asarray() -> None:
    v = Variable(0.1)
    assert np.asarray(v).dtype == np.float32
    assert np.asarray(v).shape == ()
    assert np.asarray(v, np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(v), v.value)
    assert np.isclose(v, 0.1)


def test_numpy_is_a_copy() -> None:
    v = Variable([1.0, 2.0])
    copy = v.numpy()
    v.assign([3.0, 4.0])
    assert copy.tolist() == [1, 2]
    assert isinstance(Variable(1.0).numpy(), np.float32)
    assert v.read_value().numpy().tolist() == [3, 4]


def test_float32_unless_told() -> None:
    assert Variable(1).dtype == np.int64
    assert Variable(np.float64(1)).dtype == np.float32
    assert Variable(1, dtype=np.int64).dtype == np.int64
    assert Variable([1.0, 2.0]).shape == (2,)


@pytest.mark.parametrize("value", [0.5, 1, np.float64(0.5), np.array(0.5), Variable(0.5), Tensor(0.5), True])
def test_assign(value: Any) -> None:
    v = Variable(2.0)
    memory = v.value
    v.assign(value)
    assert v.value is memory
    assert float(v) == float(value)


def test_assign_add_and_sub() -> None:
    v = Variable(2.0)
    v.assign_add(0.5)
    assert float(v) == 2.5
    v.assign_sub(Variable(1.0))
    assert float(v) == 1.5
    v.assign(v * 0.5)
    assert float(v) == 0.75


@pytest.mark.parametrize("value", ["0.1", None, 1j, object()])
def test_assign_takes_numbers(value: Any) -> None:
    v = Variable(2.0, name="learning_rate")
    with pytest.raises(ArgumentTypeError, match=r"learning_rate:0 takes numbers\. Received"):
        v.assign(value)
    assert float(v) == 2.0


@pytest.mark.parametrize("value", [[1.0], [1.0, 2.0], np.ones((1, 1))], ids=str)
def test_assign_keeps_a_variables_shape(value: Any) -> None:
    v = Variable(2.0, name="learning_rate")
    with pytest.raises(
        ShapeError, match=r"A weight or variable keeps its shape: learning_rate:0 is \(\)\. Received"
    ):
        v.assign(value)


def test_a_variable_can_be_a_key() -> None:
    v = Variable(1.0)
    assert {v: "here"}[v] == "here"
    assert hash(v) != hash(Variable(1.0))


def test_no_more_room_than_was_given() -> None:
    take_room("anything", (10**12,))
    with room_for(10):
        take_room("a", (2, 3))
        with pytest.raises(FileFormatError, match=r"'b' of shape \(5,\)"):
            take_room("b", (5,))
    take_room("anything", (10**12,))


# -- one memory ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_a_buffer", [False, True])
def test_a_value_that_is_set_is_written_where_the_numbers_are(in_a_buffer: bool) -> None:
    p = adopted((2, 3))[1][0] if in_a_buffer else make((2, 3))[0]
    memory = p.value
    p.value = np.ones((2, 3))
    assert p.value is memory
    assert (memory == 1).all() and memory.dtype == np.float32
    p.value += 1
    assert p.value is memory
    assert (memory == 2).all()
    with pytest.raises(ShapeError, match="A weight or variable keeps its shape: p0 is"):
        p.value = np.ones(3)


def test_a_buffer_is_never_copied() -> None:
    buffer, (p,) = adopted((3,))
    copied = copy.deepcopy((buffer, p))
    assert copied[0].parameters == [] and copied[0].values.size == 0
    assert copied[1].buffer is None
    assert p.buffer is buffer


def test_a_parameter_that_is_dismissed_keeps_its_numbers_and_is_planned_no_more() -> None:
    buffer, (a, b) = adopted((2,), (3,))
    layout, numbers = buffer.layout, a.numpy()
    buffer.dismiss(a)
    assert buffer.layout > layout and buffer.parameters == [b]
    np.testing.assert_array_equal(a.value, numbers)
    buffer.values[...] = 7
    assert (b.value == 7).all() and (a.value == numbers).all()
    with pytest.raises(ArgumentError, match=r"Received: p0, which was replaced"):
        segments([a, b])
    buffer.adopt([a, b])
    assert len(segments([a, b])) == 1


# -- variables of a program's own ----------------------------------------------------------------------------


def test_a_variable_is_a_tensor_with_a_gradient() -> None:
    v = Variable([1.0, 2.0], name="w")
    assert (v.name, v.trainable, v.requires_grad, str(v.dtype)) == ("w:0", True, True, "float32")
    (v * v).sum().backward()
    assert v.grad is not None
    assert v.grad.tolist() == [2, 4]
    with GradientTape() as tape:
        y = v.read_value() * v
    assert tape.gradient(y, v).numpy().tolist() == [2, 4]


def test_a_variable_of_a_function_or_tensor() -> None:
    assert Variable(lambda: np.ones(2)).numpy().tolist() == [1, 1]
    assert Variable(Tensor([3.0])).numpy().tolist() == [3]


def test_whole_numbers_are_not_learned_and_stay_whole() -> None:
    v = Variable(3)
    assert not v.trainable
    assert (v + 1).dtype == np.int64
    assert int(v.assign_add(2)) == 5
    v.assign(7.0)
    with pytest.raises(ArgumentTypeError, match=r"Variable:0 holds integers.*Received: 0\.5"):
        v.assign(0.5)
    assert int(v) == 7


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"dtype": "float64"}, ArgumentError, "float64"),
        ({"constraint": "non_neg"}, ArgumentTypeError, "'non_neg'"),
    ],
)
def test_what_a_variable_cannot_be(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Variable([1.0], **options)
    assert Variable([1.0], False, dtype="float64").dtype == np.float64


def test_assigning_returns_the_variable() -> None:
    p = Parameter("p", np.array([1.0, 2.0]))
    assert p.assign([3.0, 4.0]) is p
    assert p.assign_add([1.0, 1.0]) is p
    assert p.assign_sub(Tensor([2.0, 0.0])) is p
    assert p.numpy().tolist() == [2, 5]


def test_a_variable_is_trained_in_a_loop_and_in_a_layer() -> None:
    v = Variable([4.0], constraint=lambda w: np.maximum(w, 1))
    for _ in range(20):
        SGD(0.2).minimize(lambda: v * v, [v])
    assert v.numpy().tolist() == [1]


def test_the_same_variables() -> None:
    a, b = (Parameter("p", np.zeros(2)) for _ in range(2))
    assert same([a, b], [a, b])
    assert not same([a, b], [b, a])
    assert not same([a], [a, b])


def test_a_buffer_holds_all_weights_the_learned_ones_first() -> None:
    learned, average, late = (
        Parameter(n, np.full(3, i, np.float32), n != "average")
        for i, n in enumerate(("learned", "average", "late"))
    )
    buffer = ParameterBuffer()
    buffer.adopt([average, learned])
    assert [p.name for p in buffer.parameters] == ["learned", "average"]
    assert buffer.grads.size == buffer.learned < buffer.values.size
    assert not buffer.holds_learned(average)
    buffer.adopt([average, learned, late])
    assert [p.name for p in buffer.parameters] == ["learned", "late", "average"]
    assert [float(p.value[0]) for p in buffer.parameters] == [0, 2, 1]
    buffer.learn([average])
    grad: Any = average.grad_view
    assert grad.shape == (3,)
    assert buffer.grads.size == buffer.values.size
    average.value[...] = 5
    assert 5 in buffer.values


def test_a_part_of_a_variable_is_replaced() -> None:
    variable = Variable([[1.0, 2.0], [3.0, 4.0]])
    assert variable[0, 1].assign(5.0) is variable
    variable[1].assign_add([1.0, 1.0])
    variable[:, 0].assign_sub(np.ones(2))
    np.testing.assert_array_equal(variable.value, [[0, 5], [3, 5]])
    with pytest.raises(ShapeError, match=r"keeps its shape, \(2,\)"):
        variable[0].assign(1.0)


def test_a_gradient_goes_through_a_part() -> None:
    variable = Variable([1.0, 2.0, 3.0])
    with GradientTape() as tape:
        result = (variable[1:] * variable[1:]).sum()
    np.testing.assert_array_equal(tape.gradient(result, variable).numpy(), [0, 4, 6])
    with GradientTape() as tape:
        part = variable[1]
        result = part * part
    assert float(tape.gradient(result, part)) == 4
