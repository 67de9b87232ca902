"""``python -m minifit.standin script.py args...``: the command that runs a program with the stand-in.

As in Python, ``-m module args...`` runs a module and ``-c code args...`` a string.
"""

import sys

from minifit import programs
from minifit.standin.installing import install


def main(arguments: list[str]) -> None:
    """Run the program named by the first arguments, with the other arguments."""
    program = programs.named(arguments, "python -m minifit.standin")
    install()
    programs.run(program)


if __name__ == "__main__":
    main(sys.argv[1:])
