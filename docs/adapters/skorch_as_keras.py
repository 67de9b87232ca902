"""skorch under the names of Keras, for ``python -m minifit.semantics play skorch_as_keras``.

An adapter lends the names that scenarios use: models, layers, optimizers and callbacks. Names that skorch has nothing
for are left out, and count as "has no such thing"; rules that make no sense there stand in `cannot_be_asked`.
"""

from types import SimpleNamespace

import numpy as np
import skorch
import torch
from skorch.helper import predefined_split

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
    "FIT-32": "skorch has no metrics as objects",
    "MO": "skorch's criterion takes one output, or code of the user's",
    "PB": "skorch prints a table",
    "DATA": "skorch has no Sequence, and leaves shuffling to torch's DataLoader",
}


class Bridge(skorch.callbacks.Callback):
    """Calls the hooks of a Keras callback from those of skorch."""

    def __init__(self, callback, model):
        self.callback, self.model = callback, model

    def tell(self, hook, *arguments):
        getattr(self.callback, hook)(*arguments)
        if self.model.stop_training:
            raise KeyboardInterrupt  # skorch's own way to stop

    def on_train_begin(self, net, X=None, y=None, **_):
        self.callback.model = self.model
        self.callback.on_train_begin({})

    def on_epoch_begin(self, net, **_):
        self.epoch, self.counts = len(net.history) - 1, {True: 0, False: 0}
        self.tell("on_epoch_begin", self.epoch, {})

    def on_batch_begin(self, net, batch=None, training=False, **_):
        self.tell(f"on_{'train' if training else 'test'}_batch_begin", self.counts[training], {})

    def on_batch_end(self, net, batch=None, training=False, **_):
        batch = net.history[-1]["batches"][-1]
        logs = {"loss": batch["train_loss" if training else "valid_loss"]}
        self.counts[training] += 1
        self.tell(f"on_{'train' if training else 'test'}_batch_end", self.counts[training] - 1, logs)

    def on_epoch_end(self, net, **_):
        logs = logs_of(net.history[-1])
        before = set(logs)
        self.callback.on_epoch_end(self.epoch, logs)
        for key in set(logs) - before:
            net.history.record(key, logs[key])
        if self.model.stop_training:
            raise KeyboardInterrupt

    def on_train_end(self, net, X=None, y=None, **_):
        self.callback.on_train_end({})


NAMES = {"train_loss": "loss", "valid_loss": "val_loss"}


def logs_of(row):
    """Return the values of an epoch under the names of Keras."""
    own = ("epoch", "dur", "batches", "train_batch_count", "valid_batch_count")
    return {NAMES.get(k, k): v for k, v in row.items() if k not in own and not k.endswith("_best")}


class Sequential:
    """Dense layers on torch, trained by skorch."""

    stop_training = False

    def __init__(self, layers):
        (size,) = layers[0]
        modules = []
        for layer in layers[1:]:
            modules.append(torch.nn.Linear(size, layer.units, bias=layer.use_bias))
            size = layer.units
        self.module = torch.nn.Sequential(*modules)

    def compile(self, optimizer, loss):
        if loss != "mse":
            raise ValueError(f"The adapter knows mse alone. Received: {loss}")
        self.optimizer = optimizer

    def fit(self, x, y, epochs, callbacks, batch_size=None, shuffle=True, verbose=0, validation_data=None):
        self.stop_training = False
        split = validation_data and predefined_split(skorch.dataset.Dataset(*validation_data))
        theirs = [c if isinstance(c, skorch.callbacks.Callback) else Bridge(c, self) for c in callbacks]
        net = skorch.NeuralNet(
            self.module,
            criterion=torch.nn.MSELoss,
            optimizer=torch.optim.SGD,
            lr=self.optimizer.learning_rate,
            max_epochs=epochs,
            batch_size=batch_size,
            iterator_train__shuffle=shuffle,
            train_split=split or None,
            callbacks=theirs,
            verbose=0,
        ).initialize()
        self.optimizer.torch = net.optimizer_
        net.partial_fit(x, y)
        rows = [logs_of(row) for row in net.history]
        history = {key: [row[key] for row in rows if key in row] for row in rows for key in row}
        return SimpleNamespace(epoch=list(range(len(rows))), history=history)

    def get_weights(self):
        return [p.detach().numpy().T.copy() for p in self.module.parameters()]

    def set_weights(self, weights):
        with torch.no_grad():
            for parameter, weight in zip(self.module.parameters(), weights, strict=True):
                parameter.copy_(torch.tensor(np.asarray(weight, np.float32).T))

    def load_weights(self, path):
        self.module.load_state_dict(torch.load(path, weights_only=True))


class SGD:
    """The rate of torch.optim.SGD, under the name of Keras."""

    torch = None

    def __init__(self, learning_rate):
        self.first = learning_rate

    @property
    def learning_rate(self):
        return self.torch.param_groups[0]["lr"] if self.torch else self.first


class Hooks:
    """The base of the callbacks of scenarios."""


for _hook in ("train", "epoch", "train_batch", "test_batch"):
    for _edge in ("begin", "end"):
        setattr(Hooks, f"on_{_hook}_{_edge}", lambda self, *_: None)


def early_stopping(monitor, patience=0, min_delta=0.0, mode="min", restore_best_weights=False):
    return skorch.callbacks.EarlyStopping(
        monitor,
        patience,
        threshold=min_delta,
        threshold_mode="abs",
        lower_is_better=mode == "min",
        load_best=restore_best_weights,
        sink=lambda *_: None,
    )


def reduce_lr_on_plateau(
    monitor, factor=0.1, patience=10, min_delta=1e-4, mode="min", cooldown=0, min_lr=0.0
):
    options = {"factor": factor, "patience": patience, "cooldown": cooldown, "min_lr": min_lr}
    options |= {"threshold": min_delta, "threshold_mode": "abs", "mode": mode}
    return skorch.callbacks.LRScheduler("ReduceLROnPlateau", monitor, event_name=None, **options)


def model_checkpoint(filepath, save_weights_only):
    others = dict.fromkeys(["f_optimizer", "f_criterion", "f_history"])
    return skorch.callbacks.Checkpoint(monitor=None, f_params=filepath, **others)


class callbacks:
    Callback = Hooks
    EarlyStopping = staticmethod(early_stopping)
    ReduceLROnPlateau = staticmethod(reduce_lr_on_plateau)
    ModelCheckpoint = staticmethod(model_checkpoint)


class layers:
    @staticmethod
    def Dense(units, use_bias=True):
        return SimpleNamespace(units=units, use_bias=use_bias)


class optimizers:
    SGD = SGD


def Input(shape):
    return shape
