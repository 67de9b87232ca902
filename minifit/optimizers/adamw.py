"""`AdamW`: Adam with decoupled weight decay."""

from typing import Any

from minifit.checks import not_negative
from minifit.optimizers.adam import Adam
from minifit.settings import Setting


class AdamW(Adam):
    """`Adam` with weight decay that is not part of the gradient, and so is not scaled with it.

    Before each step all weights shrink by ``learning_rate * weight_decay`` of themselves.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
    weight_decay : float, default 0.004
    beta_1, beta_2, epsilon, amsgrad
        As for `Adam`.
    name : str, default "AdamW"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019, arXiv:1711.05101;
    ``tf.keras.optimizers.experimental.AdamW`` (Keras 2.11).
    """

    weight_decay = Setting(not_negative, then="_look_again_later")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        name: str = "AdamW",
        **kwargs: Any,
    ) -> None:
        kwargs["weight_decay"] = weight_decay
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, name, **kwargs)
