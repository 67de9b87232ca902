"""``python -m minifit.standin script.py args...``: a program with the stand-in, started as Python starts it.

``-m module args...`` runs a module, ``-c code args...`` a text.
"""

import sys

from minifit import programs
from minifit.standin.installing import install


def main(arguments: list[str]) -> None:
    """Run the program that the arguments name, with the rest of them as its own."""
    program = programs.named(arguments, "python -m minifit.standin")
    install()
    programs.run(program)


if __name__ == "__main__":
    main(sys.argv[1:])
