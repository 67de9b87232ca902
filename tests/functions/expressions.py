"""Expressions that TensorFlow and the stand-in evaluate alike, and the recorder of what TensorFlow makes of them.

    python tests/functions/expressions.py    with the Python of an environment that has TensorFlow 2.7

writes `recorded.json` beside this file: for each expression shape, dtype and numbers of the results, and the gradients of the sum of
squares of all floats among them with respect to the variables in it that can have one.
"""

# mypy: ignore-errors

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("recorded.json")

rng = np.random.default_rng(5)
X = rng.standard_normal((3, 4)).round(2).astype(np.float32)
Y = rng.standard_normal((3, 4)).round(2).astype(np.float32)
P = rng.uniform(0.1, 0.9, (3, 4)).round(2).astype(np.float32)
Q = rng.uniform(0.1, 0.9, (3, 4)).round(2).astype(np.float32)
V = rng.standard_normal(4).round(2).astype(np.float32)
C = rng.standard_normal((2, 3, 4)).round(2).astype(np.float32)
M = (np.eye(3) * 3 + rng.uniform(0, 1, (3, 3)).round(1)).astype(np.float32)
S = (M + M.T).astype(np.float32)
I = np.array([[3, 1, 2], [0, 5, 1]], np.int32)
N = np.array([1.0, np.nan, np.inf, -2.5], np.float32)
Z = np.array([0.0, 2.0, 0.0, -1.0], np.float32)
B = np.array([[True, False, True, False], [False, False, True, True], [True, True, True, True]])
K = np.array([2, 0, 1])

UNARY = "abs acos asin atan cos cosh exp negative sigmoid sign sin sinh sqrt square tan tanh"
EXPRESSIONS = {
    "convert": [
        "tf.constant([1, 2])", "tf.constant([1.0, 2.0])", "tf.constant(3)", "tf.constant(2.5, dtype=tf.float64)",
        "tf.constant(7.0, shape=[2, 3])", "tf.constant([1, 2, 3, 4], shape=(2, 2))", "tf.constant(True)",
        "tf.constant(2 ** 40)", "tf.convert_to_tensor([X[0], Y[0]])", "tf.convert_to_tensor([1, 2], dtype=tf.float32)",
        "tf.convert_to_tensor([tf.reduce_sum(X), 2.0])", "tf.cast(X, tf.int32)", "tf.cast(I, tf.float32)",
        "tf.cast(B, 'float32')", "tf.cast(Z, tf.bool)", "tf.zeros([2, 3])", "tf.zeros(3, tf.int32)", "tf.zeros(())",
        "tf.ones((2,), dtype=tf.float64)", "tf.fill([2, 2], 9)", "tf.fill((2,), 1.5)", "tf.zeros_like(I)",
        "tf.ones_like(X)", "tf.ones_like(I, dtype=tf.float32)", "tf.eye(2)", "tf.eye(2, 3, dtype=tf.int32)",
        "tf.range(4)", "tf.range(1, 4)", "tf.range(0.0, 1.0, 0.25)", "tf.range(6, 0, -2)", "tf.linspace(0.0, 1.0, 5)",
        "tf.range(3, dtype=tf.float32)", "tf.rank(C)", "tf.size(C)", "tf.eye(2, batch_shape=[2])",
    ],
    "elementwise": [
        *(f"tf.{name}({'P' if name in ('acos', 'asin', 'sqrt') else 'X'})" for name in UNARY.split()),
        "tf.math.log(P)", "tf.math.log1p(P)", "tf.math.expm1(X)", "tf.math.rsqrt(P)", "tf.math.reciprocal(P)",
        "tf.floor(X)", "tf.math.ceil(X)", "tf.round(Z * 0.5)", "tf.math.is_nan(N)", "tf.math.is_inf(N)",
        "tf.math.is_finite(N)", "tf.logical_not(B)", "tf.add(X, Y)", "tf.subtract(X, V)", "tf.multiply(X, 2.0)",
        "tf.divide(X, P)", "tf.math.floordiv(I, 2)", "tf.math.mod(I, 2)", "tf.pow(P, 3.0)", "tf.maximum(X, Y)",
        "tf.minimum(X, 0.1)", "tf.math.squared_difference(X, Y)", "tf.math.divide_no_nan(V, Z)", "tf.add_n([X, Y, P])",
        "tf.equal(I, 1)", "tf.not_equal(I, 1)", "tf.less(X, Y)", "tf.less_equal(I, 2)", "tf.greater(X, 0.0)",
        "tf.greater_equal(I, 2)", "tf.logical_and(B, X > 0)", "tf.logical_or(B, X > 0)", "tf.abs(X, name='a')",
        "tf.math.softplus(X)", "tf.square(x=X, name='s')", "tf.square(I)", "tf.maximum(I, 2)", "tf.minimum([1, 5], [4, 3])",
        "tf.abs([-1, 2])", "tf.sign(I - 2)",
    ],
    "reductions": [
        *(
            f"tf.{name}(X{axis})"
            for name in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_logsumexp")
            for axis in ("", ", axis=1", ", axis=[0, 1]", ", 0, True", ", axis=-1, keepdims=True")
        ),
        "tf.reduce_sum(I)", "tf.reduce_sum(I, axis=0)", "tf.reduce_max(I, axis=1)", "tf.math.reduce_std(X)",
        "tf.math.reduce_std(X, axis=0)", "tf.math.reduce_variance(X, 1)", "tf.reduce_any(B, axis=1)",
        "tf.reduce_all(B, axis=1)", "tf.reduce_all(B)", "tf.math.count_nonzero(Z)", "tf.argmax(X)", "tf.argmax(X, axis=1)",
        "tf.argmin(X, 1, output_type=tf.int32)", "tf.math.argmax(V)", "tf.cumsum(X)", "tf.cumsum(X, axis=1)",
        "tf.cumsum(V, exclusive=True)", "tf.cumsum(V, reverse=True)", "tf.cumsum(C, axis=1, exclusive=True, reverse=True)",
        "tf.cumsum(I, 1)", "tf.reduce_mean(input_tensor=X, axis=(0,))",
        "tf.reduce_mean(I)", "tf.reduce_mean(-I, axis=1)", "tf.argmin(tf.cast(I, tf.uint8), 1)", "tf.argmin(B, 1)",
        "tf.reduce_logsumexp([-np.inf, -np.inf])", "tf.reduce_logsumexp([np.inf, 1.0])",
        "tf.cumsum(I, 1, exclusive=True)", "tf.cumsum(I, 0, reverse=True)", "tf.cumsum(I, 1, exclusive=True, reverse=True)",
    ],
    "shaping": [
        "tf.reshape(X, [4, 3])", "tf.reshape(X, (-1,))", "tf.reshape(tensor=C, shape=[2, -1])", "tf.transpose(X)",
        "tf.transpose(C, perm=[1, 0, 2])", "tf.expand_dims(X, 1)", "tf.expand_dims(X, axis=-1)",
        "tf.squeeze(tf.expand_dims(X, 0))", "tf.squeeze(tf.ones([1, 2, 1]), axis=[0])", "tf.concat([X, Y], 0)",
        "tf.concat([X, Y], axis=-1)", "tf.concat([I, I], axis=1)", "tf.stack([X, Y])", "tf.stack([V, V], axis=1)",
        "tf.stack([1, 2, 3])", "tf.unstack(X)", "tf.unstack(X, axis=1)", "tf.split(X, 2, axis=1)", "tf.split(X, [1, 2])",
        "tf.tile(V, [2])", "tf.tile(X, [1, 2])", "tf.repeat(V, 2)", "tf.repeat(X, 2, axis=0)", "tf.repeat(X, [1, 0, 2], axis=0)",
        "tf.gather(X, K)", "tf.gather(X, K, axis=1)", "tf.gather_nd(X, [[0, 1], [2, 3]])", "tf.boolean_mask(X, B)",
        "tf.boolean_mask(X, [True, False, True])", "tf.where(B, X, Y)", "tf.where(B)", "tf.where(I > 1, I, 0)",
        "tf.where(X > 0, X, 0.0)", "tf.one_hot(K, 3)", "tf.one_hot(I, 4)", "tf.one_hot(K, 3, on_value=5.0, off_value=-1.0)",
        "tf.one_hot(K, 4, axis=0)", "tf.one_hot(K, 3, dtype=tf.int32)", "tf.one_hot(K, 3, True, False)",
        "tf.one_hot(K, 3, on_value=5, off_value=1)", "tf.shape(C)", "tf.identity(X)",
        "tf.broadcast_to(V, [3, 4])", "tf.pad(X, [[1, 0], [0, 2]])", "tf.pad(V, [[1, 1]], constant_values=3.0)",
        "tf.reverse(X, [1])", "tf.reverse(X, axis=[0, 1])", "tf.roll(V, 1, 0)", "tf.roll(X, shift=-1, axis=1)",
        "tf.slice(X, [0, 1], [2, -1])", "tf.sort(X)", "tf.sort(X, axis=0, direction='DESCENDING')", "tf.argsort(V)",
        "tf.argsort(X, direction='DESCENDING')",
        "tf.math.top_k(tf.cast(I, tf.uint8), 2)", "tf.math.top_k(X, 2)", "tf.math.top_k(V, k=3)", "tf.unique(K % 2)",
        "tf.meshgrid(V, Z)", "tf.clip_by_value(X, -0.5, 0.5)", "tf.clip_by_value(I, 1, 3)", "tf.clip_by_norm(X, 1.0)",
        "tf.clip_by_norm(X, 100.0)", "tf.clip_by_global_norm([X, V], 1.5)", "tf.scatter_nd([[1], [3]], [9, 8], [5])",
        "tf.stop_gradient(X)", "tf.ensure_shape(X, [None, 4])", "tf.clip_by_value(X, clip_value_min=V, clip_value_max=1.0)",
    ],
    "linalg": [
        "tf.matmul(X, tf.transpose(Y))", "tf.matmul(X, Y, transpose_b=True)", "tf.matmul(X, Y, transpose_a=True)",
        "tf.linalg.matmul(C, C, transpose_b=True)", "tf.linalg.matvec(X, V)", "tf.tensordot(X, V, 1)",
        "tf.tensordot(X, Y, axes=[[0], [0]])", "tf.tensordot(C, X, [[1, 2], [0, 1]])", "tf.norm(X)", "tf.norm(X, axis=1)",
        "tf.norm(X, ord=1, axis=0, keepdims=True)", "tf.norm(V, ord=np.inf)", "tf.linalg.diag(V)", "tf.linalg.diag_part(M)",
        "tf.linalg.trace(M)", "tf.linalg.matrix_transpose(C)", "tf.math.l2_normalize(X)", "tf.math.l2_normalize(X, axis=1)",
        "tf.linalg.det(M)", "tf.linalg.det(tf.stack([M, S]))", "tf.linalg.inv(M)", "tf.linalg.solve(M, M)",
        "tf.linalg.solve(S, X)", "tf.linalg.cholesky(S)", "tf.linalg.eigh(S)[0]", "tf.linalg.svd(M)[0]",
        "tf.linalg.svd(X, compute_uv=False)", "tf.linalg.svd(tf.transpose(X))[0]",
    ],
    "linalg without gradients": [
        "tf.reduce_prod(X, axis=1)", "tf.reduce_prod(I)",
    ],
    "neural": [
        "tf.nn.softmax(X)", "tf.nn.softmax(X, axis=0)", "tf.nn.softmax(logits=C, axis=1)", "tf.nn.log_softmax(X)",
        "tf.nn.log_softmax(X, axis=0)", "tf.nn.relu(X)", "tf.nn.relu6(X * 10)", "tf.nn.leaky_relu(X)",
        "tf.nn.leaky_relu(X, alpha=0.1)", "tf.nn.elu(X)", "tf.nn.selu(X)", "tf.nn.gelu(X)", "tf.nn.silu(X)", "tf.nn.swish(X)",
        "tf.nn.softplus(X)", "tf.nn.softsign(X)", "tf.nn.sigmoid(X)", "tf.nn.tanh(X)", "tf.nn.bias_add(X, V)",
        "tf.nn.l2_loss(X)", "tf.nn.moments(X, [0])", "tf.nn.moments(X, axes=[0, 1])", "tf.nn.embedding_lookup(X, K)",
        "tf.nn.softmax_cross_entropy_with_logits(labels=tf.nn.softmax(P), logits=X)",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=K, logits=X)",
        "tf.nn.sigmoid_cross_entropy_with_logits(labels=P, logits=X)", "tf.nn.in_top_k(K, X, 2)",
        "tf.math.confusion_matrix([0, 1, 2, 1], [0, 2, 2, 1])", "tf.math.confusion_matrix(K, K, num_classes=4)",
        "tf.nn.l2_normalize(X, axis=1)",
    ],
    "backend": [
        "K_.mean(X)", "K_.mean(X, axis=-1)", "K_.sum(X, axis=0, keepdims=True)", "K_.max(X, 1)", "K_.min(X)",
        "K_.square(X)", "K_.sqrt(P)", "K_.exp(X)", "K_.log(P)", "K_.abs(X)", "K_.pow(P, 2.0)", "K_.clip(X, -0.1, 0.1)",
        "K_.maximum(X, Y)", "K_.argmax(X)", "K_.argmin(X, axis=0)", "K_.concatenate([X, Y])", "K_.concatenate([X, Y], axis=0)",
        "K_.stack([X, Y])", "K_.expand_dims(X)", "K_.squeeze(C[:1], 0)", "K_.flatten(C)", "K_.batch_flatten(C)",
        "K_.reshape(X, (4, 3))", "K_.transpose(X)", "K_.permute_dimensions(C, (2, 0, 1))", "K_.dot(X, K_.transpose(Y))",
        "K_.softmax(X)", "K_.softmax(X, axis=0)", "K_.relu(X)", "K_.relu(X, alpha=0.1)", "K_.relu(X, max_value=0.5)",
        "K_.relu(X, threshold=0.2, alpha=0.3)", "K_.elu(X)", "K_.sigmoid(X)", "K_.tanh(X)", "K_.softplus(X)",
        "K_.softsign(X)", "K_.hard_sigmoid(X)", "K_.l2_normalize(X, axis=1)", "K_.one_hot(K, 3)", "K_.switch(tf.constant(B), X, Y)",
        "K_.binary_crossentropy(P, Q)", "K_.binary_crossentropy(P, X, from_logits=True)",
        "K_.categorical_crossentropy(P, Q)", "K_.categorical_crossentropy(tf.nn.softmax(P), X, from_logits=True)",
        "K_.sparse_categorical_crossentropy(K, Q)", "K_.std(X, axis=0)", "K_.var(X)", "K_.all(B, axis=1)", "K_.any(B)",
        "K_.cumsum(X, axis=1)", "K_.equal(I, 1)", "K_.greater(X, 0.0)", "K_.cast(I, 'float32')",
        "K_.zeros_like(X)", "K_.arange(3)", "K_.arange(1, 4)", "K_.eye(2)", "K_.gather(X, K)", "K_.tile(V, [2])", "K_.round(X)",
        "K_.sign(X)", "K_.sin(X)", "K_.cos(X)", "K_.constant([1, 2])", "K_.constant(3.0, shape=(2,))", "K_.zeros((2,))",
        "K_.ones((1, 2))", "K_.get_value(K_.variable(V))", "K_.epsilon()", "K_.ndim(C)", "K_.int_shape(C)", "K_.count_params(X)",
        "K_.cast_to_floatx(I)", "K_.reverse(X, 1)", "K_.stop_gradient(X)", "K_.prod(I, axis=1)", "K_.eval(K_.square(V))",
    ],
}  # fmt: skip


def results(expression, tf, with_gradient=True):
    """The results of an expression in a list of dicts, and gradients by the names of what they are with respect to."""
    arrays = {name: value for name, value in globals().items() if len(name) == 1}
    floats = {name: tf.Variable(a) for name, a in arrays.items() if a.dtype == np.float32}
    names = {**arrays, **floats, "tf": tf, "np": np, "K_": tf.keras.backend}
    used = [
        name
        for name in floats
        if name in expression.replace("K_.", "").replace("DESC", "").replace("END", "")
    ]
    with tf.GradientTape() as tape:
        made = eval(expression, names)
        listed = (
            list(made) if isinstance(made, (list, tuple)) and not isinstance(made, np.ndarray) else [made]
        )
        flat = [b for a in listed for b in (a if isinstance(a, list) else [a])]
        ends = [
            tf.reduce_sum(tf.square(a))
            for a in flat
            if str(getattr(a, "dtype", "")).find("float32") >= 0 and hasattr(a, "numpy")
        ]
    values = []
    for a in flat:
        array = np.asarray(a)
        values.append(
            {
                "shape": list(array.shape),
                "dtype": array.dtype.name,
                "values": array.astype(float).reshape(-1).tolist(),
            }
        )
    gradients = {}
    if with_gradient and ends and used:
        found = tape.gradient(ends, [floats[name] for name in used])
        for name, g in zip(used, found):
            gradients[name] = (
                None if g is None else np.asarray(tf.convert_to_tensor(g)).astype(float).reshape(-1).tolist()
            )
    return {"results": values, "gradients": gradients}


if __name__ == "__main__":
    import tensorflow

    recorded = {
        group: {e: results(e, tensorflow, "without" not in group) for e in listed}
        for group, listed in EXPRESSIONS.items()
    }
    FILE.write_text(
        json.dumps({"tensorflow": tensorflow.__version__, **recorded}, indent=0)
        .replace("\n", " ")
        .replace('"tf.', '\n"tf.')
        .replace('"K_.', '\n"K_.')
        + "\n"
    )
