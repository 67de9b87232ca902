"""`Trainable`: the contract between a model and the code that trains it.

Steps, states and the methods of `Trainer` use these members of a model, and those of every layer. A class of models
implements the ones that raise `NotImplementedError` here.
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
        The processes that train the model together: those of the strategy in whose scope it was made.
    compiled_flags : CompiledFlags
        The `trainable` flags of the layers as `compile` found them.
    """

    optimizer: Any
    compiled_flags: CompiledFlags
    workers: Workers = ALONE

    @property
    def input_keys(self) -> Sequence[str] | None:
        """The keys for data in a dict, in the order of the inputs; None for a model that accepts any data."""
        raise NotImplementedError

    @property
    def _data_names(self) -> Names:
        """The names that data in dicts may use; None for names that only the first data will show."""
        return Names(self.input_keys, self.output_keys or None)

    @property
    def has_call(self) -> bool:
        """True if the model has a forward pass; a model that overrides `train_step` may have none."""
        raise NotImplementedError

    @property
    def inputs(self) -> Any:
        """The symbols for the inputs in order; None for a model that is not a graph."""
        return None

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, in logs and in the arguments of `compile`."""
        raise NotImplementedError

    @property
    def output_keys(self) -> list[str]:
        """The keys for data and for arguments of `compile` in a dict, in the order of the outputs."""
        return self.output_names

    @property
    def output_shapes(self) -> list[tuple[int | None, ...]]:
        """The batch shape of each output; its first dimension is None."""
        raise NotImplementedError

    @property
    def metrics_of_layers(self) -> list[Metric]:
        """The metrics of layers and attributes."""
        return self.metrics_within()

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        """Build the model for a batch of inputs and validate them; `form` nests their places as in the user's data."""
        raise NotImplementedError

    def forward(self, inputs: Sequence[Array], training: bool) -> tuple[Tensor, ...]:
        """Return the outputs in order for the columns of a batch, within a step."""
        raise NotImplementedError

    def pack_outputs(self, columns: Sequence[Any]) -> Any:
        """Return one value per output, nested as the model returns its outputs."""
        raise NotImplementedError

    def describe(self) -> list[Any]:
        """Return the layers and their connections, without names and initializers."""
        raise NotImplementedError

    def numbers_in_a_step(self, samples: int) -> int:
        """Return roughly how many numbers a step with `samples` samples computes with."""
        raise NotImplementedError

    def optimizers_within(self) -> dict[str, Optimizer]:
        """Return by name the optimizers, other than `optimizer`, in attributes of the model and of models inside it.

        An optimizer in a nested list or dict is named by the attribute and its position there.
        """
        optimizers: dict[str, Optimizer] = {}
        for number, layer in enumerate(dict.fromkeys((self, *self.layers_within()))):
            for name, value in (*vars(layer).items(), ("optimizer", getattr(layer, "optimizer", None))):
                for place, leaf in enumerate(leaves(value)):
                    if isinstance(leaf, Optimizer) and leaf not in (self.optimizer, *optimizers.values()):
                        within = f"{name} {place}" if isinstance(value, list | tuple | dict) else name
                        optimizers[f"{within} of layer {number}" if number else within] = leaf
        return optimizers

    def adopt_weights(self) -> None:
        """Move all learned weights into the model's buffer, including copied and replaced ones, before a training."""
        raise NotImplementedError

    def lowered_forward(self, program: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Return the symbolic values of the outputs for the columns of a batch, as `forward` does for tensors."""
        program.refuse(f"the model {self.name!r} of class {type(self).__name__}")
        raise NotImplementedError
