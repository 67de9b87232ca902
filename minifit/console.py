"""The only place that prints.

Everything goes to ``sys.stdout`` as it is at that moment, so that redirecting it works as a user expects.
"""

import sys
import warnings

from minifit.errors import MinifitWarning


def say(text: str = "") -> None:
    """Print one line (or several) and make sure that it is seen at once."""
    print(text, file=sys.stdout, flush=True)


def warn(text: str, stacklevel: int = 3) -> None:
    """Warn, pointing at the caller of the function that warns."""
    warnings.warn(text, MinifitWarning, stacklevel=stacklevel)
