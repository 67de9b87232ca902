"""`Slots`: the memory of an optimizer's slots, with the layout of the parameters."""

from collections.abc import Iterable, Mapping

from minifit.arrays import Array, aligned_zeros
from minifit.parameters import Parameter, ParameterBuffer


class Slots:
    """One array for each slot, with the layout of a buffer; the arrays follow when that layout changes.

    Parameters
    ----------
    names : iterable of str
    starts : dict
        Initial values of the slots that do not start at 0.

    Attributes
    ----------
    arrays : dict of str to ndarray of shape (learned,)
        `learned` is that of the buffer.
    """

    def __init__(self, names: Iterable[str], starts: Mapping[str, float]) -> None:
        self.arrays: dict[str, Array] = {name: aligned_zeros(0) for name in names}
        self._starts = starts
        self._layout = -1
        self._places: dict[Parameter, slice] = {}

    def have(self, names: Iterable[str]) -> None:
        """Set the names of the slots; `follow` initializes the new ones."""
        self.arrays = {name: self.arrays.get(name, aligned_zeros(0)) for name in names}

    def follow(self, buffer: ParameterBuffer) -> None:
        """Adopt the layout of the buffer; the slots of each parameter move with it."""
        if self._layout == buffer.layout:
            return
        learned = filter(buffer.holds_learned, buffer.parameters)
        places = {p: slice(p.start, p.start + p.value.size) for p in learned}
        for name, old in self.arrays.items():
            new = self.arrays[name] = aligned_zeros(buffer.learned)
            if name in self._starts:
                # the gaps between the parameters hold 1, so that nothing is divided by zero there
                new.fill(1)
                for place in places.values():
                    new[place] = self._starts[name]
            if old.size:
                for p in self._places.keys() & places.keys():
                    new[places[p]] = old[self._places[p]]
        self._layout, self._places = buffer.layout, places

    def put(self, parameter: Parameter, slots: Mapping[str, Array]) -> None:
        """Set the slots of a parameter that exist here, by name."""
        for name in self.arrays.keys() & slots.keys():
            self.arrays[name][self._places[parameter]] = slots[name].reshape(-1)
