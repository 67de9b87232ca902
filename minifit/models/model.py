"""`Model`: layers that are called in some order, as one layer that trains.

There are four ways to make one. `Sequential` is a chain. ``Model(inputs, outputs)`` is what lies between symbols: a
graph. A subclass has layers as attributes and calls them in `call`, as it likes. And each of these may stand in another
model, since a model is a layer.
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
    """Layers as one: what trains, predicts, is saved, and is a layer itself.

    Parameters
    ----------
    inputs : Symbol, or list or dict of Symbol
        From `Input`. A dict gives the inputs the names under which data is passed.
    outputs : Symbol, or nested symbols
        What layers made of the inputs; the model returns it nested in the same way.
    name : str, optional
        ``model``, ``model_1``, ... when None; a subclass is called after its class.
    trainable : bool, default True
        Whether training changes the weights of its layers.

    Attributes
    ----------
    layers : list of Layer
    optimizer : Optimizer
        Set by `compile`.
    history : History
        What the last `fit` returned.
    stop_training : bool
        Set it in a callback to end training.
    training_state : TrainingState
        Everything that decides how training goes on.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When inputs are no symbols, when the outputs depend on anything else, or when two layers have one name.

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
        """Make a `Functional` of inputs and outputs, as Keras does."""
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
            inputs, name = None, inputs  # a subclass that hands on its name, where tf.keras leaves it aside
        if (inputs is None) != (outputs is None):
            raise ArgumentError(
                "A graph lies between inputs and outputs. Received: one of them. Pass both, or none for a subclass "
                "with a call of its own."
            )
        if isinstance(name, str | None) and not name and self._base_name is not None:
            super().__init__(unique_name(self._base_name), trainable, **kwargs)
            self.auto_named = True
        else:
            super().__init__(name, trainable, **kwargs)
        self._graph: Graph | None = None
        self._inputs_like: Any = None  # how they are nested; leaves are None
        self._outputs_like: Any = None
        self._inputs_form: Any = 0  # how the data was nested that a model without a graph saw last
        self._buffer = ParameterBuffer()
        self._laid_out = True  # whether the weights that can be learned lie side by side
        if inputs is not None:
            self._connect(inputs, outputs)

    _base_name: str | None = None  # of models whose class does not name them

    def __setattr__(self, name: str, value: Any) -> None:
        """Own layers and weights; not before there is a model to own them."""
        if "_buffer" not in vars(self) and isinstance(value, Layer | Parameter):
            raise ArgumentError(
                f"A model's __init__ must call that of Model. Received: {type(self).__name__}.{name}, set without. "
                "Begin it with super().__init__(), before anything else."
            )
        super().__setattr__(name, value)

    def _streams(self) -> Any:
        """Return where its layers draw random numbers from."""
        return self.training_state.streams

    # -- its layers -------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers directly in it: of a graph, the nearer to the inputs the earlier."""
        self._lay_out()
        return self.layers_inside()

    def layers_inside(self) -> list[Layer]:
        """Return the layers of the graph, and those that attributes hold, each once."""
        held = super().layers_inside()
        return held if self._graph is None else list(dict.fromkeys([*self._graph.layers, *held]))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its place.

        Raises
        ------
        ArgumentError, UnknownNameError
            When there is no such layer, or not exactly one of both is given.
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
        """Make the weights for inputs of these shapes, their first dimensions None; nothing if they exist.

        Parameters
        ----------
        input_shape : tuple, or tuples nested as `call` takes its inputs
        """
        with _building:  # a second thread waits, and finds them
            if self.built:
                return
            if input_shape is None:
                raise ArgumentError(
                    "build needs the shape of the input. Received: None. Pass for example (None, 20)."
                )
            self._build(map_shapes(lambda shape: (None, *shape[1:]) if shape else shape, input_shape))

    def _build(self, input_shape: Any, like: Any = None, **kwargs: Any) -> None:
        with Context(recording=False, streams=self._streams()):
            self._shapes = input_shape, self._tried(input_shape, kwargs, like)
        self.built, self._laid_out = True, False

    def build_for(self, input_shape: Any, like: Any = None, /, **kwargs: Any) -> Any:
        """Build the model if it is not built yet; returns the shape of its output, nested as that is."""
        if not self.built and kwargs and type(self).build is Model.build:
            with _building:
                self._build(input_shape, like, **kwargs)
        elif not self.built:
            self.build(input_shape)
            self.built = True  # where a subclass has a build of its own
        if self._shapes is None or kwargs or input_shape != self._shapes[0]:
            with Context(recording=False, streams=self._streams()):
                output_shape = self._tried(input_shape, kwargs, like)
            self._shapes = self._shapes or (input_shape, output_shape)
            self._laid_out = False
            return output_shape
        return self._shapes[1]

    @property
    def has_weights(self) -> bool:
        """True when weights exist: it is built, or has no `call` and holds layers that are built."""
        return self.built or (not self.has_call and any(layer.built for layer in self.layers_inside()))

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        """Build for a batch of inputs and see that it fits; `form` nests their places as the user gave them."""
        if not self.built and not self.has_call:
            return  # its own steps call its layers, or `call` says that there is none
        if not self.built:
            shapes = [(None, *(x.shape[1:] if x.ndim > 1 else (1,))) for x in inputs]
            self.build_for(nest.map_leaves(lambda place: shapes[place], form))
        if self._graph is None:
            self._inputs_form = form
        else:
            self.check_fit(inputs)

    def adopt_weights(self) -> None:
        """Let all weights lie side by side, those of models inside each where these keep them."""
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

    # -- its weights ------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer, each once."""
        self._need_weights()
        found: list[Parameter] = []
        for layer in self._layers_with_weights():
            found += layer.weights
        found += self.own_weights()
        return list(dict.fromkeys(found))

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that training changes: those of layers that are not frozen."""
        self._need_weights()
        if not self.trainable:
            return []
        found: list[Parameter] = []
        for layer in self._layers_with_weights():
            found += layer.trainable_weights
        found += [w for w in self.own_weights() if w.trainable]
        return list(dict.fromkeys(found))

    def _need_weights(self) -> None:
        """Raise if there are no weights yet, and lay out those of new layers."""
        if self._waits_for_data():
            self._need_built("weights")
        self._lay_out()

    def _waits_for_data(self) -> bool:
        """Return whether its weights come with the first call. Without a `call` it has those of its layers already."""
        return not self.built and self.has_call and not all(layer.built for layer in self.layers_inside())

    def _layers_with_weights(self) -> list[Layer]:
        return [x for x in self.layers_inside() if not (isinstance(x, Model) and x._waits_for_data())]

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        return sum([w.value.size for w in self.weights])

    # -- forward ----------------------------------------------------------------------------------------

    @property
    def has_call(self) -> bool:
        """True for a graph and for a `call` of its own; a model that has neither may have steps of its own."""
        return self._graph is not None or type(self).call is not Wired.call or "call" in vars(self)

    def forward(self, inputs: Sequence[Array], training: bool) -> tuple[Tensor, ...]:
        """Return the outputs in order for the columns of a batch, inside a step."""
        tensors = [constant(x if x.dtype == FLOAT else x.astype(FLOAT)) for x in inputs]
        if self._graph is not None:
            given = tensors[0] if self._inputs_like is None else nest.pack(self._inputs_like, tensors)
        else:
            tensors = [t.reshape(-1, 1) if t.ndim == 1 else t for t in tensors]
            given = nest.map_leaves(tensors.__getitem__, self._inputs_form)
        result = self.run(given, training, {})
        return (result,) if type(result) is Tensor else tuple(nest.flatten(result))

    def lowered_forward(self, program: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Return the values of the outputs in order, as `forward` does for tensors."""
        if self._graph is None or type(self).forward is not Model.forward:
            program.refuse(f"the model {self.name!r}, which is no graph of layers")
        given = inputs[0] if self._inputs_like is None else nest.pack(self._inputs_like, list(inputs))
        return tuple(nest.flatten(self.lowered(program, given, program.training, {})))

    def numbers_in_a_step(self, samples: int) -> int:
        """Return how many numbers a step goes through: the parameters, and every layer's output for each sample."""
        if self._graph is not None:
            made = sum([node.size for node in self._graph.nodes])
        else:
            inside = [layer for layer in self.layers_within() if layer._shapes is not None]
            shapes = [shape for layer in inside for shape in flat_shapes(layer._shapes[1])]
            made = sum(prod(n or 1 for n in shape[1:]) for shape in shapes)
        return self.count_params() + samples * made

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
            Where the columns end, as parts of the line.
        print_fn : callable, optional
            Called with each line, instead of printing it.
        expand_nested : bool, default False
            Whether the layers of models in the model are listed, each inside a border.
        show_trainable : bool, default False
            Whether a last column says ``Y`` or ``N`` for each layer.

        Raises
        ------
        OSError
            When the table cannot be printed, as ``print`` does.
        """
        self._need_built("summary")
        for line in summary_lines(self, self._graph, line_length, positions, expand_nested, show_trainable):
            (print_fn or console.show)(line)

    def get_config(self) -> dict[str, Any]:
        """Return the graph as plain data, in Keras's form.

        Raises
        ------
        NotImplementedError
            For a subclass that is no graph and defines no get_config of its own.
        """
        if self._graph is None:
            raise NotImplementedError(
                f"Only a graph of layers can be described. {type(self).__name__} calls its layers in call(): define "
                "get_config and from_config, or save its weights alone with save_weights."
            )
        return configs.of_graph(self)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        """Return a model of the same layers with weights of its own.

        Parameters
        ----------
        config : dict
            What `get_config` returned.
        custom_objects : dict, optional
            Layer classes of your own, by name.

        Raises
        ------
        ArgumentError
            When `config` is no such description.
        UnknownNameError
            For a layer that is neither minifit's nor among `custom_objects`.
        """
        if cls.get_config is not Model.get_config and not is_graph(config):
            return cls(**config)
        inputs, outputs, more = configs.symbols_of(config, custom_objects)
        made = cls(inputs=inputs, outputs=outputs, name=config.get("name"))
        for symbol in more:
            made._append(symbol)
        return made

    def describe(self) -> list[Any]:
        """Return the layers and their connections, without names and without what weights begin with."""
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
        """Write the model to a file: its layers, weights, what it was compiled with, and the optimizer's state.

        Parameters
        ----------
        filepath : str, PathLike or open binary file
            A missing folder is made. The file appears whole or not at all; what was there before stays until then.
            A folder, or a name that ends with a separator, gets the file ``keras_model.h5``, and `load_model` reads it
            from there. An open file, such as ``io.BytesIO``, gets the content of a ``.keras`` file.
        overwrite : bool, default True
            Whether to replace a file that is there without asking.
        include_optimizer : bool, default True
            Whether to write what it was compiled with and the optimizer's state.
        save_format : {"h5", "tf", "keras"}, optional
            By default the name's end decides, and under any other name than those that end with ``.h5``, ``.hdf5`` or
            ``.keras`` it is "h5", one file in the legacy HDF5 format of Keras. "tf" is a folder then, with such a file
            in it, since TensorFlow's own format is never written; it is the default under the stand-in, as in tf.keras.
        signatures : None
            There are none here.
        options : dict, SaveOptions or CheckpointOptions, optional
            "compression" ("gzip"), "compression_opts" (0 to 9) and "shuffle" (bool) of the arrays. TensorFlow's objects
            name a device, of which there is one.
        save_traces : bool
            Accepted as in Keras.

        Raises
        ------
        NotBuiltError
            When the model has no weights yet.
        OSError
            When the file cannot be written.
        FileFormatError
            When it is to go into a folder that holds a model of TensorFlow's own format.
        FileExistsError
            When a file is in the place of the folder.

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
        """Write the weights alone; the arguments are those of `save`.

        With ``save_format="tf"`` they are three files, named as in tf.keras: ``NAME.data-00000-of-00001`` has the
        weights, in a format of Keras, ``NAME.index`` says so, and the text file ``checkpoint`` names the latest of its
        folder.

        References
        ----------
        ``tf.keras.Model.save_weights`` (TensorFlow 2.7).
        """
        files.save_weights(self, filepath, overwrite, save_format, options)

    def load_weights(
        self, filepath: PathLike, by_name: bool = False, skip_mismatch: bool = False, options: Any = None
    ) -> LoadStatus:
        """Take the weights from a file that `save_weights`, `save` or Keras has written.

        Keras 3's formats also hold what the optimizer remembers, which a compiled model takes too.

        Parameters
        ----------
        filepath : str or PathLike
        by_name : bool, default False
            Whether a layer takes the weights of the layer of its name, and keeps its own when there is none;
            otherwise they are taken in order.
        skip_mismatch : bool, default False
            Whether layers that do not fit are left as they are, with a warning. In the legacy format it counts
            together with `by_name`, which Keras 3's formats do not know.
        options : CheckpointOptions, optional
            Accepted: it names a device, of which there is one. A file says how it is stored.

        Returns
        -------
        LoadStatus
            Its ``assert_consumed()`` raises when `by_name` or `skip_mismatch` left weights out.

        Raises
        ------
        NotBuiltError
            When the model has no weights yet.
        FileFormatError
            When the file is damaged or does not fit; the model stays as it was.
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
    """A model that was made of inputs and outputs."""

    _base_name = "model"


configs.MODELS.update({"Functional": Functional, "Model": Functional})
