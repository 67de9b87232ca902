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
    """Run the program that the arguments name, with the rest of them as its own.

    The program's module stays ``__main__`` after its last line: threads, functions of `atexit` and pickles of its
    classes look names up there. The public functions of `runpy` would empty it, so modules and folders go the way that
    ``python -m`` itself goes.
    """
    flag = arguments[0] if arguments else ""
    short = flag[:2] if flag[:2] in ("-m", "-c") else ""
    if short and len(flag) > 2:  # -mmodule, as Python takes it too
        arguments = [short, flag[2:], *arguments[1:]]
    if len(arguments) < (2 if short else 1) or (flag.startswith("-") and not short):
        sys.exit(f"{USAGE}\nReceived: {' '.join(arguments) or 'nothing'}")
    install()
    program = sys.modules["__main__"] = ModuleType("__main__")
    sys.argv = arguments[1:] if short == "-m" else ["-c", *arguments[2:]] if short else arguments
    if short == "-c":
        exec(compile(arguments[1], "<string>", "exec"), program.__dict__)
    elif short == "-m":
        runpy._run_module_as_main(arguments[1])  # type: ignore[attr-defined]
    else:
        run_file(arguments[0], program)


def run_file(path: str, program: ModuleType) -> None:
    """Run a script, or the ``__main__`` of a folder or archive."""
    from os.path import abspath, dirname, realpath
    from pkgutil import get_importer

    if get_importer(path) is not None:
        sys.path[0] = path
        runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]
        return
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        sys.exit(f"The program must be a file. Received: {path!r}, which cannot be read: {error.strerror}.")
    sys.path[0] = dirname(realpath(path))
    program.__file__ = abspath(path)
    exec(compile(text, program.__file__, "exec"), program.__dict__)


if __name__ == "__main__":
    main(sys.argv[1:])
