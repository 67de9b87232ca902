"""The table of the stand-in: every public name of TensorFlow and Keras that it has, with minifit's object.

Each entry maps a name, under its module, to the path of minifit's object; `same` lists names that are equal in minifit.
A path with parentheses is a function whose arguments have other names in TensorFlow: the first argument of
``"minifit.ops.mean(input_tensor)"`` is called ``input_tensor`` there. ``keras`` and ``tensorflow.keras`` have the same
names. A module without names exists because some packages import it without using it. docs/build.py writes the page
docs/standin.md from this file.
"""

from collections.abc import Iterable, Mapping


def same(module: str, names: str) -> dict[str, str]:
    """Return entries for names that a module of minifit has, too."""
    return {name: f"{module}.{name}" for name in names.split()}


def with_arguments(arguments: str, entries: Mapping[str, str]) -> dict[str, str]:
    """Return entries for functions whose arguments have these names in TensorFlow."""
    return {name: f"{path}({arguments})" for name, path in entries.items()}


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

NAMES_ALONE = same("minifit.standin.absent", "AbstractRNNCell InputSpec LSTMCell RNN SimpleRNNCell Wrapper")
"""Classes without instances that tensorflow_addons names on import."""

PREPROCESSING = same(
    "minifit.layers",
    "CategoryEncoding Discretization IntegerLookup Normalization Rescaling StringLookup",
)
"""Layers that were in another module before TensorFlow 2.6."""

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

SAVING = {
    **same("minifit.models", "load_model save_model"),
    **same(
        "minifit.utils",
        """
        CustomObjectScope custom_object_scope deserialize_keras_object get_custom_objects get_registered_name
        get_registered_object serialize_keras_object
        """,
    ),
    # replaces an earlier registration, as in Keras 3
    "register_keras_serializable": "minifit.registration.replace_registered",
}

UTILS = same(
    "minifit.utils",
    """
    CustomObjectScope Progbar Sequence clear_session custom_object_scope deserialize_keras_object get_custom_objects
    get_file get_registered_name get_registered_object model_to_dot normalize pack_x_y_sample_weight pad_sequences
    plot_model register_keras_serializable serialize_keras_object set_random_seed split_dataset to_categorical
    unpack_x_y_sample_weight
    """,
)

OPS = {
    **same(
        "minifit.ops",
        """
        abs absolute argmax cast concatenate exp expand_dims log max mean min relu shape sigmoid sqrt square squeeze sum
        tanh transpose
        """,
    ),
    **with_arguments("x1, x2", same("minifit.ops", "equal matmul maximum minimum power")),
    **with_arguments("x, dtype=None", same("minifit.functions.convert", "ones_like zeros_like")),
    "one_hot": "minifit.functions.backend.one_hot(x, num_classes)",
    "reshape": "minifit.ops.reshape(x, newshape)",
    "softmax": "minifit.functions.backend.softmax",
    "split": "minifit.functions.shaping.split_at(x, indices_or_sections, axis=0)",
    "stack": "minifit.ops.stack(x, axis=0)",
    "stop_gradient": "minifit.ops.stop_gradient(variable)",
    "tile": "minifit.ops.tile(x, repeats)",
    "unstack": "minifit.functions.shaping.unstack(x, num=None, axis=0)",
    "where": "minifit.ops.where(condition, x1, x2)",
}

BACKEND = {
    **same("minifit.utils", "clear_session"),
    **same(
        "minifit.functions.backend",
        """
        argmax argmin batch_flatten batch_get_value batch_set_value binary_crossentropy cast_to_floatx
        categorical_crossentropy clip concatenate constant count_params dot elu epsilon expand_dims flatten floatx
        get_value image_data_format int_shape is_keras_tensor l2_normalize ndim one_hot ones permute_dimensions
        print_tensor random_normal random_uniform relu set_floatx set_value softmax switch variable zeros
        """,
    ),
    **same("minifit.ops", "exp log sigmoid sqrt tanh"),
    **same("minifit.activations", "hard_sigmoid softplus softsign"),
    **same("minifit.functions.convert", "cast is_tensor"),
    **with_arguments("x, dtype=None", same("minifit.functions.convert", "ones_like zeros_like")),
    **same(
        "minifit.functions.elementwise",
        "abs cos greater greater_equal less less_equal maximum minimum not_equal round sign sin square",
    ),
    **with_arguments("x", same("minifit.functions.shaping", "reshape shape squeeze stack")),
    **same("minifit.functions.reductions", "cumsum"),
    "all": "minifit.functions.reductions.reduce_all(x)",
    "any": "minifit.functions.reductions.reduce_any(x)",
    "arange": "minifit.functions.convert.arange(start, stop=None, step=1, dtype='int32')",
    "equal": "minifit.ops.equal(x, y)",
    "eval": "minifit.functions.backend.get_value",
    "eye": "minifit.functions.convert.eye(size)",
    "gather": "minifit.functions.shaping.gather(reference, indices)",
    "max": "minifit.functions.reductions.reduce_max(x)",
    "mean": "minifit.functions.reductions.reduce_mean(x)",
    "min": "minifit.functions.reductions.reduce_min(x)",
    "pow": "minifit.functions.elementwise.pow(x, a)",
    "prod": "minifit.functions.reductions.reduce_prod(x)",
    "reverse": "minifit.functions.shaping.reverse(x, axes)",
    "sparse_categorical_crossentropy": "minifit.losses.sparse_categorical_crossentropy(target, output)",
    "std": "minifit.functions.reductions.reduce_std(x)",
    "stop_gradient": "minifit.ops.stop_gradient(variables)",
    "sum": "minifit.functions.reductions.reduce_sum(x)",
    "tile": "minifit.functions.shaping.tile(x, n)",
    "transpose": "minifit.functions.shaping.transpose(x)",
    "var": "minifit.functions.reductions.reduce_variance(x)",
}

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
    "datasets.boston_housing": same("minifit.datasets.boston_housing", "load_data"),
    "datasets.cifar10": same("minifit.datasets.cifar10", "load_data"),
    "datasets.fashion_mnist": same("minifit.datasets.fashion_mnist", "load_data"),
    "datasets.imdb": same("minifit.datasets.imdb", "get_word_index load_data"),
    "datasets.mnist": same("minifit.datasets.mnist", "load_data"),
    "datasets.reuters": same("minifit.datasets.reuters", "get_word_index load_data"),
    "engine.keras_tensor": {"KerasTensor": "minifit.graph.Symbol"},  # for tensorflow_addons
    "initializers": INITIALIZERS,
    "layers": LAYERS | NAMES_ALONE,
    "layers.advanced_activations": same("minifit.layers", "ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU"),
    "layers.core": same(
        "minifit.layers",
        "Activation ActivityRegularization Dense Dropout Flatten Lambda Permute RepeatVector Reshape SpatialDropout1D",
    ),
    "layers.embeddings": same("minifit.layers", "Embedding"),
    "layers.experimental.preprocessing": PREPROCESSING,
    "layers.merge": same(
        "minifit.layers",
        "Add Average Concatenate Dot Maximum Minimum Multiply Subtract add average concatenate dot maximum minimum "
        "multiply subtract",
    ),
    "layers.noise": same("minifit.layers", "AlphaDropout GaussianDropout GaussianNoise"),
    "layers.normalization": same("minifit.layers", "BatchNormalization LayerNormalization"),
    "losses": LOSSES,
    "metrics": METRICS,
    "models": MODELS,
    "ops": OPS,
    "optimizers": OPTIMIZERS,
    "optimizers.legacy": OPTIMIZERS,
    "optimizers.schedules": SCHEDULES,
    "preprocessing.sequence": same("minifit.utils", "pad_sequences"),
    "preprocessing.text": same("minifit.utils.tokenizing", "Tokenizer text_to_word_sequence"),
    "regularizers": REGULARIZERS,
    "saving": SAVING,
    "src.saving.saving_lib": same("minifit.models", "load_model save_model"),  # for scikeras
    "utils": UTILS,
    "utils.np_utils": same("minifit.utils", "normalize to_categorical"),
    "utils.tf_utils": {},  # for tensorflow_addons
    "utils.vis_utils": same("minifit.utils", "model_to_dot plot_model"),
    "wrappers.scikit_learn": same("minifit.models.scikit_learn", "KerasClassifier KerasRegressor"),
}
"""Names of ``keras`` and of ``tensorflow.keras``, by module."""

ELEMENTWISE = {
    **with_arguments("x", same("minifit.ops", "exp sigmoid sqrt tanh")),
    **with_arguments("x, y", same("minifit.ops", "equal")),
    **same(
        "minifit.functions.elementwise",
        """
        abs acos add add_n asin atan cos cosh divide floor greater greater_equal less less_equal logical_and logical_not
        logical_or maximum minimum multiply negative not_equal pow round sign sin sinh square subtract tan
        """,
    ),
}

REDUCTIONS = same(
    "minifit.functions.reductions",
    """
    argmax argmin cumsum reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum
    """,
)

LINALG = {
    **same(
        "minifit.functions.linalg",
        """
        cholesky det diag diag_part eigh inv matmul matrix_transpose matvec norm solve svd tensordot trace
        """,
    ),
    **same("minifit.functions.convert", "eye"),
}

DTYPES = {
    "bool": "minifit.standin.environment.BOOL",
    "double": "minifit.standin.environment.FLOAT64",
    "float16": "minifit.standin.environment.FLOAT16",
    "float32": "minifit.standin.environment.FLOAT32",
    "float64": "minifit.standin.environment.FLOAT64",
    "half": "minifit.standin.environment.FLOAT16",
    "int16": "minifit.standin.environment.INT16",
    "int32": "minifit.standin.environment.INT32",
    "int64": "minifit.standin.environment.INT64",
    "int8": "minifit.standin.environment.INT8",
    "string": "minifit.standin.environment.STRING",
    "uint16": "minifit.standin.environment.UINT16",
    "uint32": "minifit.standin.environment.UINT32",
    "uint64": "minifit.standin.environment.UINT64",
    "uint8": "minifit.standin.environment.UINT8",
    **same("minifit.functions.convert", "as_dtype"),
    "DType": "numpy.dtype",
}

DISTRIBUTE: dict[str, Mapping[str, str]] = {
    "distribute": same(
        "minifit.distribute",
        """
        CrossDeviceOps DistributedDataset HierarchicalCopyAllReduce InputContext MirroredStrategy
        MultiWorkerMirroredStrategy NcclAllReduce OneDeviceStrategy ReduceOp ReductionToOneDevice ReplicaContext
        Strategy get_replica_context get_strategy has_strategy in_cross_replica_context
        """,
    ),
    "distribute.cluster_resolver": same(
        "minifit.distribute.cluster_resolver", "ClusterResolver SimpleClusterResolver TFConfigClusterResolver"
    ),
    "distribute.experimental": same(
        "minifit.distribute.experimental",
        """
        CollectiveCommunication CommunicationImplementation CommunicationOptions MultiWorkerMirroredStrategy
        ValueContext
        """,
    ),
}

DEVICES = same(
    "minifit.standin.environment", "list_logical_devices list_physical_devices set_visible_devices"
)

TENSORFLOW: dict[str, Mapping[str, str]] = {
    "": {
        **VERSION,
        **DTYPES,
        **ELEMENTWISE,
        **REDUCTIONS,
        **same(
            "minifit.functions.convert",
            "cast convert_to_tensor eye fill is_tensor linspace ones ones_like rank size",
        ),
        **same("minifit.functions.convert", "zeros zeros_like"),
        **same(
            "minifit.functions.shaping",
            """
            argsort boolean_mask broadcast_to clip_by_global_norm clip_by_norm clip_by_value concat ensure_shape
            expand_dims gather gather_nd identity meshgrid one_hot pad repeat reshape reverse roll scatter_nd shape sort
            split squeeze stack tile transpose unique unstack where
            """,
        ),
        **same("minifit.functions.linalg", "matmul norm tensordot"),
        **same(
            "minifit.standin.environment", "UnconnectedGradients device executing_eagerly function get_logger"
        ),
        **same("minifit.standin.environment", "RegisterGradient name_scope no_gradient"),
        **same("minifit.standin.absent", "SparseTensor"),
        "GradientTape": "minifit.tape.GradientTape",
        "Module": "minifit.functions.module.Module",
        "Tensor": "minifit.tensor.Tensor",
        "TensorShape": "minifit.tensor_shape.TensorShape",
        "TensorSpec": "minifit.data.TensorSpec",
        "Variable": "minifit.parameters.Variable",
        "constant": "minifit.functions.convert.make_constant",
        "constant_initializer": "minifit.initializers.Constant",
        "newaxis": "minifit.standin.environment.NEWAXIS",
        "ones_initializer": "minifit.initializers.Ones",
        "print": "minifit.standin.environment.print_",
        "random_normal_initializer": "minifit.initializers.RandomNormal",
        "random_uniform_initializer": "minifit.initializers.RandomUniform",
        "range": "minifit.functions.convert.arange",
        "slice": "minifit.functions.shaping.slice_",
        "stop_gradient": "minifit.ops.stop_gradient(input)",
        "zeros_initializer": "minifit.initializers.Zeros",
    },
    "compat.v1": same("minifit.standin.environment", "disable_eager_execution enable_eager_execution")
    | {"set_random_seed": "minifit.functions.random.set_seed"},
    "compat.v1.logging": same("minifit.standin.environment", "DEBUG ERROR FATAL INFO WARN")
    | {"set_verbosity": "minifit.standin.environment.set_verbosity(v)"},
    "config": {
        **DEVICES,
        **same("minifit.standin.environment", "functions_run_eagerly run_functions_eagerly"),
    },
    "config.experimental": {
        **DEVICES,
        **same("minifit.standin.environment", "enable_op_determinism set_memory_growth"),
    },
    "config.threading": {
        "get_inter_op_parallelism_threads": "minifit.standin.environment.get_threads",
        "get_intra_op_parallelism_threads": "minifit.standin.environment.get_threads",
        "set_inter_op_parallelism_threads": "minifit.standin.environment.set_threads",
        "set_intra_op_parallelism_threads": "minifit.standin.environment.set_threads",
    },
    "data": same(
        "minifit.data", "AUTOTUNE Dataset DatasetSpec INFINITE_CARDINALITY Options UNKNOWN_CARDINALITY"
    ),
    "data.experimental": same(
        "minifit.data", "AUTOTUNE INFINITE_CARDINALITY UNKNOWN_CARDINALITY cardinality make_csv_dataset"
    )
    | same("minifit.distribute.options", "AutoShardPolicy"),
    "debugging": same(
        "minifit.standin.testing",
        """
        assert_equal assert_greater assert_greater_equal assert_less assert_less_equal assert_near assert_non_negative
        assert_none_equal assert_positive check_numerics
        """,
    ),
    **DISTRIBUTE,
    "dtypes": {**DTYPES, **same("minifit.functions.convert", "cast")},
    # all errors that minifit raises in its place are ValueErrors
    "errors": {"InvalidArgumentError": "builtins.ValueError"},
    "initializers": INITIALIZERS,
    "io.gfile": same(
        "minifit.standin.gfile", "copy exists glob isdir listdir makedirs mkdir remove rename rmtree"
    ),
    "linalg": LINALG,
    "lookup": same("minifit.standin.absent", "KeyValueTensorInitializer"),
    "losses": LOSSES,
    "math": {
        **ELEMENTWISE,
        **REDUCTIONS,
        **with_arguments("x", same("minifit.ops", "log")),
        **same(
            "minifit.functions.elementwise",
            "ceil divide_no_nan expm1 floordiv is_finite is_inf is_nan log1p mod reciprocal rsqrt squared_difference",
        ),
        **same("minifit.functions.reductions", "count_nonzero reduce_std reduce_variance"),
        **same("minifit.functions.linalg", "l2_normalize"),
        **same("minifit.functions.neural", "confusion_matrix in_top_k"),
        **same("minifit.functions.shaping", "top_k"),
        "softplus": "minifit.nonlinearities.softplus(features)",
        "floormod": "minifit.functions.elementwise.mod",
    },
    "metrics": METRICS,
    "nest": {
        "flatten": "minifit.nest.flatten(structure)",
        "map_structure": "minifit.standin.environment.map_structure",
    },
    "nn": {
        **same(
            "minifit.functions.neural",
            """
            bias_add compute_average_loss dropout embedding_lookup in_top_k l2_loss leaky_relu log_softmax moments relu6
            scale_regularization_loss sigmoid_cross_entropy_with_logits softmax softmax_cross_entropy_with_logits
            sparse_softmax_cross_entropy_with_logits
            """,
        ),
        **same("minifit.functions.linalg", "l2_normalize"),
        **same("minifit.functions.shaping", "top_k"),
        **with_arguments("x", same("minifit.ops", "sigmoid tanh")),
        "elu": "minifit.nonlinearities.elu(features)",
        "gelu": "minifit.nonlinearities.gelu(features)",
        "relu": "minifit.ops.relu(features)",
        "selu": "minifit.nonlinearities.selu(features)",
        "silu": "minifit.nonlinearities.silu(features)",
        "softplus": "minifit.nonlinearities.softplus(features)",
        "softsign": "minifit.nonlinearities.softsign(features)",
        "swish": "minifit.nonlinearities.swish(features)",
    },
    "optimizers": OPTIMIZERS,
    "optimizers.schedules": SCHEDULES,
    "python.eager.context": {  # for scikeras, as the next two
        **same("minifit.standin.environment", "executing_eagerly"),
        "global_seed": "minifit.randomness.root_seed",
    },
    "python.framework.config": same(
        "minifit.standin.environment",
        "disable_op_determinism enable_op_determinism is_op_determinism_enabled",
    ),
    "python.framework.ops": {},
    "python.keras.callbacks": CALLBACKS,  # for keras-rl2, as the next
    "python.keras.utils.generic_utils": same("minifit.utils", "Progbar"),
    "python.ops.control_flow_util": {},  # for tensorflow_addons, as the next
    "python.ops.weights_broadcast_ops": {},
    "random": same("minifit.functions.random", "categorical normal set_seed shuffle truncated_normal uniform")
    | {"Generator": "minifit.standin.absent.RandomGenerator"},
    "saved_model": same("minifit.saving.device_options", "SaveOptions"),
    "summary": same("minifit.summary", "SummaryWriter create_file_writer flush histogram image scalar text"),
    "test": same("minifit.standin.environment", "gpu_device_name is_built_with_cuda is_gpu_available")
    | same("minifit.standin.testing", "TestCase main"),
    "train": same("minifit.models.checkpoint", "Checkpoint CheckpointManager latest_checkpoint")
    | same("minifit.saving.device_options", "CheckpointOptions")
    | same("minifit.distribute.cluster_resolver", "ClusterSpec"),
    "version": {"VERSION": "minifit.standin.version.VERSION"},
}
"""Names of ``tensorflow`` except those under ``tensorflow.keras``, by module."""


def _public_names(root: str, modules: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    for module, names in modules.items():
        for name, entry in names.items():
            yield f"{root}.{module}.{name}" if module else f"{root}.{name}", entry


NAMES: dict[str, str] = {
    **dict(_public_names("keras", KERAS)),
    **dict(_public_names("tensorflow.keras", KERAS)),
    **dict(_public_names("tensorflow", TENSORFLOW)),
}
"""Path of minifit's object, such as ``"minifit.layers.Dense"``, by public name, such as ``"keras.layers.Dense"``."""

EMPTY = [
    f"{root}.{module}"
    for root, modules in (("keras", KERAS), ("tensorflow.keras", KERAS), ("tensorflow", TENSORFLOW))
    for module, names in modules.items()
    if not names
]
"""Modules without names."""
