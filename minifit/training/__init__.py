"""Training: the loops, the step, the state."""
