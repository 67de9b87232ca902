"""The default of `save_format`."""

from minifit.saving import default_format


def test_the_default_can_be_chosen() -> None:
    assert default_format.now() == "h5"
    default_format.choose("tf")
    try:
        assert default_format.now() == "tf"
    finally:
        default_format.choose("h5")
    assert default_format.now() == "h5"
