"""The format of a program: a row of integers for each instruction, and a frame of values that change with the batch.

A model's training step is lowered once to a list of instructions: gather the batch, run each layer forward, compute
the losses, run each layer backward, update the weights. An instruction is a compiled function with its operands: places
in memory, sizes, settings. `minifit.kernels.driver` runs a program for many batches in one call.

    a row     the address of the function, then its fields
    the frame the number of rows in this batch, the first of them, and the like

Places are addresses in bytes, or 0 for none. Their memory holds float32 in C order without gaps, unless a kernel says
otherwise. Settings other than integers are stored in a row as the bits of a float64. A count of numbers, or of rows of
a matrix, is per sample if it is positive. A negative count is the negated total, as for weights, which have the same
size in every batch. The program's builder must keep its arrays alive.
"""

from typing import Final

FIELDS: Final = 16
"""The number of integers in a row: the function's address and up to 15 fields."""

ROW: Final = FIELDS * 8
"""The size of a row in bytes."""

# the indices of the frame
N: Final = 0  # rows of this batch
FIRST: Final = 1  # first row of this batch, as an index of the rows or of their order
STEP: Final = 2  # index of this batch among the learning rates of the call
SIZE: Final = 3  # rows of a full batch
SAMPLES: Final = 4  # number of rows, or length of their order
ORDER: Final = 5  # address of the order of the rows, int64; 0 for unshuffled rows
SOUND: Final = 6  # 1 while all losses have been finite
TOTAL: Final = 7  # rows of the whole batch, of which this worker has a share; 0 without other workers
BEFORE: Final = 8  # rows of the whole batch before this worker's rows
BEHIND: Final = 9  # rows of the whole batch after this worker's rows
PART: Final = 10  # this worker's part of the whole batch, as the bits of a float64; 0 for no rows
FRAME: Final = 16

# the return values of an instruction
GO_ON: Final = 0
REFUSE: Final = 1  # the program cannot process this batch; nothing has changed
LAST: Final = 2  # stop after this batch
