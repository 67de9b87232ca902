"""The stand-in: programs written for tf.keras and Keras run on minifit unchanged.

    python -m minifit.standin script.py         a program
    pytest --standin                            a test run
    %load_ext minifit.standin                   a notebook

While it is installed, ``import tensorflow`` and ``import keras`` find modules whose names refer to minifit's classes
and functions. `minifit.standin.names` lists them all. Importing this package imports only the standard library.
"""

from typing import Any

from minifit.standin.installing import install, installed, uninstall

__all__ = ["install", "installed", "uninstall"]


def load_ipython_extension(_: Any) -> None:
    """Install the stand-in; called by ``%load_ext minifit.standin``."""
    install()


def unload_ipython_extension(_: Any) -> None:
    """Uninstall the stand-in; called by ``%unload_ext minifit.standin``."""
    uninstall()
