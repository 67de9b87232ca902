"""Where TensorFlow 2.7 has `BackupAndRestore`; the name means the same class."""

from minifit.callbacks.backup_and_restore import BackupAndRestore

__all__ = ["BackupAndRestore"]
