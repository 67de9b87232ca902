"""The version that the stand-in gives itself: what it follows, and what it is."""

from minifit import __version__

VERSION = f"2.7.4+minifit.{__version__}"
"""As programs take it apart: the version of TensorFlow whose behaviour minifit has, then minifit and its own."""
