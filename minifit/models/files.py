"""The functions that save and load models; the methods of models call them.

To save a model, `describe` first turns it into plain data; the modules of `minifit.saving` know the formats. To load, a
file is read completely before any part of a model changes.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minifit import console, losses, metrics, nest, optimizers
from minifit.arrays import Array
from minifit.errors import (
    ArgumentError,
    FileFormatError,
    MinifitError,
    NotBuiltError,
    UnknownNameError,
    legible,
    quoted,
)
from minifit.layers import Layer
from minifit.models import configs
from minifit.parameters import Parameter, room_for
from minifit.registration import custom_object_scope, get_registered_name
from minifit.saving import checkpoint_files, formats
from minifit.saving.atomic import PathLike
from minifit.saving.description import (
    Config,
    LayerWeights,
    ModelDescription,
    OptimizerVariables,
    StoredArray,
    StoredModel,
    Weight,
)
from minifit.saving.device_options import check_device_options
from minifit.saving.formats import ModelFile
from minifit.saving.graph_config import SHARED
from minifit.saving.load_status import LoadStatus
from minifit.tables import described
from minifit.training.trainer import Trainer

# -- the functions behind the methods of models --------------------------------------------------------------


def save(
    model: Any,
    filepath: ModelFile,
    overwrite: bool = True,
    include_optimizer: bool = True,
    save_format: str | None = None,
    signatures: None = None,
    options: Any = None,
) -> None:
    """Write a whole model, see `Model.save`."""
    file, format = formats.to_write(filepath, save_format)
    if signatures is not None:
        raise ArgumentError(
            "Signatures are part of TensorFlow's own format, which is not supported. "
            f"Received: signatures={signatures!r}. Leave them out."
        )
    if not isinstance(file, str | os.PathLike) or _may_write(file, overwrite):
        format.write(file, describe(model, True, include_optimizer), options)


def save_weights(
    model: Any,
    filepath: PathLike,
    overwrite: bool = True,
    save_format: str | None = None,
    options: Any = None,
) -> None:
    """Write only the weights of a model, see `Model.save_weights`."""
    format = formats.of(filepath, save_format)
    is_checkpoint = formats.is_checkpoint(filepath, save_format)
    begin = os.fspath(filepath)
    if not _may_write(f"{begin}{checkpoint_files.INDEX}" if is_checkpoint else filepath, overwrite):
        return
    file = f"{begin}{checkpoint_files.DATA}" if is_checkpoint else filepath
    format.write(file, describe(model, False, format.remembers), options)
    if is_checkpoint:
        checkpoint_files.complete(filepath)
    elif not formats.is_file(filepath):
        # The new file replaces those of an earlier checkpoint.
        checkpoint_files.remove(filepath)


def load_weights(
    model: Any, filepath: PathLike, by_name: bool = False, skip_mismatch: bool = False, options: Any = None
) -> LoadStatus:
    """Replace the weights of a model by those of a file, see `Model.load_weights`."""
    check_device_options(options, "load_weights")
    described = describe(model, False, False).model
    filepath = formats.located(checkpoint_files.weights_of(filepath))
    with formats.of(filepath).reading(filepath) as stored:
        pairs = stored.weights_for(described, by_name, skip_mismatch)
        numbers, unread = _read(pairs), stored.unread(pairs)
        remembers = stored.remembers and model.optimizer is not None
        state = _optimizer_state(model, stored, "keeps its state") if remembers else None
    _put(numbers)
    if state is not None:
        model.optimizer.set_state(state, model.trainable_weights)
    loaded = {id(weight.value) for weight, _ in pairs}
    missing = [w.name for w in described.all_weights() if id(w.value) not in loaded]
    return LoadStatus(missing, unread)


def to_json(model: Any, **kwargs: Any) -> str:
    """Return the configuration of a model as JSON in Keras's form; the keywords are those of ``json.dumps``."""
    document = {**_config(model), "keras_version": "2.7.0", "backend": "tensorflow"}
    return json.dumps(document, **{"default": _plain, **kwargs})


LISTS = ("_inner", "_nodes")
"""Attributes in which a layer or model lists its layers and calls; not set by a user."""

# -- a model as plain data -----------------------------------------------------------------------------------


def describe(model: Any, whole: bool, include_optimizer: bool = True) -> ModelDescription:
    """Return the description of a whole model or only of its weights. Its arrays are views of the model's memory."""
    if not model.has_weights:
        raise NotBuiltError(
            f"Only a model with weights can be saved or loaded. Received: the model {model.name!r}, which is not "
            "built. Call build((None, features)), give the first layer an input_shape, or call the model on data."
        )
    # Reading this attribute moves the weights to their final place in memory.
    inside = model.layers
    described = ModelDescription(_weights_of(model, {}, {}))
    if whole:
        described.config = json.loads(json.dumps(_config(model), default=_plain))
        _number_shared(described.config, model)
        described.shapes = dict(_shapes(model, ()))
        if model._graph is None and inside:
            described.input_shape = model.input_shape
    if include_optimizer and model.training_state.objective is not None and model.optimizer is not None:
        described.training = _training(model) if whole else None
        described.optimizer = _optimizer(model)
    return described


def _weights_of(
    layer: Any, layers: dict[Any, LayerWeights], weights: dict[Parameter, Weight]
) -> LayerWeights:
    """Return a layer and its inner layers; `layers` and `weights` hold the entries so far, so shared ones stay one."""
    own = [weights.setdefault(w, Weight(w.name, w.value, w.trainable)) for w in layer.own_weights()]
    entry = LayerWeights(layer.name, type(layer).__name__, own, trainable=layer.trainable)
    layers[layer] = entry

    def described(inner: Any) -> LayerWeights:
        return layers[inner] if inner in layers else _weights_of(inner, layers, weights)

    if isinstance(layer, Trainer):
        entry.kind = "model" if layer._graph is None else "graph"
        entry.inner["layers"] = [described(inner) for inner in layer.layers_inside()]
    for name, value in vars(layer).items():
        inner = [v for v in nest.flatten(value) if isinstance(v, Layer)] if name not in LISTS else []
        if inner:
            several = [described(i) for i in inner]
            entry.inner[name] = several if nest.is_nested(value) else several[0]
    return entry


def _number_shared(config: Config, model: Any) -> None:
    """Give the same number to all entries that describe one layer, which inner models may share."""
    entries: dict[Any, list[Config]] = {}

    def walk(config: Config, model: Any) -> None:
        by_name = {layer.name: layer for layer in model.layers_inside()}
        inner = config.get("config")
        for entry in inner.get("layers", ()) if isinstance(inner, dict) else ():
            layer = by_name.get(entry.get("config", {}).get("name")) if isinstance(entry, dict) else None
            if layer is not None:
                entries.setdefault(layer, []).append(entry)
                if isinstance(layer, Trainer):
                    walk(entry, layer)

    walk(config, model)
    for number, several in enumerate(each for each in entries.values() if len(each) > 1):
        for entry in several:
            entry[SHARED] = number


def _shapes(model: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the shapes of all tensors in the graphs of a model and its inner models, see `ModelDescription`."""
    graph = model._graph
    place = {} if graph is None else configs.places(model)
    for node, number in place.items():
        for symbol in nest.flatten(node.outputs):
            yield (*path, node.layer.name, number, symbol.index), symbol.shape
    for layer in model.layers_inside():
        if isinstance(layer, Trainer):
            yield from _shapes(layer, (*path, layer.name))


def _config(model: Any) -> Config:
    return described(model)


def _training(model: Any) -> Config:
    config = {
        **model.training_state.objective.get_config(),
        "optimizer_config": optimizers.serialize(model.optimizer),
    }
    if model._steps_per_execution != 1:
        config["steps_per_execution"] = model._steps_per_execution
    return json.loads(json.dumps(config, default=_plain))  # type: ignore[no-any-return]


def _optimizer(model: Any) -> OptimizerVariables:
    trained = model.trainable_weights
    weights = [Weight(w.name, w.value) for w in trained]
    optimizer = model.optimizer
    return OptimizerVariables(
        type(optimizer).__name__, optimizer.slot_names, weights, optimizer.get_state(trained)
    )


def _plain(value: Any) -> Any:
    """Return a value that JSON lacks as Keras writes it: NumPy's numbers and arrays as lists, functions by name."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if hasattr(value, "get_config"):
        return described(value)
    if hasattr(value, "__name__"):
        return get_registered_name(value)
    raise ArgumentError(
        f"A configuration is made of numbers, strings, lists and dicts. Received: {value!r} of type "
        f"{type(value).__name__}. Return plain values from get_config."
    )


def _may_write(path: PathLike, overwrite: bool) -> bool:
    """Return True if the file may be written; ask when it would replace another."""
    if overwrite or not os.path.isfile(path):
        return True
    try:
        return console.ask(f"{os.fspath(path)} already exists. Replace it?")
    except EOFError:
        raise FileExistsError(
            f"A file is replaced only with overwrite=True. Received: {os.fspath(path)!r}, which exists. "
            "Pass another name, or overwrite=True."
        ) from None


# -- a model from a file -------------------------------------------------------------------------------------


def read_model(
    file: ModelFile,
    make: Callable[[Config], Any],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Any:
    """Return the model that a file describes; `make` turns a configuration into a model."""
    file, format = formats.to_read(file)
    with custom_object_scope(custom_objects), format.reading(file) as stored:
        if stored.config is None:
            raise FileFormatError(
                f"load_model needs a file of a whole model. Received: {str(file)!r}, which has no configuration. "
                "Build the model and call load_weights, or save it with model.save."
            )
        with room_for(stored.numbers):
            model = make(stored.config)
            if not model.built and "layers" not in stored.config["config"] and stored.input_shape is not None:
                with making("a model and the shape of its inputs"):
                    model.build(_shape(stored.input_shape))
        if model.built:
            _put(_read(stored.weights_for(describe(model, False, False).model)))
        if compile:
            _compile(model, stored)
    return model


def _shape(stored: Any) -> Any:
    """Return shapes from a file, where tuples are lists: nested as the inputs of a model."""
    if isinstance(stored, Mapping):
        return {name: _shape(shape) for name, shape in stored.items()}
    if isinstance(stored, list) and any(isinstance(entry, list | Mapping) for entry in stored):
        return [_shape(shape) for shape in stored]
    if not isinstance(stored, list) or not all(n is None or isinstance(n, int) for n in stored):
        raise FileFormatError(
            f"The shape of an input is a list of integers and None. Received: {quoted(stored)}. Copy the file again."
        )
    return tuple(stored)


def _read(pairs: Sequence[tuple[Weight, StoredArray]]) -> list[tuple[Array, Array]]:
    """Return the array of each weight paired with its values, read from the file."""
    return [(weight.value, np.asarray(array)) for weight, array in pairs]


def _put(numbers: Sequence[tuple[Array, Array]]) -> None:
    """Write the values into the arrays of the weights."""
    # A float64 that is too large becomes infinite.
    with np.errstate(over="ignore", invalid="ignore"):
        for value, array in numbers:
            value[...] = array


def _compile(model: Any, stored: StoredModel) -> None:
    """Compile a model with the arguments in the file, and restore the optimizer's state."""
    training = stored.training
    if training is None:
        console.warn("The file does not say how the model was compiled. Compile it before training.")
        return
    with making("the arguments of compile"), room_for(max(stored.numbers, 1_000_000)):
        optimizer = optimizers.get(training["optimizer_config"])
        loss = training.get("loss")
        model.compile(
            optimizer,
            _losses(loss),
            _metrics(training.get("metrics")),
            training.get("loss_weights"),
            _metrics(training.get("weighted_metrics")),
            steps_per_execution=training.get("steps_per_execution"),
        )
        if model.built:
            model.show_metrics()
    state = _optimizer_state(model, stored, "starts from scratch") if model.built else None
    if state is not None:
        optimizer.set_state(state, model.trainable_weights)


def _losses(stored: Any) -> Any:
    """Return losses as `compile` takes them, with their nesting by output."""
    if isinstance(stored, list):
        return [_losses(loss) for loss in stored]
    if isinstance(stored, Mapping) and "class_name" not in stored:
        return {name: _losses(loss) for name, loss in stored.items()}
    return stored if isinstance(stored, str) and stored in losses.TABLE else losses.get(stored)


def _metrics(stored: Any) -> Any:
    """Return metrics as `compile` takes them; Keras 3 also stores them in a dict by output."""
    if isinstance(stored, Mapping) and "class_name" not in stored:
        return {name: metrics.resolve.deserialize(entries) for name, entries in stored.items()}
    return metrics.resolve.deserialize(stored)


def _optimizer_state(model: Any, stored: StoredModel, otherwise: str) -> dict[str, Any] | None:
    """Read the state of the model's optimizer from a file; warn and return None when it does not fit."""
    optimizer = model.optimizer
    weights = [Weight(w.name, w.value) for w in model.trainable_weights]
    try:
        state = stored.optimizer_state(
            type(optimizer).__name__, optimizer.slot_names, weights, describe(model, False, False).model
        )
    except FileFormatError as error:
        console.warn(f"The optimizer {otherwise}. {error}")
        return None
    if state is not None and optimizer.get_state(())["learning_rate"] is None:
        # The schedule of the compiled optimizer stays in effect.
        state["learning_rate"] = None
    return state


@contextmanager
def making(subject: str) -> Iterator[None]:
    """Convert any exception of the block into a fault of the stored configuration of `subject`.

    A constructor may raise anything when its arguments make no sense.
    """
    try:
        yield
    except UnknownNameError as error:
        raise UnknownNameError(
            f"{error} Pass your own classes and functions in custom_objects={{name: object}}."
        ) from None
    except MinifitError:
        raise
    except Exception as error:
        raise FileFormatError(
            f"A configuration must describe {subject}. "
            f"Received: a configuration that raises {type(error).__name__}: {legible(error)}. "
            "Copy the file again, or pass custom_objects that understand it."
        ) from error


def written_as_json(text: str) -> Config:
    """Return the configuration of a model from a JSON string."""
    try:
        config = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(
            f"A model is described by JSON. Received: {str(text)[:60]!r} ({error}). Pass the result of to_json()."
        ) from None
    if not isinstance(config, dict):
        raise ArgumentError(
            f"A model is described by a JSON object. Received: {text[:60]!r}. Pass the result of to_json()."
        )
    return config
