"""The plugin for pytest: ``pytest --standin``, ``standin = true`` in its configuration, and the fixture `standin`.

It is loaded in every test run of an environment that has minifit, so importing it imports nothing but the standard
library, and it does nothing until it is asked.
"""

import os
from typing import TYPE_CHECKING

from minifit.standin.installing import install, uninstall

if TYPE_CHECKING:
    import pytest

OPTION = "standin"

pytest_plugins = ["minifit.standin.fixtures"]


def pytest_addoption(parser: "pytest.Parser", pluginmanager: "pytest.PytestPluginManager") -> None:
    """Know the option and the line of the configuration, and let minifit be imported as it is outside of pytest.

    pytest has marked all packages of the distribution that this plugin came with, to rewrite their asserts. That is for
    tools of tests; here it would be all of minifit, whose first import would take five times as long. pytest can mark
    by a public name but not take a mark away; where the private one is gone, imports are slower and nothing else.
    """
    getattr(pluginmanager.rewrite_hook, "_must_rewrite", set()).discard("minifit")
    text = "let `import tensorflow` and `import keras` find minifit"
    parser.getgroup("minifit").addoption("--standin", action="store_true", default=False, help=text)
    parser.addini(OPTION, text, type="bool", default=False)


def pytest_load_initial_conftests(early_config: "pytest.Config") -> None:
    """Install the stand-in before anything of the test run is imported."""
    if early_config.known_args_namespace.standin or early_config.getini(OPTION):
        install()
        early_config.add_cleanup(uninstall)
        _save_without_flush(early_config)


def _save_without_flush(config: "pytest.Config") -> None:
    """Have files of the test run need not outlive a power failure: to wait for the disk takes as long as the tests.

    ``MINIFIT_FLUSH=1`` in the environment keeps it as it is outside of pytest.
    """
    if "MINIFIT_FLUSH" not in os.environ:
        os.environ["MINIFIT_FLUSH"] = "0"
        config.add_cleanup(_flush_again)


def _flush_again() -> None:
    os.environ.pop("MINIFIT_FLUSH", None)
