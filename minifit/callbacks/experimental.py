"""`BackupAndRestore` under the name that it has in TensorFlow 2.7."""

from minifit.callbacks.backup_and_restore import BackupAndRestore

__all__ = ["BackupAndRestore"]
