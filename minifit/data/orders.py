"""Stages that order, select or repeat elements, without reading them.

For rows of arrays they work on row numbers, many at a time: no row is read until its batch is made.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, islice, repeat
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.data.permutation import permutation
from minifit.data.stages import INFINITE, STRETCH, UNKNOWN, Stage, length_over
from minifit.randomness import DEFAULT, generator_at

DRAWN = 2**10
"""The number of random places that are drawn together."""


class Order(Stage):
    """The base class of these stages."""

    def __init__(self, before: Stage) -> None:
        self.before, self.source = (before,), before.source

    def arranged(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the elements, or row numbers, of the stage before in the new order."""
        raise NotImplementedError

    def elements(self) -> Iterator[Any]:
        """Yield the elements in their new order."""
        if self.source is None:
            return self.arranged(self.before[0].elements())
        return map(self.source.at, _each(self.numbers()))

    def numbers(self) -> Iterator[Array]:
        """Yield the numbers of the rows in their new order."""
        items = self.arranged(_each(self.before[0].numbers()))
        while len(stretch := np.fromiter(islice(items, STRETCH), np.int64)):
            yield stretch

    def spec(self) -> Any:
        """Return the spec of the stage before."""
        return self.before[0].spec()

    def known_spec(self) -> Any:
        """Return the known spec of the stage before."""
        return self.before[0].known_spec()


def _each(stretches: Iterator[Array]) -> Iterator[int]:
    return chain.from_iterable(numbers.tolist() for numbers in stretches)


class Taken(Order):
    """The first elements; a count of -1 means all."""

    title = "TakeDataset"

    def __init__(self, before: Stage, elements: int) -> None:
        super().__init__(before)
        self.most = elements

    def arranged(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the first items."""
        return items if self.most < 0 else islice(items, self.most)

    def length(self) -> int:
        """Return the number of these elements."""
        before = self.before[0].length()
        if self.most < 0 or before == UNKNOWN:
            return 0 if self.most == 0 else before
        return self.most if before == INFINITE else min(self.most, before)


class Skipped(Order):
    """The elements after the first ones; a count of -1 skips all."""

    title = "SkipDataset"

    def __init__(self, before: Stage, elements: int) -> None:
        super().__init__(before)
        self.least = elements

    def arranged(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the remaining items."""
        return iter(()) if self.least < 0 else islice(items, self.least, None)

    def length(self) -> int:
        """Return the number of remaining elements."""
        if self.least < 0:
            return 0
        return length_over(self.before[0].length(), lambda n: max(n - self.least, 0))


class Shard(Order):
    """Every n-th element, for n shards."""

    title = "ShardDataset"

    def __init__(self, before: Stage, shards: int, index: int) -> None:
        super().__init__(before)
        self.shards, self.index = shards, index

    def arranged(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield every n-th item."""
        return islice(items, self.index, None, self.shards)

    def length(self) -> int:
        """Return the number of these elements."""
        return length_over(self.before[0].length(), lambda n: max(-(-(n - self.index) // self.shards), 0))


class Passing(Order):
    """The unchanged elements, for `prefetch` and `with_options`.

    Parameters
    ----------
    before : Stage
    options : Options, optional
        The user's options for the pipeline up to here.
    """

    title = "PrefetchDataset"

    def __init__(self, before: Stage, options: Any = None) -> None:
        super().__init__(before)
        self.options = options

    def arranged(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the items."""
        return items

    def numbers(self) -> Iterator[Array]:
        """Yield the row numbers of the stage before."""
        return self.before[0].numbers()

    def length(self) -> int:
        """Return the length of the stage before."""
        return self.before[0].length()


class Cached(Passing):
    """The elements of the first complete iteration, kept in memory for later ones.

    An incomplete iteration keeps nothing. Rows of arrays in a fixed order are in memory already.

    Attributes
    ----------
    kept : list or None
    drawn_from : dict
        The positions of the shuffles from which the order of `kept` was drawn.
    """

    title = "CacheDataset"

    def __init__(self, before: Stage) -> None:
        super().__init__(before)
        if any(stage.draws for stage in before.walk()):
            self.source = None
        self.kept: list[Any] | None = None
        self.drawn_from: dict[Stage, Any] = {}

    def arranged(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the kept elements, or keep those of the stage before."""
        if self.kept is not None:
            yield from self.kept
            return
        self.drawn_from = places_of(self.before[0])
        collected, length = list[Any](), self.length()
        for item in items:
            collected.append(item)
            # training stops at the known length, without asking for one more
            if len(collected) == length:
                self.kept = collected
            yield item
        self.kept = collected


class Repeated(Order):
    """The elements several times; a count of -1 means without end."""

    title = "RepeatDataset"

    def __init__(self, before: Stage, passes: int) -> None:
        super().__init__(before)
        self.passes = passes

    def elements(self) -> Iterator[Any]:
        """Yield the elements of one iteration after another."""
        return self._chained(self.before[0].elements)

    def numbers(self) -> Iterator[Array]:
        """Yield the row numbers of one iteration after another."""
        return self._chained(self.before[0].numbers)

    def _chained(self, begin: Any) -> Iterator[Any]:
        """Yield the items of one iteration after another; an empty iteration is the last."""
        for _ in repeat(None) if self.passes < 0 else range(self.passes):
            empty = True
            for each in begin():
                empty = False
                yield each
            if empty:
                return

    def length(self) -> int:
        """Return the length of all passes together."""
        before = self.before[0].length()
        if 0 in (before, self.passes):
            return 0
        return INFINITE if self.passes < 0 else length_over(before, lambda n: n * self.passes)


class Shuffled(Order):
    """The elements in random order: each is drawn from a buffer, and the next element takes its place there.

    Parameters
    ----------
    before : Stage
    buffer : int
        The number of elements in the buffer.
    seed : int or None
        None means a seed from the stream "dataset".
    again : bool
        Whether each iteration has a new order.

    Attributes
    ----------
    position : dict
        The position of the random numbers: the state of a bit generator.
    """

    title = "ShuffleDataset"

    draws = True

    def __init__(self, before: Stage, buffer: int, seed: int | None, again: bool) -> None:
        super().__init__(before)
        self.buffer, self.seed, self.again = buffer, seed, again
        self._generator: np.random.Generator | None = None

    @property
    def position(self) -> Mapping[str, Any]:
        """The position of the random numbers."""
        return self._seeded().bit_generator.state

    @position.setter
    def position(self, position: Mapping[str, Any]) -> None:
        self._generator = generator_at(position)

    def _seeded(self) -> np.random.Generator:
        """Return the generator; it is seeded at first use."""
        if self._generator is None:
            if self.seed is None:
                self.seed = int(DEFAULT.get("dataset").integers(2**31))
            self._generator = np.random.Generator(np.random.PCG64(self.seed))
        return self._generator

    def generator(self) -> np.random.Generator:
        """Return the generator for an iteration."""
        return self._seeded() if self.again else generator_at(self.position)

    def arranged(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the items through the buffer."""
        buffer = list(islice(items, self.buffer))
        rng = self.generator()
        following = next(items, buffer)
        if following is not buffer:
            # there are more items than the buffer holds
            rng = np.random.Generator(np.random.PCG64(int(rng.integers(2**63))))
            places = chain.from_iterable(rng.integers(len(buffer), size=DRAWN).tolist() for _ in repeat(None))
            for item, place in zip(chain((following,), items), places, strict=False):
                yield buffer[place]
                buffer[place] = item
        for place in permutation(len(buffer), rng)[:]:
            yield buffer[place]

    def numbers(self) -> Iterator[Array]:
        """Yield the row numbers in the same order, a stretch at a time."""
        before, first = self.before[0].numbers(), [np.empty(0, np.int64)]
        while sum(map(len, first)) <= self.buffer and len(rows := next(before, first[0])):
            first.append(rows)
        buffer = np.concatenate(first)
        buffer, rest = buffer[: self.buffer], buffer[self.buffer :]
        rng = self.generator()
        if len(rest):
            # there are more rows than the buffer holds
            rng = np.random.Generator(np.random.PCG64(int(rng.integers(2**63))))
            places = first[0]
            for rows in chain((rest,), before):
                while len(places) < len(rows):
                    places = np.append(places, rng.integers(len(buffer), size=DRAWN))
                yield exchanged(buffer, places[: len(rows)], rows)
                places = places[len(rows) :]
        order = permutation(len(buffer), rng)
        for begin in range(0, len(buffer), STRETCH):
            yield buffer[order[begin : begin + STRETCH]]

    def length(self) -> int:
        """Return the length of the stage before."""
        return self.before[0].length()


def exchanged(buffer: Array, places: Array, rows: Array) -> Array:
    """Exchange the entries of a buffer at some places, one after another, for new rows; return the old entries."""
    # small integers are sorted faster
    order = places.astype(np.min_scalar_type(len(buffer))).argsort(kind="stable")
    by_place, rows = places[order], rows[order]
    again = by_place[1:] == by_place[:-1]
    later, last = again.nonzero()[0], (~again).nonzero()[0]
    out = buffer[places]
    # a place that occurs again holds the row that was put there before
    out[order[1:][later]] = rows[later]
    buffer[by_place[last]] = rows[last]
    buffer[by_place[-1]] = rows[-1]
    return out


def places_of(stage: Stage) -> dict[Stage, Any]:
    """Return the positions of a pipeline's shuffles for its next iteration.

    Shuffles before a filled cache draw no more; their positions are those when the cache was begun.
    """
    positions: dict[Stage, Any] = {}
    for each in stage.walk():
        if isinstance(each, Cached) and each.kept is not None:
            positions = {**each.drawn_from, **positions}
        if each.draws:
            positions.setdefault(each, each.position)
    return positions
