"""The fixture `standin`, which pytest loads with the plugin."""

from collections.abc import Iterator

import pytest

from minifit.standin.installing import installed


@pytest.fixture
def standin() -> Iterator[None]:
    """The stand-in for one test: what the test imports of TensorFlow and Keras is minifit's."""
    with installed():
        yield
