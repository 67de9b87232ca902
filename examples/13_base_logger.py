"""BaseLogger: means over an epoch in a training loop written by hand, which calls callbacks as `fit` does.

Run it with `python examples/13_base_logger.py`.
"""

import numpy as np

from minifit import Sequential, callbacks, datasets, layers, utils


def main() -> None:
    """Train until the mean loss falls by less than 0.15 in an epoch."""
    utils.set_random_seed(1)
    (x, y), _ = datasets.digits.load_data()
    x = x.reshape(len(x), -1) / 16
    model = Sequential([layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    hooks = callbacks.CallbackList(
        [
            # first, so that the others see the means
            callbacks.BaseLogger(),
            callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: print(f"epoch {epoch + 1}: mean loss {logs['loss']:.4f}")
            ),
            callbacks.EarlyStopping(monitor="loss", min_delta=0.15, verbose=1),
        ],
        model=model,
        epochs=10,
        steps=-(-len(x) // 100),
        verbose=0,
    )
    random = np.random.default_rng(1)
    model.stop_training = False
    hooks.on_train_begin()
    for epoch in range(10):
        hooks.on_epoch_begin(epoch)
        order = random.permutation(len(x))
        for batch, start in enumerate(range(0, len(x), 100)):
            rows = order[start : start + 100]
            hooks.on_train_batch_begin(batch)
            logs = model.train_on_batch(x[rows], y[rows], return_dict=True)
            hooks.on_train_batch_end(batch, {**logs, "size": len(rows)})
        hooks.on_epoch_end(epoch)
        if model.stop_training:
            break
    hooks.on_train_end()


if __name__ == "__main__":
    main()
