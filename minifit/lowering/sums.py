"""`Sums`: the part of a program that makes one number of losses, and adds them and metrics to running sums."""

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

from minifit import ops
from minifit.lowering.places import Cell, Place
from minifit.lowering.values import Unlowered, Value
from minifit.parameters import Variable
from minifit.workers import Workers


class Sums:
    """The part of a program that losses and metrics write down; `Program` has the rest of what it names.

    Attributes
    ----------
    added : list of Value
        What layers add to the loss, one number each.
    means : list of Mean
        The metrics and losses whose sums the program adds to.
    sums : list of Place
        The total and the count of each, one after the other.
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
        """Return the places of a `Mean`'s total and count, float64, which are its own before and after a call."""
        for known, *pair in zip(self.means, self.sums[::2], self.sums[1::2], strict=True):
            if known is mean:
                return pair[0], pair[1]
        places = Cell(), Cell()
        self.means.append(mean)
        self.sums += places
        return places

    def add_to_mean(self, mean: Any, values: Value, weights: Any) -> None:
        """Add values with their weights to a `Mean`; a single number of a share counts by its part of the batch."""
        if weights is None and not values.shape and self.workers.size > 1:
            weights = self.value((), values)
            self.emit("share_part", weights)
        w, each = self.weights_for(weights, values)
        self.tally("mean_of", self.sums_of(mean), values, w, values.count, each)

    def count_loss(self, mean: Any, loss: Value) -> None:
        """Add a loss to a running mean, for each row of the batch; and every value, if it has several."""
        self.tally("count_loss", self.sums_of(mean), loss, loss.count)

    def over_part(self, loss: Value) -> Value:
        """Return a sum over the rows of a share as a mean is weighed: over its part of the whole batch."""
        y = self.value(loss.shape, loss)
        self.emit("over_part", y, loss, loss.count)
        self.back(y, lambda dy: self.flow(loss, "over_part", dy, loss.count))
        return y

    def weights_for(self, weights: Any, values: Value) -> tuple[Value | None, int]:
        """Return sample weights, and for how many values that follow one another each of them counts."""
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
        """Return sample weights with as many axes as the values have, as `losses.fit_weights` does."""
        w = self.floats(weights)
        if w.ndim == values.ndim + 1 and w.shape[-1] == 1:
            w = self.view(w, w.shape[:-1])
        w = self.view(w, (*w.shape, *[1] * (values.ndim - w.ndim)))
        if w.ndim != values.ndim or any(m not in (1, n) for m, n in zip(w.shape, values.shape, strict=True)):
            raise Unlowered(f"sample weights of shape {w.shape} for values of shape {values.shape}")
        return w

    def match_ranks(self, y_true: Value, y_pred: Value) -> Value:
        """Return targets with as many axes as the predictions have, as `losses.match_ranks` does."""
        if y_true.ndim == y_pred.ndim - 1 and (y_true.ndim == 1 or y_pred.shape[-1] == 1):
            return self.view(y_true, (*y_true.shape, 1))
        if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
            return self.view(y_true, y_true.shape[:-1])
        return y_true

    def total(self, losses: Sequence[tuple[Value, Any]]) -> Value | None:
        """Return the sum of losses, each times its factor, and of all that layers added; None if there is none.

        It is one number; or several, if one of the losses has a value for each sample.
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
        """Return the sum of losses of which some have a value for each sample."""
        if any(isinstance(factor, Variable) for _, factor in parts):
            raise Unlowered("a loss weight that is a Variable, of losses without a reduction")
        weighed: list[Any] = [loss if factor == 1 else loss * factor for loss, factor in parts]
        return sum(weighed[1:], weighed[0])  # type: ignore[no-any-return]
