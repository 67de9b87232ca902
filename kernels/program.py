"""The form of a program: rows of whole numbers, one for each instruction, and a frame for what changes with the batch.

A training step is written down once for a model as a list of instructions: gather the batch, each layer forward, the
losses, each layer backward, the update. An instruction is a compiled function and the numbers that it works by: places
in memory, sizes, settings. `minifit.kernels.driver` carries a program out, for many batches in one call.

    a row     the address of the function, then its fields
    the frame how many rows this batch has, where it begins, and the like

Places are addresses in bytes; 0 stands for "there is none". float32 lies there in C order without gaps, unless a kernel
says something else. Settings that are no whole numbers stand in a row as the bits of a float64. A count of numbers, or
of rows of a matrix, is for one sample if it is positive, and the whole of it, negated, if it is not: weights
have the same size in every batch. The builder of a program keeps its arrays alive.
"""

from typing import Final

FIELDS: Final = 16
"""Whole numbers in a row: the function's address and up to 15 fields."""

ROW: Final = FIELDS * 8
"""Bytes from one row to the next."""

# the frame
N: Final = 0  # rows of this batch
FIRST: Final = 1  # where it begins among the rows, or in their order
STEP: Final = 2  # its number among the steps whose learning rates are noted
SIZE: Final = 3  # rows of a full batch
SAMPLES: Final = 4  # rows, or places of the order, that all batches end in
ORDER: Final = 5  # the address of which row comes next, int64; 0 when the rows stay in their order
SOUND: Final = 6  # whether the losses so far are finite numbers
TOTAL: Final = 7  # rows of the whole batch of which this worker has a share; 0 where it has all of it
BEFORE: Final = 8  # rows of the whole batch before those of this worker
BEHIND: Final = 9  # rows of it behind them
PART: Final = 10  # the part of the whole batch that this worker has, as the bits of a float64; 0 for none
FRAME: Final = 16

# what an instruction returns
GO_ON: Final = 0
REFUSE: Final = 1  # the batch is not for this program: leave it, before anything has changed
LAST: Final = 2  # no further batch after this one
