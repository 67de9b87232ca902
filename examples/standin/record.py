"""Run every program of this folder with the Python that runs this file, and write down what each prints.

The Python needs a real TensorFlow, and pytest for the suite, of which the outcome of each test is written down:
``python record.py``. What is beside the programs comes of TensorFlow 2.7.4.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTEST = ["-m", "pytest", "-v", "-p", "no:cacheprovider"]


def main():
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for program in sorted(HERE.glob("*.py")):
        if program.name != "record.py":
            suite = program.name.startswith("test_")
            command = [sys.executable, *(PYTEST if suite else []), str(program)]
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
            program.with_suffix(".out").write_bytes(outcomes(done.stdout) if suite else done.stdout)
            print(program.name)


def outcomes(printed):
    """Return a line for each test that pytest ran, with its name and how it ended.

    TensorFlow's TestCase brings a test of its own, which is skipped.
    """
    return b"".join(line + b"\n" for line in re.findall(rb"::(\S+ (?:PASSED|FAILED|ERROR)) ", printed))


if __name__ == "__main__":
    main()
