"""Lowering: a model's step, written down as a program of compiled instructions."""
