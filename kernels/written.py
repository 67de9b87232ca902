"""The archive of the instructions as Numba lowered them, beside this file: while it is current, Numba is not needed.

Numba's part of compiling takes longer than LLVM's and is the same on every 64-bit machine. It is therefore done when
the package is built, and LLVM compiles the archive for the user's processor. The archive is valid for one state of the
files of this package. If one of them has changed, and for instructions that the archive lacks, Numba lowers again.

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
    """Return the instructions that the archive has, as LLVM's bitcode; none if the archive is for other files."""
    try:
        with zipfile.ZipFile(ARCHIVE) as archive:
            state, _, version = archive.comment.decode().partition(" ")
            # LLVM reads the bitcode of older versions only, and the instructions use 64-bit addresses
            if state != state_of_files() or int(version) > machine.version() or sys.maxsize < 2**32:
                return {}
            return {name: archive.read(name) for name in set(names) & set(archive.namelist())}
    # the archive is missing or damaged
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error):
        return {}


def write(names: Iterable[str] = ()) -> None:
    """Write an archive of these instructions, or of all instructions if no name is passed."""
    with interrupts.importing("minifit.kernels.instructions"):
        # imports Numba
        from minifit.kernels import instructions
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
