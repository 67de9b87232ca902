"""The fixture `standin`, which the plugin registers with pytest."""

from collections.abc import Iterator

import pytest

from minifit.standin.installing import installed


@pytest.fixture
def standin() -> Iterator[None]:
    """Install the stand-in for one test: imports of TensorFlow and Keras find minifit."""
    with installed():
        yield
