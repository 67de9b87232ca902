"""The plan of a chain: what the kernels that walk a chain of dense layers are told.

A chain is a model whose layers are dense and follow one another, with one of a few losses, metrics and optimizers.
For it `chain_steps` takes many training steps in one call. All it needs stands in one table of int64 with `FIELDS`
columns: sizes, codes, and where in memory the data, the weights and the room for what comes between lie. So one
compiled function serves every model, and one call of it costs next to nothing.

    row 0           the data        plan[DATA, X], ...
    row 1           the work        plan[WORK, LOSS], ...
    row 2 and on    a layer each    plan[LAYER + i, W], ...

Places are addresses in bytes; 0 stands for "there is none". What lies there is float32 in C order without gaps,
except where it says int64. Who makes a plan keeps the arrays alive.
"""

from typing import Final

FIELDS: Final = 16

DATA: Final = 0
BATCH_SIZE: Final = 0
SAMPLES: Final = 1  # in how many the batches end
ROWS: Final = 2  # how many rows the data has
X: Final = 3  # the inputs, (rows, k)
T: Final = 4  # the targets, (rows, m)
IDS: Final = 5  # instead of `T`: one whole number a row, int64; for the categorical cross-entropy, a class
ORDER: Final = 6  # which row comes next, int64, (samples,); none when the rows stay in their order

WORK: Final = 1
LOSS: Final = 0
OPTIMIZER: Final = 1
BLAS: Final = 2  # the address of its `sgemm`
BATCH_X: Final = 3  # room for the inputs of a batch
BATCH_T: Final = 4  # for its targets
TURNED: Final = 5  # for the largest matrix of weights, transposed
VALUES: Final = 6  # the parameters, all of them side by side
GRADS: Final = 7  # their gradients, where the optimizer wants any
FIRST_SLOT: Final = 8  # what the optimizer remembers: momentum, or the means of Adam
SECOND_SLOT: Final = 9
SIZE: Final = 10  # how many numbers lie in each of these four
METRIC: Final = 11  # the code of a metric, and of the others in the fields that follow; NO_METRIC ends them

LAYER: Final = 2  # y = activation(x @ w + b)
K: Final = 0  # how many inputs
M: Final = 1  # how many outputs
ACTIVATION: Final = 2
W: Final = 3
B: Final = 4
DW: Final = 5
DB: Final = 6
Y: Final = 7  # room for the outputs of a batch
DY: Final = 8  # and for the gradient with respect to them

LINEAR, RELU, SIGMOID, TANH, SOFTMAX = range(5)
SQUARED_ERROR, BINARY_CROSSENTROPY, CATEGORICAL_CROSSENTROPY = range(3)
"""The cross-entropies take what comes before the sigmoid or softmax of the last layer, if it has one."""
NO_OPTIMIZER, PLAIN_SGD, MOMENTUM, NESTEROV, ADAM = range(5)
"""Without an optimizer the batches are only judged."""
NO_METRIC, BINARY_ACCURACY, CATEGORICAL_ACCURACY, MEAN_SQUARED_ERROR, MEAN_ABSOLUTE_ERROR = range(5)

MOST_METRICS: Final = FIELDS - METRIC - 1
