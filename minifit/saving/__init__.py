"""Model files: the plain description of a model, one module for each format, and writes that are whole or nothing."""
