"""`Model`: layers combined into one trainable layer.

There are four ways to build one. `Sequential` is a chain of layers. ``Model(inputs, outputs)`` is the graph of layers
between two sets of symbols. A subclass holds layers as attributes and calls them in its own `call`. And since a model
is a layer, each of these may be a layer of another model.
"""

from collections.abc import Callable, Sequence
from math import prod
from threading import RLock
from typing import Any

from minifit import console, nest
from minifit.arrays import FLOAT, Array
from minifit.errors import ArgumentError, UnknownNameError
from minifit.graph import Graph, flat_shapes, map_shapes
from minifit.layers import Layer
from minifit.layers.base import unique_name
from minifit.models import configs, files
from minifit.models.wiring import Wired
from minifit.parameters import Parameter, ParameterBuffer
from minifit.saving.atomic import PathLike
from minifit.saving.formats import ModelFile
from minifit.saving.graph_config import is_graph
from minifit.saving.load_status import LoadStatus
from minifit.tensor import Context, Tensor, constant
from minifit.utils.summary import summary_lines

_building = RLock()


class Model(Wired):
    """Layers combined into one layer that trains, predicts and is saved as a whole.

    Parameters
    ----------
    inputs : Symbol, or list or dict of Symbol
        Returned by `Input`. The keys of a dict are the names under which data is passed.
    outputs : Symbol, or nested symbols
        The results of calling layers on the inputs; the model returns its outputs nested in the same way.
    name : str, optional
        ``model``, ``model_1``, ... when None; a subclass is named after its class.
    trainable : bool, default True
        Whether training changes the weights of its layers.

    Attributes
    ----------
    layers : list of Layer
    optimizer : Optimizer
        Set by `compile`.
    history : History
        The return value of the last `fit`.
    stop_training : bool
        Set it to True in a callback to end training.
    training_state : TrainingState
        The complete state of the training: everything that determines its further course.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When the inputs are not symbols, when the outputs depend on anything else, or when two layers share a name.

    Examples
    --------
    >>> from minifit.layers import Dense, Input
    >>> x = Input((4,))
    >>> y = Dense(8, activation="relu")(x)
    >>> model = Model(x, Dense(1)(y))
    >>> model.output_shape
    (None, 1)

    References
    ----------
    ``tf.keras.Model`` (TensorFlow 2.7).
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Create a `Functional` when inputs and outputs are passed, as Keras does."""
        graph = cls is Model and bool(args or "inputs" in kwargs)
        return super().__new__(Functional if graph else cls)

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> None:
        if isinstance(inputs, str) and outputs is None and not isinstance(self, Functional):
            # A subclass passed its name as the first argument. tf.keras ignores it there.
            inputs, name = None, inputs
        if (inputs is None) != (outputs is None):
            raise ArgumentError(
                "A graph of layers needs inputs and outputs. Received: only one of them. Pass both, or neither for a "
                "subclass that defines call()."
            )
        if isinstance(name, str | None) and not name and self._base_name is not None:
            super().__init__(unique_name(self._base_name), trainable, **kwargs)
            self.auto_named = True
        else:
            super().__init__(name, trainable, **kwargs)
        self._graph: Graph | None = None
        # The nesting of the inputs and of the outputs, with None for each leaf.
        self._inputs_like: Any = None
        self._outputs_like: Any = None
        # The nesting of the latest data of a model without a graph.
        self._inputs_form: Any = 0
        self._buffer = ParameterBuffer()
        # Whether the trainable weights lie side by side in the buffer.
        self._laid_out = True
        if inputs is not None:
            self._connect(inputs, outputs)

    # The default name where it is not taken from the class.
    _base_name: str | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Register layers and weights with the model, which must be initialized."""
        if "_buffer" not in vars(self) and isinstance(value, Layer | Parameter):
            raise ArgumentError(
                f"A model's __init__ must call that of Model first. Received: {type(self).__name__}.{name}, set before "
                "it. Begin with super().__init__()."
            )
        super().__setattr__(name, value)

    def _streams(self) -> Any:
        """Return the random streams that the layers draw from."""
        return self.training_state.streams

    # -- layers -----------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The direct layers of the model; in a graph, those nearer to the inputs come first."""
        self._lay_out()
        return self.layers_inside()

    def layers_inside(self) -> list[Layer]:
        """Return the layers of the graph and those held by attributes, each once."""
        held = super().layers_inside()
        return held if self._graph is None else list(dict.fromkeys([*self._graph.layers, *held]))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its index.

        Raises
        ------
        ArgumentError, UnknownNameError
            When there is no such layer, or when not exactly one of the two is passed.
        """
        if (name is None) == (index is None):
            raise ArgumentError(
                f"get_layer takes a name or an index. Received: name={name!r}, index={index!r}. Pass one of them."
            )
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ArgumentError(
                    f"index must be below the number of layers, {len(layers)}. Received: index={index}. "
                    "Count from 0, or from -1 at the end."
                )
            return layers[index]
        by_name = {layer.name: layer for layer in layers}
        if name not in by_name:
            raise UnknownNameError.of("layer", str(name), by_name)
        return by_name[name]

    # -- building ---------------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Create the weights for inputs of these shapes; do nothing if the model is built.

        Parameters
        ----------
        input_shape : tuple, or tuples nested as `call` takes its inputs
            The first dimension of each is that of the batch and counts as None.
        """
        # A second thread waits here, then sees a built model.
        with _building:
            if self.built:
                return
            if input_shape is None:
                raise ArgumentError(
                    "build needs the shape of the input. Received: None. Pass, for example, (None, 20)."
                )
            self._build(map_shapes(lambda shape: (None, *shape[1:]) if shape else shape, input_shape))

    def _build(self, input_shape: Any, like: Any = None, **kwargs: Any) -> None:
        with Context(recording=False, streams=self._streams()):
            self._shapes = input_shape, self._tried(input_shape, kwargs, like)
        self.built, self._laid_out = True, False

    def build_for(self, input_shape: Any, like: Any = None, /, **kwargs: Any) -> Any:
        """Build the model if needed and return the output's shape, nested as the output is."""
        if not self.built and kwargs and type(self).build is Model.build:
            with _building:
                self._build(input_shape, like, **kwargs)
        elif not self.built:
            self.build(input_shape)
            # A subclass that defines build() need not set it.
            self.built = True
        if self._shapes is None or kwargs or input_shape != self._shapes[0]:
            with Context(recording=False, streams=self._streams()):
                output_shape = self._tried(input_shape, kwargs, like)
            self._shapes = self._shapes or (input_shape, output_shape)
            self._laid_out = False
            return output_shape
        return self._shapes[1]

    @property
    def has_weights(self) -> bool:
        """True when weights exist: the model is built, or has no `call` and holds layers that are built."""
        return self.built or (not self.has_call and any(layer.built for layer in self.layers_inside()))

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        """Build for a batch of inputs and check that it fits; `form` nests their indices as the data was nested."""
        if not self.built and not self.has_call:
            # Its own steps call the layers; if there are none, `call` raises.
            return
        if not self.built:
            shapes = [(None, *(x.shape[1:] if x.ndim > 1 else (1,))) for x in inputs]
            self.build_for(nest.map_leaves(lambda index: shapes[index], form))
        if self._graph is None:
            self._inputs_form = form
        else:
            self.check_fit(inputs)

    def adopt_weights(self) -> None:
        """Move all weights into the buffer; weights of inner models stay in the buffers of those."""
        with _building:
            if not self._laid_out:
                self._laid_out = True
            for layer in self.layers_inside():
                if isinstance(layer, Model):
                    layer.adopt_weights()
            self._buffer.adopt(self.all_weights())

    def _lay_out(self) -> None:
        if not self._laid_out:
            self.adopt_weights()

    # -- weights ----------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer, each once."""
        self._need_weights()
        weights: list[Parameter] = []
        for layer in self._layers_with_weights():
            weights += layer.weights
        weights += self.own_weights()
        return list(dict.fromkeys(weights))

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that training updates: those of layers that are not frozen."""
        self._need_weights()
        if not self.trainable:
            return []
        weights: list[Parameter] = []
        for layer in self._layers_with_weights():
            weights += layer.trainable_weights
        weights += [w for w in self.own_weights() if w.trainable]
        return list(dict.fromkeys(weights))

    def _need_weights(self) -> None:
        """Raise if there are no weights yet, and move those of new layers into the buffer."""
        if self._waits_for_data():
            self._need_built("weights")
        self._lay_out()

    def _waits_for_data(self) -> bool:
        """Return whether the first call creates the weights; a model without `call` has those of its layers already."""
        return not self.built and self.has_call and not all(layer.built for layer in self.layers_inside())

    def _layers_with_weights(self) -> list[Layer]:
        return [
            layer
            for layer in self.layers_inside()
            if not (isinstance(layer, Model) and layer._waits_for_data())
        ]

    def count_params(self) -> int:
        """Return the number of parameters: the size of all weights together."""
        return sum([w.value.size for w in self.weights])

    # -- forward ----------------------------------------------------------------------------------------

    @property
    def has_call(self) -> bool:
        """True for a graph and for a class that defines `call`; a model without either may define its own steps."""
        return self._graph is not None or type(self).call is not Wired.call or "call" in vars(self)

    def forward(self, inputs: Sequence[Array], training: bool) -> tuple[Tensor, ...]:
        """Return the outputs, in order, for the columns of a batch; called inside a step."""
        tensors = [constant(x if x.dtype == FLOAT else x.astype(FLOAT)) for x in inputs]
        if self._graph is not None:
            nested = tensors[0] if self._inputs_like is None else nest.pack(self._inputs_like, tensors)
        else:
            tensors = [t.reshape(-1, 1) if t.ndim == 1 else t for t in tensors]
            nested = nest.map_leaves(tensors.__getitem__, self._inputs_form)
        result = self.run(nested, training, {})
        return (result,) if type(result) is Tensor else tuple(nest.flatten(result))

    def lowered_forward(self, program: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Return the values of the outputs in order, as `forward` does for tensors."""
        if self._graph is None or type(self).forward is not Model.forward:
            program.refuse(f"the model {self.name!r}, which is not a graph of layers")
        nested = inputs[0] if self._inputs_like is None else nest.pack(self._inputs_like, list(inputs))
        return tuple(nest.flatten(self.lowered(program, nested, program.training, {})))

    def numbers_in_a_step(self, samples: int) -> int:
        """Return how many numbers a step computes with: the parameters, and every layer's output for each sample."""
        if self._graph is not None:
            outputs = sum([node.size for node in self._graph.nodes])
        else:
            inside = [layer for layer in self.layers_within() if layer._shapes is not None]
            shapes = [shape for layer in inside for shape in flat_shapes(layer._shapes[1])]
            outputs = sum(prod(n or 1 for n in shape[1:]) for shape in shapes)
        return self.count_params() + samples * outputs

    # -- as data ----------------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Print the layers, their output shapes and their numbers of parameters.

        Parameters
        ----------
        line_length : int, default 65
        positions : list of float, optional
            The ends of the columns, as fractions of the line.
        print_fn : callable, optional
            Called with each line instead of printing it.
        expand_nested : bool, default False
            Whether to list the layers of inner models, inside a border.
        show_trainable : bool, default False
            Whether to add a last column with ``Y`` or ``N`` for each layer.

        Raises
        ------
        OSError
            When the table cannot be printed, as for ``print``.
        """
        self._need_built("summary")
        for line in summary_lines(self, self._graph, line_length, positions, expand_nested, show_trainable):
            (print_fn or console.show)(line)

    def get_config(self) -> dict[str, Any]:
        """Return the graph as plain data, in Keras's form.

        Raises
        ------
        NotImplementedError
            For a subclass that is not a graph and does not define get_config.
        """
        if self._graph is None:
            raise NotImplementedError(
                f"Only a graph of layers has a configuration. {type(self).__name__} calls its layers in call(): define "
                "get_config and from_config, or save only its weights with save_weights."
            )
        return configs.of_graph(self)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        """Return a model with the same layers and new weights.

        Parameters
        ----------
        config : dict
            The return value of `get_config`.
        custom_objects : dict, optional
            Your own layer classes by name.

        Raises
        ------
        ArgumentError
            When `config` is not the configuration of a model.
        UnknownNameError
            For a layer class that is neither minifit's nor in `custom_objects`.
        """
        if cls.get_config is not Model.get_config and not is_graph(config):
            return cls(**config)
        inputs, outputs, more = configs.symbols_of(config, custom_objects)
        model = cls(inputs=inputs, outputs=outputs, name=config.get("name"))
        for symbol in more:
            model._append(symbol)
        return model

    def describe(self) -> list[Any]:
        """Return the layers and their connections, without names and initializers."""
        return configs.described(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self.layers_inside())} layers>"

    # -- files ------------------------------------------------------------------------------------------

    def save(
        self,
        filepath: ModelFile,
        overwrite: bool = True,
        include_optimizer: bool = True,
        save_format: str | None = None,
        signatures: None = None,
        options: Any = None,
        save_traces: bool = True,
    ) -> None:
        """Write the model to a file: its layers, weights, compile arguments and optimizer state.

        Parameters
        ----------
        filepath : str, PathLike or open binary file
            Missing folders are created. The file appears whole or not at all; an earlier file stays until then.
            In a folder, or under a name that ends with a separator, the file is called ``keras_model.h5``, and
            `load_model` reads it from there. An open file, such as ``io.BytesIO``, receives the content of a ``.keras``
            file.
        overwrite : bool, default True
            Whether to replace an existing file without asking.
        include_optimizer : bool, default True
            Whether to write the compile arguments and the optimizer's state.
        save_format : {"h5", "tf", "keras"}, optional
            By default the suffix ``.h5``, ``.hdf5`` or ``.keras`` of the name decides. Without one of these it is "h5",
            one file in the legacy HDF5 format of Keras. "tf" then writes a folder with such a file in it, since
            TensorFlow's own format is never written; it is the default under the stand-in, as in tf.keras.
        signatures : None
            Not supported.
        options : dict, SaveOptions or CheckpointOptions, optional
            "compression" ("gzip"), "compression_opts" (0 to 9) and "shuffle" (bool) of the arrays. TensorFlow's option
            objects name a device, and there is only one.
        save_traces : bool
            Accepted as in Keras, without effect.

        Raises
        ------
        NotBuiltError
            When the model has no weights yet.
        OSError
            When the file cannot be written.
        FileFormatError
            When the folder holds a model in TensorFlow's own format.
        FileExistsError
            When a file stands where the folder should be.

        References
        ----------
        ``tf.keras.Model.save`` (TensorFlow 2.7).
        """
        files.save(self, filepath, overwrite, include_optimizer, save_format, signatures, options)

    def save_weights(
        self,
        filepath: PathLike,
        overwrite: bool = True,
        save_format: str | None = None,
        options: Any = None,
    ) -> None:
        """Write only the weights; the arguments are those of `save`.

        With ``save_format="tf"`` there are three files, named as in tf.keras: ``NAME.data-00000-of-00001`` holds the
        weights in a format of Keras, ``NAME.index`` names that format, and the text file ``checkpoint`` names the
        latest weights of the folder.

        References
        ----------
        ``tf.keras.Model.save_weights`` (TensorFlow 2.7).
        """
        files.save_weights(self, filepath, overwrite, save_format, options)

    def load_weights(
        self, filepath: PathLike, by_name: bool = False, skip_mismatch: bool = False, options: Any = None
    ) -> LoadStatus:
        """Read the weights from a file that `save_weights`, `save` or Keras wrote.

        Files in Keras 3's formats also hold the optimizer's state, which a compiled model restores too.

        Parameters
        ----------
        filepath : str or PathLike
        by_name : bool, default False
            Whether to match layers by name. A layer whose name the file lacks keeps its weights. Otherwise layers are
            matched in order.
        skip_mismatch : bool, default False
            Whether to skip layers that do not fit, with a warning. For the legacy format it needs `by_name`, which
            Keras 3's formats do not have.
        options : CheckpointOptions, optional
            Accepted without effect: it names a device, and there is only one.

        Returns
        -------
        LoadStatus
            Its ``assert_consumed()`` raises when `by_name` or `skip_mismatch` skipped weights.

        Raises
        ------
        NotBuiltError
            When the model has no weights yet.
        FileFormatError
            When the file is damaged or does not fit; the model is unchanged.
        OSError
            When the file cannot be opened.

        References
        ----------
        ``tf.keras.Model.load_weights`` (TensorFlow 2.7).
        """
        return files.load_weights(self, filepath, by_name, skip_mismatch, options)

    def to_json(self, **kwargs: Any) -> str:
        """Return the configuration as JSON in Keras's form; the keywords are those of ``json.dumps``."""
        return files.to_json(self, **kwargs)


class Functional(Model):
    """A model built from inputs and outputs."""

    _base_name = "model"


configs.MODELS.update({"Functional": Functional, "Model": Functional})
