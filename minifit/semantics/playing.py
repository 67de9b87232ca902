"""The player of scenarios: runs one on a framework and says in plain data what came of it.

A scenario is a function of a framework's module and an empty folder, marked with the number of its rule. The player
is strict: only a name or an argument that the framework does not have counts as absent; any other exception is an
outcome of its own. This file and the scenarios run under Python 3.9 too, as some frameworks need.
"""

import contextlib
import io
import re
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

Scenario = Callable[[Any, Path], Any]
Outcome = Dict[str, Any]
"""One entry: ``returned`` plain data, ``lacks`` a name, ``raised`` a class of exceptions, ``unasked`` a reason.

Beside ``raised`` stands ``message``, for the reader: `verdict` does not look at it, and the record does not hold it.
"""

MESSAGE = 200
"""Characters of the message of an exception in an outcome."""

SCENARIOS: Dict[str, Scenario] = {}
"""The scenario of each rule, filled by the decorator `scenario`."""

UNASKED: Dict[str, str] = {}
"""Rules that no other framework can be asked, and why."""

ABSENT = (
    re.compile(r"(?:module|type object) '[^']*' has no attribute '(\w+)'"),
    re.compile(r"unexpected keyword argument:? '(\w+)'"),
    re.compile(r"(?:Unrecognized|Invalid|not recognized)[^{\[]*(?:keyword )?arguments?[^{\[]*[{\[]'(\w+)'"),
)
"""Messages of Python and of Keras about a name or an argument that does not exist."""

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""The largest distance between two numbers of one meaning."""

DIGITS = 6
"""Significant digits of a number in an outcome."""


class AbsentError(Exception):
    """Raised by a scenario, or by an adapter, for what the framework does not have."""


class AdapterError(Exception):
    """A mistake in an adapter itself."""


def scenario(number: str) -> Callable[[Scenario], Scenario]:
    """Make the decorated function the scenario of a rule."""

    def register(function: Scenario) -> Scenario:
        if number in SCENARIOS or number in UNASKED:
            raise ValueError(f"A rule has one scenario. Received: a second one for {number}.")
        SCENARIOS[number] = function
        return function

    return register


def cannot_ask(reason: str, *numbers: str) -> None:
    """Declare that rules have no scenario, and why."""
    for number in numbers:
        if number in SCENARIOS or number in UNASKED:
            raise ValueError(f"A rule with a scenario cannot be declared as unasked. Received: {number}.")
        UNASKED[number] = reason


def play(number: str, keras: Any) -> Outcome:
    """Play the scenario of a rule on a framework.

    Parameters
    ----------
    number : str
        Number of a rule that has a scenario.
    keras : module or object
        What has the names of Keras: ``Sequential``, ``callbacks`` and so on. Its ``cannot_be_asked``, a dict from the
        number of a rule or the letters in front of it to a reason, excludes rules.

    Returns
    -------
    dict
        As in `Outcome`.
    """
    return attempt(lambda folder: SCENARIOS[number](keras, folder), keras, number, number.partition("-")[0])


def attempt(action: Callable[[Path], Any], keras: Any, *names: str) -> Outcome:
    """Return the outcome of an action in an empty folder, unless `keras` excludes it by one of its names."""
    reasons = getattr(keras, "cannot_be_asked", {})
    for name in names:
        if name in reasons:
            return {"unasked": reasons[name]}
    with empty_folder() as folder, quiet():
        try:
            return {"returned": plain(action(folder))}
        except AbsentError as error:
            return {"lacks": str(error)}
        # A framework or an adapter that ends the process must not end the kit.
        except (Exception, SystemExit) as error:
            absent = absent_name(error)
            if absent is not None:
                return {"lacks": absent}
            return {"raised": type(error).__name__, "message": " ".join(str(error).split())[:MESSAGE]}


@contextlib.contextmanager
def empty_folder() -> Iterator[Path]:
    """Lend a folder; a framework may still hold a file in it at the end, which Windows does not remove."""
    folder = Path(tempfile.mkdtemp(prefix="semantics-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what a scenario prints and warns of from the terminal."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def absent_name(error: BaseException) -> Any:
    """Return the name that an exception reports as absent, or None when it reports something else."""
    if not isinstance(error, (AttributeError, TypeError, ValueError)):
        return None
    matches = (pattern.search(str(error)) for pattern in ABSENT)
    return next((match.group(1) for match in matches if match), None)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers with six digits, lists, dicts with texts as keys."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, int):
        return value
    number = float(value)
    return float(f"{number:.{DIGITS}g}") if number - number == 0.0 else str(number)


def agree(one: Any, other: Any) -> bool:
    """Tell whether two outcomes say the same, numbers within a small distance."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= ABSOLUTE + RELATIVE * max(abs(one), abs(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(agree, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(agree(one[key], other[key]) for key in one)
    return bool(one == other)


def verdict(outcome: Outcome, expected: Outcome) -> str:
    """Return the outcome of a framework in a word, beside that of minifit."""
    if "unasked" in outcome:
        return "cannot be asked"
    if "lacks" in outcome:
        return "has no such thing"
    return "agrees" if agree(without_message(outcome), expected) else "differs"


def without_message(outcome: Outcome) -> Outcome:
    """Return what counts of an outcome."""
    return {kind: value for kind, value in outcome.items() if kind != "message"}
