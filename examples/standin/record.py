"""Run every program of this folder with the Python that runs this file, and write down what each prints.

The Python needs a real TensorFlow: ``python record.py``. What is beside the programs comes of TensorFlow 2.7.4.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NO_PROGRAMS = {"record.py", "test_suite.py"}


def main():
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for program in sorted(HERE.glob("*.py")):
        if program.name not in NO_PROGRAMS:
            done = subprocess.run(
                [sys.executable, str(program)], env=environment, stdout=subprocess.PIPE, check=True
            )
            program.with_suffix(".out").write_bytes(done.stdout)
            print(program.name)


if __name__ == "__main__":
    main()
