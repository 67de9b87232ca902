"""Lowering: the translation of a model's step into a program of compiled instructions."""
