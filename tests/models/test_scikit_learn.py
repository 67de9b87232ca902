"""Models as estimators: what older programs and scikit-learn ask of them."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, DataError
from minifit.layers import Dense
from minifit.models import Sequential
from minifit.models.scikit_learn import KerasClassifier, KerasRegressor

X = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
NAMES = np.where(X[:, 0] > 0, "yes", "no")


def classifier(units: int = 4, outputs: int = 1) -> Sequential:
    end = Dense(1, "sigmoid") if outputs == 1 else Dense(outputs, "softmax")
    model = Sequential([Dense(units, "relu"), end])
    loss = "binary_crossentropy" if outputs == 1 else "categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def regressor() -> Sequential:
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("outputs", [1, 2])
def test_classes_may_have_names(outputs: int) -> None:
    estimator = KerasClassifier(classifier, outputs=outputs, epochs=3, batch_size=8, verbose=0)
    history = estimator.fit(X, NAMES)
    assert len(history.history["loss"]) == 3
    assert list(estimator.classes_) == ["no", "yes"]
    assert estimator.n_classes_ == 2
    found = estimator.predict(X).ravel()
    assert set(found) <= {"no", "yes"}
    assert estimator.score(X, NAMES) == pytest.approx((found == NAMES).mean())
    likely = estimator.predict_proba(X)
    assert likely.shape == (40, 2)
    np.testing.assert_allclose(likely.sum(1), 1, rtol=1e-5)


def test_one_hot_rows() -> None:
    estimator = KerasClassifier(classifier, outputs=3, verbose=0)
    estimator.fit(X, np.eye(3)[np.arange(40) % 3])
    assert list(estimator.classes_) == [0, 1, 2]
    assert estimator.predict(X).shape == (40,)
    with pytest.raises(DataError, match="a column of classes"):
        estimator.fit(X, np.zeros((2, 2, 2)))


def test_a_regressor() -> None:
    estimator = KerasRegressor(regressor, epochs=2, verbose=0)
    assert len(estimator.fit(X, X[:, 0], epochs=4).history["loss"]) == 4
    assert estimator.predict(X).shape == (40,)
    assert estimator.score(X, X[:, 0]) == pytest.approx(
        -np.square(estimator.predict(X) - X[:, 0]).mean(), rel=1e-4
    )


def test_parameters_are_read_and_set() -> None:
    estimator = KerasClassifier(classifier, units=5)
    assert estimator.get_params(deep=True) == {"units": 5, "build_fn": classifier}
    assert estimator.set_params(units=7, epochs=2) is estimator
    assert estimator.filter_sk_params(classifier, {"outputs": 2}) == {"units": 7, "outputs": 2}
    again = KerasClassifier(**estimator.get_params())
    assert again.get_params() == estimator.get_params()
    with pytest.raises(ArgumentError, match="'unit'"):
        KerasClassifier(classifier, unit=5)
    with pytest.raises(ArgumentError, match="'unit'"):
        estimator.set_params(unit=5)


def test_a_subclass_may_make_the_model() -> None:
    class Own(KerasRegressor):
        def __call__(self) -> Sequential:
            return regressor()

    estimator = Own(verbose=0)
    estimator.fit(X, X[:, 0])
    assert isinstance(estimator.model, Sequential)


def test_accuracy_is_needed_for_a_score() -> None:
    estimator = KerasClassifier(regressor, verbose=0)
    estimator.fit(X, NAMES)
    with pytest.raises(ArgumentError, match="Compile it with metrics"):
        estimator.score(X, NAMES)


def test_what_scikit_learn_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(**given: Any) -> SimpleNamespace:
        return SimpleNamespace(**given)

    names = ("Tags", "TargetTags", "InputTags", "ClassifierTags", "RegressorTags")
    monkeypatch.setitem(sys.modules, "sklearn", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "sklearn.utils", SimpleNamespace(**dict.fromkeys(names, kept)))
    estimator = KerasRegressor(regressor, verbose=0)
    tags = estimator.__sklearn_tags__()
    assert tags.estimator_type == "regressor"
    assert tags.classifier_tags is None
    assert tags.regressor_tags == SimpleNamespace()
    assert not estimator.__sklearn_is_fitted__()
    estimator.fit(X, X[:, 0])
    assert estimator.__sklearn_is_fitted__()
