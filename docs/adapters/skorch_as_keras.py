"""skorch under the names of Keras, for ``python -m minifit.semantics play skorch_as_keras``.

Names that skorch has nothing for are left out, and count as "has no such thing"; what makes no sense there stands in
`cannot_be_asked`.
"""

import skorch
import torch
from skorch.helper import predefined_split

from minifit.semantics.adapter import Callback, Input, Relay, TorchModel, history_of, layers, optimizers

__all__ = ["Input", "Sequential", "callbacks", "layers", "optimizers"]

cannot_be_asked = {
    "FIT-2": "skorch has no params of a run",
    "FIT-7": "skorch has no evaluate",
    "FIT-8": "the adapter takes the list apart itself",
    "FIT-21": "skorch has one kind of batch hooks",
    "FIT-23": "skorch has no hook at the end of a validation",
    "FIT-24": "skorch has no hook at the end of a validation",
    "FIT-25": "skorch has no evaluate, and stops by an exception",
    "MC-4": "skorch's Checkpoint writes parameters, not models",
    "MON-4": "the adapter takes the mode apart itself",
    "FIT-12": "no hook sets the rate of the adapter's optimizer between batches",
    "FIT-14": "NeuralNet always has an optimizer, and the criterion is no text",
    "FIT-17": "skorch has no steps_per_epoch",
    "FIT-18": "skorch takes no generators",
    "FIT-19": "skorch takes no generators",
    "FIT-28": "skorch has no list of callbacks as an object",
    "FIT-30": "skorch takes no generators",
    "FIT-33": "skorch takes no generators",
    "FIT-32": "skorch has no metrics as objects",
    "MO": "skorch's criterion takes one output, or code of the user's",
    "PB": "skorch prints a table",
    "DATA": "skorch has no Sequence, and leaves shuffling to torch's DataLoader",
}

NAMES = {"train_loss": "loss", "valid_loss": "val_loss"}
OWN = ("epoch", "dur", "batches", "train_batch_count", "valid_batch_count")


def logs_of(row):
    """Return the values of an epoch under the names of Keras."""
    return {NAMES.get(k, k): v for k, v in row.items() if k not in OWN and not k.endswith("_best")}


def theirs(monitor):
    """Return skorch's name of what is monitored."""
    return next((name for name, keras in NAMES.items() if keras == monitor), monitor)


class Hooks(skorch.callbacks.Callback):
    """skorch's hooks, which call those of a scenario."""

    def __init__(self, callback, model):
        self.relay, self.model = Relay(callback, model), model

    def stop(self):
        if self.model.stop_training:
            raise KeyboardInterrupt  # skorch's own way to stop

    def on_train_begin(self, net, **_):
        self.relay.edge("train", "begin", {})

    def on_epoch_begin(self, net, **_):
        self.relay.edge("epoch", "begin", len(net.history) - 1, {})
        self.stop()

    def on_batch_begin(self, net, batch=None, training=False, **_):
        self.relay.batch("train" if training else "test", "begin", {})
        self.stop()

    def on_batch_end(self, net, batch=None, training=False, **_):
        loss = net.history[-1]["batches"][-1]["train_loss" if training else "valid_loss"]
        self.relay.batch("train" if training else "test", "end", {"loss": loss})
        self.stop()

    def on_epoch_end(self, net, **_):
        written = self.relay.epoch_end(len(net.history) - 1, logs_of(net.history[-1]))
        for key, value in written.items():
            net.history.record(theirs(key), value)
        self.stop()

    def on_train_end(self, net, **_):
        self.relay.edge("train", "end", {})


class Sequential(TorchModel):
    """Dense layers on torch, trained by skorch."""

    def fit(self, x, y, epochs, callbacks, batch_size=None, shuffle=True, verbose=0, validation_data=None):
        self.stop_training = False
        split = validation_data and predefined_split(skorch.dataset.Dataset(*validation_data))
        net = skorch.NeuralNet(
            self.module,
            criterion=torch.nn.MSELoss,
            optimizer=torch.optim.SGD,
            lr=self.optimizer.learning_rate,
            max_epochs=epochs,
            batch_size=batch_size,
            iterator_train__shuffle=shuffle,
            train_split=split or None,
            callbacks=[c if isinstance(c, skorch.callbacks.Callback) else Hooks(c, self) for c in callbacks],
            verbose=0,
        ).initialize()
        self.optimizer.groups = net.optimizer_.param_groups
        net.partial_fit(x, y)
        return history_of([logs_of(row) for row in net.history])

    def load_weights(self, path):
        self.module.load_state_dict(torch.load(path, weights_only=True))


def early_stopping(monitor="val_loss", patience=0, min_delta=0.0, mode="min", restore_best_weights=False):
    options = {"threshold": min_delta, "threshold_mode": "abs", "sink": lambda *_: None}
    options |= {"lower_is_better": mode == "min", "load_best": restore_best_weights}
    return skorch.callbacks.EarlyStopping(theirs(monitor), patience, **options)


def reduce_lr_on_plateau(
    monitor="val_loss", factor=0.1, patience=10, min_delta=1e-4, mode="min", cooldown=0, min_lr=0.0
):
    options = {"factor": factor, "patience": patience, "cooldown": cooldown, "min_lr": min_lr}
    options |= {"threshold": min_delta, "threshold_mode": "abs", "mode": mode}
    return skorch.callbacks.LRScheduler("ReduceLROnPlateau", theirs(monitor), event_name=None, **options)


def model_checkpoint(filepath, save_weights_only):
    others = dict.fromkeys(["f_optimizer", "f_criterion", "f_history"])
    return skorch.callbacks.Checkpoint(monitor=None, f_params=filepath, **others)


class callbacks:
    Callback = Callback
    EarlyStopping = staticmethod(early_stopping)
    ReduceLROnPlateau = staticmethod(reduce_lr_on_plateau)
    ModelCheckpoint = staticmethod(model_checkpoint)
