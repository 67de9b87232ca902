"""The real TensorBoard as a reader, in a process of its own: what it makes of event files, as JSON.

As a program, ``python reading.py FOLDER``, it prints ``{file: [[step, tag, plugin, value], ...]}``. It imports nothing
of minifit.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

Read = dict[str, list[list[Any]]]


def read_by_tensorboard(folder: Path) -> Read:
    """Every value in every event file below a folder, as TensorBoard reads it."""
    done = subprocess.run(
        [sys.executable, __file__, str(folder)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def main(folder: Path) -> None:
    from tensorboard.backend.event_processing import event_file_loader
    from tensorboard.util import tensor_util

    found: Read = {}
    for file in sorted(folder.rglob("*tfevents*")):
        entries = found.setdefault(file.relative_to(folder).as_posix(), [])
        for event in event_file_loader.LegacyEventFileLoader(str(file)).Load():
            if event.file_version:
                entries.append([event.step, "file_version", "", event.file_version])
            if event.graph_def:
                entries.append([event.step, "graph_def", "", len(event.graph_def)])
            for value in event.summary.value:
                array = tensor_util.make_ndarray(value.tensor)
                plain = json.loads(json.dumps(array.tolist(), default=lambda text: text.decode("latin-1")))
                entries.append([event.step, value.tag, value.metadata.plugin_data.plugin_name, plain])
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
