"""The instructions as Numba wrote them down, in an archive beside this file: where it is fresh, Numba is not needed.

Numba's part of compiling is the same on every machine of 64 bits, and the longer one. So it is done when the package is
made, and LLVM compiles what is here for the processor that it finds. The archive belongs to the text of all files of
this package: where one has changed since, and for everything that is not in it, Numba does its part again.

    make kernels        writes the archive: python -m minifit.kernels.written
"""

import hashlib
import sys
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from minifit import console, interrupts
from minifit.kernels import machine

ARCHIVE = Path(__file__).with_name("instructions.zip")


def read(names: Iterable[str]) -> dict[str, bytes]:
    """Return those of the instructions that are there, in LLVM's bitcode; none if the archive is of other files."""
    try:
        with zipfile.ZipFile(ARCHIVE) as archive:
            state, _, version = archive.comment.decode().partition(" ")
            # LLVM reads what older ones have written; places in memory are of 64 bits
            if state != state_of_files() or int(version) > machine.version() or sys.maxsize < 2**32:
                return {}
            return {name: archive.read(name) for name in set(names) & set(archive.namelist())}
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error):  # not there, or damaged
        return {}


def write(names: Iterable[str] = ()) -> None:
    """Write an archive of these instructions; of all that there are if none is named."""
    with interrupts.importing("minifit.kernels.instructions"):
        from minifit.kernels import instructions  # imports Numba
    with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.comment = f"{state_of_files()} {machine.version()}".encode()
        for name in names or instructions.TABLE:
            code = machine.simplify(name, instructions.TABLE[name].lower())
            archive.writestr(zipfile.ZipInfo(name), code, zipfile.ZIP_DEFLATED)


def state_of_files() -> str:
    """Return a checksum of the text of all files of this package."""
    state = hashlib.sha256()
    for path in sorted(ARCHIVE.parent.glob("*.py")):
        state.update(path.name.encode() + path.read_text(encoding="utf-8").encode())
    return state.hexdigest()


if __name__ == "__main__":
    write()
    console.say(f"{ARCHIVE.name}: {ARCHIVE.stat().st_size:,} bytes")
