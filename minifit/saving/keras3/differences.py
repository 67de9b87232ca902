"""The differences between tf.keras 2.7 and Keras 3 in files and computation: a table that translates, also in docs/.

minifit has the classes, arguments and arithmetic of tf.keras 2.7. Anything that the other side does not have is refused
with an error that names it, never dropped silently.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from minifit.saving.description import Config
from minifit.saving.keras3.rows import (
    Arithmetic,
    ByFunction,
    Difference,
    LeftOut,
    Named,
    NamedByClass,
    Noted,
    OnlyKeras3,
    Own,
    Refused,
    Renamed,
    Words,
    refuse_to_read,
    refuse_to_write,
)

# -- rows that take a function -------------------------------------------------------------------------------

LOOKUPS = "IntegerLookup, StringLookup"
WHOLE_NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")


def _check_dtype(class_name: str, dtype: Any) -> None:
    if dtype not in (None, "float32"):
        refuse_to_read(f"{class_name} with dtype={dtype!r}", "minifit computes in float32")


def _write_policy(class_name: str, config: Config) -> None:
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    named = class_name in ("InputLayer", "SpatialDropout1D", "Discretization")
    config["dtype"] = "float32" if named else {**policy, "registered_name": None}


def _read_policy(class_name: str, config: Config) -> None:
    if class_name != "InputLayer" or config.get("dtype") not in WHOLE_NUMBERS:
        _check_dtype(class_name, config.get("dtype"))
    if class_name in LOOKUPS.split(", "):
        # In minifit, this argument is the dtype of the tokens.
        config.pop("dtype", None)
    else:
        config["dtype"] = "float32"


def _read_boundaries(class_name: str, config: Config) -> None:
    if config.get("bin_boundaries") is not None:
        config["num_bins"] = None


def _write_lookup(class_name: str, config: Config) -> None:
    if config.get("output_mode") == "tf_idf":
        refuse_to_write(f"{class_name} with output_mode='tf_idf'", "Keras 3 stores its weights elsewhere")
    del config["idf_weights"]


def _read_lookup(class_name: str, config: Config) -> None:
    if config.get("output_mode") == "tf_idf":
        why = "Keras 3 stores its weights where minifit does not read them"
        refuse_to_read(f"{class_name} with output_mode='tf_idf'", why, "Use another output_mode")


def _read_dtype(class_name: str, config: Config) -> None:
    _check_dtype(class_name, config.pop("dtype", None))


def _write_axis(class_name: str, config: Config) -> None:
    axis = config.get("axis")
    if isinstance(axis, list | tuple):
        if len(axis) != 1:
            refuse_to_write(f"{class_name} with axis={axis!r}", "Keras 3 takes one axis")
        config["axis"] = axis[0]


def _write_decay(class_name: str, config: Config) -> None:
    decay = 0 if class_name == "Nadam" else config.pop("decay", 0)
    if not decay:
        return
    rate = config["learning_rate"]
    if isinstance(rate, Mapping):
        refuse_to_write(f"{class_name} with decay={decay} and a schedule", "Keras 3 has one or the other")
    schedule = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay, "staircase": False}
    config["learning_rate"] = {
        "module": "keras.optimizers.schedules",
        "class_name": "InverseTimeDecay",
        "config": schedule,
        "registered_name": None,
    }


def _write_momentum_schedule(class_name: str, config: Config) -> None:
    decay = config.pop("decay", None)
    if decay != 1:
        why = "Keras 3 computes what tf.keras 2.7 computes with schedule_decay=1"
        refuse_to_write(f"Nadam with schedule_decay={decay}", why)


def _read_momentum_schedule(class_name: str, config: Config) -> None:
    config["decay"] = 1.0


def _write_clipping(class_name: str, config: Config) -> None:
    names = ("clipnorm", "clipvalue", "global_clipnorm")
    clips = [f"{name}={config[name]}" for name in names if config.get(name) is not None]
    if len(clips) > 1:
        refuse_to_write(f"{class_name} with {' and '.join(clips)}", "Keras 3 clips in one way at a time")


def _write_schedule_name(class_name: str, config: Config) -> None:
    if config.get("name") is None:
        config.pop("name", None)


# -- the table -----------------------------------------------------------------------------------------------

NOISE = "AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout1D"
BY_INPUT = "left out: the InputLayer has it"
WITH_RENORM = "left out: it matters only with `renorm`"
WITH_EMA = "left out: it matters only with `use_ema`"
FORGOTTEN = "Keras 3 reads it but never writes it: a file from Keras 3 has the default"

DIFFERENCES: Mapping[str, Sequence[Difference]] = {
    "models": (
        Noted(
            "",
            "objects have `class_name` and `config`",
            "`module` and `registered_name` too",
            "translated; a module is compared with Keras's own and never imported",
        ),
        Noted(
            "",
            "calls of a layer are stored by the origin of their first argument",
            "calls have `args` and `kwargs`",
        ),
        Noted(
            "",
            "calls of a model in a graph are counted from 1",
            "from 0, but from 1 in the inputs and outputs of a graph",
        ),
        Noted(
            "",
            "operations on tensors are layers, `TFOpLambda`",
            "classes of `keras.ops`",
            "translated by a table of names; operations that one of the two lacks are refused",
        ),
        Noted("", "names of metrics begin with the output's name: `one_mae`", "they do not: `mae`"),
    ),
    "layers": (
        Noted("", "weights have names", "class and number: `layers/dense_1/vars/0`"),
        Own(
            "",
            '`dtype="float32"`',
            "a DTypePolicy",
            "translated; others are refused",
            _write_policy,
            _read_policy,
        ),
        Renamed("InputLayer", "batch_input_shape", "batch_shape"),
        LeftOut("", "batch_input_shape", "", BY_INPUT),
        OnlyKeras3("InputLayer", "optional"),
        Noted(
            "InputLayer",
            "integer `dtype`",
            "the same",
            "float32, which is exact up to 2 ** 24",
        ),
        OnlyKeras3("Dense, Embedding", "lora_rank"),
        OnlyKeras3("Dense, Embedding", "quantization_config"),
        LeftOut("Embedding", "input_length", "", BY_INPUT),
        Renamed("LeakyReLU", "alpha", "negative_slope"),
        Own(
            "BatchNormalization",
            "`axis=[1]`",
            "`axis=1`",
            "translated; several axes are refused",
            _write_axis,
        ),
        OnlyKeras3("BatchNormalization", "synchronized"),
        OnlyKeras3("BatchNormalization", "renorm"),
        LeftOut("BatchNormalization", "", "renorm_clipping", WITH_RENORM),
        LeftOut("BatchNormalization", "", "renorm_momentum", WITH_RENORM),
        Arithmetic(
            "BatchNormalization",
            "the moving variance is updated with the unbiased variance for images (rank 4 and 5)",
            "always with the biased variance",
        ),
        OnlyKeras3("LayerNormalization", "rms_scaling"),
        OnlyKeras3("Normalization", "invert"),
        Noted(NOISE, "`seed` is a number", "or a SeedGenerator", "its number is read"),
        Noted(NOISE, "a random stream", "the same", "not in the file: the stream restarts"),
        Arithmetic(
            "",
            "`trainable=False` applies to inner layers",
            "not to those created in the constructor",
        ),
        Arithmetic("", "activity regularizers are divided by the batch size", "not in early versions"),
        LeftOut("SpatialDropout1D", "noise_shape", "", "left out: it is always None"),
        LeftOut("SpatialDropout1D", "trainable", "", "left out: it has no weights"),
        LeftOut("CategoryEncoding", "sparse", "", "left out: it is always False"),
        OnlyKeras3("Discretization", "output_mode", "refused unless int", idle="int"),
        OnlyKeras3("Discretization", "sparse"),
        LeftOut("Discretization", "trainable", "", "left out: it has no weights"),
        Own(
            "Discretization",
            "`bin_boundaries` or `num_bins`",
            "both, after `adapt`",
            "the boundaries are read",
            None,
            _read_boundaries,
        ),
        OnlyKeras3(LOOKUPS, "sparse"),
        OnlyKeras3("IntegerLookup", "vocabulary_dtype", "refused unless int64", idle="int64"),
        OnlyKeras3(LOOKUPS, "oov_method", "refused unless floormod", idle="floormod"),
        OnlyKeras3(LOOKUPS, "salt"),
        LeftOut(LOOKUPS, "", "vocabulary_size", "left out: it follows from the vocabulary"),
        Own(
            LOOKUPS,
            "`tf_idf` has a weight",
            "its weight is not a variable of the layer",
            "refused",
            _write_lookup,
            _read_lookup,
        ),
        Refused("", "ThresholdedReLU", "", "refused: ReLU with a threshold computes the same"),
        Refused("", "AddLoss, AddMetric", "", "refused: Keras 3 has no losses and metrics of symbols"),
        Refused("", "Lambda", "Lambda", "refused: code is neither written nor read"),
    ),
    "activations": (
        Refused(
            "",
            "hard_sigmoid",
            "hard_sigmoid",
            "refused: clip(0.2 * x + 0.5, 0, 1) in tf.keras 2.7, relu6(x + 3) / 6 in Keras 3",
        ),
        Noted("", "functions", "also layers", "refused: use them as separate layers"),
    ),
    "initializers": (
        OnlyKeras3("", "input_axes"),
        OnlyKeras3("", "output_axes"),
        Noted("", "`seed` is a number", "or a SeedGenerator", "its number is read"),
        Named("", "Identity", "IdentityInitializer", "read, for files of older versions"),
        Named("", "Orthogonal", "OrthogonalInitializer", "read, for files of older versions"),
        Noted("Identity", "`gain`", "`gain`", FORGOTTEN),
    ),
    "optimizers": (
        Noted(
            "",
            "variables have names and are ordered by slot",
            "numbers, ordered by weight; the learning rate is a variable",
        ),
        Noted("", "`lr` in the logs", "`learning_rate`", "not in files; minifit's logs have `lr`"),
        Own(
            "",
            "`decay`",
            "an `InverseTimeDecay` does the same",
            "translated when written; reading returns the schedule",
            _write_decay,
        ),
        Own(
            "Nadam",
            "`schedule_decay`, stored as `decay`, 0.004 unless set",
            "always 1",
            "refused when written, unless it is 1",
            _write_momentum_schedule,
            _read_momentum_schedule,
        ),
        Own("", "several ways of clipping at once", "only one", "refused when written", _write_clipping),
        OnlyKeras3("", "use_ema"),
        LeftOut("", "", "ema_momentum", WITH_EMA),
        LeftOut("", "", "ema_overwrite_frequency", WITH_EMA),
        OnlyKeras3("", "loss_scale_factor"),
        OnlyKeras3("", "gradient_accumulation_steps"),
        Arithmetic("RMSprop", "without momentum: `g / (sqrt(v) + epsilon)`", "`g / sqrt(v + epsilon)`"),
        Arithmetic("Adagrad", "`g / (sqrt(a) + epsilon)`", "`g / sqrt(a + epsilon)`"),
    ),
    "schedules": (
        Own("", "`name=None`", "a string", "left out", _write_schedule_name),
        OnlyKeras3("CosineDecay", "warmup_target"),
        LeftOut("CosineDecay", "", "warmup_steps", "left out: it matters only with `warmup_target`"),
    ),
    "losses": (
        Words(
            "",
            "reduction",
            "`auto` and Keras 3's `mean` become `sum_over_batch_size`; `mean_with_sample_weight` is refused",
            written={"auto": "sum_over_batch_size"},
            back={"mean": "sum_over_batch_size", None: "none"},
            refused=("mean_with_sample_weight",),
        ),
        Own("", "no `dtype`", "`dtype`", "refused unless float32", None, _read_dtype),
        OnlyKeras3("SparseCategoricalCrossentropy", "ignore_class"),
        Noted("Huber", "`delta`", "`delta`", FORGOTTEN),
        Noted("CosineSimilarity", "`axis`", "`axis`", FORGOTTEN),
        Named("", "kullback_leibler_divergence", "kl_divergence"),
        Named("", "logcosh", "log_cosh"),
        Named("", "huber_loss", "huber"),
    ),
    "metrics": (
        Own("", '`dtype="float32"`', "`dtype`", "refused unless float32", None, _read_dtype),
        OnlyKeras3("SparseCategoricalCrossentropy", "ignore_class"),
        OnlyKeras3("CategoricalCrossentropy", "axis", "refused unless -1", idle=-1),
        Noted("CosineSimilarity", "`axis`", "`axis`", FORGOTTEN),
        NamedByClass("", "kl_divergence, kullback_leibler_divergence, kld, KLD", "KLDivergence"),
        NamedByClass("", "log_cosh, logcosh", "LogCoshError"),
        NamedByClass("", "cosine_similarity, cosine_proximity", "CosineSimilarity"),
        ByFunction("", "huber, huber_loss", "huber"),
        Refused("", "crossentropy, ce", "", "refused: use the full name of the metric"),
    ),
    "compile": (
        LeftOut("", "", "jit_compile", "left out: minifit has one way to run"),
        LeftOut("", "", "run_eagerly", "left out: minifit has one way to run"),
    ),
}
"""The differences by family."""
