"""Rules of the ops of normalization and of table look-ups."""

from typing import Any

from minifit import ops
from minifit.lowering.program import Program, lowers
from minifit.lowering.values import Unlowered, Value


@lowers(ops.normalize)
def normalize(
    program: Program,
    x: Any,
    mean: Any,
    variance: Any,
    gamma: Any,
    beta: Any,
    epsilon: float,
    axes: tuple[int, ...] | None = None,
) -> Value:
    """Lower ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``, column by column."""
    x, mean, variance = program.as_value(x), program.as_value(mean), program.as_value(variance)
    gamma, beta = (None if p is None else program.as_value(p) for p in (gamma, beta))
    n, m = x.rows, x.columns
    if any(p is not None and p.count != -m for p in (mean, variance, gamma, beta)):
        raise Unlowered("a normalization that is not one of columns")
    if axes not in (None, tuple(range(x.ndim - 1))) or mean.requires_grad or variance.requires_grad:
        raise Unlowered("a normalization whose gradient goes through other axes")
    y, inverse = program.value(x.shape, x, gamma, beta), program.room(-m)
    program.emit("normalize", (y, inverse), x, mean, variance, gamma, beta, n, m, float(epsilon))

    several = program.workers.size > 1 and axes is not None and x.of_batch and x.requires_grad

    def back(dy: Any) -> None:
        sums, correlations = program.room(-m), program.room(-m)
        program.emit("normalize_sums", (sums, correlations), dy, x, mean, inverse, n, m)
        moments: Any = (None, None) if axes is None else (sums, correlations)
        # only these sums need a message here: the gradients of gamma and beta are added up with all others
        if several:
            moments = program.add_up_shares(m, *(("dense_slope_b", part, -1, m) for part in moments))
        program.flow(x, "normalize_slope", dy, x, mean, inverse, gamma, *moments, n, m)
        # dense_slope_b on a single row copies it
        for parameter, slope in ((gamma, correlations), (beta, sums)):
            if parameter is not None:
                program.flow(parameter, "dense_slope_b", slope, -1, m)

    program.back(y, back)
    return y


@lowers(ops.gather)
def gather(program: Program, table: Any, ids: Any) -> Value:
    """Lower the look-up of table rows by index; the indices must be floats of the batch, and are checked first."""
    w = program.as_value(table)
    if (
        not isinstance(ids, Value)
        or not program.is_column(ids)
        or ids.dtype.kind != "f"
        or w.of_batch
        or w.ndim != 2
    ):
        raise Unlowered("a table whose rows are chosen by computed numbers")
    rows, m = w.shape[0] or 0, w.columns
    program.check("check_rows", ids, ids.count, rows)
    y = program.value((*ids.shape, m), w)
    program.emit("take_rows", y, w, ids, ids.count, m)
    program.back(y, lambda dy: program.flow(w, "take_rows_slope", dy, ids, ids.count, m, w.count))
    return y
