"""What optimizers remember of earlier steps lies in memory of the same layout as the parameters."""

from collections.abc import Iterable, Mapping

from minifit.arrays import Array, aligned_zeros
from minifit.parameters import Parameter, ParameterBuffer


class Slots:
    """One array for each slot, of the layout of a buffer; they follow when it is laid out anew.

    Parameters
    ----------
    names : iterable of str
    starts : dict
        The value that a slot begins with, where that is not 0.

    Attributes
    ----------
    arrays : dict of str to ndarray of shape (learned,), as of the buffer
    """

    def __init__(self, names: Iterable[str], starts: Mapping[str, float]) -> None:
        self.arrays: dict[str, Array] = {name: aligned_zeros(0) for name in names}
        self._starts = starts
        self._layout = -1
        self._places: dict[Parameter, slice] = {}

    def have(self, names: Iterable[str]) -> None:
        """Have a slot of each of these names; those that are new begin when the layout is followed."""
        self.arrays = {name: self.arrays.get(name, aligned_zeros(0)) for name in names}

    def follow(self, buffer: ParameterBuffer) -> None:
        """Take on the layout of the buffer; what is remembered of a parameter moves with it."""
        if self._layout == buffer.layout:
            return
        learned = filter(buffer.holds_learned, buffer.parameters)
        places = {p: slice(p.start, p.start + p.value.size) for p in learned}
        for name, old in self.arrays.items():
            new = self.arrays[name] = aligned_zeros(buffer.learned)
            if name in self._starts:
                new.fill(1)  # between the parameters, so that nothing is divided by zero there
                for place in places.values():
                    new[place] = self._starts[name]
            if old.size:
                for p in self._places.keys() & places.keys():
                    new[places[p]] = old[self._places[p]]
        self._layout, self._places = buffer.layout, places

    def put(self, parameter: Parameter, slots: Mapping[str, Array]) -> None:
        """Have these slots of a parameter, those that there are by their names."""
        for name in self.arrays.keys() & slots.keys():
            self.arrays[name][self._places[parameter]] = slots[name].reshape(-1)
