"""The plugin for pytest: ``pytest --standin``, ``standin = true`` in its configuration, and the fixture `standin`.

pytest loads it in every test run of an environment with minifit. So it imports only the standard library, and does
nothing unless the option or the configuration enables it.
"""

import os
from typing import TYPE_CHECKING

from minifit.standin.installing import install, uninstall

if TYPE_CHECKING:
    import pytest

OPTION = "standin"

pytest_plugins = ["minifit.standin.fixtures"]


def pytest_addoption(parser: "pytest.Parser", pluginmanager: "pytest.PytestPluginManager") -> None:
    """Register the option and the line of the configuration, and exclude minifit from pytest's rewriting.

    pytest marks all packages of a plugin's distribution, to rewrite their asserts. That is meant for tools of tests;
    here it would cover all of minifit, whose first import would take five times as long. pytest has a public function
    to mark a package but none to unmark it. If the private attribute disappears, imports are slower and nothing else
    changes.
    """
    getattr(pluginmanager.rewrite_hook, "_must_rewrite", set()).discard("minifit")
    text = "let `import tensorflow` and `import keras` find minifit"
    parser.getgroup("minifit").addoption("--standin", action="store_true", default=False, help=text)
    parser.addini(OPTION, text, type="bool", default=False)


def pytest_load_initial_conftests(early_config: "pytest.Config") -> None:
    """Install the stand-in before the test run imports anything."""
    if early_config.known_args_namespace.standin or early_config.getini(OPTION):
        install()
        early_config.add_cleanup(uninstall)
        _save_without_flush(early_config)


def _save_without_flush(config: "pytest.Config") -> None:
    """Save files without waiting for the disk: they need not survive a power failure, and waiting doubles the time.

    ``MINIFIT_FLUSH=1`` in the environment makes the test run wait.
    """
    if "MINIFIT_FLUSH" not in os.environ:
        os.environ["MINIFIT_FLUSH"] = "0"
        config.add_cleanup(_flush_again)


def _flush_again() -> None:
    os.environ.pop("MINIFIT_FLUSH", None)
