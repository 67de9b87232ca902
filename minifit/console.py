"""The only place that prints.

Everything goes to ``sys.stdout`` as it is at that moment, so that redirecting it works as a user expects.
"""

import sys
import warnings

from minifit.errors import MinifitWarning


def say(text: str = "") -> None:
    """Print one line (or several) and make sure that it is seen at once."""
    print(text, file=sys.stdout, flush=True)


def warn(text: str) -> None:
    """Warn, pointing at the line outside of minifit that led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "minifit":
        level, frame = level + 1, frame.f_back
    warnings.warn(text, MinifitWarning, stacklevel=level)
