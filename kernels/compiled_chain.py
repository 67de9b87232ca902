"""Training steps of a chain of dense layers, many in one call, compiled.

The steps are those of any training: gather a batch, forward, loss and metrics, backward, update. Here nothing leaves
compiled code between them and nothing is allocated. The products are those of `compiled_products`; all else goes
through numbers that lie side by side. What a plan is, `chain` says.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types
from numpy.typing import NDArray

from minifit.kernels import chain as at
from minifit.kernels.compiled_optimizers import adam_step, momentum_step
from minifit.kernels.compiled_products import add_columns, add_product, multiply, multiply_transposed
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    address,
    choose,
    emitted,
    exp,
    first,
    largest,
    less,
    load,
    sigmoid,
    size_of,
    splat,
    store,
    tanh,
    total,
)
from minifit.kernels.jit import jit, jit_inner

_F = np.float32
_ZERO, _HALF, _ONE = _F(0), _F(0.5), _F(1)
_LOWEST = _F(-np.inf)


@emitted(types.CPointer(types.float32), address)
def _floats(builder: Any, place: Any) -> Any:
    """The place as a pointer to float32."""
    return builder.inttoptr(place, ir.FloatType().as_pointer())


@emitted(types.CPointer(types.int64), address)
def _integers(builder: Any, place: Any) -> Any:
    """The place as a pointer to int64."""
    return builder.inttoptr(place, ir.IntType(64).as_pointer())


@jit
def chain_steps(
    plan: NDArray[np.int64],
    settings: NDArray[np.float64],
    sums: NDArray[np.float64],
    rate: float,
    iterations: int,
    begin: int,
    batches: int,
) -> int:
    """As `reference.chain_steps`."""
    size, samples = plan[at.DATA, at.BATCH_SIZE], plan[at.DATA, at.SAMPLES]
    was_finite = np.isfinite(sums[0])
    for done in range(batches):
        start = (begin + done) * size
        n = min(size, samples - start)
        x, t = _gather(plan, start, n)
        if t == 0:
            return done
        _forward(plan, x, n)
        _judge(plan, t, sums, n)
        _backward(plan, x, settings, rate, iterations + done, n)
        if was_finite and not np.isfinite(sums[0]):
            return done + 1
    return batches


@jit_inner
def _gather(plan: NDArray[np.int64], start: int, n: int) -> tuple[int, int]:
    """Where the inputs and targets of the batch lie: in the data itself if its rows stay in order, else copied.

    A place of 0 for the targets says that a class number is outside of the classes.
    """
    k, m = plan[at.LAYER, at.K], plan[len(plan) - 1, at.M]
    order, ids = plan[at.DATA, at.ORDER], plan[at.DATA, at.IDS]
    x = _rows(plan[at.DATA, at.X], order, start, n, k, plan[at.WORK, at.BATCH_X])
    t = plan[at.WORK, at.BATCH_T]
    if ids == 0:
        return x, _rows(plan[at.DATA, at.T], order, start, n, m, t)
    numbers, targets = carray(_integers(ids), (plan[at.DATA, at.ROWS],)), _table(t, n, m)
    rows = carray(_integers(order), (start + n,))
    for i in range(n):
        number = numbers[start + i if order == 0 else rows[start + i]]
        if plan[at.WORK, at.LOSS] != at.CATEGORICAL_CROSSENTROPY:
            targets[i, 0] = _F(number)
        elif 0 <= number < m:
            targets[i] = _ZERO
            targets[i, number] = _ONE
        else:
            return x, 0
    return x, t


@jit_inner
def _rows(data: int, order: int, start: int, n: int, k: int, room: int) -> int:
    """Where the rows of a batch lie, after they were put side by side if need be."""
    row_size = k * SIZE
    if order == 0:
        return data + start * row_size
    rows = carray(_integers(order), (start + n,))
    if n == 1:
        return data + rows[start] * row_size
    for i in range(n):
        source, to = data + rows[start + i] * row_size, room + i * row_size
        for j in range(0, k, LANES):
            some = first(k - j)
            store(load(source + j * SIZE, some), to + j * SIZE, some)
    return room


@jit_inner
def _forward(plan: NDArray[np.int64], x: int, n: int) -> None:
    """y = activation(x @ w + b), layer after layer; a cross-entropy begins with what the last one has without it."""
    last = len(plan) - 1
    for row in range(at.LAYER, len(plan)):
        k, m, y = plan[row, at.K], plan[row, at.M], plan[row, at.Y]
        multiply(plan[at.WORK, at.BLAS], x, plan[row, at.W], plan[row, at.B], y, n, k, m)
        if row < last or plan[at.WORK, at.LOSS] == at.SQUARED_ERROR:
            _activate(y, plan[row, at.ACTIVATION], n, m)
        x = y


@jit_inner
def _activate(y: int, activation: int, n: int, m: int) -> None:
    """y = activation(y)"""
    if activation == at.LINEAR:
        return
    if activation == at.SOFTMAX:
        for i in range(n):
            row = y + i * m * SIZE
            _divide(row, _exp_of_row(row, row, m), m)
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
def _exp_of_row(z: int, p: int, m: int) -> Any:
    """p = exp(z - the largest z), so that nothing overflows; returns its sum."""
    top = splat(_largest(z, m))
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        e = exp(load(z + j * SIZE, some) - top)
        store(e, p + j * SIZE, some)
        sums = sums + choose(some, e, splat(_ZERO))
    return total(sums)


@jit_inner
def _largest(z: int, m: int) -> Any:
    """The largest number of a row; NaN is left out here, and comes in by the sum."""
    tops = splat(_LOWEST)
    for j in range(0, m, LANES):
        some = first(m - j)
        found = choose(some, load(z + j * SIZE, some), tops)
        tops = choose(less(tops, found), found, tops)
    return largest(tops)


@jit_inner
def _divide(p: int, by: Any, m: int) -> None:
    for j in range(0, m, LANES):
        some = first(m - j)
        store(load(p + j * SIZE, some) / splat(by), p + j * SIZE, some)


# -- loss and metrics ----------------------------------------------------------------------------------------


@jit_inner
def _judge(plan: NDArray[np.int64], t: int, sums: NDArray[np.float64], n: int) -> None:
    """Add up the loss and the metrics of the batch, and leave the gradient of the loss in the last layer's `DY`."""
    last = len(plan) - 1
    m, y, dy, activation = plan[last, at.M], plan[last, at.Y], plan[last, at.DY], plan[last, at.ACTIVATION]
    if plan[at.WORK, at.LOSS] == at.SQUARED_ERROR:
        total = _squared_error(t, y, dy, n, m)
    elif plan[at.WORK, at.LOSS] == at.BINARY_CROSSENTROPY:
        total = _binary_crossentropy(t, y, dy, n, m)
    else:
        total = _categorical_crossentropy(t, y, dy, n, m)
    sums[0] += np.float64(_F(total / n)) * n
    sums[1] += n
    if plan[at.WORK, at.METRIC] == at.NO_METRIC:
        return
    if plan[at.WORK, at.LOSS] != at.SQUARED_ERROR:
        _activate(y, activation, n, m)
    place = 2
    for field in range(at.METRIC, at.FIELDS):
        if plan[at.WORK, field] == at.NO_METRIC:
            return
        sums[place] += _metric(plan[at.WORK, field], t, y, n, m)
        sums[place + 1] += n
        place += 2


@jit_inner
def _squared_error(t: int, p: int, dp: int, n: int, m: int) -> float:
    """The sum over samples of mean((p - t)²), and the gradient of its mean over samples."""
    scale = splat(_F(2 / (n * m)))
    found = 0.0
    for i in range(0, n * m, LANES):
        some = first(n * m - i)
        error = load(p + i * SIZE, some) - load(t + i * SIZE, some)
        store(error * scale, dp + i * SIZE, some)
        found += np.float64(total(error * error))
    return found / m


@jit_inner
def _binary_crossentropy(t: int, z: int, dz: int, n: int, m: int) -> float:
    """The same for mean(max(z, 0) - z t + log(1 + exp(-|z|)))."""
    scale, nothing = splat(_F(1 / (n * m))), splat(_ZERO)
    found = 0.0
    for i in range(0, n * m, LANES):
        some = first(n * m - i)
        logit, target = load(z + i * SIZE, some), load(t + i * SIZE, some)
        store((sigmoid(logit) - target) * scale, dz + i * SIZE, some)
        positive = choose(less(nothing, logit), logit, nothing)
        found += np.float64(total(positive - logit * target))
    for logit in _flat(z, n, m):
        found += np.log1p(np.exp(-np.float64(abs(logit))))
    return found / m


@jit_inner
def _categorical_crossentropy(t: int, z: int, dz: int, n: int, m: int) -> float:
    """The same for -sum(t log(softmax(z))), of which the gradient is softmax(z) sum(t) - t."""
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
            told = told + target * (load(logits + j * SIZE, some) - top)
        entropy += np.float64(total(certain) * np.log(shares) - total(told))
        share = splat(total(certain) / shares)
        for j in range(0, m, LANES):
            some = first(m - j)
            slope = load(slopes + j * SIZE, some) * share - load(targets + j * SIZE, some)
            store(slope * scale, slopes + j * SIZE, some)
    return entropy


@jit_inner
def _metric(metric: int, t: int, p: int, n: int, m: int) -> float:
    """The sum over samples of a metric."""
    found = 0.0
    if metric == at.CATEGORICAL_ACCURACY:
        for i in range(n):
            found += _place_of_largest(t + i * m * SIZE, m) == _place_of_largest(p + i * m * SIZE, m)
        return found
    for i in range(0, n * m, LANES):
        some = first(n * m - i)
        target, predicted = load(t + i * SIZE, some), load(p + i * SIZE, some)
        if metric == at.BINARY_ACCURACY:
            said = choose(less(splat(_HALF), predicted), splat(_ONE), splat(_ZERO))
            error = choose(less(said, target), splat(_ONE), said - target)
            error = choose(
                some, choose(less(splat(_ZERO), size_of(error)), splat(_ZERO), splat(_ONE)), splat(_ZERO)
            )
        elif metric == at.MEAN_SQUARED_ERROR:
            error = (predicted - target) * (predicted - target)
        else:
            error = size_of(predicted - target)
        found += np.float64(total(error))
    return found / m


@jit_inner
def _place_of_largest(row: int, m: int) -> int:
    """The first place of the largest number, or of the first NaN, as NumPy's argmax."""
    values, place = _flat(row, 1, m), 0
    for j in range(m):
        if np.isnan(values[place]):
            return place
        if values[j] > values[place] or np.isnan(values[j]):
            place = j
    return place


# -- the way back --------------------------------------------------------------------------------------------


@jit_inner
def _backward(
    plan: NDArray[np.int64], x: int, settings: NDArray[np.float64], rate: float, iterations: int, n: int
) -> None:
    """From the last layer to the first: dx for the layer before, then dw and db, or at once a step along them."""
    blas, optimizer = plan[at.WORK, at.BLAS], plan[at.WORK, at.OPTIMIZER]
    at_once = optimizer == at.PLAIN_SGD
    factor, keep = (_F(-rate), _ONE) if at_once else (_ONE, _ZERO)
    last = len(plan) - 1
    for row in range(last, at.LAYER - 1, -1):
        k, m, dy = plan[row, at.K], plan[row, at.M], plan[row, at.DY]
        if row < last or plan[at.WORK, at.LOSS] == at.SQUARED_ERROR:
            _slope(plan[row, at.Y], dy, plan[row, at.ACTIVATION], n, m)
        if row > at.LAYER:
            multiply_transposed(
                blas, dy, plan[row, at.W], plan[at.WORK, at.TURNED], plan[row - 1, at.DY], n, k, m
            )
        into_x = x if row == at.LAYER else plan[row - 1, at.Y]
        w, b = (plan[row, at.W], plan[row, at.B]) if at_once else (plan[row, at.DW], plan[row, at.DB])
        add_product(blas, into_x, dy, factor, keep, w, n, k, m)
        if b != 0:
            add_columns(dy, factor, keep, b, n, m)
    if not at_once:
        _update(plan, settings, rate, iterations)


@jit_inner
def _slope(y: int, dy: int, activation: int, n: int, m: int) -> None:
    """dz = dy * activation'(y), in the place of dy."""
    if activation == at.LINEAR:
        return
    if activation == at.SOFTMAX:
        for i in range(n):
            _slope_of_softmax(y + i * m * SIZE, dy + i * m * SIZE, m)
        return
    one = splat(_ONE)
    for i in range(0, n * m, LANES):
        some = first(n * m - i)
        out, slope = load(y + i * SIZE, some), load(dy + i * SIZE, some)
        if activation == at.RELU:
            slope = slope * choose(less(splat(_ZERO), out), one, splat(_ZERO))
        elif activation == at.SIGMOID:
            slope = slope * (out * (one - out))
        else:
            slope = slope * (one - out * out)
        store(slope, dy + i * SIZE, some)


@jit_inner
def _slope_of_softmax(p: int, dp: int, m: int) -> None:
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        sums = sums + load(p + j * SIZE, some) * load(dp + j * SIZE, some)
    mean = splat(total(sums))
    for j in range(0, m, LANES):
        some = first(m - j)
        store((load(dp + j * SIZE, some) - mean) * load(p + j * SIZE, some), dp + j * SIZE, some)


@jit_inner
def _update(plan: NDArray[np.int64], settings: NDArray[np.float64], rate: float, iterations: int) -> None:
    """The optimizer's step over all parameters at once."""
    size = plan[at.WORK, at.SIZE]
    w, g = _flat(plan[at.WORK, at.VALUES], 1, size), _flat(plan[at.WORK, at.GRADS], 1, size)
    m = _flat(plan[at.WORK, at.FIRST_SLOT], 1, size)
    if plan[at.WORK, at.OPTIMIZER] != at.ADAM:
        momentum_step(w, g, m, rate, settings[0], plan[at.WORK, at.OPTIMIZER] == at.NESTEROV)
        return
    beta_1, beta_2, epsilon = settings[0], settings[1], settings[2]
    # the means begin at zero; dividing by 1 - beta ** t makes up for it, in float32 as in TensorFlow
    t = _F(iterations + 1)
    corrected = _F(rate) * np.sqrt(_ONE - _F(beta_2) ** t) / (_ONE - _F(beta_1) ** t)
    v = _flat(plan[at.WORK, at.SECOND_SLOT], 1, size)
    adam_step(w, g, m, v, np.float64(corrected), beta_1, beta_2, epsilon)


# -- memory as arrays ----------------------------------------------------------------------------------------


@jit_inner
def _flat(place: int, n: int, m: int) -> NDArray[Any]:
    return carray(_floats(place), (n * m,))


@jit_inner
def _table(place: int, n: int, m: int) -> NDArray[Any]:
    return carray(_floats(place), (n, m))
