"""The version of the stand-in: the version of TensorFlow that it follows, and its own."""

import sys

VERSION = f"2.7.4+minifit.{sys.modules['minifit'].__version__}"
"""Version of TensorFlow whose behaviour minifit follows, in a form that programs can parse, and minifit's version."""
