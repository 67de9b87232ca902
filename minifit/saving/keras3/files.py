"""Keras 3's formats: ``.weights.h5`` for the weights of a model, and ``.keras`` for a whole model.

A ``.keras`` file is a zip archive: ``config.json`` is the model's configuration, ``model.weights.h5`` has the format of
a ``.weights.h5`` file, and ``metadata.json`` names the writer. Both formats include the optimizer's state.

Files with these names in the legacy format, which tf.keras 2.7 and `save_format` can write, are read as such.
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
"""The version of Keras in whose form files are written."""

METADATA, CONFIG, WEIGHTS = MEMBERS = ("metadata.json", "config.json", "model.weights.h5")

HDF5 = (b"\x89HDF\r\n\x1a\n", checksum.MARK)
"""The first bytes of HDF5 files; those of minifit begin with the second."""


# -- writing -------------------------------------------------------------------------------------------------


def write_weights(path: PathLike, model: ModelDescription, options: dict[str, Any] | None = None) -> None:
    """Write a ``.weights.h5`` file; a whole model is written in the legacy format, as in both versions of Keras.

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
            "A .keras file holds a whole model. Received: only weights. "
            "Use a name that ends with .weights.h5, or call model.save."
        )
    training = model.training and unprefixed(model.training, output_names(model.config))
    config = to_keras3(model.config, training, model.shapes, model.input_shape)
    text = json.dumps(config).encode()
    metadata = {"keras_version": VERSION, "written_by": "minifit", "sha256": {CONFIG: _digest(text)}}
    numbers = hdf5.parts(tree(model, _scheduled(config)), options)
    with writing(file) if isinstance(file, str | os.PathLike) else nullcontext(file) as target:
        archive.write(target, {METADATA: [json.dumps(metadata).encode()], CONFIG: [text], WEIGHTS: numbers})


def _scheduled(config: Config) -> bool:
    """Return whether the optimizer in a configuration of Keras 3 has a schedule."""
    if "compile_config" not in config:
        return False
    return isinstance(config["compile_config"]["optimizer"]["config"].get("learning_rate"), Mapping)


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


# -- reading -------------------------------------------------------------------------------------------------


@contextmanager
def reading_weights(path: PathLike) -> Iterator[StoredModel]:
    """Yield the weights in a ``.weights.h5`` file, which is open while the block runs.

    Raises
    ------
    FileFormatError
        When the file is not in this format.
    """
    with hdf5.reading(path) as root:
        yield legacy.Stored(root) if legacy.is_one(root) else Stored(root)


@contextmanager
def reading(file: PathLike | IO[bytes]) -> Iterator[StoredModel]:
    """Yield the model in a ``.keras`` file, which is a path or an open file.

    Raises
    ------
    FileFormatError
        When the file is not in this format.
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
    """Return whether the configuration matches the checksum that minifit wrote; files without one match."""
    digests = metadata.get("sha256") if isinstance(metadata, Mapping) else None
    return not isinstance(digests, Mapping) or digests.get(CONFIG) == _digest(config)


class Stored(StoredModel):
    """The weights of a model and, for a whole model, its configuration as JSON, which is parsed on demand."""

    remembers = True

    def __init__(self, root: Group, text: bytes | None = None) -> None:
        self._root = root
        self._text = text
        self.numbers = root.numbers

    @cached_property
    def config(self) -> Config | None:
        """The configuration in the form of tf.keras 2.7, read with the current `custom_objects`."""
        return None if self._text is None else self._translated(model_from_keras3)

    @cached_property
    def training(self) -> Config | None:
        """The arguments of `compile` in the same form; None when the model was not compiled."""
        try:
            return None if self._text is None else self._translated(training_from_keras3)
        except MinifitError as error:
            error.add_note("Pass compile=False to load the model without compiling it.")
            raise

    @property
    def input_shape(self) -> Any:
        """The input shape for which a model that defines `call` was built."""
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
        """Return weights paired with stored arrays, matching layers by position."""
        if by_name:
            raise ArgumentError(
                "Layers in a file of Keras 3 are matched by position. Received: by_name=True. Leave it out, "
                "or save to a name that ends with .h5, where layers have names."
            )
        matches: list[tuple[Weight, StoredArray]] = []
        for name, weights, arrays in places_of(model, self._root):
            mismatch = misfit(weights, arrays)
            if mismatch is None:
                matches += zip(weights, arrays, strict=True)
            elif skip_mismatch:
                console.warn(f"The weights of layer {name!r} were not changed: {mismatch}.")
            else:
                raise FileFormatError(
                    f"A file must fit the weights of the model. Received: layer {name!r} with {mismatch}. "
                    "Build the model as it was saved, or pass skip_mismatch=True to skip it."
                )
        return matches

    def optimizer_state(
        self, class_name: str, slot_names: Sequence[str], weights: Sequence[Weight], model: LayerWeights
    ) -> dict[str, Any] | None:
        """Return the state of the optimizer; None when the file has none."""
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
