"""The tests mirror the source file by file; `house` holds the project itself to its own rules."""
