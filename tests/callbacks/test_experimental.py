"""Code written for TensorFlow 2.7 finds BackupAndRestore where it was then."""

from minifit import callbacks


def test_the_older_place_has_the_same_class() -> None:
    assert callbacks.experimental.BackupAndRestore is callbacks.BackupAndRestore
