"""The version that the stand-in gives itself: what it follows, and what it is."""

import sys

VERSION = f"2.7.4+minifit.{sys.modules['minifit'].__version__}"
"""The version of TensorFlow whose behaviour minifit has, which programs take apart; then minifit and its own."""
