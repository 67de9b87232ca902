"""Training steps of a chain of dense layers, many in one call, compiled.

The steps are those of any training: gather a batch, forward, loss and metrics, backward, update. Here nothing leaves
compiled code between them and nothing is allocated. Numbers that lie side by side are taken sixteen at a time; what a
plan is, `chain` says. There are no arrays inside, only places: that keeps the code small, and compiling it short.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from minifit.kernels import chain as at
from minifit.kernels.compiled_products import add_columns, add_product, multiply, multiply_transposed
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Float,
    Int,
    address,
    choose,
    count,
    emitted,
    exp,
    first,
    float_at,
    integer,
    largest,
    less,
    load,
    log1p_exp,
    put_float,
    root,
    sigmoid,
    size_of,
    splat,
    store,
    tanh,
    total,
)
from minifit.kernels.jit import jit, jit_inner, jit_part

_F = np.float32
_ZERO, _HALF, _ONE = _F(0), _F(0.5), _F(1)
_LOWEST = _F(-np.inf)
_ROW = at.FIELDS * 8  # bytes from one row of a plan to the next


@jit
def chain_steps(
    plan: NDArray[np.int64],
    settings: NDArray[np.float64],
    sums: NDArray[np.float64],
    iterations: NDArray[np.int64],
    rate: float,
    begin: int,
    batches: int,
) -> int:
    """As `reference.chain_steps`."""
    head = np.int64(plan.ctypes.data)
    last = head + (len(plan) - 1) * _ROW
    size, samples = _field(head, at.DATA, at.BATCH_SIZE), _field(head, at.DATA, at.SAMPLES)
    was_finite = np.isfinite(sums[0])
    for done in range(batches):
        start = (begin + done) * size
        n = min(size, samples - start)
        x, t = _gather(head, last, start, n)
        if t == 0:
            return done
        _forward(head, last, x, n)
        _judge(head, last, t, sums, n)
        if _field(head, at.WORK, at.OPTIMIZER) != at.NO_OPTIMIZER:
            _backward(head, last, x, rate, n)
            _update(head, settings, rate, iterations[()])
            iterations[()] += 1
        if was_finite and not np.isfinite(sums[0]):
            return done + 1
    return batches


@emitted(address, address, count, count)
def _field(builder: Any, head: Any, row: Any, field: Any) -> Any:
    """A number of the plan, whose first row lies at `head`."""
    columns = ir.Constant(ir.IntType(64), at.FIELDS)
    plan = builder.inttoptr(head, ir.IntType(64).as_pointer())
    return builder.load(builder.gep(plan, [builder.add(builder.mul(row, columns), field)]))


@jit_part
def _gather(head: Int, last: Int, start: Int, n: Int) -> tuple[int, int]:
    """Where the inputs and targets of the batch lie: in the data itself if its rows stay in order, else copied.

    A place of 0 for the targets says that a class number is outside of the classes.
    """
    m, order, ids = _field(last, 0, at.M), _field(head, at.DATA, at.ORDER), _field(head, at.DATA, at.IDS)
    k, room = _field(head, at.LAYER, at.K), _field(head, at.WORK, at.BATCH_X)
    x = _rows(_field(head, at.DATA, at.X), order, start, n, k, room)
    t = _field(head, at.WORK, at.BATCH_T)
    if ids == 0:
        t = _rows(_field(head, at.DATA, at.T), order, start, n, m, t)
    elif _field(head, at.WORK, at.LOSS) != at.CATEGORICAL_CROSSENTROPY:
        for i in range(n):
            put_float(_F(integer(ids + _row(order, start + i) * 8)), t + i * SIZE)
    elif not _one_hot(ids, order, start, t, n, m):
        t = 0
    return x, t


@jit_inner
def _row(order: Int, i: Int) -> Any:
    return i if order == 0 else integer(order + i * 8)


@jit_inner
def _one_hot(ids: Int, order: Int, start: Int, t: Int, n: Int, m: Int) -> bool:
    """Rows with a 1 at the number of the class; False if a number is outside."""
    for i in range(0, n * m, LANES):
        store(splat(_ZERO), t + i * SIZE, first(n * m - i))
    for i in range(n):
        number = integer(ids + _row(order, start + i) * 8)
        if number < 0 or number >= m:
            return False
        put_float(_ONE, t + (i * m + number) * SIZE)
    return True


@jit_inner
def _rows(data: Int, order: Int, start: Int, n: Int, k: Int, room: Int) -> Any:
    """Where the rows of a batch lie, after they were put side by side if need be."""
    if order == 0 or n == 1:
        return data + _row(order, start) * k * SIZE
    for i in range(n):
        source, to = data + _row(order, start + i) * k * SIZE, room + i * k * SIZE
        for j in range(0, k, LANES):
            some = first(k - j)
            store(load(source + j * SIZE, some), to + j * SIZE, some)
    return room


@jit_part
def _forward(head: Int, last: Int, x: Int, n: Int) -> None:
    """y = activation(x @ w + b), layer after layer; a cross-entropy begins with what the last one has without it."""
    layer = head + at.LAYER * _ROW
    while layer <= last:
        k, m, y = _field(layer, 0, at.K), _field(layer, 0, at.M), _field(layer, 0, at.Y)
        w, b = _field(layer, 0, at.W), _field(layer, 0, at.B)
        multiply(_field(head, at.WORK, at.BLAS), x, w, b, y, n, k, m)
        if layer < last or _field(head, at.WORK, at.LOSS) == at.SQUARED_ERROR:
            _activate(y, _field(layer, 0, at.ACTIVATION), n, m)
        x = y
        layer += _ROW


@jit_inner
def _activate(y: Int, activation: Int, n: Int, m: Int) -> None:
    """y = activation(y)"""
    if activation == at.LINEAR:
        return
    if activation == at.SOFTMAX:
        for row in range(y, y + n * m * SIZE, m * SIZE):
            shares = splat(_exp_of_row(row, row, m))
            for j in range(0, m, LANES):
                some = first(m - j)
                store(load(row + j * SIZE, some) / shares, row + j * SIZE, some)
        return
    for i in range(0, n * m, LANES):
        some = first(n * m - i)
        z = load(y + i * SIZE, some)
        if activation == at.RELU:
            z = choose(less(z, splat(_ZERO)), splat(_ZERO), z)  # NaN is not < 0 and stays
        elif activation == at.SIGMOID:
            z = sigmoid(z)
        else:
            z = tanh(z)
        store(z, y + i * SIZE, some)


@jit_inner
def _exp_of_row(z: Int, p: Int, m: Int) -> Any:
    """p = exp(z - the largest z), so that nothing overflows; returns its sum."""
    top, sums = splat(_largest(z, m)), splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        e = exp(load(z + j * SIZE, some) - top)
        store(e, p + j * SIZE, some)
        sums = sums + choose(some, e, splat(_ZERO))
    return total(sums)


@jit_inner
def _largest(z: Int, m: Int) -> Any:
    """The largest number of a row; NaN is left out here, and comes in by the sum."""
    tops = splat(_LOWEST)
    for j in range(0, m, LANES):
        some = first(m - j)
        found = choose(some, load(z + j * SIZE, some), tops)
        tops = choose(less(tops, found), found, tops)
    return largest(tops)


# -- loss and metrics ----------------------------------------------------------------------------------------


@jit_part
def _judge(head: Int, last: Int, t: Int, sums: NDArray[np.float64], n: Int) -> None:
    """Add up the loss and the metrics of the batch, and leave the gradient of the loss in the last layer's `DY`."""
    m, y, dy = _field(last, 0, at.M), _field(last, 0, at.Y), _field(last, 0, at.DY)
    loss = _field(head, at.WORK, at.LOSS)
    if loss == at.CATEGORICAL_CROSSENTROPY:
        found = _categorical_crossentropy(t, y, dy, n, m)
    else:
        found = _elementwise_loss(loss, t, y, dy, n * m) / m
    sums[0] += np.float64(_F(found / n)) * n
    sums[1] += n
    if _field(head, at.WORK, at.METRIC) != at.NO_METRIC:
        if loss != at.SQUARED_ERROR:
            _activate(y, _field(last, 0, at.ACTIVATION), n, m)
        for i in range(at.MOST_METRICS):
            metric = _field(head, at.WORK, at.METRIC + i)
            if metric == at.NO_METRIC:
                break
            sums[2 + 2 * i] += _metric(metric, t, y, n, m)
            sums[3 + 2 * i] += n


@jit_inner
def _elementwise_loss(loss: Int, t: Int, y: Int, dy: Int, size: Int) -> Float:
    """The sum of all (y - t)², or max(y, 0) - y t + log(1 + exp(-|y|)), and the gradient of their mean."""
    nothing, scale = splat(_ZERO), splat(_F((2 if loss == at.SQUARED_ERROR else 1) / size))
    found = 0.0
    for i in range(0, size, LANES):
        some = first(size - i)
        p, target = load(y + i * SIZE, some), load(t + i * SIZE, some)
        if loss == at.SQUARED_ERROR:
            error = p - target
            value = error * error
        else:
            error = sigmoid(p) - target
            value = choose(less(nothing, p), p, nothing) - p * target + log1p_exp(nothing - size_of(p))
        store(error * scale, dy + i * SIZE, some)
        found += np.float64(total(choose(some, value, nothing)))
    return found


@jit_inner
def _categorical_crossentropy(t: Int, z: Int, dz: Int, n: Int, m: Int) -> Float:
    """The sum over samples of -sum(t log(softmax(z))), and the gradient of its mean: softmax(z) sum(t) - t."""
    scale = splat(_F(1 / n))
    entropy = 0.0
    for i in range(n):
        targets, logits, slopes = t + i * m * SIZE, z + i * m * SIZE, dz + i * m * SIZE
        top = splat(_largest(logits, m))
        shares = _exp_of_row(logits, slopes, m)
        told = certain = splat(_ZERO)
        for j in range(0, m, LANES):
            some = first(m - j)
            target = load(targets + j * SIZE, some)
            certain = certain + target
            told = told + choose(some, target * (load(logits + j * SIZE, some) - top), splat(_ZERO))
        entropy += np.float64(total(certain) * np.log(shares) - total(told))
        share = splat(total(certain) / shares)
        for j in range(0, m, LANES):
            some = first(m - j)
            slope = load(slopes + j * SIZE, some) * share - load(targets + j * SIZE, some)
            store(slope * scale, slopes + j * SIZE, some)
    return entropy


@jit_inner
def _metric(metric: Int, t: Int, p: Int, n: Int, m: Int) -> Float:
    """The sum over samples of a metric."""
    found = 0.0
    if metric == at.CATEGORICAL_ACCURACY:
        for i in range(0, n * m * SIZE, m * SIZE):
            found += _place_of_largest(t + i, m) == _place_of_largest(p + i, m)
        return found
    nothing, one = splat(_ZERO), splat(_ONE)
    for i in range(0, n * m, LANES):
        some = first(n * m - i)
        target, predicted = load(t + i * SIZE, some), load(p + i * SIZE, some)
        value = size_of(predicted - target)
        if metric == at.MEAN_SQUARED_ERROR:
            value = value * value
        elif metric == at.BINARY_ACCURACY:
            said = choose(less(splat(_HALF), predicted), one, nothing)
            off = size_of(said - target)
            value = choose(less(nothing, off), nothing, choose(less(off, one), one, nothing))  # NaN is no hit
        found += np.float64(total(choose(some, value, nothing)))
    return found / m


@jit_inner
def _place_of_largest(row: Int, m: Int) -> Any:
    """The first place of the largest number, or of the first NaN, as NumPy's argmax."""
    place, top = row, float_at(row)
    for here in range(row, row + m * SIZE, SIZE):
        found = float_at(here)
        if top == top and not found <= top:
            place, top = here, found
    return place - row


# -- the way back --------------------------------------------------------------------------------------------


@jit_part
def _backward(head: Int, last: Int, x: Int, rate: Float, n: Int) -> None:
    """From the last layer to the first: dx for the layer before, then dw and db, or at once a step along them."""
    blas, turned = _field(head, at.WORK, at.BLAS), _field(head, at.WORK, at.TURNED)
    at_once = _field(head, at.WORK, at.OPTIMIZER) == at.PLAIN_SGD
    factor = _F(-rate) if at_once else _ONE
    into_w, into_b = (at.W, at.B) if at_once else (at.DW, at.DB)
    layer = last
    while layer > head + at.WORK * _ROW:
        k, m, dy = _field(layer, 0, at.K), _field(layer, 0, at.M), _field(layer, 0, at.DY)
        if layer < last or _field(head, at.WORK, at.LOSS) == at.SQUARED_ERROR:
            _slope(_field(layer, 0, at.Y), dy, _field(layer, 0, at.ACTIVATION), n, m)
        given = x
        if layer > head + at.LAYER * _ROW:
            given = _field(layer - _ROW, 0, at.Y)
            multiply_transposed(
                blas, dy, _field(layer, 0, at.W), turned, _field(layer - _ROW, 0, at.DY), n, k, m
            )
        add_product(blas, given, dy, factor, at_once, _field(layer, 0, into_w), n, k, m)
        if _field(layer, 0, at.B) != 0:
            add_columns(dy, factor, at_once, _field(layer, 0, into_b), n, m)
        layer -= _ROW


@jit_inner
def _slope(y: Int, dy: Int, activation: Int, n: Int, m: Int) -> None:
    """dz = dy * activation'(y), in the place of dy."""
    if activation == at.LINEAR:
        return
    if activation == at.SOFTMAX:
        for i in range(0, n * m * SIZE, m * SIZE):
            _slope_of_softmax(y + i, dy + i, m)
        return
    one, nothing = splat(_ONE), splat(_ZERO)
    for i in range(0, n * m, LANES):
        some = first(n * m - i)
        out, slope = load(y + i * SIZE, some), load(dy + i * SIZE, some)
        if activation == at.RELU:
            slope = slope * choose(less(nothing, out), one, nothing)
        elif activation == at.SIGMOID:
            slope = slope * (out * (one - out))
        else:
            slope = slope * (one - out * out)
        store(slope, dy + i * SIZE, some)


@jit_inner
def _slope_of_softmax(p: Int, dp: Int, m: Int) -> None:
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        sums = sums + load(p + j * SIZE, some) * load(dp + j * SIZE, some)
    mean = splat(total(sums))
    for j in range(0, m, LANES):
        some = first(m - j)
        store((load(dp + j * SIZE, some) - mean) * load(p + j * SIZE, some), dp + j * SIZE, some)


@jit_part
def _update(head: Int, settings: NDArray[np.float64], rate: Float, iterations: Int) -> None:
    """The optimizer's step over all parameters at once, unless the way back made it."""
    optimizer, size = _field(head, at.WORK, at.OPTIMIZER), _field(head, at.WORK, at.SIZE)
    w, g = _field(head, at.WORK, at.VALUES), _field(head, at.WORK, at.GRADS)
    slot_1, slot_2 = _field(head, at.WORK, at.FIRST_SLOT), _field(head, at.WORK, at.SECOND_SLOT)
    if optimizer == at.ADAM:
        # the means begin at zero; dividing by 1 - beta ** t makes up for it, in float32 as in TensorFlow
        t, beta_1, beta_2 = _F(iterations + 1), _F(settings[0]), _F(settings[1])
        corrected = _F(rate) * np.sqrt(_ONE - beta_2**t) / (_ONE - beta_1**t)
        _adam(w, g, slot_1, slot_2, corrected, beta_1, beta_2, _F(settings[2]), size)
    elif optimizer != at.PLAIN_SGD:
        _momentum(w, g, slot_1, _F(rate), _F(settings[0]), optimizer == at.NESTEROV, size)


@jit_inner
def _momentum(w: Int, g: Int, v: Int, rate: Float, momentum: Float, nesterov: bool, size: Int) -> None:
    """v = momentum * v - rate * g; w += v, or with nesterov w += momentum * v - rate * g"""
    rates, keep = splat(rate), splat(momentum)
    for i in range(0, size * SIZE, LANES * SIZE):
        some = first(size - i // SIZE)
        step = rates * load(g + i, some)
        velocity = keep * load(v + i, some) - step
        store(velocity, v + i, some)
        store(load(w + i, some) + (keep * velocity - step if nesterov else velocity), w + i, some)


@jit_inner
def _adam(
    w: Int, g: Int, m: Int, v: Int, rate: Float, beta_1: Float, beta_2: Float, epsilon: Float, size: Int
) -> None:
    """m = beta_1 * m + (1 - beta_1) * g; v likewise of g²; w -= rate * m / (sqrt(v) + epsilon)"""
    rates, keep_m, keep_v, small = splat(rate), splat(beta_1), splat(beta_2), splat(epsilon)
    take_m, take_v = splat(_ONE) - keep_m, splat(_ONE) - keep_v
    for i in range(0, size * SIZE, LANES * SIZE):
        some = first(size - i // SIZE)
        slope = load(g + i, some)
        mean = keep_m * load(m + i, some) + take_m * slope
        square = keep_v * load(v + i, some) + take_v * (slope * slope)
        store(mean, m + i, some)
        store(square, v + i, some)
        store(load(w + i, some) - rates * mean / (root(square) + small), w + i, some)
