"""The parts that every adapter needs: the names of Keras that scenarios use, for a framework that has others.

An adapter is a module with ``Sequential``, ``Input``, ``layers``, ``optimizers`` and ``callbacks``. It imports from
here what describes a model, makes its ``Sequential`` of `Model`, and calls the hooks of scenarios through a `Relay`.
Names and arguments that are left out count as absent. docs/conformance.md shows how to write one.
"""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from minifit.semantics.playing import AbsentError
from minifit.semantics.stage import HOOKS


class Callback:
    """The base of the callbacks that scenarios define: every hook does nothing."""

    model: Any = None
    params: Any = None


for _hook in HOOKS:
    setattr(Callback, _hook, lambda self, *_: None)


def Input(shape: Any) -> Any:
    """Return the description of an input: its shape without the batch."""
    return tuple(shape)


class layers:
    """The layers that an adapter is asked to build."""

    @staticmethod
    def Dense(units: int, use_bias: bool = True, activation: Any = None) -> Any:
        """Return the description of a dense layer."""
        return SimpleNamespace(units=units, use_bias=use_bias, activation=activation)


class optimizers:
    """The optimizer that an adapter is asked to train with."""

    class SGD:
        """The description of plain gradient descent.

        Attributes
        ----------
        groups : list of dict
            Where an optimizer of torch keeps its rate, once `Model.fit` has made one.
        """

        def __init__(self, learning_rate: float = 0.01) -> None:
            self.groups: Any = [{"lr": learning_rate}]

        @property
        def learning_rate(self) -> float:
            """The rate in use."""
            return float(self.groups[0]["lr"])

        @learning_rate.setter
        def learning_rate(self, value: Any) -> None:
            self.groups[0]["lr"] = float(value)


class Model:
    """The base of an adapter's ``Sequential``.

    An adapter defines `build`, `arrays` and ``fit``. A method of Keras that it does not define is absent.

    Attributes
    ----------
    activations : tuple
        The activations that `build` knows; others are absent.
    """

    activations: Any = (None,)
    stop_training = False

    def __init__(self, layers: Any) -> None:
        (size,) = layers[0]
        dense = []
        for layer in layers[1:]:
            if layer.activation not in self.activations:
                raise AbsentError(f"an activation of {layer.activation!r}")
            dense.append((size, layer.units, layer.use_bias, layer.activation))
            size = layer.units
        self.module = self.build(dense)

    def build(self, dense: Any) -> Any:
        """Return the framework's module of dense layers: inputs, units, whether there is a bias, activation."""
        raise NotImplementedError

    def arrays(self) -> Any:
        """Return the weights as arrays of NumPy that share the framework's memory, a kernel by inputs and units."""
        raise NotImplementedError

    def compile(self, optimizer: Any, loss: Any) -> None:
        """Keep the optimizer; the loss is the mean of the squares."""
        if loss != "mse" or not isinstance(optimizer, optimizers.SGD):
            raise AbsentError(f"a loss of {loss!r} with {optimizer!r}")
        self.optimizer = optimizer

    def get_weights(self) -> Any:
        """Return copies of the weights."""
        return [np.array(array) for array in self.arrays()]

    def set_weights(self, weights: Any) -> None:
        """Write weights into the framework's memory."""
        for array, weight in zip(self.arrays(), weights):
            array[...] = weight

    def __getattr__(self, name: str) -> Any:
        raise AbsentError(name)


class TorchModel(Model):
    """The base of the ``Sequential`` of a framework on torch."""

    activations = (None, "relu")

    def build(self, dense: Any) -> Any:
        """Return the layers as a module of torch."""
        nn = import_module("torch.nn")
        modules: Any = []
        for inputs, units, bias, activation in dense:
            modules.append(nn.Linear(inputs, units, bias=bias))
            modules += [nn.ReLU()] * (activation == "relu")
        return nn.Sequential(*modules)

    def arrays(self) -> Any:
        """Return the weights of the module; torch keeps a kernel by units and inputs."""
        return [parameter.detach().numpy().T for parameter in self.module.parameters()]


class Relay:
    """The hooks of one callback of a scenario, called from those of a framework.

    Parameters
    ----------
    callback : Callback
    model : Model
        Its ``stop_training`` is looked at by whoever calls.
    """

    def __init__(self, callback: Any, model: Any) -> None:
        self.callback, self.model = callback, model
        callback.model = model
        self.counts = {"train": 0, "test": 0}

    def edge(self, phase: str, edge: str, *arguments: Any) -> None:
        """Call ``on_train_begin`` and its like; batches count from 0 in every epoch and every test."""
        if edge == "begin":
            self.counts.update({"train": 0, "test": 0} if phase == "epoch" else {phase: 0})
        getattr(self.callback, f"on_{phase}_{edge}")(*arguments)

    def batch(self, phase: str, edge: str, logs: Any) -> None:
        """Call ``on_train_batch_begin`` and its like with the number of the batch."""
        number = self.counts[phase]
        self.counts[phase] += edge == "end"
        getattr(self.callback, f"on_{phase}_batch_{edge}")(number, logs)

    def epoch_end(self, epoch: int, logs: Any) -> Any:
        """Call ``on_epoch_end`` and return what the callback wrote into the logs."""
        before = dict(logs)
        self.edge("epoch", "end", epoch, logs)
        return {key: value for key, value in logs.items() if key not in before or value is not before[key]}


def history_of(rows: Any) -> Any:
    """Return a History of the logs of each epoch."""
    keys = {key: None for row in rows for key in row}
    history = {key: [row[key] for row in rows if key in row] for key in keys}
    return SimpleNamespace(epoch=list(range(len(rows))), history=history)
