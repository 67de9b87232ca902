"""Named streams of random numbers.

Shuffling, dropout and initializers draw from separate streams, so that one more dropout layer does not change the order
of the samples. All streams of a model derive from one root seed. Their positions can be saved and restored, so that an
interrupted run continues with the same numbers.
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
    """Make later training reproducible bit for bit on one machine.

    Seeds Python's `random` and NumPy's global generator. Models created afterwards draw their root seeds from NumPy's
    generator, in the order in which they first need one.

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
    # imported here since it is rarely needed and takes time to load
    import random

    random.seed(checked_seed(seed))
    np.random.seed(int(seed))
    set_root_seed(None)


def checked_seed(seed: Any) -> int:
    """Return `seed` if NumPy and the standard library accept it.

    Raises
    ------
    ArgumentError
        Unless it is an integer from 0 to 2**32 - 1.
    """
    number = whole(seed)
    if number is None or not 0 <= number < 2**32:
        raise ArgumentError(
            f"seed must be an integer from 0 to 2**32 - 1. Received: seed={seed!r}. Pass for example seed=1."
        )
    return number


# set by `set_root_seed`
_roots: np.random.Generator | None = None
_root_seed: int | None = None


def set_root_seed(seed: int | None) -> None:
    """Make models created afterwards draw their root seeds from a separate generator instead of NumPy's.

    With None, as after `set_random_seed`, root seeds come from NumPy's generator again.

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
    """Return the seed of `set_root_seed`, or None when root seeds come from NumPy's generator."""
    return _root_seed


def new_root() -> int:
    """Draw a root seed, from ``np.random`` by default, so that ``np.random.seed(0)`` alone makes a run reproducible."""
    return int(np.random.randint(2**31 - 1) if _roots is None else _roots.integers(2**31 - 1))


def global_state() -> dict[str, Any]:
    """Return the states of Python's `random` and NumPy's global generator, from which the user's code may draw."""
    import random

    kind, words, position, has_gauss, gauss = np.random.get_state(legacy=True)
    version, internal, gauss_next = random.getstate()
    return {
        "numpy": {"kind": kind, "words": np.array(words), "position": position, "gauss": [has_gauss, gauss]},
        "python": {"version": version, "words": np.array(internal, np.uint32), "gauss": gauss_next},
    }


def set_global_state(state: dict[str, Any]) -> None:
    """Restore the states that `global_state` returned."""
    import random

    numpy, python = state["numpy"], state["python"]
    np.random.set_state((numpy["kind"], np.asarray(numpy["words"]), numpy["position"], *numpy["gauss"]))
    random.setstate((python["version"], tuple(map(int, python["words"])), python["gauss"]))


class Streams:
    """Random generators by name, all derived from one root seed.

    Parameters
    ----------
    root : int, optional
        The root seed. When None, it is drawn at first use.
    """

    def __init__(self, root: int | None = None) -> None:
        self._root = root
        self._generators: dict[str, np.random.Generator] = {}

    def get(self, name: str, seed: int | None = None) -> np.random.Generator:
        """Return the stream with this name; with a seed, it does not depend on the root seed."""
        key = name if seed is None else f"{name}/{seed}"
        generator = self._generators.get(key)
        if generator is None:
            generator = self._generators[key] = np.random.Generator(
                np.random.PCG64(self._entropy(name, seed))
            )
        return generator

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
        """Return the state, or None, without drawing the root seed, when nothing was drawn yet."""
        return None if self._root is None and not self._generators else self.get_state()

    def go_on_from(self, state: dict[str, Any] | None) -> None:
        """Restore the state that `get_state_if_begun` returned."""
        if state is None:
            self.reset()
        else:
            self.set_state(state)

    def reset(self) -> None:
        """Discard the root seed and all streams; the next draw starts with a new root seed."""
        self._root = None
        self._generators.clear()

    def __copy__(self) -> "Streams":
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy with the root seed drawn, so that a copy continues with the same numbers."""
        return {"_root": self.root, "_generators": self._generators}

    def get_state(self) -> dict[str, Any]:
        """Return the root seed, drawn if necessary, and the position of every stream, as plain numbers and strings."""
        positions = {n: copy.deepcopy(g.bit_generator.state) for n, g in self._generators.items()}
        return {"root": self.root, "positions": positions}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state that `get_state` returned."""
        self._root = state["root"]
        self._generators.clear()
        for name, position in state["positions"].items():
            self._generators[name] = generator_at(position)


def generator_at(position: Mapping[str, Any]) -> np.random.Generator:
    """Return a generator that continues from the ``bit_generator.state`` of another one."""
    generator = np.random.Generator(np.random.PCG64(0))
    generator.bit_generator.state = position
    return generator


class RowsOfShare(np.random.Generator):
    """A generator that draws numbers for a whole batch and returns those for the rows of one worker.

    The numbers of all workers together are those of a single worker, and the stream ends at the same position.

    Parameters
    ----------
    stream : numpy.random.Generator
        The stream of the whole batch.
    share : Share
        The rows of this worker.

    Attributes
    ----------
    stream : numpy.random.Generator
        The stream of the whole batch, for numbers that all rows share.
    """

    def __init__(self, stream: np.random.Generator, share: Share) -> None:
        super().__init__(stream.bit_generator)
        self.stream, self._share = stream, share

    def random(self, size: Any = None, dtype: Any = np.float64) -> Any:  # type: ignore[override]
        """Draw numbers from 0 to 1."""
        return self._rows(lambda shape: self.stream.random(shape, dtype), size)

    def standard_normal(self, size: Any = None, dtype: Any = np.float64) -> Any:  # type: ignore[override]
        """Draw numbers from the standard normal distribution."""
        return self._rows(lambda shape: self.stream.standard_normal(shape, dtype), size)

    def integers(self, low: Any, high: Any = None, size: Any = None, *more: Any, **options: Any) -> Any:
        """Draw integers."""
        return self._rows(lambda shape: self.stream.integers(low, high, shape, *more, **options), size)

    def gumbel(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Draw numbers from a Gumbel distribution."""
        return self._rows(lambda shape: self.stream.gumbel(loc, scale, shape), size)

    def permutation(self, x: Any, axis: int = 0) -> Any:
        """Return a permutation; refuse one of the rows of a batch, which would move rows between workers."""
        if np.ndim(x) == 0 and x == self._share.held:
            raise ArgumentError(
                "The rows of a batch cannot be permuted when several workers share it. "
                f"Received: a permutation of {x} of {self._share.total} rows. Shuffle the data instead."
            )
        return self.stream.permutation(x, axis)

    def _rows(self, draw: Any, size: Any) -> Any:
        if size is None:
            return draw(None)
        return self._share.rows_of(draw, tuple(size) if np.iterable(size) else (size,))


def of_all_rows(stream: Any) -> Any:
    """Return the stream for numbers that all rows of a batch share, from which every worker draws the same."""
    return stream.stream if isinstance(stream, RowsOfShare) else stream


DEFAULT = Streams()
"""The streams of layers and initializers outside any model."""
