"""``python -m minifit.standin script.py args...``: a program with the stand-in, started as Python starts it.

``-m module args...`` runs a module, ``-c code args...`` a text.
"""

import runpy
import sys
from types import ModuleType

from minifit.standin.installing import install

USAGE = (
    "Give a program: python -m minifit.standin script.py args..., or -m module args..., or -c code args..."
)


def main(arguments: list[str]) -> None:
    """Run the program that the arguments name, with the rest of them as its own."""
    flag = arguments[0] if arguments else ""
    short = flag[:2] if flag[:2] in ("-m", "-c") else ""
    if short and len(flag) > 2:  # -mmodule, as Python takes it too
        arguments = [short, flag[2:], *arguments[1:]]
    if len(arguments) < (2 if short else 1) or (flag.startswith("-") and not short):
        sys.exit(f"{USAGE}\nReceived: {' '.join(arguments) or 'nothing'}")
    install()
    if short == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif short == "-c":
        sys.argv = ["-c", *arguments[2:]]
        program = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(arguments[1], "<string>", "exec"), program.__dict__)
    else:
        sys.argv = arguments
        sys.path[0] = folder(arguments[0])
        runpy.run_path(arguments[0], run_name="__main__")


def folder(script: str) -> str:
    """Return the folder that a script imports from."""
    from os.path import dirname, realpath

    return dirname(realpath(script))


if __name__ == "__main__":
    main(sys.argv[1:])
