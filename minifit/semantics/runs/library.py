"""The runs and their records, as the files beside this one have them."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

RUNS: dict[str, dict[str, Any]] = {
    run["name"]: run for run in json.loads((HERE / "runs.json").read_text(encoding="utf-8"))
}
"""The description of each run by its name."""

_FILE = json.loads((HERE / "records.json").read_text(encoding="utf-8"))

REFERENCE: str = _FILE["reference"]
"""The framework that was recorded, with its versions."""

RECORDS: dict[str, Any] = _FILE["records"]
"""The record of each run by its name."""

GROUPS = {
    "hooks": "hooks, their logs and params",
    "lambda": "LambdaCallback",
    "early": "EarlyStopping",
    "plateau": "ReduceLROnPlateau",
    "schedule": "LearningRateScheduler",
    "checkpoint": "ModelCheckpoint",
    "backup": "BackupAndRestore",
    "csv": "CSVLogger",
    "remote": "RemoteMonitor",
    "tb": "TensorBoard",
    "nan": "TerminateOnNaN",
    "multi": "several inputs or outputs",
    "numeric": "losses, optimizers, layers",
    "bad": "arguments that are refused",
}
"""The first word in the name of a run, and the feature that it is about."""


def group(name: str) -> str:
    """Return the group of a run, a key of `GROUPS`."""
    return name.partition("-")[0]
