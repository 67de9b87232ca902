"""PyTorch Lightning under the names of Keras, for ``python -m minifit.semantics play lightning_as_keras``.

Names that Lightning has nothing for are left out, and count as "has no such thing"; what makes no sense there stands
in `cannot_be_asked`.
"""

import logging
import tempfile
from pathlib import Path

import pytorch_lightning as lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

from minifit.semantics.adapter import Callback, Input, Relay, TorchModel, history_of, layers, optimizers

__all__ = ["Input", "Sequential", "callbacks", "layers", "optimizers"]

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

cannot_be_asked = {
    "FIT-2": "Lightning has no params of a run",
    "FIT-8": "the adapter takes the list apart itself",
    "FIT-14": "a module of Lightning makes its optimizer itself",
    "FIT-18": "the adapter takes arrays alone",
    "FIT-19": "the adapter takes arrays alone",
    "FIT-21": "Lightning has one kind of batch hooks",
    "FIT-28": "Lightning has no list of callbacks as an object",
    "FIT-30": "the adapter takes arrays alone",
    "FIT-33": "the adapter takes arrays alone",
    "FIT-32": "the adapter logs the loss alone",
    "MC-4": "Lightning's ModelCheckpoint writes a module's state, not a model",
    "MO": "a module of Lightning adds up its losses itself",
    "PB": "Lightning has progress bars of its own",
    "DATA": "Lightning has no Sequence, and leaves shuffling to torch's DataLoader",
}


class Module(lightning.LightningModule):
    """The step, the loss and the optimizer."""

    def __init__(self, model, plateau):
        super().__init__()
        self.net, self.model, self.plateau = model.module, model, plateau

    def training_step(self, batch, index):
        return self.lose(batch, "loss", on_step=True)

    def validation_step(self, batch, index):
        self.lose(batch, "val_loss", on_step=False)

    def lose(self, batch, name, on_step):
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
        self.log(name, loss, on_step=on_step, on_epoch=True, batch_size=len(batch[0]))
        return loss

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.net.parameters(), lr=self.model.optimizer.learning_rate)
        self.model.optimizer.groups = optimizer.param_groups
        if self.plateau is None:
            return optimizer
        monitor, options = self.plateau
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": monitor}}


class Hooks(lightning.Callback):
    """Lightning's hooks, which call those of a scenario."""

    def __init__(self, callback, model):
        self.relay, self.model = Relay(callback, model), model

    def tell(self, trainer, method, *arguments):
        getattr(self.relay, method)(*arguments)
        trainer.should_stop = trainer.should_stop or self.model.stop_training

    def on_train_start(self, trainer, module):
        self.tell(trainer, "edge", "train", "begin", {})

    def on_train_epoch_start(self, trainer, module):
        self.tell(trainer, "edge", "epoch", "begin", trainer.current_epoch, {})

    def on_train_batch_start(self, trainer, module, batch, index):
        self.tell(trainer, "batch", "train", "begin", {})

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        self.tell(trainer, "batch", "train", "end", numbers(trainer, "loss"))

    def on_validation_start(self, trainer, module):
        self.tell(trainer, "edge", "test", "begin", {})

    def on_validation_batch_start(self, trainer, module, batch, index, loader=0):
        self.tell(trainer, "batch", "test", "begin", {})

    def on_validation_batch_end(self, trainer, module, outputs, batch, index, loader=0):
        self.tell(trainer, "batch", "test", "end", {})

    def on_validation_end(self, trainer, module):
        self.tell(trainer, "edge", "test", "end", {"loss": trainer.callback_metrics["val_loss"].item()})

    def on_train_epoch_end(self, trainer, module):
        logs = numbers(trainer)
        for key, value in self.relay.epoch_end(trainer.current_epoch, logs).items():
            module.log(key, float(value))
        self.model.rows.setdefault(trainer.current_epoch, {}).update(logs)
        trainer.should_stop = trainer.should_stop or self.model.stop_training

    def on_train_end(self, trainer, module):
        self.tell(trainer, "edge", "train", "end", {})


def numbers(trainer, *names):
    """Return what was logged, under the names of Keras: all of an epoch, or some of a batch."""
    values = {key: value.item() for key, value in trainer.callback_metrics.items()}
    return {k: v for k, v in values.items() if (k in names if names else not k.endswith(("_step", "_epoch")))}


class Sequential(TorchModel):
    """Dense layers on torch, trained by Lightning."""

    def fit(self, x, y, epochs, callbacks, batch_size=32, shuffle=True, verbose=0, validation_data=None):
        self.stop_training, self.rows = False, {}
        plateau = next((c for c in callbacks if isinstance(c, tuple)), None)
        callbacks = [c for c in callbacks if not isinstance(c, tuple)] or [Callback()]
        theirs = [c if isinstance(c, lightning.Callback) else Hooks(c, self) for c in callbacks]
        sets = [data and TensorDataset(*map(torch.as_tensor, data)) for data in ((x, y), validation_data)]
        loaders = [
            data and DataLoader(data, batch_size, shuffle=shuffle and not i) for i, data in enumerate(sets)
        ]
        with tempfile.TemporaryDirectory() as folder:
            trainer = lightning.Trainer(
                max_epochs=epochs,
                accelerator="cpu",
                callbacks=theirs,
                default_root_dir=folder,
                logger=False,
                enable_checkpointing=any(isinstance(c, lightning.callbacks.ModelCheckpoint) for c in theirs),
                enable_progress_bar=False,
                enable_model_summary=False,
            )
            trainer.fit(Module(self, plateau), *loaders)
        self.stop_training = trainer.should_stop
        return history_of([self.rows.get(epoch, {}) for epoch in range(trainer.current_epoch)])

    def load_weights(self, path):
        state = torch.load(path, weights_only=True)["state_dict"]
        self.module.load_state_dict({name.partition(".")[2]: value for name, value in state.items()})


def early_stopping(monitor="val_loss", patience=0, min_delta=0.0, mode="min"):
    return lightning.callbacks.EarlyStopping(monitor, min_delta, patience, mode=mode)


def reduce_lr_on_plateau(
    monitor="val_loss", factor=0.1, patience=10, min_delta=1e-4, mode="min", cooldown=0, min_lr=0.0
):
    options = {"factor": factor, "patience": patience, "cooldown": cooldown, "min_lr": min_lr}
    return monitor, options | {"threshold": min_delta, "threshold_mode": "abs", "mode": mode}


def model_checkpoint(filepath, save_weights_only=False):
    path = Path(filepath)
    options = {"auto_insert_metric_name": False, "save_top_k": -1, "save_weights_only": save_weights_only}
    checkpoint = lightning.callbacks.ModelCheckpoint(str(path.parent), path.stem, **options)
    checkpoint.FILE_EXTENSION = path.suffix
    return checkpoint


class callbacks:
    Callback = Callback
    EarlyStopping = staticmethod(early_stopping)
    ReduceLROnPlateau = staticmethod(reduce_lr_on_plateau)
    ModelCheckpoint = staticmethod(model_checkpoint)
