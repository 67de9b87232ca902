"""The tape: operators, dtypes, what backward does and what it refuses."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array, Workspace
from minifit.errors import ArgumentTypeError, GradientError, ShapeError
from minifit.kernels import reference
from minifit.randomness import DEFAULT, Streams
from minifit.tensor import Context, Tensor, alike, as_tensor, current, to_array, unbroadcast
from minifit.utils.gradients import check_gradients

RNG = np.random.default_rng(21)


def positive(*shape: int) -> Array:
    return RNG.uniform(0.5, 2.0, shape)


X, ROW, COLUMN, CUBE = positive(3, 4), positive(4), positive(3, 1), positive(2, 3, 4)

ARITHMETIC: list[Callable[[Any, Any], Any]] = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
]


def name_of(value: Any) -> str | None:
    return str(getattr(value, "__name__", "")) or None


def leaf(values: Any, dtype: Any = np.float32) -> Tensor:
    return Tensor(np.array(values, dtype), requires_grad=True)


def gradient(x: Tensor) -> Array:
    assert x.grad is not None
    return x.grad


# -- every operator against finite differences and NumPy -----------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b"),
    [(X, X[::-1].copy()), (X, ROW), (ROW, X), (X, COLUMN), (COLUMN, ROW), (CUBE, X), (X, np.array(1.5))],
    ids=["same", "row", "row first", "column", "both", "3-D", "number"],
)
@pytest.mark.parametrize("op", ARITHMETIC, ids=name_of)
def test_arithmetic_of_two_tensors(op: Callable[[Any, Any], Any], a: Array, b: Array) -> None:
    check_gradients(op, a, b)
    np.testing.assert_allclose(op(Tensor(a), Tensor(b)).value, op(a, b), rtol=1e-14)


@pytest.mark.parametrize(
    "other", [1.5, 2, np.float32(1.5), np.array(1.5), ROW, [1.0, 2.0, 3.0, 4.0]], ids=str
)
@pytest.mark.parametrize("op", ARITHMETIC, ids=name_of)
def test_arithmetic_with_constants_on_either_side(op: Callable[[Any, Any], Any], other: Any) -> None:
    check_gradients(lambda x: op(x, other), X)
    check_gradients(lambda x: op(other, x), X)
    np.testing.assert_allclose(op(Tensor(X), other).value, op(X, np.asarray(other)), rtol=1e-6)
    np.testing.assert_allclose(op(other, Tensor(X)).value, op(np.asarray(other), X), rtol=1e-6)


def test_small_powers_of_zero() -> None:
    for exponent, slope in ((2, 0), (1, 1), (0, 0)):
        x = leaf([0.0])
        (x**exponent).backward()
        assert gradient(x).tolist() == [slope]


def test_powers_of_negative_numbers() -> None:
    check_gradients(lambda x: x**2, -X)
    check_gradients(lambda x: x**3, -X)
    check_gradients(lambda x: x**-1, -X)


@pytest.mark.parametrize("op", [operator.neg, operator.abs], ids=name_of)
def test_one_sided_operators(op: Callable[[Any], Any]) -> None:
    x = X - 1.25
    check_gradients(op, x)
    np.testing.assert_array_equal(op(Tensor(x)).value, op(x))


@pytest.mark.parametrize(
    ("a", "b"),
    [(X, X.T.copy()), (CUBE, X.T.copy()), (X, positive(2, 4, 5)), (positive(2, 1, 3, 4), positive(5, 4, 2))],
    ids=["2-D", "stack first", "stack second", "both broadcast"],
)
def test_matrix_products(a: Array, b: Array) -> None:
    check_gradients(operator.matmul, a, b)
    np.testing.assert_allclose((Tensor(a) @ Tensor(b)).value, a @ b, rtol=1e-14)


@pytest.mark.parametrize(
    "index",
    [
        1,
        -1,
        slice(None, None, 2),
        (slice(None), 2),
        (..., None, 0),
        [0, 0, 2],
        ([0, 0, 2], [1, 1, 3]),
        X > 1,
        np.array([1, 1]),
        Tensor([2, 0]),
    ],
    ids=str,
)
def test_indexing(index: Any) -> None:
    check_gradients(lambda x: x[index], X)
    plain = index.value if isinstance(index, Tensor) else index
    np.testing.assert_array_equal(Tensor(X)[index].value, X[plain])


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2), ()], ids=str)
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_reductions(name: str, axis: Any, keepdims: bool) -> None:
    check_gradients(lambda x: getattr(x, name)(axis, keepdims), CUBE)
    made = getattr(Tensor(CUBE), name)(axis, keepdims)
    np.testing.assert_allclose(made.value, getattr(CUBE, name)(axis, keepdims=keepdims), rtol=1e-6)


def test_reductions_of_a_single_number() -> None:
    check_gradients(lambda x: x.sum(), 3.0)
    check_gradients(lambda x: x.mean(), 3.0)


def test_an_axis_may_be_a_numpy_integer() -> None:
    check_gradients(lambda x: x.sum(np.int64(1)), X)


def test_reshape_takes_a_tuple_too() -> None:
    check_gradients(lambda x: x.reshape((2, 6)), X)


def test_reshape() -> None:
    check_gradients(lambda x: x.reshape(2, 6), X)
    check_gradients(lambda x: x.reshape(-1) * 2.0, X)
    assert Tensor(X).reshape(4, -1).shape == (4, 3)


def test_numpys_reductions_give_tensors_with_a_gradient() -> None:
    x = leaf(X)
    total = np.sum(x) + np.mean(x, axis=0).sum()
    total.backward()
    np.testing.assert_allclose(gradient(x), np.full((3, 4), 1 + 1 / 3), rtol=1e-6)


@pytest.mark.parametrize("op", [operator.gt, operator.ge, operator.lt, operator.le], ids=name_of)
def test_comparisons_are_constants(op: Callable[[Any, Any], Any]) -> None:
    made = op(leaf(X), 1.0)
    assert isinstance(made, Tensor)
    assert made.dtype == np.bool_
    assert not made.requires_grad
    np.testing.assert_array_equal(made.value, op(X.astype(np.float32), 1.0))
    np.testing.assert_array_equal(op(np.ones(4), Tensor(ROW)).value, op(np.ones(4), ROW))


# -- dtypes --------------------------------------------------------------------------------------------------

F32, F64, INT = np.ones(3, np.float32), np.ones(3, np.float64), np.ones(3, np.int64)


@pytest.mark.parametrize(
    ("other", "dtype"),
    [
        pytest.param(0.1, "float32", id="python float"),
        pytest.param(2, "float32", id="python int"),
        pytest.param(True, "float32", id="truth value"),
        pytest.param([0.1, 0.2, 0.3], "float32", id="list"),
        pytest.param(F32, "float32", id="float32 array"),
        pytest.param(F64, "float32", id="float64 array"),
        pytest.param(np.float64(0.1), "float32", id="float64 number"),
        pytest.param(INT, "float32", id="int array"),
        pytest.param(Tensor(INT), "float32", id="int tensor"),
        pytest.param(Tensor(INT > 0), "float32", id="bool tensor"),
        pytest.param(Tensor(F32), "float32", id="float32 tensor"),
        pytest.param(Tensor(F64), "float64", id="float64 tensor"),
    ],
)
@pytest.mark.parametrize("op", ARITHMETIC, ids=name_of)
def test_float32_stays_with_all_but_float64_tensors(
    op: Callable[[Any, Any], Any], other: Any, dtype: str
) -> None:
    x = leaf(F32)
    made = op(x, other)
    assert made.dtype == dtype
    made.backward()
    assert gradient(x).dtype == np.float32
    if other is not F64 and not isinstance(other, np.float64):
        assert op(other, leaf(F32)).dtype == dtype


@pytest.mark.parametrize("other", [F64, np.float64(0.1)], ids=["array", "number"])
@pytest.mark.parametrize("op", ARITHMETIC, ids=name_of)
def test_float32_stays_with_float64_on_the_left(op: Callable[[Any, Any], Any], other: Any) -> None:
    assert op(other, leaf(F32)).dtype == np.float32


@pytest.mark.parametrize("other", [0.1, 2, [0.1, 0.2, 0.3], F32, F64, INT, Tensor(F32), Tensor(INT)], ids=str)
@pytest.mark.parametrize("op", ARITHMETIC, ids=name_of)
def test_float64_stays_with_everything(op: Callable[[Any, Any], Any], other: Any) -> None:
    assert op(Tensor(F64), other).dtype == np.float64
    assert op(other, Tensor(F64)).dtype == np.float64


def test_a_float_counts_exactly_beside_float64() -> None:
    assert float(Tensor(np.ones(())) * 0.1) == 0.1
    assert float(Tensor(np.array([1.0, 1.0, 1.0])).mean()) == 1.0


def test_integers_among_themselves_become_float32() -> None:
    assert (Tensor(INT) / Tensor(INT)).dtype == np.float32


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.0, "float32"),
        ([1.0], "float32"),
        (1, "int64"),
        (F64, "float64"),
        (np.float64(1), "float64"),
        (True, bool),
    ],
    ids=str,
)
def test_what_a_tensor_is_made_of(value: Any, dtype: Any) -> None:
    assert Tensor(value).dtype == dtype


@pytest.mark.parametrize(
    "value", [1j, "text", ["a", "b"], object(), None, [None], np.datetime64("2020-01-01")]
)
def test_only_real_numbers(value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"A tensor holds real numbers\. Received"):
        Tensor(value)


@pytest.mark.parametrize("value", [1j, "text", object()])
def test_only_real_numbers_in_arithmetic(value: Any) -> None:
    with pytest.raises(ArgumentTypeError):
        Tensor([1.0]) * value
    with pytest.raises(ArgumentTypeError):
        value + Tensor([1.0])


def test_vectors_are_no_matrices() -> None:
    with pytest.raises(
        ArgumentTypeError, match=r"@ multiplies matrices. Received: shapes \(3, 4\) and \(4,\)"
    ):
        Tensor(X) @ ROW


# -- NumPy arrays on the left --------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ARITHMETIC, ids=name_of)
def test_an_array_on_the_left_keeps_the_gradient(op: Callable[[Any, Any], Any]) -> None:
    x = leaf(ROW)
    made = op(np.float32(X), x)
    assert isinstance(made, Tensor)
    made.backward()
    assert gradient(x).shape == (4,)
    check_gradients(lambda t: op(X, t), ROW)


def test_a_matrix_product_with_an_array_on_the_left() -> None:
    check_gradients(lambda x: X.T @ x, X)


def test_a_numpy_number_on_the_left_keeps_the_gradient() -> None:
    x = leaf(ROW)
    two: Any = np.float32(2)
    made = two - x
    assert isinstance(made, Tensor)
    assert made.requires_grad


# -- backward ------------------------------------------------------------------------------------------------


def test_a_tensor_used_twice() -> None:
    x = leaf([1.0, 2.0])
    (x * x + x).sum().backward()
    np.testing.assert_array_equal(gradient(x), [3, 5])
    check_gradients(lambda t: t * t / (t + 1.0), X)
    check_gradients(lambda t: t @ t, X[:, :3].copy())
    check_gradients(lambda t: (t + t) * t, X)


def test_gradients_add_up_over_calls() -> None:
    x = leaf([1.0, 2.0])
    y = x * x
    y.backward()
    y.backward()
    np.testing.assert_array_equal(gradient(x), [4, 8])


def test_only_leaves_keep_their_gradient() -> None:
    x = leaf([1.0])
    y = x * 2.0
    z = y * 3.0
    z.backward()
    assert y.grad is None
    assert z.grad is None
    assert not Tensor([1.0]).requires_grad


def test_a_gradient_to_begin_with() -> None:
    x = leaf([1.0, 2.0])
    (x * 3.0).backward([1.0, 10.0])
    np.testing.assert_array_equal(gradient(x), [3, 30])


def test_a_gradient_to_begin_with_has_the_shape() -> None:
    with pytest.raises(ShapeError):
        (leaf([[1.0, 2.0]]) * 3.0).backward([1.0, 10.0])


def test_backward_of_a_leaf() -> None:
    x = leaf([1.0, 2.0])
    x.backward()
    np.testing.assert_array_equal(gradient(x), [1, 1])


def test_a_gradient_that_is_shared_is_not_written_to() -> None:
    a, b = leaf([1.0]), leaf([1.0])
    y = a + b  # hands the same array to both
    (y + a * 4.0).backward()
    np.testing.assert_array_equal(gradient(a), [5])
    np.testing.assert_array_equal(gradient(b), [1])


def test_constants_get_no_gradient() -> None:
    x, c = leaf([1.0]), Tensor([2.0])
    (x * c).backward()
    assert c.grad is None


@pytest.mark.slow
def test_a_long_chain_does_not_recurse() -> None:
    x = leaf([1.0])
    y = x
    for _ in range(20_000):
        y = y + 1.0
    y.backward()
    np.testing.assert_array_equal(gradient(x), [1])


def test_a_wide_graph_is_walked_once() -> None:
    x = leaf([1.0])
    y = x
    for _ in range(60):  # 2**60 paths
        y = y + y
    y.backward()
    np.testing.assert_array_equal(gradient(x), [2.0**60])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Tensor([1.0]),
        lambda: Tensor([1.0]) * 2.0,
        lambda: Tensor(np.exp(leaf([1.0]))),
        lambda: leaf([1.0]) > 0.0,
        lambda: ops.stop_gradient(leaf([1.0])),
    ],
    ids=["constant", "of constants", "through NumPy", "comparison", "stopped"],
)
def test_a_detached_loss(make: Callable[[], Tensor]) -> None:
    with pytest.raises(
        GradientError, match=r"computed from at least one tensor that requires a gradient.*a NumPy function"
    ):
        make().backward()


# -- the context ---------------------------------------------------------------------------------------------


def test_outside_of_any_context() -> None:
    assert current().kernels is reference
    assert current().streams is DEFAULT
    assert current().recording


def test_contexts_nest_and_end() -> None:
    outside = current()
    one, two = Context(), Context(streams=Streams(1))
    with one:
        with two, one:
            assert current() is one
        assert current() is one
    assert current() is outside


def test_a_context_ends_with_an_error() -> None:
    outside = current()
    with pytest.raises(ZeroDivisionError), Context():
        _ = 1 / 0
    assert current() is outside


def test_without_recording_nothing_is_remembered() -> None:
    x = leaf([1.0])
    with Context(recording=False):
        y = x * 2.0
    assert not y.requires_grad
    assert y.parents == ()
    assert y.rule is None


def test_results_live_in_the_workspace() -> None:
    workspace = Workspace()
    x = leaf(X)
    kept = []
    for _ in range(2):
        workspace.rewind()
        with Context(workspace=workspace):
            kept.append(ops.relu(x))
    assert np.shares_memory(kept[0].value, kept[1].value)
    assert not np.shares_memory(kept[0].numpy(), kept[1].value)


# -- what else a tensor can do -------------------------------------------------------------------------------


def test_shape_and_length() -> None:
    x = Tensor(X)
    assert (x.shape, x.ndim, len(x)) == ((3, 4), 2, 3)
    assert x.dtype == np.float64


def test_numpy_gives_a_copy() -> None:
    x = Tensor(X)
    assert not np.shares_memory(x.numpy(), x.value)
    np.testing.assert_array_equal(x.numpy(), X)


def test_asarray_gives_the_numbers() -> None:
    """As a copy: inside a step the tensor's own memory is used again."""
    np.testing.assert_array_equal(np.asarray(Tensor(X)), X)
    assert not np.shares_memory(np.asarray(Tensor(X)), X)
    assert np.shares_memory(np.asarray(Tensor(X), copy=False), X)
    assert np.asarray(Tensor(X), np.float32).dtype == np.float32


def test_float_of_a_single_number() -> None:
    assert float(Tensor(2.5)) == 2.5


def test_the_truth_value_is_that_of_the_number() -> None:
    assert Tensor(1.0) > 0.5
    assert not Tensor(1.0) > 1.5
    assert not Tensor([0.0])
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([0.0, 1.0]))


def test_one_number_in_any_shape() -> None:
    for t in (Tensor(2.75), Tensor([2.75]), Tensor([[2.75]])):
        assert (float(t), int(t), round(t, 1), round(t)) == (2.75, 2, pytest.approx(2.8), 3)
        assert (f"{t:.1f}", f"{t:8.2e}") == ("2.8", "2.75e+00")
    assert f"{Tensor(2.75)}" == "2.75"
    assert f"{Tensor([1.0, 2.0])}" == "[1. 2.]"
    assert ["a", "b"][Tensor(np.array(1))] == "b"
    with pytest.raises(TypeError):
        range(3)[Tensor(1.0)]
    for several in (float, int, round, "{:.1f}".format):
        with pytest.raises(
            ArgumentTypeError, match=r"one number converts to an? .*\. Received: a tensor of shape \(2,\)"
        ):
            several(Tensor([1.0, 2.0]))


def test_numpy_gives_a_number_where_there_is_no_axis() -> None:
    assert type(Tensor(1.5).numpy()) is np.float32
    assert type(Tensor(np.array(3)).numpy()) is np.int64
    array = (x := Tensor([1.0])).numpy()
    array[0] = 5
    assert x.value[0] == 1


BITS: list[Callable[[Any, Any], Any]] = [operator.and_, operator.or_, operator.xor]


@pytest.mark.parametrize("op", BITS, ids=name_of)
def test_logic_of_truth_values_and_bits(op: Callable[[Any, Any], Any]) -> None:
    for a, b in ((np.array([True, True, False]), np.array([True, False, False])), (np.array([6, 5]), 3)):
        for made in (op(Tensor(a), b), op(a, Tensor(np.asarray(b)))):
            np.testing.assert_array_equal(made, op(a, b))
            assert made.dtype == op(a, b).dtype
    with pytest.raises(ArgumentTypeError, match="float32 and bool"):
        op(Tensor([1.0]), True)


def test_inverted() -> None:
    np.testing.assert_array_equal(~(Tensor([1.0, -1.0]) > 0), [False, True])
    np.testing.assert_array_equal(~Tensor(np.array([0, 5])), [-1, -6])
    with pytest.raises(ArgumentTypeError, match="invert needs booleans or integers"):
        ~Tensor([1.0])


def test_floor_division_and_remainder() -> None:
    a, b = np.array([7.5, -7.5, 3.0]), np.array([2.0, 2.0, -4.0])
    for op in (operator.floordiv, operator.mod):
        np.testing.assert_array_equal(op(Tensor(a), b), op(a, b))
        np.testing.assert_array_equal(op(a, Tensor(b)), op(a, b))
    check_gradients(operator.mod, a, b)
    assert not (leaf([7.5]) // 2.0).requires_grad


WHOLE = [operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.pow]


@pytest.mark.parametrize("op", WHOLE, ids=name_of)
def test_whole_numbers_stay_whole(op: Callable[[Any, Any], Any]) -> None:
    a, b = np.array([7, 5], np.int32), np.array([2, 3])
    for made, wanted in (
        (op(Tensor(a), 2), op(a, 2)),
        (op(2, Tensor(a)), op(2, a)),
        (op(Tensor(a), Tensor(b)), op(a, b)),
        (op(Tensor(b), [4, 1]), op(b, [4, 1])),
    ):
        np.testing.assert_array_equal(made, wanted)
        assert made.dtype == wanted.dtype
    assert op(Tensor(a), 2.0).dtype == np.float32
    assert op(Tensor(a), Tensor([1.0, 2.0])).dtype == np.float32


def test_a_quotient_of_whole_numbers_is_a_fraction() -> None:
    made = Tensor(np.array([3, 4])) / 2
    assert (str(made.dtype), made.value.tolist()) == ("float32", [1.5, 2])


def test_comparison_for_equality_is_elementwise() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
    for other in (b, b.value, [1, 3]):
        np.testing.assert_array_equal(a == other, [True, False])
        np.testing.assert_array_equal(a != other, [False, True])
        np.testing.assert_array_equal(other == a, [True, False])
    np.testing.assert_array_equal(a == 1, [True, False])
    assert Tensor(2.0) == 2
    assert Tensor(2.0) != 3
    assert (a == b).dtype == bool


@pytest.mark.parametrize("other", [None, "a", object(), [1.0, 2.0, 3.0], {}], ids=str)
def test_what_cannot_be_compared_is_not_equal(other: Any) -> None:
    t = Tensor([1.0, 2.0])
    assert (t == other) is False
    assert (t != other) is True
    assert (other == t) is False


def test_as_a_key_a_tensor_is_itself() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    known = {a: "a", b: "b"}
    assert (known[a], known[b]) == ("a", "b")
    assert len({a, b, a}) == 2


def test_entries_have_gradients() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    first, second = x
    (first * second).sum().backward()
    assert gradient(x).tolist() == [[3, 4], [1, 2]]
    with pytest.raises(ArgumentTypeError, match="Only a tensor with axes is iterable"):
        iter(Tensor(1.0))


def test_its_rows_in_turn() -> None:
    assert [row.shape for row in Tensor(X)] == [(4,)] * 3


def test_repr() -> None:
    assert repr(Tensor([1.0])) == "Tensor(shape=(1,), dtype=float32, value=array([1.], dtype=float32))"


def test_to_array_and_as_tensor_pass_through() -> None:
    x = Tensor(X)
    assert to_array(x) is x.value
    assert to_array(X) is X
    assert as_tensor(x) is x


def test_alike_leaves_equal_dtypes_alone() -> None:
    a, b = Tensor(F32), Tensor(F32)
    assert alike(a, b) == (a, b)


@pytest.mark.parametrize(
    ("big", "small"),
    [((3, 4), (4,)), ((3, 4), (3, 1)), ((2, 3, 4), (1, 4)), ((3, 4), ()), ((3, 4), (1, 1)), ((0, 4), (1, 4))],
    ids=str,
)
def test_unbroadcast(big: tuple[int, ...], small: tuple[int, ...]) -> None:
    made = unbroadcast(np.ones(big), small)
    assert made.shape == small
    assert made.sum() == np.prod(big)
