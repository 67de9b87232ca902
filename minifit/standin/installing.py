"""`install` and `uninstall`: who answers when a program imports ``tensorflow`` or ``keras``.

A finder goes to the front of ``sys.meta_path``. It makes the modules of the table, refuses what is not in it with a
text that helps, and leaves all other imports alone.
"""

import importlib.util  # noqa: F401  TensorFlow's import brings it, and packages take that for granted
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import Lock
from types import FrameType, ModuleType

from minifit import console
from minifit.errors import StandInError
from minifit.saving import default_format
from minifit.standin import modules
from minifit.standin.names import NAMES

ROOTS = ("tensorflow", "keras")
"""The packages whose place is taken."""

NO_TENSORFLOW = "tensorboard.compat.notf"
"""TensorBoard does not look for TensorFlow where it can import this module. The stand-in is not what it looks for."""


class Finder(MetaPathFinder, Loader):
    """Finds and loads the modules that stand in."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the place of a module of the table; None for modules of others and those that are not there.

        Raises
        ------
        MissingModuleError
            For an import of a module of TensorFlow or Keras that is not in the table.
        """
        if fullname == NO_TENSORFLOW:
            return ModuleSpec(fullname, self)
        if fullname.partition(".")[0] not in ROOTS:
            return None
        if fullname in modules.MODULES:
            return ModuleSpec(fullname, self, origin="minifit.standin", is_package=True)
        if fullname in NAMES or not importing(sys._getframe(2)):
            return None  # no module, as Python says by itself
        raise modules.missing_module(fullname)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a new module."""
        return ModuleType(spec.name) if spec.name == NO_TENSORFLOW else modules.StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up when they are used."""


def importing(caller: FrameType) -> bool:
    """Return True for Python's own import: `importlib.util.find_spec` asks the same, and is promised None."""
    return caller.f_code.co_name == "_find_and_load_unlocked"


FINDER = Finder()

_said: list[str] = []
"""The packages of which it was said that the stand-in goes before them."""

_blocks: list[object] = []
"""The ``with`` blocks, of all threads, that the stand-in is installed for; empty where `install` came first."""

_lock = Lock()
"""Held while a block begins or ends."""


def install() -> None:
    """Let ``import tensorflow`` and ``import keras`` find minifit, from now on and in this process.

    Models under names without an end are saved as TensorFlow 2 does meanwhile: to folders, and weights to checkpoints.
    Nothing happens where it is installed already.

    Raises
    ------
    StandInError
        When the real TensorFlow or Keras is imported already.

    Examples
    --------
    >>> from minifit import standin
    >>> standin.install()
    >>> from tensorflow.keras.layers import Dense
    >>> Dense.__module__
    'minifit.layers.dense'
    >>> standin.uninstall()
    """
    if FINDER in sys.meta_path:
        return
    taken = [root for root in ROOTS if root in sys.modules]
    if taken:
        raise StandInError(
            f"The stand-in takes the place of TensorFlow and Keras before they are imported. Received: a process that "
            f"has imported {taken[0]}. Install it first, as by `python -m minifit.standin` or `pytest --standin`."
        )
    present = [root for root in ROOTS if root not in _said and PathFinder.find_spec(root) is not None]
    if present:
        _said.extend(present)
        verb = "are" if len(present) > 1 else "is"
        console.say(f"minifit stands in for {' and '.join(present)}, which {verb} installed but not used.")
    sys.meta_path.insert(0, FINDER)
    default_format.choose("tf")


def uninstall() -> None:
    """Take the stand-in away: imports find the real packages again, or none.

    What a program has imported meanwhile goes on as it is. Nothing happens where it is not installed.
    """
    if FINDER not in sys.meta_path:
        return
    sys.meta_path.remove(FINDER)
    default_format.choose("h5")
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "loader", None) is FINDER:
            del sys.modules[name]
            parent, _, own = name.rpartition(".")
            vars(sys.modules.get(parent, module)).pop(own, None)


@contextmanager
def installed() -> Iterator[None]:
    """Install the stand-in for the time of a ``with`` block; one that was installed before stays.

    Blocks may lie in each other, and overlap in several threads: the last one that ends takes the stand-in away.

    Raises
    ------
    StandInError
        As for `install`.
    """
    block = object()
    with _lock:
        is_own = bool(_blocks) or FINDER not in sys.meta_path
        install()
        if is_own:
            _blocks.append(block)
    try:
        yield
    finally:
        with _lock:
            if is_own:
                _blocks.remove(block)
                if not _blocks:
                    uninstall()
