"""Named streams of random numbers.

Shuffling, dropout and initializers each draw from a stream of their own, so that one more layer with dropout
does not change the order of the samples. All streams of a model grow from one root seed; their positions can
be captured and put back, which is what lets an interrupted run go on with the very same numbers.
"""

import copy
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import numpy as np

from minifit.checks import whole
from minifit.errors import ArgumentError
from minifit.workers import Share


def set_random_seed(seed: int) -> None:
    """Make everything that follows repeat bit for bit on one machine.

    Seeds Python's `random` and NumPy's global generator, from which models made afterwards draw their root
    seeds, in the order in which they first need one.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Raises
    ------
    ArgumentError
        When `seed` is anything else.

    References
    ----------
    ``tf.keras.utils.set_random_seed``.
    """
    import random  # seldom needed, and not free to load

    random.seed(checked_seed(seed))
    np.random.seed(int(seed))
    set_root_seed(None)


def checked_seed(seed: Any) -> int:
    """`seed` if NumPy and the standard library can take it.

    Raises
    ------
    ArgumentError
        Unless it is an integer from 0 to 2**32 - 1.
    """
    found = whole(seed)
    if found is None or not 0 <= found < 2**32:
        raise ArgumentError(
            f"seed must be an integer from 0 to 2**32 - 1. Received: seed={seed!r}. Pass for example seed=1."
        )
    return found


_roots: np.random.Generator | None = None  # after `set_root_seed`
_root_seed: int | None = None


def set_root_seed(seed: int | None) -> None:
    """Let models made afterwards draw their root seeds from a stream of its own, and leave NumPy's generator alone.

    With None, as after `set_random_seed`, they come from NumPy's again.

    Raises
    ------
    ArgumentError
        When `seed` is not from 0 to 2**32 - 1.
    """
    global _roots, _root_seed
    checked = None if seed is None else checked_seed(seed)
    _roots = None if checked is None else np.random.default_rng(checked)
    _root_seed = checked
    DEFAULT.reset()


def root_seed() -> int | None:
    """Return the seed that `set_root_seed` has set; None when root seeds come from NumPy's generator."""
    return _root_seed


def new_root() -> int:
    """A root seed: one draw from ``np.random``, so that ``np.random.seed(0)`` alone repeats a run."""
    return int(np.random.randint(2**31 - 1) if _roots is None else _roots.integers(2**31 - 1))


def global_state() -> dict[str, Any]:
    """Where Python's `random` and NumPy's global generator are: what users' own code draws from."""
    import random

    kind, words, position, has_gauss, gauss = np.random.get_state(legacy=True)
    version, internal, gauss_next = random.getstate()
    return {
        "numpy": {"kind": kind, "words": np.array(words), "position": position, "gauss": [has_gauss, gauss]},
        "python": {"version": version, "words": np.array(internal, np.uint32), "gauss": gauss_next},
    }


def set_global_state(state: dict[str, Any]) -> None:
    """Put back what `global_state` returned."""
    import random

    ours, python = state["numpy"], state["python"]
    np.random.set_state((ours["kind"], np.asarray(ours["words"]), ours["position"], *ours["gauss"]))
    random.setstate((python["version"], tuple(map(int, python["words"])), python["gauss"]))


class Streams:
    """Random generators by name, all grown from one root seed.

    Parameters
    ----------
    root : int, optional
        The root seed. When it is None, it is drawn at first use.
    """

    def __init__(self, root: int | None = None) -> None:
        self._root = root
        self._generators: dict[str, np.random.Generator] = {}

    def get(self, name: str, seed: int | None = None) -> np.random.Generator:
        """The stream called `name`; with a `seed` of its own it does not depend on the root."""
        key = name if seed is None else f"{name}/{seed}"
        found = self._generators.get(key)
        if found is None:
            found = self._generators[key] = np.random.Generator(np.random.PCG64(self._entropy(name, seed)))
        return found

    def _entropy(self, name: str, seed: int | None) -> np.random.SeedSequence:
        if seed is not None:
            return np.random.SeedSequence(seed)
        return np.random.SeedSequence([self.root, crc32(name.encode())])

    @property
    def root(self) -> int:
        """The root seed."""
        if self._root is None:
            self._root = new_root()
        return self._root

    def get_state_if_begun(self) -> dict[str, Any] | None:
        """Return its state; None before anything is drawn, and then the root is not drawn for it."""
        return None if self._root is None and not self._generators else self.get_state()

    def go_on_from(self, state: dict[str, Any] | None) -> None:
        """Put back what `get_state_if_begun` returned."""
        if state is None:
            self.reset()
        else:
            self.set_state(state)

    def reset(self) -> None:
        """Forget the root and every stream: the next draw begins anew."""
        self._root = None
        self._generators.clear()

    def __copy__(self) -> "Streams":
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: with the root drawn, so that a copy goes on with the same numbers."""
        return {"_root": self.root, "_generators": self._generators}

    def get_state(self) -> dict[str, Any]:
        """The root and the position of every stream, as plain numbers and strings; draws the root if need be."""
        positions = {n: copy.deepcopy(g.bit_generator.state) for n, g in self._generators.items()}
        return {"root": self.root, "positions": positions}

    def set_state(self, state: dict[str, Any]) -> None:
        """Put back what `get_state` returned."""
        self._root = state["root"]
        self._generators.clear()
        for name, position in state["positions"].items():
            self._generators[name] = generator_at(position)


def generator_at(position: Mapping[str, Any]) -> np.random.Generator:
    """A generator that goes on from where another one was: from its ``bit_generator.state``."""
    made = np.random.Generator(np.random.PCG64(0))
    made.bit_generator.state = position
    return made


class RowsOfShare(np.random.Generator):
    """A generator that draws for a whole batch, and hands out the rows of the share that one worker takes of it.

    So the numbers of all shares together are those of one worker, and leave the stream where that one would.

    Parameters
    ----------
    stream : numpy.random.Generator
        Draws all of them.
    share : Share

    Attributes
    ----------
    stream : numpy.random.Generator
        The same stream, for numbers that all rows have in common.
    """

    def __init__(self, stream: np.random.Generator, share: Share) -> None:
        super().__init__(stream.bit_generator)
        self.stream, self._share = stream, share

    def random(self, size: Any = None, dtype: Any = np.float64) -> Any:  # type: ignore[override]
        """Return numbers from 0 to 1."""
        return self._rows(lambda shape: self.stream.random(shape, dtype), size)

    def standard_normal(self, size: Any = None, dtype: Any = np.float64) -> Any:  # type: ignore[override]
        """Return normal numbers."""
        return self._rows(lambda shape: self.stream.standard_normal(shape, dtype), size)

    def integers(self, low: Any, high: Any = None, size: Any = None, *more: Any, **options: Any) -> Any:
        """Return whole numbers."""
        return self._rows(lambda shape: self.stream.integers(low, high, shape, *more, **options), size)

    def gumbel(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Return numbers of a Gumbel distribution."""
        return self._rows(lambda shape: self.stream.gumbel(loc, scale, shape), size)

    def permutation(self, x: Any, axis: int = 0) -> Any:
        """Refuse to bring rows of a batch into another order: they would change between workers."""
        if np.ndim(x) == 0 and x == self._share.held:
            raise ArgumentError(
                "Rows of a batch are not brought into another order where several workers share it. "
                f"Received: an order of {x} rows of {self._share.total}. Shuffle the data instead."
            )
        return self.stream.permutation(x, axis)

    def _rows(self, draw: Any, size: Any) -> Any:
        if size is None:
            return draw(None)
        return self._share.rows_of(draw, tuple(size) if np.iterable(size) else (size,))


def of_all_rows(stream: Any) -> Any:
    """Return a stream whose numbers are drawn as they are, since all rows of a batch have them in common."""
    return stream.stream if isinstance(stream, RowsOfShare) else stream


DEFAULT = Streams()
"""What layers and initializers draw from outside of any model."""
