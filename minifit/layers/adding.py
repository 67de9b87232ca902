"""The terms of the loss and the metrics that a layer adds in its `call`."""

from collections.abc import Callable
from typing import Any

from minifit import nest
from minifit.errors import ArgumentError, ArgumentTypeError, quoted
from minifit.metrics.base import Mean
from minifit.settings import changed
from minifit.symbolic import Symbolic
from minifit.tensor import Tensor, as_tensor, constant, current, to_array


class Adding:
    """`add_loss` and `add_metric`, as a common base of layers and models.

    Attributes
    ----------
    _losses_by_hand : list of Tensor
        The losses added in the latest call outside a step.
    _loss_functions : list of callable
        Functions called at every step.
    _added_metrics : dict
        The means created by `add_metric`, by name.
    """

    weights: Any
    layers_within: Callable[[], list[Any]]
    metrics_within: Callable[[], list[Any]]
    _losses_by_hand: list[Tensor]
    _loss_functions: list[Callable[[], Any]]
    _added_metrics: dict[str, Any]

    def add_loss(self, losses: Any, **kwargs: Any) -> None:
        """Add a term to the loss; call it inside `call` with the term for the batch.

        Parameters
        ----------
        losses : tensor, function without arguments that returns one, or list of these
            Each is one number, or one number per sample, whose mean is taken. A function is called at every step, and
            whenever `losses` is read.
        **kwargs
            `inputs`, accepted as in Keras, without effect.

        References
        ----------
        ``tf.keras.layers.Layer.add_loss`` (TensorFlow 2.7).
        """
        kwargs.pop("inputs", None)
        if kwargs:
            raise ArgumentTypeError(
                f"add_loss takes losses. Received: an argument {quoted(next(iter(kwargs)))}. Leave it out."
            )
        for loss in nest.flatten(losses):
            if callable(loss):
                self._loss_functions.append(loss)
                changed()
                continue
            term = _one_number(loss)
            # A symbolic term is a value of a program.
            if isinstance(term, Symbolic):
                term.program.added.append(term)
            elif current().collects:
                current().losses.append((self, term))
            else:
                self._losses_by_hand.append(term)

    def add_metric(self, value: Any, name: str | None = None, aggregation: str | None = "mean") -> None:
        """Report the mean of a value over the batches of an epoch; call it inside `call`.

        Parameters
        ----------
        value : tensor
            The result of a metric held by an attribute is also accepted; that metric is in the logs under its own name.
        name : str
            The key in the logs.
        aggregation : "mean"
            No other value is supported, as in tf.keras.

        References
        ----------
        ``tf.keras.layers.Layer.add_metric`` (TensorFlow 2.7).
        """
        if any(metric.returned(value) for metric in self.metrics_within()):
            return
        if name is None or aggregation not in (None, "mean"):
            raise ArgumentError(
                "add_metric takes a value, a name and aggregation='mean'. "
                f"Received: name={name!r}, aggregation={aggregation!r}. Pass name='kl', for example."
            )
        metric = self._added_metrics.get(name)
        if metric is None:
            metric = self._added_metrics[name] = Mean(name)
            changed()
        here = current()
        if isinstance(value, Symbolic):
            value.program.add_to_mean(metric, value, None)
        # Not in a trial call on zeros.
        elif here.in_step or here.recording:
            if here.undo is not None:
                metric.keep(here.undo)
            metric.update_state(constant(to_array(value)))

    @property
    def losses(self) -> list[Tensor]:
        """The terms added to the loss by the regularizers of weights and by the latest call."""
        penalties = [w.regularizer(w) for w in self.weights if w.regularizer is not None]
        within, here = dict.fromkeys(self.layers_within()), current()
        if not here.in_step:
            penalties += [_one_number(f()) for layer in within for f in layer._loss_functions]
        if here.collects:
            return penalties + [loss for owner, loss in here.losses if owner in within]
        return penalties + [loss for layer in within for loss in layer._losses_by_hand]


def _one_number(loss: Any) -> Any:
    """Return a term of a loss as one number, the mean over the samples."""
    term = as_tensor(loss)
    return term.mean() if term.ndim else term
