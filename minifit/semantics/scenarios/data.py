"""Sequences, the order of rows, and HDF5."""

from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import scenario
from minifit.semantics.stage import X, Y, fit, listener, model_of, recorder, stopping_at, unless_absent


def sequence_of(keras: Any, events: Any, name: str = "", batches: int = 2) -> Any:
    """Return a Sequence that says which batch it is asked for, and when an epoch is over."""

    class Rows(keras.utils.Sequence):  # type: ignore[misc]
        def __len__(self) -> int:
            return batches

        def __getitem__(self, index: int) -> Any:
            events.append(f"{name}batch {index}")
            return X, Y

        def on_epoch_end(self) -> None:
            events.append(f"{name}on_epoch_end")

    return Rows()


@scenario("DATA-1")
def end_of_an_epoch_of_a_sequence(keras: Any, folder: Path) -> Any:
    def heard(hook: str, action: Any) -> Any:
        events: Any = []
        action(sequence_of(keras, events, "Sequence "), recorder(keras, events, (hook,)))
        return [event for event in events if "batch" not in event]

    def trained(*callbacks: Any) -> Any:
        def train(rows: Any, watching: Any) -> None:
            model_of(keras).fit(rows, epochs=2, verbose=0, callbacks=[*callbacks, watching])

        return heard("on_epoch_end", train)

    def validate(rows: Any, watching: Any) -> None:
        fit(model_of(keras), (watching,), validation_data=rows)

    def evaluate(rows: Any, watching: Any) -> None:
        model_of(keras).evaluate(rows, callbacks=[watching], verbose=0)

    def predict(rows: Any, watching: Any) -> None:
        model_of(keras).predict(rows, callbacks=[watching], verbose=0)

    return {
        "two epochs": trained(),
        "the second stops": trained(stopping_at(keras, 1)),
        "validation": heard("on_test_end", validate),
        "evaluate": heard("on_test_end", evaluate),
        "predict": heard("on_predict_end", predict),
    }


@scenario("DATA-2")
def order_of_a_sequence(keras: Any, folder: Path) -> Any:
    events: Any = []
    model_of(keras).fit(sequence_of(keras, events, batches=8), epochs=2, shuffle=False, verbose=0)
    order = [int(event.split()[1]) for event in events if event.startswith("batch")]
    shuffled: Any = []
    model_of(keras).fit(sequence_of(keras, shuffled, batches=16), epochs=2, verbose=0)
    orders = [event for event in shuffled if event.startswith("batch")]
    return {
        "shuffle=False": order[-8:] == list(range(8)),
        "begins anew": sorted(set(order)) == list(range(8)),
        "shuffled by default": orders[:16] != [f"batch {index}" for index in range(16)],
    }


@scenario("DATA-3")
def shuffling_of_batches(keras: Any, folder: Path) -> Any:
    """The square of row k is 2 to the power of k: the sum over a batch says which rows it has."""
    x = np.sqrt(2.0 ** np.arange(12))[:, np.newaxis]
    losses = losses_of(keras, x, 0.0 * x, epochs=6, batch_size=4, shuffle="batch")
    orders = []
    for first in range(0, len(losses), 3):
        one, two, three = (4 * (i + 1) * value for i, value in enumerate(losses[first : first + 3]))
        orders.append([round(one), round(two - one), round(three - two)])
    return {
        "rows of a batch are consecutive": all(sorted(o) == [0xF, 0xF0, 0xF00] for o in orders),
        "a new order at every epoch": len({tuple(order) for order in orders}) > 1,
        "targets stay with their rows": max(losses_of(keras, x, x, batch_size=4, shuffle="batch")) < 1e-6,
    }


def losses_of(keras: Any, x: Any, y: Any, **options: Any) -> Any:
    """Return the loss at the end of each batch of a model ``y = x`` that does not learn."""
    losses: Any = []
    model = model_of(keras, optimizer=keras.optimizers.SGD(0.0))
    model.set_weights([np.ones((1, 1), np.float32)])
    look = listener(keras, on_train_batch_end=lambda self, batch, logs=None: losses.append(logs["loss"]))
    fit(model, (look,), data=(x, y), **options)
    return losses


def stored(folder: Path, rows: int) -> Any:
    """Return an HDF5 file with x and y = x."""
    import h5py

    x = np.arange(rows, dtype=np.float32)[:, np.newaxis]
    file = h5py.File(folder / "rows.h5", "w")
    return file, file.create_dataset("x", data=x), file.create_dataset("y", data=x)


@scenario("DATA-4")
def shuffled_hdf5(keras: Any, folder: Path) -> Any:
    file, x, y = stored(folder, 24)
    with file:
        try:
            losses = losses_of(keras, x, y, batch_size=4, shuffle=True)
        except Exception as error:
            unless_absent(error)
            return {"trains": False}
        return {"trains": True, "targets stay with their rows": max(losses) < 1e-6}


@scenario("DATA-5")
def split_hdf5(keras: Any, folder: Path) -> Any:
    file, x, y = stored(folder, 8)
    with file:
        try:
            history = fit(model_of(keras), data=(x, y), validation_split=0.25).history
        except Exception as error:
            unless_absent(error)
            return {"accepted": False}
        return {"accepted": True, "val_loss": history["val_loss"]}
