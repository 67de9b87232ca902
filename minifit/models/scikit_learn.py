"""Models as estimators of scikit-learn, which older Keras programs use for cross-validation and parameter search.

An estimator calls a function of the user to create a new model in each `fit`, so it can be copied before fitting. Each
of its keyword arguments is passed to that function, `fit`, `predict` and `evaluate`, as far as they accept it.
"""

from collections.abc import Callable
from copy import deepcopy
from importlib import import_module
from inspect import signature
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from minifit.arrays import Array
from minifit.errors import ArgumentError, DataError
from minifit.models.sequential import Sequential
from minifit.utils import to_categorical

__all__ = ["KerasClassifier", "KerasRegressor"]

METHODS = (Sequential.fit, Sequential.predict, Sequential.evaluate)


class Estimator:
    """The common base of classifiers and regressors.

    Parameters
    ----------
    build_fn : callable
        Returns a compiled model. When None, the `__call__` of a subclass does.
    **sk_params
        Arguments of that function, and of `fit`, `predict` and `evaluate`.

    Attributes
    ----------
    model : Model
        The model of the last `fit`.
    """

    kind = ""

    def __init__(self, build_fn: Callable[..., Any] | None = None, **sk_params: Any) -> None:
        self.build_fn, self.sk_params = build_fn, sk_params
        self.check_params(sk_params)

    @property
    def _builder(self) -> Callable[..., Any]:
        return self.__call__ if self.build_fn is None else self.build_fn  # type: ignore[operator]

    def check_params(self, params: dict[str, Any]) -> None:
        """Raise for a name that is no argument of the function, `fit`, `predict` or `evaluate`.

        Raises
        ------
        ArgumentError
        """
        known = {name for function in (*METHODS, self._builder) for name in signature(function).parameters}
        wrong = sorted(set(params) - known - {"build_fn"})
        if wrong:
            raise ArgumentError(
                "An estimator takes the arguments of its function, and of fit, predict and evaluate. "
                f"Received: {wrong[0]!r}. Add it to the function, or leave it out."
            )

    def get_params(self, **params: Any) -> dict[str, Any]:
        """Return the arguments of the constructor; scikit-learn's `deep` makes no difference."""
        return {**deepcopy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Self:
        """Replace some of the arguments of the constructor."""
        self.check_params(params)
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.sk_params.update(params)
        return self

    def filter_sk_params(
        self, fn: Callable[..., Any], override: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the parameters that a function accepts, updated with `override`."""
        accepted = signature(fn).parameters
        return {k: v for k, v in self.sk_params.items() if k in accepted} | (override or {})

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Create a model, train it and return its history; `kwargs` are arguments of ``Sequential.fit``."""
        self.model = self._builder(**self.filter_sk_params(self._builder))
        return self.model.fit(x, self._targets(y), **self.filter_sk_params(Sequential.fit, kwargs))

    def _targets(self, y: Any) -> Any:
        """Return targets in the form that the model's loss takes."""
        loss = self.model.loss
        name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
        categorical = name in ("categorical_crossentropy", "CategoricalCrossentropy")
        return to_categorical(y) if categorical and np.ndim(y) != 2 else y

    def _predict(self, x: Any, kwargs: dict[str, Any]) -> Array:
        return np.asarray(self.model.predict(x, **self.filter_sk_params(Sequential.predict, kwargs)))

    def _evaluate(self, x: Any, y: Any, kwargs: dict[str, Any]) -> list[float]:
        values = self.model.evaluate(
            x, self._targets(y), **self.filter_sk_params(Sequential.evaluate, kwargs)
        )
        return list(np.atleast_1d(values))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model")

    def __sklearn_tags__(self) -> Any:
        """Return the tags that scikit-learn requires of an estimator since version 1.6."""
        tags = import_module("sklearn.utils")
        own = {f"{kind}_tags": None for kind in ("transformer", "classifier", "regressor")}
        own[f"{self.kind}_tags"] = getattr(tags, f"{self.kind.title()}Tags")()
        targets, inputs = tags.TargetTags(required=True), tags.InputTags()
        return tags.Tags(estimator_type=self.kind, target_tags=targets, input_tags=inputs, **own)


class KerasClassifier(Estimator):
    """A model as a classifier of scikit-learn.

    Parameters
    ----------
    build_fn : callable
        Returns a compiled model.
    **sk_params
        Arguments of that function, and of `fit`, `predict` and `evaluate`.

    Attributes
    ----------
    model : Model
    classes_ : ndarray
        The classes in order, which may be names.
    n_classes_ : int

    References
    ----------
    ``tf.keras.wrappers.scikit_learn.KerasClassifier`` (TensorFlow 2.7).
    """

    kind = _estimator_type = "classifier"
    classes_: Array
    n_classes_: int

    def fit(self, x: Any, y: ArrayLike, **kwargs: Any) -> Any:
        """Create a model, train it on classes, as a column or as one-hot rows, and return its history.

        Raises
        ------
        DataError
            For `y` of another shape.
        """
        classes = np.asarray(y)
        if classes.ndim == 2 and classes.shape[1] > 1:
            self.classes_ = np.arange(classes.shape[1])
        elif classes.ndim in (1, 2):
            self.classes_ = np.unique(classes)
            classes = np.searchsorted(self.classes_, classes)
        else:
            raise DataError(
                "y must be a column of classes or one-hot rows. "
                f"Received: y of shape {classes.shape}. Reshape it."
            )
        self.n_classes_ = len(self.classes_)
        return super().fit(x, classes, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Array:
        """Return the class of each sample."""
        outputs = self._predict(x, kwargs)
        return np.take(
            self.classes_, outputs.argmax(-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")
        )

    def predict_proba(self, x: Any, **kwargs: Any) -> Array:
        """Return the probability of each class, shape (n, n_classes), even for a model with one output."""
        probabilities = self._predict(x, kwargs)
        return np.hstack([1 - probabilities, probabilities]) if probabilities.shape[1] == 1 else probabilities

    def score(self, x: Any, y: ArrayLike, **kwargs: Any) -> float:
        """Return the accuracy.

        Raises
        ------
        ArgumentError
            When the model was not compiled with ``metrics=["accuracy"]``.
        """
        values = self._evaluate(x, np.searchsorted(self.classes_, y), kwargs)
        for name, value in zip(self.model.metrics_names, values, strict=True):
            if name in ("accuracy", "acc"):
                return float(value)
        raise ArgumentError(
            f"score returns the accuracy. Received: a model with {self.model.metrics_names}. "
            "Compile it with metrics=['accuracy']."
        )


class KerasRegressor(Estimator):
    """A model as a regressor of scikit-learn.

    Parameters
    ----------
    build_fn : callable
        Returns a compiled model.
    **sk_params
        Arguments of that function, and of `fit`, `predict` and `evaluate`.

    Attributes
    ----------
    model : Model

    References
    ----------
    ``tf.keras.wrappers.scikit_learn.KerasRegressor`` (TensorFlow 2.7).
    """

    kind = _estimator_type = "regressor"

    def predict(self, x: Any, **kwargs: Any) -> Array:
        """Return a number for each sample."""
        return np.squeeze(self._predict(x, kwargs), axis=-1)

    def score(self, x: Any, y: ArrayLike, **kwargs: Any) -> float:
        """Return the negative loss: higher is better."""
        return -float(self._evaluate(x, y, kwargs)[0])
