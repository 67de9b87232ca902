"""`Trainable`: the contract between a model and the code that trains it.

Steps, states and the methods of `Trainer` know a model by this and by what every layer has. A class of models gives
what raises `NotImplementedError` here.
"""

from collections.abc import Sequence
from typing import Any

from minifit.arrays import Array
from minifit.data import Names
from minifit.layers import Layer
from minifit.metrics import Metric
from minifit.nest import leaves
from minifit.optimizers import Optimizer
from minifit.tensor import Tensor
from minifit.training.flags import CompiledFlags
from minifit.workers import ALONE, Workers


class Trainable(Layer):
    """A layer that can be trained by itself.

    Attributes
    ----------
    optimizer : Optimizer
        Set by `compile`.
    workers : Workers
        The processes that train it together, of the strategy in whose scope it was made.
    compiled_flags : CompiledFlags
        Which layers are trained, as `compile` found it.
    """

    optimizer: Any
    compiled_flags: CompiledFlags
    workers: Workers = ALONE

    @property
    def input_keys(self) -> Sequence[str] | None:
        """The keys of data that is a dict, in the order of the inputs; None for a model that takes whatever comes."""
        raise NotImplementedError

    @property
    def _data_names(self) -> Names:
        """The names by which data may be given; None for what only the first data will tell."""
        return Names(self.input_keys, self.output_keys or None)

    @property
    def has_call(self) -> bool:
        """True if it says what to do with a batch: a model with a `train_step` of its own need not."""
        raise NotImplementedError

    @property
    def inputs(self) -> Any:
        """The symbols for the inputs in order; None for a model that is no graph."""
        return None

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, in logs and in what `compile` takes by name."""
        raise NotImplementedError

    @property
    def output_keys(self) -> list[str]:
        """The keys of data and of what `compile` takes that is a dict, in the order of the outputs."""
        return self.output_names

    @property
    def output_shapes(self) -> list[tuple[int | None, ...]]:
        """The shape of a batch of each output, its first dimension None."""
        raise NotImplementedError

    @property
    def metrics_of_layers(self) -> list[Metric]:
        """The metrics that layers and attributes bring along."""
        return self.metrics_within()

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        """Build for a batch of inputs and see that it fits; `form` nests their places as the user gave them."""
        raise NotImplementedError

    def forward(self, inputs: Sequence[Array], training: bool) -> tuple[Tensor, ...]:
        """Return the outputs in order for the columns of a batch, inside a step."""
        raise NotImplementedError

    def pack_outputs(self, columns: Sequence[Any]) -> Any:
        """Return what stands for the outputs, nested as the model returns them."""
        raise NotImplementedError

    def describe(self) -> list[Any]:
        """Return the layers and their connections, without names and without what weights begin with."""
        raise NotImplementedError

    def numbers_in_a_step(self, samples: int) -> int:
        """Return how many numbers a step with so many samples goes through, roughly."""
        raise NotImplementedError

    def optimizers_within(self) -> dict[str, Optimizer]:
        """Return the optimizers besides `optimizer` that attributes of the model and of models in it hold, by name.

        Those in lists and dicts, however deep, have the name of the attribute and their place in it.
        """
        found: dict[str, Optimizer] = {}
        for number, layer in enumerate(dict.fromkeys((self, *self.layers_within()))):
            for name, value in (*vars(layer).items(), ("optimizer", getattr(layer, "optimizer", None))):
                for place, leaf in enumerate(leaves(value)):
                    if isinstance(leaf, Optimizer) and leaf not in (self.optimizer, *found.values()):
                        within = f"{name} {place}" if isinstance(value, list | tuple | dict) else name
                        found[f"{within} of layer {number}" if number else within] = leaf
        return found

    def adopt_weights(self) -> None:
        """Let weights that are learned lie side by side, those that were copied or exchanged too; before a training."""
        raise NotImplementedError

    def lowered_forward(self, program: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Return the values of the outputs in order for the columns of a batch, as `forward` does for tensors."""
        program.refuse(f"the model {self.name!r} of class {type(self).__name__}")
        raise NotImplementedError
