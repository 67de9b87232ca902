"""The table of the stand-in: every public name of TensorFlow and Keras that it has, and what of minifit it is.

A name on the left stands under the module above it, and on the right is the path of minifit's own object. Where the
names are the same, the module alone is on the right. A path with parentheses is a function whose arguments are called
otherwise there: ``"minifit.ops.mean(input_tensor)"`` takes its first argument under the name ``input_tensor``.
``keras`` and ``tensorflow.keras`` have the same names. The page docs/standin.md is made of this file.
"""

from collections.abc import Iterable, Mapping


def same(module: str, names: str) -> dict[str, str]:
    """Return entries for names that are minifit's own, from one of its modules."""
    return {name: f"{module}.{name}" for name in names.split()}


VERSION = {"__version__": "minifit.standin.version.VERSION"}

LAYERS = same(
    "minifit.layers",
    """
    Activation ActivityRegularization Add AlphaDropout Average BatchNormalization CategoryEncoding Concatenate Dense
    Discretization Dot Dropout ELU Embedding Flatten GaussianDropout GaussianNoise Input InputLayer IntegerLookup Lambda
    Layer LayerNormalization LeakyReLU Maximum Minimum Multiply Normalization PReLU Permute ReLU RepeatVector Rescaling
    Reshape Softmax SpatialDropout1D StringLookup Subtract ThresholdedReLU UnitNormalization add average concatenate
    deserialize dot maximum minimum multiply serialize subtract
    """,
)

PREPROCESSING = same(
    "minifit.layers",
    "CategoryEncoding Discretization IntegerLookup Normalization Rescaling StringLookup",
)
"""Layers that had another module before TensorFlow 2.6."""

ACTIVATIONS = same(
    "minifit.activations",
    """
    deserialize elu exponential gelu get hard_sigmoid linear log_softmax mish relu selu serialize sigmoid silu softmax
    softplus softsign swish tanh
    """,
)

INITIALIZERS = same(
    "minifit.initializers",
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity Initializer LecunNormal LecunUniform Ones Orthogonal
    RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros constant deserialize get glorot_normal
    glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform ones orthogonal random_normal random_uniform
    serialize truncated_normal variance_scaling zeros
    """,
)

REGULARIZERS = same("minifit.regularizers", "L1 L1L2 L2 Regularizer deserialize get l1 l1_l2 l2 serialize")

CONSTRAINTS = same(
    "minifit.constraints",
    """
    Constraint MaxNorm MinMaxNorm NonNeg UnitNorm deserialize get max_norm maxnorm min_max_norm non_neg nonneg serialize
    unit_norm unitnorm
    """,
)

LOSSES = same(
    "minifit.losses",
    """
    BCE BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge Huber KLD KLDivergence
    LogCosh Loss MAE MAPE MSE MSLE MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
    MeanSquaredLogarithmicError Poisson Reduction SparseCategoricalCrossentropy SquaredHinge bce binary_crossentropy
    categorical_crossentropy categorical_hinge cosine_similarity deserialize get hinge huber kl_divergence kld
    kullback_leibler_divergence log_cosh logcosh mae mape mean_absolute_error mean_absolute_percentage_error
    mean_squared_error mean_squared_logarithmic_error mse msle poisson serialize sparse_categorical_crossentropy
    squared_hinge
    """,
)

METRICS = same(
    "minifit.metrics",
    """
    AUC Accuracy BinaryAccuracy BinaryCrossentropy CategoricalAccuracy CategoricalCrossentropy CategoricalHinge
    CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge KLD KLDivergence LogCoshError MAE MAPE MSE
    MSLE Mean MeanAbsoluteError MeanAbsolutePercentageError MeanMetricWrapper MeanSquaredError
    MeanSquaredLogarithmicError Metric Poisson Precision Recall RootMeanSquaredError SparseCategoricalAccuracy
    SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives
    TruePositives binary_accuracy binary_crossentropy categorical_accuracy categorical_crossentropy categorical_hinge
    cosine_similarity deserialize get hinge kl_divergence kld kullback_leibler_divergence log_cosh logcosh mae mape
    mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error mse msle
    poisson serialize sparse_categorical_accuracy sparse_categorical_crossentropy sparse_top_k_categorical_accuracy
    squared_hinge top_k_categorical_accuracy
    """,
)

OPTIMIZERS = same(
    "minifit.optimizers",
    "Adadelta Adagrad Adam AdamW Adamax Ftrl Nadam Optimizer RMSprop SGD deserialize get serialize",
)

SCHEDULES = same(
    "minifit.optimizers.schedules",
    """
    CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay
    PolynomialDecay deserialize serialize
    """,
)

CALLBACKS = same(
    "minifit.callbacks",
    """
    BackupAndRestore BaseLogger CSVLogger Callback CallbackList EarlyStopping History LambdaCallback
    LearningRateScheduler ModelCheckpoint ProgbarLogger ReduceLROnPlateau RemoteMonitor TensorBoard TerminateOnNaN
    """,
)

MODELS = same(
    "minifit.models",
    "Functional Input Model Sequential clone_model load_model model_from_config model_from_json save_model",
)

SAVING = same("minifit.models", "load_model save_model") | same(
    "minifit.utils",
    """
    CustomObjectScope custom_object_scope deserialize_keras_object get_custom_objects get_registered_name
    get_registered_object register_keras_serializable serialize_keras_object
    """,
)

UTILS = same(
    "minifit.utils",
    """
    CustomObjectScope Progbar Sequence clear_session custom_object_scope deserialize_keras_object get_custom_objects
    get_file get_registered_name get_registered_object model_to_dot normalize pack_x_y_sample_weight plot_model
    register_keras_serializable serialize_keras_object set_random_seed split_dataset to_categorical
    unpack_x_y_sample_weight
    """,
)

OPS = same(
    "minifit.ops",
    """
    abs absolute argmax cast concatenate equal exp expand_dims log matmul max maximum mean min minimum one_hot ones_like
    power relu reshape shape sigmoid softmax split sqrt square squeeze stack stop_gradient sum tanh tile transpose
    unstack where zeros_like
    """,
)

BACKEND = same("minifit.utils", "clear_session")

KERAS: dict[str, Mapping[str, str]] = {
    "": {
        **VERSION,
        **same("minifit.models", "Input Model Sequential"),
    },
    "activations": ACTIVATIONS,
    "backend": BACKEND,
    "callbacks": CALLBACKS,
    "callbacks.experimental": same("minifit.callbacks", "BackupAndRestore"),
    "constraints": CONSTRAINTS,
    "datasets.fashion_mnist": same("minifit.datasets.fashion_mnist", "load_data"),
    "datasets.mnist": same("minifit.datasets.mnist", "load_data"),
    "initializers": INITIALIZERS,
    "layers": LAYERS,
    "layers.experimental.preprocessing": PREPROCESSING,
    "losses": LOSSES,
    "metrics": METRICS,
    "models": MODELS,
    "ops": OPS,
    "optimizers": OPTIMIZERS,
    "optimizers.legacy": OPTIMIZERS,
    "optimizers.schedules": SCHEDULES,
    "regularizers": REGULARIZERS,
    "saving": SAVING,
    "utils": UTILS,
    "utils.np_utils": same("minifit.utils", "normalize to_categorical"),
    "utils.vis_utils": same("minifit.utils", "model_to_dot plot_model"),
}
"""The names of ``keras`` and of ``tensorflow.keras``, by module."""

TENSORFLOW: dict[str, Mapping[str, str]] = {
    "": {
        **VERSION,
        "GradientTape": "minifit.tape.GradientTape",
        "Variable": "minifit.parameters.Variable",
    },
    "initializers": INITIALIZERS,
    "losses": LOSSES,
    "metrics": METRICS,
    "optimizers": OPTIMIZERS,
    "optimizers.schedules": SCHEDULES,
    "summary": same("minifit.summary", "SummaryWriter create_file_writer flush histogram image scalar text"),
}
"""The names of ``tensorflow`` besides those under ``tensorflow.keras``, by module."""


def _written_out(root: str, modules: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    for module, names in modules.items():
        for name, entry in names.items():
            yield f"{root}.{module}.{name}" if module else f"{root}.{name}", entry


NAMES: dict[str, str] = {
    **dict(_written_out("keras", KERAS)),
    **dict(_written_out("tensorflow.keras", KERAS)),
    **dict(_written_out("tensorflow", TENSORFLOW)),
}
"""Every public name, as ``"keras.layers.Dense"``, and what it is, as ``"minifit.layers.Dense"``."""
