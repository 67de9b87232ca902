"""`install` and `uninstall`: the import hook that serves ``tensorflow`` and ``keras``.

A finder at the front of ``sys.meta_path`` creates the modules of the table. For a name of TensorFlow or Keras that is
not in the table it raises an error that suggests the nearest one. It leaves all other imports alone.
"""

import importlib.util  # noqa: F401  TensorFlow imports it, and packages rely on that
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
"""Packages that the stand-in replaces."""

NO_TENSORFLOW = "tensorboard.compat.notf"
"""Module whose presence tells TensorBoard not to look for TensorFlow: the stand-in is not what it needs."""


class Finder(MetaPathFinder, Loader):
    """The finder and loader of the modules of the stand-in."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of the table; None for other modules and for missing ones.

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
            # Python itself reports that there is no such module
            return None
        raise modules.missing_module(fullname)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a new module."""
        return ModuleType(spec.name) if spec.name == NO_TENSORFLOW else modules.StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up on first use."""


def importing(caller: FrameType) -> bool:
    """Return True if Python's import calls the finder; for `importlib.util.find_spec`, which expects None, False."""
    return caller.f_code.co_name == "_find_and_load_unlocked"


FINDER = Finder()

_announced: list[str] = []
"""Installed packages for which it was announced that the stand-in hides them."""

_blocks: list[object] = []
"""Active ``with`` blocks of all threads that need the stand-in; empty if `install` was called before them."""

_lock = Lock()
"""Lock held while a block begins or ends."""


def install() -> None:
    """Let ``import tensorflow`` and ``import keras`` find minifit in this process, until `uninstall`.

    While the stand-in is installed, models are saved as in TensorFlow 2 under names without an extension: models as
    folders, and weights as checkpoints. A second call does nothing.

    Raises
    ------
    StandInError
        If the real TensorFlow or Keras is already imported.

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
    imported = [root for root in ROOTS if root in sys.modules]
    if imported:
        raise StandInError(
            f"The stand-in must be installed before TensorFlow and Keras are imported. Received: a process that "
            f"has imported {imported[0]}. Install it first, with `python -m minifit.standin` or `pytest --standin`."
        )
    hidden = [root for root in ROOTS if root not in _announced and PathFinder.find_spec(root) is not None]
    if hidden:
        _announced.extend(hidden)
        verb = "are" if len(hidden) > 1 else "is"
        console.say(f"minifit stands in for {' and '.join(hidden)}, which {verb} installed but not used.")
    sys.meta_path.insert(0, FINDER)
    default_format.choose("tf")


def uninstall() -> None:
    """Remove the stand-in: imports find the real packages again, or none.

    Modules that a program has already imported keep working. Without an installed stand-in, nothing happens.
    """
    if FINDER not in sys.meta_path:
        return
    sys.meta_path.remove(FINDER)
    default_format.choose("h5")
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "loader", None) is FINDER:
            del sys.modules[name]
            parent, _, attribute = name.rpartition(".")
            vars(sys.modules.get(parent, module)).pop(attribute, None)


@contextmanager
def installed() -> Iterator[None]:
    """Install the stand-in for a ``with`` block; if it was installed before, it stays installed.

    Blocks may be nested, and may overlap in several threads: the last one to end uninstalls the stand-in.

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
