"""Callbacks, one per file: objects whose methods `fit`, `evaluate` and `predict` call while they run."""

from minifit.callbacks import experimental
from minifit.callbacks.backup_and_restore import BackupAndRestore
from minifit.callbacks.base import Callback
from minifit.callbacks.base_logger import BaseLogger
from minifit.callbacks.callback_list import CallbackList
from minifit.callbacks.csv_logger import CSVLogger
from minifit.callbacks.early_stopping import EarlyStopping
from minifit.callbacks.history import History
from minifit.callbacks.hook_trace import HookTrace
from minifit.callbacks.lambda_callback import LambdaCallback
from minifit.callbacks.learning_rate_scheduler import LearningRateScheduler
from minifit.callbacks.model_checkpoint import ModelCheckpoint
from minifit.callbacks.progbar_logger import ProgbarLogger
from minifit.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from minifit.callbacks.remote_monitor import RemoteMonitor
from minifit.callbacks.tensor_board import TensorBoard
from minifit.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "HookTrace",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
    "experimental",
]
