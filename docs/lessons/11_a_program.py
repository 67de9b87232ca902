"""A program: record the step once, then replay it."""

from copy import deepcopy

import numpy as np

recording = []


def batches(x, y, size, rng):
    """Yield batches of `size` rows in random order; the last batch may be smaller."""
    order = rng.permutation(len(x))
    for begin in range(0, len(x), size):
        rows = order[begin : begin + size]
        yield x[rows], y[rows]


def run(function, *arguments):
    """Call a NumPy function, and append the call to each program being recorded."""
    result = function(*arguments)
    for program in recording:
        program.calls.append((function, arguments, result))
    return result


class Tensor:
    """An array, the tensors it was computed from, and the rule for their gradients."""

    def __init__(self, value, parents=(), rule=None):
        self.value, self.parents, self.rule, self.grad = value, parents, rule, None

    def backward(self, dy=1.0):
        """Add `dy` to the gradient of this tensor, and pass it on to the parents."""
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
    """``x @ w + b``, followed by a ReLU if `relu` is true."""

    def __init__(self, inputs, units, rng, relu=False):
        limit = np.sqrt(6 / (inputs + units))
        self.w = Tensor(rng.uniform(-limit, limit, (inputs, units)))
        self.b = Tensor(np.zeros(units))
        self.relu = relu

    def __call__(self, x):
        return dense(x, self.w, self.b, self.relu)


class Mean:
    """The mean over all rows added since the last reset."""

    def reset(self):
        self.total, self.rows = 0.0, 0

    def add(self, value, rows):
        self.total += value * rows
        self.rows += rows

    def result(self):
        return self.total / self.rows


class Program:
    """The calls of a step for one batch size, with the arrays that they read and write."""

    def __init__(self, model, x, y):
        self.x, self.y, self.calls = x.copy(), y.copy(), []
        recording.append(self)
        self.output = model.differentiate(self.x, self.y)
        recording.remove(self)
        self.grads = [weight.grad for weight in model.weights]

    def differentiate(self, model, x, y):
        """Replay the calls for another batch, in place of the method of the model."""
        self.x[...], self.y[...] = x, y
        for function, arguments, result in self.calls:
            function(*arguments, out=result)
        for weight, grad in zip(model.weights, self.grads, strict=True):
            weight.grad = grad
        return self.output


class Model:
    """Layers applied one after the other, and the metrics that measure them."""

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
        """Update the metrics, then the weights."""
        if self.programs is None:
            output = self.differentiate(x, y)
        else:
            if len(x) not in self.programs:
                self.programs[len(x)] = Program(self, x, y)
            output = self.programs[len(x)].differentiate(self, x, y)
        self.update_metrics(output, y)
        for weight in self.weights:
            weight.value -= self.rate * weight.grad
            weight.grad = None

    def differentiate(self, x, y):
        """Store the gradients in the weights; return the output."""
        output = self(x)
        mean_squared_error(y, output).backward()
        return output

    def update_metrics(self, output, y):
        """Add a batch to the metrics."""
        self.metrics["loss"].add(mean_squared_error(y, output).value, len(y))
        self.metrics["mae"].add(np.mean(np.abs(output.value - y)), len(y))

    def reset(self):
        """Reset the metrics."""
        for metric in self.metrics.values():
            metric.reset()

    def logs(self):
        """Return the mean of each metric so far, by name."""
        return {name: metric.result() for name, metric in self.metrics.items()}


class Callback:
    """Hooks that do nothing; a subclass overrides those that it needs."""

    def on_train_begin(self, logs=None): ...
    def on_epoch_begin(self, epoch, logs=None): ...
    def on_train_batch_begin(self, batch, logs=None): ...
    def on_train_batch_end(self, batch, logs=None): ...
    def on_epoch_end(self, epoch, logs=None): ...
    def on_train_end(self, logs=None): ...


def call_hooks(callbacks, hook, *arguments):
    """Call one hook of every callback, in the order of the list."""
    for callback in callbacks:
        getattr(callback, hook)(*arguments)


def watched(callbacks):
    """Return True if a callback overrides a batch hook."""
    hooks = "on_train_batch_begin", "on_train_batch_end"
    pairs = [(type(callback), hook) for callback in callbacks for hook in hooks]
    return any(getattr(kind, hook) is not getattr(Callback, hook) for kind, hook in pairs)


class State:
    """Everything that determines the rest of a run."""

    def __init__(self, model, rng, callbacks):
        self.model, self.rng, self.callbacks, self.epoch = model, rng, callbacks, 0

    def capture(self):
        """Return a copy that further training does not change."""
        weights = [weight.value for weight in self.model.weights]
        attributes = [{k: v for k, v in vars(c).items() if k != "model"} for c in self.callbacks]
        numbers = self.rng.bit_generator.state
        settings = self.epoch, self.model.stop_training, self.model.rate
        return deepcopy((*settings, numbers, weights, attributes))

    def restore(self, captured):
        """Put a captured copy back."""
        *settings, numbers, weights, attributes = deepcopy(captured)
        self.epoch, self.model.stop_training, self.model.rate = settings
        self.rng.bit_generator.state = numbers
        for weight, value in zip(self.model.weights, weights, strict=True):
            weight.value[...] = value
        for callback, values in zip(self.callbacks, attributes, strict=True):
            vars(callback).update(values)


def evaluate(model, x, y):
    """Return the metrics over all rows, without training."""
    model.reset()
    model.update_metrics(model(x), y)
    return model.logs()


def fit(state, x, y, epochs, validation, captured=None):
    """Train the model, and call each hook with the logs known so far."""
    model, rng, callbacks = state.model, state.rng, state.callbacks
    for callback in callbacks:
        callback.model = model
    model.stop_training = False
    call_hooks(callbacks, "on_train_begin")
    if captured is not None:
        state.restore(captured)
    logs = {}
    while state.epoch < epochs and not model.stop_training:
        epoch = state.epoch
        model.reset()
        call_hooks(callbacks, "on_epoch_begin", epoch)
        watching = callbacks if watched(callbacks) else []
        for batch, rows in enumerate(batches(x, y, 32, rng)):
            call_hooks(watching, "on_train_batch_begin", batch)
            model.step(*rows)
            if watching:
                call_hooks(watching, "on_train_batch_end", batch, model.logs())
            if model.stop_training:
                break
        logs = model.logs()
        logs |= {f"val_{name}": value for name, value in evaluate(model, *validation).items()}
        state.epoch += 1
        call_hooks(callbacks, "on_epoch_end", epoch, dict(logs))
    call_hooks(callbacks, "on_train_end", logs)


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
            if self.wait >= self.patience:
                self.model.stop_training = True


class Schedule(Callback):
    def __init__(self, schedule):
        self.schedule = schedule

    def on_epoch_begin(self, epoch, logs=None):
        self.model.rate = self.schedule(epoch)


def train(callbacks, epochs, captured=None, seed=0, programs=None):
    """Train a new model on the same rows, from a captured state if one is passed."""
    x = np.linspace(-1, 1, 200)[:, None]
    y = x**2
    rng = np.random.default_rng(seed)
    model = Model([Dense(1, 16, rng, relu=True), Dense(16, 1, rng)], 0.2, programs)
    state = State(model, rng, callbacks)
    fit(state, x[::2], y[::2], epochs, (x[1::2], y[1::2]), captured)
    return state


def new_callbacks():
    return [EarlyStopping(patience=2), Schedule(lambda epoch: 0.1 * (epoch + 1))]


by_ops = train(new_callbacks(), epochs=6).model
by_programs = train(new_callbacks(), epochs=6, programs={}).model
for size, program in by_programs.programs.items():
    names = [function.__name__ for function, arguments, result in program.calls]
    print(f"batches of {size} rows, {len(names)} functions: {', '.join(names[:5])} ...")
pairs = zip(by_ops.weights, by_programs.weights, strict=True)
print("same weights:", all(np.array_equal(a.value, b.value) for a, b in pairs))
