"""`Sums`: the part of a program that combines losses into one number and adds losses and metrics to running sums."""

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

from minifit import ops
from minifit.lowering.places import Cell, Place
from minifit.lowering.values import Unlowered, Value
from minifit.parameters import Variable
from minifit.workers import Workers


class Sums:
    """The part of a program that losses and metrics use; `Program` defines the attributes declared here.

    Attributes
    ----------
    added : list of Value
        The losses that layers add, one number each.
    means : list of Mean
        The metrics and losses whose sums the program updates.
    sums : list of Place
        The total and the count of each mean, in turn.
    """

    workers: Workers
    added: list[Value]
    means: list[Any]
    sums: list[Place]
    value: Callable[..., Value]
    view: Callable[..., Value]
    floats: Callable[[Any], Value]
    factor: Callable[[Any], Place]
    apply: Callable[..., Any]
    emit: Callable[..., None]
    tally: Callable[..., None]
    back: Callable[..., None]
    flow: Callable[..., None]

    def sums_of(self, mean: Any) -> tuple[Place, Place]:
        """Return the places of a `Mean`'s total and count, float64; before and after a call they are the Mean's own."""
        for known, *pair in zip(self.means, self.sums[::2], self.sums[1::2], strict=True):
            if known is mean:
                return pair[0], pair[1]
        places = Cell(), Cell()
        self.means.append(mean)
        self.sums += places
        return places

    def add_to_mean(self, mean: Any, values: Value, weights: Any) -> None:
        """Add weighted values to a `Mean`; a single number for a share is weighted by its part of the batch."""
        if weights is None and not values.shape and self.workers.size > 1:
            weights = self.value((), values)
            self.emit("share_part", weights)
        w, each = self.weights_for(weights, values)
        self.tally("mean_of", self.sums_of(mean), values, w, values.count, each)

    def count_loss(self, mean: Any, loss: Value) -> None:
        """Add a loss to a running mean, weighted by the rows of the batch; each value of it, if it has several."""
        self.tally("count_loss", self.sums_of(mean), loss, loss.count)

    def over_part(self, loss: Value) -> Value:
        """Return a sum over the rows of a share divided by the share's part of the whole batch, as for a mean."""
        y = self.value(loss.shape, loss)
        self.emit("over_part", y, loss, loss.count)
        self.back(y, lambda dy: self.flow(loss, "over_part", dy, loss.count))
        return y

    def weights_for(self, weights: Any, values: Value) -> tuple[Value | None, int]:
        """Return sample weights, and the number of consecutive values to which each weight applies."""
        if weights is None:
            return None, 1
        w = self.aligned(weights, values)
        shared = sum(
            1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(w.shape, values.shape, strict=True))
        )
        if any(n != 1 for n in w.shape[shared:]):
            return self.apply(ops.broadcast_to, (w, values.shape), {}), 1
        return w, values.count // w.count

    def aligned(self, weights: Any, values: Value) -> Value:
        """Return sample weights with as many axes as the values, as `losses.fit_weights` does."""
        w = self.floats(weights)
        if w.ndim == values.ndim + 1 and w.shape[-1] == 1:
            w = self.view(w, w.shape[:-1])
        w = self.view(w, (*w.shape, *[1] * (values.ndim - w.ndim)))
        if w.ndim != values.ndim or any(m not in (1, n) for m, n in zip(w.shape, values.shape, strict=True)):
            raise Unlowered(f"sample weights of shape {w.shape} for values of shape {values.shape}")
        return w

    def match_ranks(self, y_true: Value, y_pred: Value) -> Value:
        """Return targets with as many axes as the predictions, as `losses.match_ranks` does."""
        if y_true.ndim == y_pred.ndim - 1 and (y_true.ndim == 1 or y_pred.shape[-1] == 1):
            return self.view(y_true, (*y_true.shape, 1))
        if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
            return self.view(y_true, y_true.shape[:-1])
        return y_true

    def total(self, losses: Sequence[tuple[Value, Any]]) -> Value | None:
        """Return the sum of the losses times their factors and of the losses that layers added; None without losses.

        The sum is one number, or one per sample if one of the losses has a value per sample.
        """
        parts = [*losses, *((loss, 1.0) for loss in self.added)]
        if not parts:
            return None
        if len(parts) == 1 and not isinstance(parts[0][1], Variable) and parts[0][1] == 1:
            return parts[0][0]
        if any(loss.shape for loss, _ in parts):
            return self._total_by_sample(parts)
        y = self.value((), *(loss for loss, _ in parts))
        self.emit("clear", y, y.count)
        factors = [self.factor(factor) for _, factor in parts]
        for (loss, _), factor in zip(parts, factors, strict=True):
            self.emit("add_times", y, y, loss, factor)

        def back(dy: Place) -> None:
            for (loss, _), factor in zip(parts, factors, strict=True):
                self.flow(loss, "times", dy, factor)

        self.back(y, back)
        return y

    def _total_by_sample(self, parts: Sequence[tuple[Value, Any]]) -> Value:
        """Return the sum of losses of which some have a value per sample."""
        if any(isinstance(factor, Variable) for _, factor in parts):
            raise Unlowered("a loss weight that is a Variable, of losses without a reduction")
        weighed: list[Any] = [loss if factor == 1 else loss * factor for loss, factor in parts]
        return sum(weighed[1:], weighed[0])  # type: ignore[no-any-return]
