"""Model files with something wrong: changes of their structure, and of their raw bytes."""

import copy
import io
import json
import random
import zipfile
from functools import lru_cache
from typing import Any

import numpy as np

from minifit import Input, Model, Sequential, layers, optimizers
from minifit.models.files import describe
from minifit.saving.groups import Group
from minifit.saving.hdf5 import image
from minifit.saving.keras3.to_keras3 import to_keras3
from minifit.saving.keras3.variables import tree as keras3_tree
from minifit.saving.legacy import tree

ODD: list[Any] = [
    None, True, 0, -1, 3, 10**12, 10**400, 0.5, -2.5, float("nan"), float("inf"), "", "x", "Dense", "relu", "..",
    "a/b", "\u00e4\u4e2d", [], [[]], [None], [1, 2, 3], {}, {"class_name": "Dense"},
    {"class_name": "Lambda", "config": {}},
    {"class_name": "Sequential", "config": {}}, {"class_name": "os.system", "config": {"command": "false"}},
    {"class_name": "L2", "config": {"l2": "x"}},
]  # fmt: skip


def small() -> Sequential:
    """One layer, with an optimizer that remembers much."""
    model = Sequential([layers.Dense(2, input_shape=(3,), kernel_regularizer="l2", name="one")], name="small")
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 2)))
    return model


def larger() -> Sequential:
    """Layers of many kinds."""
    made = [
        layers.Embedding(5, 2, input_length=3, name="a"),
        layers.Flatten(name="b"),
        layers.BatchNormalization(name="c"),
        layers.Dense(4, "selu", kernel_constraint="max_norm", name="d"),
        layers.Dropout(0.1, name="e"),
        layers.Reshape((2, 2), name="f"),
        layers.LayerNormalization(name="g"),
        layers.LeakyReLU(0.1, name="h"),
        layers.Flatten(name="i"),
        layers.Dense(1, "sigmoid", trainable=False, name="j"),
    ]
    model = Sequential(made, name="larger")
    rate = optimizers.schedules.PiecewiseConstantDecay([3, 5], [0.1, 0.05, 0.01])
    model.compile(optimizers.SGD(rate, momentum=0.9), "binary_crossentropy", metrics=["accuracy", "mse"])
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))
    return model


def graph() -> Any:
    """A graph with a model in it, a layer that is called twice, operations and two outputs."""
    x, y = Input((3,), name="x"), Input((2,), name="y")
    inner = Sequential([layers.Dense(3, input_shape=(3,), name="i")], name="inner")
    shared = layers.Dense(3, name="shared")
    joined = layers.Concatenate(name="joined")([shared(inner(x)), shared(x) * 2.0, y[:, 1:]])
    model = Model([x, y], [layers.Dense(1, name="one")(joined), inner(x)], name="graph")
    model.compile(optimizers.Adam(0.01), ["mse", None], metrics=[["mae"], ["mse"]])
    model.train_on_batch([np.ones((2, 3)), np.ones((2, 2))], [np.ones((2, 1)), np.ones((2, 3))])
    return model


@lru_cache
def originals() -> list[Group]:
    """The trees that are changed: three whole models, and the weights of one."""
    whole = [tree(describe(model, True)) for model in (small(), larger(), graph())]
    return [*whole, tree(describe(small(), False))]


def broken_structure(chance: random.Random) -> bytes:
    """A file of sound HDF5 whose content is wrong in one to three places; sometimes cut off."""
    root = copy.deepcopy(chance.choice(originals()))
    _change(chance, root)
    return _perhaps_cut_off(chance, image(root))


@lru_cache
def originals_of_keras3() -> list[Group]:
    """The trees in Keras 3's form; the configurations of whole models are their attribute ``model_config``."""
    made = [keras3_tree(describe(model, False)) for model in (small(), larger())]
    for model in (small(), larger(), graph()):
        described = describe(model, True)
        root = keras3_tree(described)
        config: Any = described.config
        root.attributes["model_config"] = json.dumps(to_keras3(config, described.training, described.shapes))
        made.append(root)
    return made


def broken_weights_of_keras3(chance: random.Random) -> bytes:
    """A ``.weights.h5`` file whose content is wrong."""
    root = copy.deepcopy(chance.choice(originals_of_keras3()[:2]))
    _change(chance, root)
    return _perhaps_cut_off(chance, image(root))


def broken_model_of_keras3(chance: random.Random) -> bytes:
    """A ``.keras`` file whose content, or whose archive, is wrong."""
    root = copy.deepcopy(chance.choice(originals_of_keras3()[2:]))
    _change(chance, root)
    text = str(root.attributes.pop("model_config", "")).encode("utf-8", "replace")
    members = {"metadata.json": b"{}", "config.json": text, "model.weights.h5": image(root)}
    change = chance.randrange(20)
    if change == 0:
        del members[chance.choice(list(members))]
    elif change == 1:
        members[chance.choice(("../x", "config.json/", "assets/x", "model.weights.npz"))] = b"x"
    elif change == 2:
        members[chance.choice(list(members))] = chance.choice((b"", b"{}", b"null", b"\xff\0", bytes(1000)))
    memory = io.BytesIO()
    with zipfile.ZipFile(
        memory, "w", chance.choice((0, 0, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    ) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    whole = bytearray(memory.getvalue())
    if change == 3:  # in the directory at the end, whose sizes and places are believed by nobody
        for _ in range(3):
            whole[-chance.randrange(1, 200)] = chance.randrange(256)
    return _perhaps_cut_off(chance, bytes(whole))


def _change(chance: random.Random, root: Group) -> None:
    """One to three changes somewhere in a tree."""
    changes = (_json, _json, _json, _json_text, _attribute, _name, _missing, _array, _array, _kind)
    for _ in range(chance.randint(1, 3)):
        chance.choice(changes)(chance, root)


def _perhaps_cut_off(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content))] if chance.random() < 0.05 else content


def broken_bytes(chance: random.Random) -> bytes:
    """A file without a checksum in which some bytes are others."""
    content = bytearray(
        image(chance.choice(originals()), chance.choice((None, None, {"compression": "gzip"})))
    )
    content[:512] = bytes(512)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        place = chance.randrange(512, len(content))
        change = chance.randrange(4)
        if change == 0:
            content[place] ^= 1 << chance.randrange(8)
        elif change == 1:
            content[place] = chance.choice((0, 1, 127, 128, 255))
        elif change == 2:
            content[place : place + 8] = chance.randrange(1 << 64).to_bytes(8, "little")
        else:
            other = chance.randrange(512, len(content))
            content[place : place + 16] = content[other : other + 16]
    return bytes(content[: chance.randrange(512, len(content))] if chance.random() < 0.1 else content)


def _groups(group: Group) -> list[Group]:
    inner = [m for m in group.members.values() if isinstance(m, Group)]
    return [group, *(g for i in inner for g in _groups(i))]


def _json(chance: random.Random, root: Group) -> None:
    """Another value, or none, somewhere in a configuration."""
    names = [n for n in ("model_config", "training_config") if n in root.attributes]
    if not names:
        return
    name = chance.choice(names)
    try:
        config = json.loads(str(root.attributes[name]))
    except (ValueError, RecursionError):
        return
    places = list(_places(config))
    if not places:
        return
    holder, key = chance.choice(places)
    change = chance.randrange(5)
    if change == 0:
        del holder[key]
    elif change == 1 and isinstance(holder, dict):
        holder[str(key) + "x"] = holder.pop(key)
    elif change == 2 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif change == 3:
        other, place = chance.choice(places)
        holder[key] = copy.deepcopy(other[place])
    else:
        holder[key] = copy.deepcopy(chance.choice(ODD))
    root.attributes[name] = json.dumps(config)


def _places(value: Any) -> Any:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _json_text(chance: random.Random, root: Group) -> None:
    """JSON that is none."""
    names = [n for n in ("model_config", "training_config") if n in root.attributes]
    if names:
        name = chance.choice(names)
        text = str(root.attributes[name])
        at = chance.randrange(len(text) + 1)
        more = chance.choice(("", "[" * 100_000, "}", "\\u0000", "NaN", '{"a":' * 5000))
        root.attributes[name] = text[:at] + more + text[at + chance.choice((0, 1, len(text))) :]


def _attribute(chance: random.Random, root: Group) -> None:
    """An attribute of another kind, or none."""
    group = chance.choice(_groups(root))
    if not group.attributes:
        return
    name = chance.choice(list(group.attributes))
    odd: list[Any] = [
        "",
        "x",
        3,
        -0.5,
        ["x"],
        [],
        ["a", "a", ".."],
        np.zeros((2, 2)),
        np.arange(3),
        np.array("x", "S1"),
    ]
    value = chance.choice([*odd, None])
    if value is None:
        del group.attributes[name]
    elif isinstance(group.attributes[name], list) and chance.random() < 0.6:
        names: Any = list(group.attributes[name])  # type: ignore[arg-type]
        chance.shuffle(names)
        group.attributes[name] = names[chance.randrange(2) :] + chance.choice(([], ["one"], ["\u00e4/../b"]))
    else:
        group.attributes[name] = value


def _name(chance: random.Random, root: Group) -> None:
    """A member under another name."""
    group = chance.choice(_groups(root))
    if group.members:
        name = chance.choice(list(group.members))
        group.members[chance.choice((name + "x", "one", "..", "\u4e2d", "weight_names"))] = group.members.pop(
            name
        )


def _missing(chance: random.Random, root: Group) -> None:
    group = chance.choice(_groups(root))
    if group.members:
        del group.members[chance.choice(list(group.members))]


def _array(chance: random.Random, root: Group) -> None:
    """An array of another shape or dtype, or other numbers."""
    holders = [(g, n) for g in _groups(root) for n, m in g.members.items() if not isinstance(m, Group)]
    if not holders:
        return
    group, name = chance.choice(holders)
    array = np.asarray(group.members[name])
    changes: list[Any] = [
        lambda: array.reshape(-1),
        lambda: array[..., None],
        lambda: array[:0] if array.ndim else array,
        lambda: np.zeros(chance.choice(((), (0,), (1,), (2, 3), (5, 2), (300, 300))), np.float32),
        lambda: array.astype(chance.choice(("f8", "f2", "i1", "u8", "?", ">f4", ">i2"))),
        lambda: np.full(array.shape, chance.choice((np.nan, np.inf, -1e300, 1e300))),
        array.T.copy,
        lambda: np.concatenate([np.atleast_1d(array)] * 2),
    ]
    with np.errstate(all="ignore"):
        group.members[name] = chance.choice(changes)()


def _kind(chance: random.Random, root: Group) -> None:
    """An array in the place of a group, or a group in that of an array."""
    group = chance.choice(_groups(root))
    if group.members:
        name = chance.choice(list(group.members))
        is_group = isinstance(group.members[name], Group)
        group.members[name] = np.zeros(3, np.float32) if is_group else Group({"weight_names": ["x"]})
