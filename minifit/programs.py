"""Programs, started in the way of Python: a script, ``-m module`` or ``-c code``, with arguments."""

import runpy
import sys
from os.path import abspath, dirname, realpath
from pkgutil import get_importer
from types import ModuleType


def named(arguments: list[str], starter: str) -> list[str]:
    """Return the arguments that name a program, with ``-mmodule`` and ``-ccode`` split in two; exit if they name none.

    Parameters
    ----------
    arguments : list of str
        A program with its own arguments.
    starter : str
        The command before them, for the error message.
    """
    flag = arguments[0] if arguments else ""
    short = flag[:2] if flag[:2] in ("-m", "-c") else ""
    if short and len(flag) > 2:
        arguments = [short, flag[2:], *arguments[1:]]
    if len(arguments) < (2 if short else 1) or (flag.startswith("-") and not short):
        sys.exit(
            f"Name a program: {starter} script.py args..., or -m module args..., or -c code args...\n"
            f"Received: {' '.join(arguments) or 'nothing'}"
        )
    return arguments


def run(program: list[str]) -> None:
    """Run the program that `named` returned, as the main module of this process.

    Its module stays ``__main__`` after its last line, where threads, functions of `atexit` and pickles of its classes
    look up names. The public functions of `runpy` would empty the module, so modules and folders are run by the
    function that ``python -m`` itself uses.
    """
    first, *rest = program
    main = sys.modules["__main__"] = ModuleType("__main__")
    sys.argv = rest if first == "-m" else ["-c", *rest[1:]] if first == "-c" else program
    if first == "-c":
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)
    elif first == "-m":
        runpy._run_module_as_main(rest[0])  # type: ignore[attr-defined]
    else:
        _run_file(first, main)


def _run_file(path: str, main: ModuleType) -> None:
    """Run a script, or the ``__main__`` of a folder or archive."""
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
    main.__file__ = abspath(path)
    exec(compile(text, main.__file__, "exec"), main.__dict__)
