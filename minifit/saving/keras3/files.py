"""Keras 3's formats: ``.weights.h5`` for the numbers of a model, and ``.keras`` for a whole one.

A ``.keras`` file is a zip archive: ``config.json`` is the model's configuration, ``model.weights.h5`` is as a
``.weights.h5`` file, and ``metadata.json`` says who wrote it. Both formats hold what the optimizer remembers.

Files of these names that are in the legacy format, as tf.keras 2.7 and `save_format` make them, are read as such.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import IO, Any

from minifit import console
from minifit.errors import ArgumentError, FileFormatError, MinifitError
from minifit.registration import custom_objects
from minifit.saving import checksum, hdf5, legacy
from minifit.saving.atomic import PathLike, writing
from minifit.saving.description import (
    Config,
    LayerWeights,
    ModelDescription,
    StoredArray,
    StoredModel,
    Weight,
    misfit,
)
from minifit.saving.groups import Group
from minifit.saving.keras3 import archive
from minifit.saving.keras3.from_keras3 import model_from_keras3, training_from_keras3
from minifit.saving.keras3.to_keras3 import to_keras3
from minifit.saving.keras3.variables import optimizer_state, places_of, tree
from minifit.saving.legacy_compile import output_names, unprefixed
from minifit.saving.texts import parsed

VERSION = "3.15.1"
"""The version of Keras whose form is written."""

METADATA, CONFIG, WEIGHTS = MEMBERS = ("metadata.json", "config.json", "model.weights.h5")

HDF5 = (b"\x89HDF\r\n\x1a\n", checksum.MARK)
"""What HDF5 files begin with, those of minifit with the latter."""


# -- writing -------------------------------------------------------------------------------------------------


def write_weights(path: PathLike, model: ModelDescription, options: dict[str, Any] | None = None) -> None:
    """Write a ``.weights.h5`` file; a whole model goes there in the legacy format, as in both Keras.

    Parameters
    ----------
    path : str or PathLike
    model : ModelDescription
    options : dict, optional
        As for `hdf5.write`.
    """
    if model.config is not None:
        legacy.write(path, model, options)
    else:
        hdf5.write(path, tree(model), options)


def write(file: PathLike | IO[bytes], model: ModelDescription, options: dict[str, Any] | None = None) -> None:
    """Write a ``.keras`` file, or its content into an open one; the parameters are those of `write_weights`.

    Raises
    ------
    ArgumentError
        When Keras 3 has no such model; nothing is written then.
    """
    if model.config is None:
        raise ArgumentError(
            "A .keras file holds a whole model. Received: weights alone. "
            "Give the file a name that ends with .weights.h5, or call model.save."
        )
    training = model.training and unprefixed(model.training, output_names(model.config))
    config = to_keras3(model.config, training, model.shapes, model.input_shape)
    text = json.dumps(config).encode()
    metadata = {"keras_version": VERSION, "written_by": "minifit", "sha256": {CONFIG: _digest(text)}}
    numbers = hdf5.parts(tree(model, _scheduled(config)), options)
    with writing(file) if isinstance(file, str | os.PathLike) else nullcontext(file) as target:
        archive.write(target, {METADATA: [json.dumps(metadata).encode()], CONFIG: [text], WEIGHTS: numbers})


def _scheduled(config: Config) -> bool:
    """Whether the optimizer in a configuration of Keras 3 follows a schedule."""
    if "compile_config" not in config:
        return False
    return isinstance(config["compile_config"]["optimizer"]["config"].get("learning_rate"), Mapping)


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


# -- reading -------------------------------------------------------------------------------------------------


@contextmanager
def reading_weights(path: PathLike) -> Iterator[StoredModel]:
    """A ``.weights.h5`` file that is open for reading.

    Raises
    ------
    FileFormatError
        When it is no such file.
    """
    with hdf5.reading(path) as root:
        yield legacy.Stored(root) if legacy.is_one(root) else Stored(root)


@contextmanager
def reading(file: PathLike | IO[bytes]) -> Iterator[StoredModel]:
    """The model in a ``.keras`` file, given by its path or open.

    Raises
    ------
    FileFormatError
        When it is no such file.
    """
    if isinstance(file, str | os.PathLike) and _is_hdf5(file):
        with legacy.reading(file) as stored:
            yield stored
        return
    members = archive.read(file, MEMBERS, MEMBERS)
    metadata = _json(METADATA, members[METADATA], 0)
    if not _is_sound(metadata, members[CONFIG]):
        raise FileFormatError(
            f"A model file must be whole. Received: one whose checksum of {CONFIG} is wrong. Copy it again."
        )
    size = os.path.getsize(file) if isinstance(file, str | os.PathLike) else file.seek(0, os.SEEK_END)
    with hdf5.reading(members[WEIGHTS], size) as root:
        yield Stored(root, members[CONFIG])


def _is_hdf5(path: PathLike) -> bool:
    with open(path, "rb") as file:
        return file.read(32).startswith(HDF5)


def _is_sound(metadata: Any, config: bytes) -> bool:
    """Whether the configuration is the one that minifit has written; whatever others write is."""
    digests = metadata.get("sha256") if isinstance(metadata, Mapping) else None
    return not isinstance(digests, Mapping) or digests.get(CONFIG) == _digest(config)


class Stored(StoredModel):
    """The numbers of a model and, in JSON that is looked at when it is needed, its configuration if there is one."""

    remembers = True

    def __init__(self, root: Group, text: bytes | None = None) -> None:
        self._root = root
        self._text = text
        self.numbers = root.numbers

    @cached_property
    def config(self) -> Config | None:
        """The model in the form of tf.keras 2.7, for the `custom_objects` of here and now."""
        return None if self._text is None else self._translated(model_from_keras3)

    @cached_property
    def training(self) -> Config | None:
        """The arguments of `compile`, likewise; None when it was not compiled."""
        try:
            return None if self._text is None else self._translated(training_from_keras3)
        except MinifitError as error:
            error.add_note("With compile=False the model is loaded without that.")
            raise

    @property
    def input_shape(self) -> Any:
        """The shape that a model by its `call` was built for."""
        return None if self._text is None else legacy.built_for(_json(CONFIG, self._text, self.numbers))

    def _translated(self, translate: Callable[[Any, Collection[str]], Config | None]) -> Config | None:
        assert self._text is not None
        try:
            return translate(_json(CONFIG, self._text, self.numbers), custom_objects())
        except RecursionError as error:
            raise _no_json(CONFIG, self._text, error) from error

    def weights_for(
        self, model: LayerWeights, by_name: bool = False, skip_mismatch: bool = False
    ) -> list[tuple[Weight, StoredArray]]:
        """Return which stored array goes into which weight, by the places of the layers."""
        if by_name:
            raise ArgumentError(
                "A file of Keras 3 knows layers by their place. Received: by_name=True. Leave it out, "
                "or save to a name that ends with .h5, where they have names."
            )
        found: list[tuple[Weight, StoredArray]] = []
        for name, weights, arrays in places_of(model, self._root):
            trouble = misfit(weights, arrays)
            if trouble is None:
                found += zip(weights, arrays, strict=True)
            elif skip_mismatch:
                console.warn(f"The weights of layer {name!r} were left as they are: {trouble}.")
            else:
                raise FileFormatError(
                    f"A file must fit the weights of the model. Received: layer {name!r} with {trouble}. "
                    "Build the model as it was saved, or pass skip_mismatch=True to leave it out."
                )
        return found

    def optimizer_state(
        self, class_name: str, slot_names: Sequence[str], weights: Sequence[Weight], model: LayerWeights
    ) -> dict[str, Any] | None:
        """What the optimizer remembered; None when the file says nothing about it."""
        return optimizer_state(self._root, class_name, slot_names, weights, model)


def _json(name: str, text: bytes, numbers: int) -> Any:
    try:
        return parsed(text, numbers)
    except (ValueError, RecursionError) as error:
        raise _no_json(name, text, error) from error


def _no_json(name: str, text: bytes, error: Exception) -> FileFormatError:
    return FileFormatError(
        f"{name} in a model file is JSON. Received: {text[:60]!r} ({error}). Copy the file again."
    )
