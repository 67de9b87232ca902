"""A program: the step is written down once, and then only carried out."""

from copy import deepcopy

import numpy as np

being_written = []


def batches(x, y, size, rng):
    """Yield the rows in random order, `size` at a time; the last batch has what is left."""
    order = rng.permutation(len(x))
    for begin in range(0, len(x), size):
        rows = order[begin : begin + size]
        yield x[rows], y[rows]


def run(function, *reads):
    """Carry out a function of NumPy; write it down if a program is being written."""
    result = function(*reads)
    for program in being_written:
        program.rows.append((function, reads, result))
    return result


class Tensor:
    """An array, the tensors it was made of, and the rule that gives their gradients."""

    def __init__(self, value, parents=(), rule=None):
        self.value, self.parents, self.rule, self.grad = value, parents, rule, None

    def backward(self, dy=1.0):
        """Add the gradient to this tensor and to all that it was made of."""
        self.grad = dy if self.grad is None else self.grad + dy
        if self.rule is not None:
            for parent, grad in zip(self.parents, self.rule(dy), strict=True):
                parent.backward(grad)


def dense(x, w, b, relu):
    y = run(np.add, run(np.matmul, x.value, w.value), b.value)
    y = run(np.maximum, y, 0) if relu else y

    def rule(dy):
        dy = run(np.multiply, dy, run(np.greater, y, 0)) if relu else dy
        dw, db = run(np.matmul, x.value.T, dy), run(np.add.reduce, dy, 0)
        return run(np.matmul, dy, w.value.T), dw, db

    return Tensor(y, (x, w, b), rule)


def mean_squared_error(y_true, y_pred):
    error = run(np.subtract, y_pred.value, y_true)
    gradient = run(np.divide, run(np.multiply, 2, error), error.size)
    return Tensor(np.mean(error**2), (y_pred,), lambda dy: (run(np.multiply, dy, gradient),))


class Dense:
    """``x @ w + b``, and with `relu` nothing below zero."""

    def __init__(self, inputs, units, rng, relu=False):
        limit = np.sqrt(6 / (inputs + units))
        self.w, self.b = Tensor(rng.uniform(-limit, limit, (inputs, units))), Tensor(np.zeros(units))
        self.relu = relu

    def __call__(self, x):
        return dense(x, self.w, self.b, self.relu)


class Mean:
    """The mean over all rows that were added since the last reset."""

    def reset(self):
        self.total, self.rows = 0.0, 0

    def add(self, value, rows):
        self.total += value * rows
        self.rows += rows

    def result(self):
        return self.total / self.rows


class Program:
    """The functions of a step for batches of one size, with the arrays that they read and write."""

    def __init__(self, model, x, y):
        self.x, self.y, self.rows = x.copy(), y.copy(), []
        being_written.append(self)
        self.output = model.differentiate(self.x, self.y)
        being_written.remove(self)
        self.grads = [weight.grad for weight in model.weights]

    def differentiate(self, model, x, y):
        """Do what the method of the model does, for other rows."""
        self.x[...], self.y[...] = x, y
        for function, reads, result in self.rows:
            function(*reads, out=result)
        for weight, grad in zip(model.weights, self.grads, strict=True):
            weight.grad = grad
        return self.output


class Model:
    """Layers, one after the other, and the means by which they are judged."""

    def __init__(self, layers, rate, programs=None):
        self.layers, self.rate, self.programs = layers, rate, programs
        self.weights = [weight for layer in layers for weight in (layer.w, layer.b)]
        self.metrics = {"loss": Mean(), "mae": Mean()}

    def __call__(self, x):
        x = Tensor(x)
        for layer in self.layers:
            x = layer(x)
        return x

    def step(self, x, y):
        """Change the weights against their gradients."""
        if self.programs is None:
            output = self.differentiate(x, y)
        else:
            if len(x) not in self.programs:
                self.programs[len(x)] = Program(self, x, y)
            output = self.programs[len(x)].differentiate(self, x, y)
        self.judge(output, y)
        for weight in self.weights:
            weight.value -= self.rate * weight.grad
            weight.grad = None

    def differentiate(self, x, y):
        """Leave the gradients in the weights; return the output."""
        output = self(x)
        mean_squared_error(y, output).backward()
        return output

    def judge(self, output, y):
        """Add the rows of a batch to the means."""
        self.metrics["loss"].add(mean_squared_error(y, output).value, len(y))
        self.metrics["mae"].add(np.mean(np.abs(output.value - y)), len(y))

    def reset(self):
        """Begin new means."""
        for metric in self.metrics.values():
            metric.reset()

    def logs(self):
        """Return the means so far, by name."""
        return {name: metric.result() for name, metric in self.metrics.items()}


class Callback:
    """Hooks that do nothing; a subclass overrides those it needs."""

    def on_train_begin(self, logs=None): ...
    def on_epoch_begin(self, epoch, logs=None): ...
    def on_train_batch_begin(self, batch, logs=None): ...
    def on_train_batch_end(self, batch, logs=None): ...
    def on_epoch_end(self, epoch, logs=None): ...
    def on_train_end(self, logs=None): ...


def tell(callbacks, hook, *arguments):
    """Call one hook of every callback, in the order of the list."""
    for callback in callbacks:
        getattr(callback, hook)(*arguments)


def watched(callbacks):
    """Return whether a callback overrides a hook of batches."""
    hooks = "on_train_batch_begin", "on_train_batch_end"
    return any(getattr(type(c), hook) is not getattr(Callback, hook) for c in callbacks for hook in hooks)


class State:
    """All that decides how a training goes on."""

    def __init__(self, model, rng, callbacks):
        self.model, self.rng, self.callbacks, self.epoch = model, rng, callbacks, 0

    def capture(self):
        """Return a copy that further training does not change."""
        weights = [weight.value for weight in self.model.weights]
        own = [{k: v for k, v in vars(c).items() if k != "model"} for c in self.callbacks]
        return deepcopy((self.epoch, weights, self.model.rate, self.rng.bit_generator.state, own))

    def restore(self, captured):
        """Go on from a copy."""
        self.epoch, weights, self.model.rate, self.rng.bit_generator.state, own = deepcopy(captured)
        for weight, value in zip(self.model.weights, weights, strict=True):
            weight.value[...] = value
        for callback, attributes in zip(self.callbacks, own, strict=True):
            vars(callback).update(attributes)


def evaluate(model, x, y):
    """Return the means over all rows; nothing is learned from them."""
    model.reset()
    model.judge(model(x), y)
    return model.logs()


def fit(state, x, y, epochs, validation, captured=None):
    """Train, and call every hook at its moment with what is known by then."""
    model, rng, callbacks = state.model, state.rng, state.callbacks
    for callback in callbacks:
        callback.model = model
    model.stop_training = False
    tell(callbacks, "on_train_begin")
    if captured is not None:
        state.restore(captured)
    while state.epoch < epochs:
        epoch = state.epoch
        model.reset()
        tell(callbacks, "on_epoch_begin", epoch)
        watching = callbacks if watched(callbacks) else []
        for batch, rows in enumerate(batches(x, y, 32, rng)):
            tell(watching, "on_train_batch_begin", batch)
            model.step(*rows)
            if watching:
                tell(watching, "on_train_batch_end", batch, model.logs())
            if model.stop_training:
                break
        logs = model.logs()
        logs |= {f"val_{name}": value for name, value in evaluate(model, *validation).items()}
        state.epoch += 1
        tell(callbacks, "on_epoch_end", epoch, dict(logs))
        if model.stop_training:
            break
    tell(callbacks, "on_train_end", logs)


class EarlyStopping(Callback):
    def __init__(self, patience):
        self.patience = patience

    def on_train_begin(self, logs=None):
        self.best, self.wait = np.inf, 0

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best, self.wait = logs["val_loss"], 0
        else:
            self.wait += 1
            self.model.stop_training = self.wait >= self.patience


class Schedule(Callback):
    def __init__(self, schedule):
        self.schedule = schedule

    def on_epoch_begin(self, epoch, logs=None):
        self.model.rate = self.schedule(epoch)


def train(callbacks, epochs, captured=None, seed=0, programs=None):
    """Train a new model on the same rows; from a captured state if there is one."""
    x = np.linspace(-1, 1, 200)[:, None]
    y = x**2
    rng = np.random.default_rng(seed)
    model = Model([Dense(1, 16, rng, relu=True), Dense(16, 1, rng)], 0.2, programs)
    state = State(model, rng, callbacks)
    fit(state, x[::2], y[::2], epochs, (x[1::2], y[1::2]), captured)
    return state


def callbacks():
    return [EarlyStopping(patience=2), Schedule(lambda epoch: 0.1 * (epoch + 1))]


by_ops = train(callbacks(), epochs=6).model
by_programs = train(callbacks(), epochs=6, programs={}).model
for size, program in by_programs.programs.items():
    names = [function.__name__ for function, reads, result in program.rows]
    print(f"batches of {size} rows, {len(names)} functions: {', '.join(names[:5])} ...")
pairs = zip(by_ops.weights, by_programs.weights, strict=True)
print("the same weights:", all(np.array_equal(a.value, b.value) for a, b in pairs))
