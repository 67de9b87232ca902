"""`Sequential`: the user's object, a chain of layers that trains."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from threading import RLock
from typing import Any

import numpy as np

from minifit import console, layers, model_files
from minifit.arrays import Array, without_batch
from minifit.checks import storable_name
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    NotBuiltError,
    ShapeError,
    UnknownNameError,
    quoted,
)
from minifit.layers import InputLayer, Layer
from minifit.layers.base import ShapeLike, assign_all, unique_name
from minifit.model_files import making, read_model, written_as_json
from minifit.parameters import Parameter, ParameterBuffer
from minifit.saving.atomic import PathLike
from minifit.saving.load_status import LoadStatus
from minifit.tables import Table, custom_object_scope, described
from minifit.tensor import Context, Tensor, TensorLike, as_tensor, constant, to_array
from minifit.training.trainer import Trainer
from minifit.utils.summary import summary_lines

__all__ = ["Sequential", "load_model", "model_from_config", "model_from_json", "save_model"]


_building = RLock()


class Sequential(Trainer):
    """A chain of layers: the output of each is the input of the next.

    Parameters
    ----------
    layers : Layer or list of Layer, optional
        May also be added one by one with `add`.
    name : str, optional
        ``sequential``, ``sequential_1``, ... when None.

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

    Examples
    --------
    >>> model = Sequential([layers.Dense(8, activation="relu", input_shape=(4,)), layers.Dense(1)])
    >>> model.compile("sgd", loss="mse")
    >>> model.fit(np.zeros((5, 4)), np.zeros(5), verbose=0).epoch
    [0]

    References
    ----------
    ``tf.keras.Sequential`` (TensorFlow 2.7).
    """

    def __init__(self, layers: Any = None, name: str | None = None) -> None:
        super().__init__()
        unnamed = isinstance(name, str | None) and not name
        self.name = storable_name("A model's name", unique_name("sequential") if unnamed else name)
        self._layers: list[Layer] = []
        self._names: set[str] = set()  # of its layers
        self._buffer = ParameterBuffer()
        self._input_shape: ShapeLike | None = None
        self._output_shapes: list[ShapeLike] = []  # of its layers in this model
        self._input_name: str | None = None
        self._laid_out = True  # whether the weights that can be learned lie side by side
        for layer in _as_list(layers):
            self.add(layer)

    # -- its layers -------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without an `InputLayer`; their weights lie where they stay."""
        if self.built and not self._laid_out:
            self.adopt_weights()
        return list(self._layers)

    def add(self, layer: Layer) -> None:
        """Add a layer at the end. It is built at once if the shape of its input is known.

        Raises
        ------
        ArgumentTypeError, ArgumentError
            When it is no layer, or its name is taken.
        BusyError
            While the model is being trained.
        """
        self._need_rest("changed")
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(
                f"A model is made of layers. Received: {layer!r} of type {type(layer).__name__}. "
                "Add for example layers.Dense(10)."
            )
        if "built" not in vars(layer):
            raise ArgumentError(
                f"A layer's __init__ must call that of Layer. Received: a {type(layer).__name__} that did not. "
                "Begin it with super().__init__(), before anything else."
            )
        if layer.name in self._names:
            raise ArgumentError(
                f"Layers of a model need names of their own. Received: a second {layer.name!r}. "
                "Make another layer, or pass another name."
            )
        if isinstance(layer, InputLayer):
            self._begin_with(layer)
            return
        shape = self.output_shape if self.built else None
        self._layers.append(layer)
        try:
            if shape is not None:
                self._build_layers([layer], shape)
            elif layer.batch_input_shape is not None and len(self._layers) == 1:
                self.build(layer.batch_input_shape)
        except BaseException:
            self._layers.pop()
            del self._output_shapes[len(self._layers) :]
            raise
        self._names.add(layer.name)

    def _begin_with(self, layer: InputLayer) -> None:
        if self._layers or self.built:
            raise ArgumentError(
                f"An InputLayer comes first. Received: {layer.name!r} after other layers. Put it at the beginning."
            )
        if layer.batch_input_shape is None:
            raise ArgumentError(
                "An InputLayer says the shape of a sample. Received: none. Pass input_shape=(20,)."
            )
        self._input_name = layer.name
        self.build(layer.batch_input_shape)

    def pop(self) -> None:
        """Take the last layer off.

        Raises
        ------
        ArgumentTypeError
            When there is none.
        BusyError
            While the model is being trained.
        """
        self._need_rest("changed")
        if not self._layers:
            raise ArgumentTypeError(
                "pop() takes the last layer off. Received: a model without layers. Nothing is left to do."
            )
        self._names.remove(self._layers.pop().name)
        del self._output_shapes[len(self._layers) :]
        if not self._layers:
            self._input_shape = self._input_name = None

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place.

        Raises
        ------
        ArgumentError, UnknownNameError
            When there is no such layer, or not exactly one of both is given.
        """
        if (name is None) == (index is None):
            raise ArgumentError(
                f"get_layer takes a name or an index. Received: name={name!r}, index={index!r}. Pass one of them."
            )
        if index is not None:
            if not -len(self._layers) <= index < len(self._layers):
                raise ArgumentError(
                    f"index must be below the number of layers, {len(self._layers)}. Received: index={index}. "
                    "Count from 0, or from -1 at the end."
                )
            return self._layers[index]
        by_name = {layer.name: layer for layer in self._layers}
        if name not in by_name:
            raise UnknownNameError.of("layer", str(name), by_name)
        return by_name[name]

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._input_shape is not None

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Make the weights for input of this shape, its first dimension None; nothing if they exist."""
        with _building:  # a second thread waits, and finds them
            if self.built:
                return
            if input_shape is None:
                raise ArgumentError(
                    "build needs the shape of the input. Received: None. Pass for example (None, 20)."
                )
            shape = (None, *input_shape[1:])
            try:
                self._build_layers(self._layers, shape)
            except BaseException:
                self._output_shapes.clear()
                raise
            self._input_shape = shape

    def _build_layers(self, new: Sequence[Layer], shape: ShapeLike) -> None:
        with Context(recording=False, streams=self.training_state.streams):
            for layer in new:
                shape = layer.build_for(shape)
                self._output_shapes.append(shape)
        self._laid_out = False  # at each layer, it would take time that grows with the square of their number

    def adopt_weights(self) -> None:
        """Let all weights that can be learned lie side by side."""
        with _building:
            self._laid_out = True
            self._buffer.adopt([w for w in self.weights if w.trainable])

    @property
    def input_shape(self) -> ShapeLike:
        """The shape of a batch of inputs, its first dimension None."""
        self._need_built("input shape")
        assert self._input_shape is not None
        return self._input_shape

    @property
    def output_shape(self) -> ShapeLike:
        """The shape of a batch of outputs, its first dimension None."""
        self._need_built("output shape")
        return self._output_shapes[-1] if self._output_shapes else self.input_shape

    # -- its weights ------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer."""
        self._need_weights()
        return _once(w for layer in self._layers for w in layer.weights)

    @property
    def trainable_weights(self) -> list[Parameter]:
        """What `fit` changes: those of layers that are not frozen."""
        self._need_weights()
        return _once(w for layer in self._layers for w in layer.trainable_weights)

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """What `fit` leaves alone."""
        self._need_weights()
        return _once(w for layer in self._layers for w in layer.non_trainable_weights)

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether any layer is trained; setting it sets all layers."""
        return any(layer.trainable for layer in self._layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = value

    @property
    def losses(self) -> list[Tensor]:
        """What the weights' regularizers add to the loss."""
        return [loss for layer in self._layers for loss in layer.losses]

    def get_weights(self) -> list[Array]:
        """Copies of all weights, layer by layer."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights, or none if one does not fit."""
        assign_all(self.name, self.weights, weights)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        return sum(w.value.size for w in self.weights)

    def _need_weights(self) -> None:
        """Raise if there are no weights yet, and lay out those of new layers."""
        if not all(layer.built for layer in self._layers):
            self._need_built("weights")
        if not self._laid_out:
            self.adopt_weights()

    def _need_built(self, what: str) -> None:
        if not self.built:
            raise NotBuiltError(
                f"The model {self.name!r} has no {what} before it is built. Received: a model that has not seen data. "
                "Call build((None, features)), give the first layer an input_shape, or let it see data."
            )

    # -- forward ----------------------------------------------------------------------------------------

    def __call__(self, inputs: TensorLike, training: bool | None = None) -> Tensor:
        """The output for a batch, as a tensor that remembers how it was made."""
        x = to_array(inputs)
        self.ready_for(x)
        with Context(streams=self.training_state.streams):
            return self._chain(
                as_tensor(inputs) if isinstance(inputs, Tensor) else Tensor(self._conform(x)), training
            )

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer."""
        return [self._layers[-1].name if self._layers else self.name]

    def forward(self, inputs: tuple[Array, ...], training: bool) -> tuple[Tensor, ...]:
        """Return the output for a batch inside a step, as a tuple of one."""
        return (self._chain(constant(self._conform(inputs[0])), training),)

    def layers_in_turn(self) -> Sequence[Layer]:
        """The layers, if a step may take them one after another; none where a subclass goes another way."""
        return self._layers if type(self).forward is Sequential.forward else ()

    def layer_outputs(self, x: Array) -> dict[str, Array]:
        """Beyond Keras: what every layer makes of a batch of inputs, by its name, as in `predict`."""
        made: dict[str, Array] = {}
        with Context(recording=False, streams=self.training_state.streams):
            tensor = constant(self._conform(x))
            for layer in self._layers:
                tensor = layer(tensor, False)
                made[layer.name] = tensor.numpy()
        return made

    def _chain(self, x: Tensor, training: bool | None) -> Tensor:
        for layer in self._layers:
            x = layer(x, training)
        return x

    def numbers_in_a_step(self, samples: int) -> int:
        """The parameters, and every layer's output for each sample."""
        outputs = sum(prod(n or 1 for n in shape[1:]) for shape in self._output_shapes)
        return self.count_params() + samples * outputs

    @property
    def input_names(self) -> Sequence[str]:
        """The name of the one input."""
        return [f"{self._layers[0].name if self._layers else self.name}_input"]

    def ready_for(self, x: Array) -> None:
        """Build for input like `x`, or see that it fits."""
        if not self.built:
            self.build((None, *(x.shape[1:] if x.ndim > 1 else (1,))))
        self._conform(x)

    def _conform(self, x: Array) -> Array:
        """A batch of inputs as float32 in the shape that the model takes; (n,) may stand for (n, 1)."""
        expected = self._input_shape
        assert expected is not None
        if x.shape[1:] != expected[1:]:
            given = x.shape
            if x.ndim == 1 and len(expected) == 2:
                x = x[:, None]
            if x.ndim != len(expected) or any(
                e not in (None, n) for e, n in zip(expected, x.shape, strict=True)
            ):
                first = self._layers[0].name if self._layers else self.name
                todo = "Reshape the data, or give the first layer another input_shape."
                if len(given) < len(expected):
                    todo = "Reshape the data; x[None] makes a single sample a batch of one."
                raise ShapeError(
                    f"Layer {first!r} expects input of shape {without_batch(expected)}. "
                    f"Received: {without_batch(given)}. {todo}"
                )
        return x if x.dtype == np.float32 else x.astype(np.float32)

    # -- files ------------------------------------------------------------------------------------------

    def save(
        self,
        filepath: PathLike,
        overwrite: bool = True,
        include_optimizer: bool = True,
        save_format: str | None = None,
        signatures: None = None,
        options: dict[str, Any] | None = None,
        save_traces: bool = True,
    ) -> None:
        """Write the model to a file: its layers, weights, what it was compiled with, and the optimizer's state.

        Parameters
        ----------
        filepath : str or PathLike
            A missing folder is made. The file appears whole or not at all; what was there before stays until then.
            A folder, or a name that ends with a separator, gets the file ``keras_model.h5``, and `load_model` reads it
            from there.
        overwrite : bool, default True
            Whether to replace a file that is there without asking.
        include_optimizer : bool, default True
            Whether to write what it was compiled with and the optimizer's state.
        save_format : {"h5", "keras"}, optional
            By default the name's end decides. "h5" is the legacy HDF5 format of Keras whatever the name; TensorFlow's
            own formats are refused.
        signatures : None
            There are none here.
        options : dict, optional
            "compression" ("gzip"), "compression_opts" (0 to 9) and "shuffle" (bool) of the arrays.
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

        References
        ----------
        ``tf.keras.Model.save`` (TensorFlow 2.7).
        """
        model_files.save(self, filepath, overwrite, include_optimizer, save_format, signatures, options)

    def save_weights(
        self,
        filepath: PathLike,
        overwrite: bool = True,
        save_format: str | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Write the weights alone; the arguments are those of `save`.

        References
        ----------
        ``tf.keras.Model.save_weights`` (TensorFlow 2.7).
        """
        model_files.save_weights(self, filepath, overwrite, save_format, options)

    def load_weights(
        self, filepath: PathLike, by_name: bool = False, skip_mismatch: bool = False, options: None = None
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
        options : None
            There are none for reading: a file says how it is stored.

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
        return model_files.load_weights(self, filepath, by_name, skip_mismatch, options)

    def to_json(self, **kwargs: Any) -> str:
        """Return the configuration as JSON in Keras's form; the keywords are those of ``json.dumps``."""
        return model_files.to_json(self, **kwargs)

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
        for line in summary_lines(self, None, line_length, positions, expand_nested, show_trainable):
            (print_fn or console.show)(line)

    def get_config(self) -> dict[str, Any]:
        """The layers as plain data, in Keras's form."""
        made: list[dict[str, Any]] = []
        if self._input_shape is not None:
            first = InputLayer(
                batch_input_shape=self._input_shape, name=self._input_name or self._default_input_name()
            )
            made.append({"class_name": "InputLayer", "config": first.get_config()})
        made += [described(layer) for layer in self._layers]
        return {"name": self.name, "layers": made}

    def describe(self) -> list[dict[str, Any]]:
        """The layers, without what they are called and what their weights begin with."""
        made = []
        for layer in self._layers:
            config = {k: v for k, v in layer.get_config().items() if not _decides_nothing(k)}
            made.append({"class_name": type(layer).__name__, **config})
        return made

    def _default_input_name(self) -> str:
        return f"{self._layers[0].name}_input" if self._layers else "input_1"

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any] | list[Any], custom_objects: Mapping[str, Any] | None = None
    ) -> "Sequential":
        """A model of the same layers with weights of its own.

        Parameters
        ----------
        config : dict
            What `get_config` returned, or only its list of layers.
        custom_objects : dict, optional
            Layer classes of your own, by name.

        Raises
        ------
        ArgumentError
            When `config` is no such description.
        UnknownNameError
            For a layer that is neither minifit's nor among `custom_objects`.
        """
        entries: Any = config.get("layers") if isinstance(config, Mapping) else config
        if not isinstance(entries, list | tuple) or not all(_describes_layer(e) for e in entries):
            raise ArgumentError(
                "The configuration of a model is a dict whose 'layers' are a list of dicts with a class_name and a "
                f"config. Received: {quoted(config)}. Pass what get_config() returned."
            )
        made = cls(name=config.get("name") if isinstance(config, Mapping) else None)
        with custom_object_scope(custom_objects):
            for entry in entries:
                made.add(layers.TABLE.make(entry))
        return made

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self._layers)} layers>"


def _once(weights: Iterable[Parameter]) -> list[Parameter]:
    """Each weight once: two layers may share one."""
    return list(dict.fromkeys(weights))


def _describes_layer(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and "class_name" in entry
        and isinstance(entry.get("config") or {}, Mapping)
    )


def _as_list(layers: Any) -> list[Any]:
    if layers is None:
        return []
    return list(layers) if isinstance(layers, list | tuple) else [layers]


def _decides_nothing(name: str) -> bool:
    """Whether a layer's argument means nothing any more once its weights are there."""
    return name in ("name", "trainable", "batch_input_shape", "dtype") or name.endswith("_initializer")


# -- from files ----------------------------------------------------------------------------------------------

TABLE = Table("model", {"Sequential": Sequential})


def save_model(model: Sequential, filepath: PathLike, overwrite: bool = True, **kwargs: Any) -> None:
    """Write a model to a file; the arguments are those of `Sequential.save`."""
    model.save(filepath, overwrite, **kwargs)


def load_model(
    filepath: PathLike,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    options: None = None,
) -> Sequential:
    """A model from a file that `save` or Keras has written.

    Parameters
    ----------
    filepath : str or PathLike
    custom_objects : dict, optional
        Classes and functions of your own (layers, losses, metrics, optimizers, activations, ...) by the names that
        the file calls them. Nothing is ever run or imported by a name in a file.
    compile : bool, default True
        Whether to compile the model as it was, and let its optimizer remember what it did.
    options : None
        Accepted as in Keras.

    Returns
    -------
    Sequential

    Raises
    ------
    FileFormatError
        When it is no such file, damaged, or has something that does not belong into it.
    UnknownNameError
        For classes that are neither minifit's nor among `custom_objects`.
    OSError
        When the file cannot be opened.

    References
    ----------
    ``tf.keras.models.load_model`` (TensorFlow 2.7).
    """
    return read_model(filepath, model_from_config, custom_objects, compile)  # type: ignore[no-any-return]


def model_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Sequential:
    """A model from ``{"class_name": "Sequential", "config": model.get_config()}``, with weights of its own."""
    with making("a model"), custom_object_scope(custom_objects):
        if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str):
            raise ArgumentTypeError(
                "A model's configuration is a dict with 'class_name' and 'config'. "
                f"Received: {str(config)[:60]}. Pass what to_json returned, or get_config under 'config'."
            )
        return TABLE.make(config)  # type: ignore[no-any-return]


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Sequential:
    """A model from what `to_json` returned, with weights of its own."""
    return model_from_config(written_as_json(json_string), custom_objects)
