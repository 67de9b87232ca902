"""Model files: plain descriptions of a model, one module for each format, and writes that are whole or not at all."""
