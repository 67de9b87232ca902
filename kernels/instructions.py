"""All instructions by the names that programs use. Importing this file compiles none of them."""

from minifit.kernels import (
    driver,
    instructions_adam,
    instructions_adaptive,
    instructions_batch,
    instructions_clipping,
    instructions_elementwise,
    instructions_entropies,
    instructions_errors,
    instructions_layers,
    instructions_losses,
    instructions_margins,
    instructions_metrics,
    instructions_nonlinearities,
    instructions_normalization,
    instructions_pairs,
    instructions_preparing,
    instructions_random,
    instructions_reductions,
    instructions_shaping,
    instructions_shares,
    instructions_tables,
    instructions_updates,
)
from minifit.kernels.jit import Instruction

_FILES = (
    driver,
    instructions_adam,
    instructions_adaptive,
    instructions_batch,
    instructions_clipping,
    instructions_elementwise,
    instructions_entropies,
    instructions_errors,
    instructions_layers,
    instructions_losses,
    instructions_margins,
    instructions_metrics,
    instructions_nonlinearities,
    instructions_normalization,
    instructions_pairs,
    instructions_preparing,
    instructions_random,
    instructions_reductions,
    instructions_shaping,
    instructions_shares,
    instructions_tables,
    instructions_updates,
)

TABLE: dict[str, Instruction] = dict(
    sorted(
        (name, each) for file in _FILES for name, each in vars(file).items() if isinstance(each, Instruction)
    )
)
"""Every instruction by its name; a new one only needs to be defined in one of these files."""
