"""Small files as Keras's data sets have them, for servers in tests."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

WORDS = 60


def texts(n: int, seed: int = 0) -> Any:
    """Texts as Keras stores them: lists of numbers in an array of objects."""
    random = np.random.RandomState(seed)
    made = np.empty(n, object)
    for i in range(n):
        made[i] = random.randint(1, WORDS, random.randint(1, 12)).tolist()
    return made


def npz(folder: Path, **arrays: Any) -> bytes:
    """A file of these arrays."""
    np.savez(folder / "made.npz", **arrays)
    return (folder / "made.npz").read_bytes()


def tar(folder: Path, files: dict[str, bytes]) -> bytes:
    """A packed archive of these files."""
    with tarfile.open(folder / "made.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return (folder / "made.tar.gz").read_bytes()
