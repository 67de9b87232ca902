"""The rules: every promise about callbacks, with its number, its source and the reason for a deviation.

A test names the rule that it proves, ``@pytest.mark.rule("ES-1")``; `make docs` makes docs/semantics.md from the rules
and the tests. The scenario of a rule, in the folder scenarios/, runs on any framework that has the names of Keras.
"""

from typing import NamedTuple

DOCUMENTED = "documentation"
"""A source: the documentation of `tf.keras.callbacks`."""
RECORDED = "recorded run"
"""A source: the recorded runs of tf.keras."""
DEVIATION = "deviation"
"""A source: tf.keras behaves otherwise, for a bad reason or none; the rule has minifit's reason."""
OWN = "minifit"
"""A source: minifit alone has this."""

SOURCES = {
    DOCUMENTED: "The documentation of `tf.keras.callbacks` in TensorFlow 2.7 says so.",
    RECORDED: "The documentation does not say it; the recorded runs of tf.keras 2.7.4 show it.",
    DEVIATION: "tf.keras 2.7.4 behaves differently; the reason is given with the rule.",
    OWN: "tf.keras 2.7 has nothing comparable.",
}
"""The sources of rules."""


class Rule(NamedTuple):
    """A promise, its source and, for a deviation, the reason; its number, and its section of the reference."""

    promise: str
    source: str
    reason: str = ""
    number: str = ""
    section: str = ""


FIT = {
    "FIT-1": Rule(
        "Callbacks are called in the order of the user's list, then History, then the progress bar. A History or "
        "ProgbarLogger in the list keeps its place, and no second one is added; a callback listed twice is called "
        "twice.",
        RECORDED,
    ),
    "FIT-2": Rule(
        "`params` holds `verbose`, `epochs` and `steps`, in this order. `steps` is None while the number of steps is "
        "unknown. During validation `params` stays that of the fit.",
        RECORDED,
    ),
    "FIT-3": Rule(
        "The logs of a batch hook are means over the epoch so far, with each batch weighted by its number of samples. "
        "The logs of an epoch are those of its last batch.",
        RECORDED,
    ),
    "FIT-4": Rule(
        "With `steps_per_execution=3` and 10 batches, the begin hooks receive the batch numbers 0, 3, 6, 9 and the "
        "end hooks 2, 5, 8, 9.",
        RECORDED,
    ),
    "FIT-5": Rule(
        "After `stop_training = True` in the middle of an epoch, no further batch is trained. Validation still runs, "
        "and `on_epoch_end` and `on_train_end` are called with the logs so far.",
        RECORDED,
    ),
    "FIT-6": Rule(
        "After `stop_training = True` in `on_train_begin` or `on_epoch_begin`, one batch is still trained.",
        RECORDED,
    ),
    "FIT-7": Rule(
        "`evaluate`, `predict` or another `fit` inside a hook does not disturb the outer call: its means, metrics, "
        "position in the data, random numbers and `stop_training` are kept.",
        DEVIATION,
        "in tf.keras the running loss is corrupted (305.3 instead of 6.31)",
    ),
    "FIT-8": Rule("Nested lists of callbacks are flattened. A single callback needs no list.", RECORDED),
    "FIT-9": Rule(
        "An exception in a hook, or Ctrl-C, propagates out of `fit` unchanged. Later callbacks and `on_train_end`"
        " are skipped. The model can be trained again.",
        RECORDED,
    ),
    "FIT-10": Rule(
        "A value that a callback writes into the logs in `on_epoch_end` is seen by later callbacks and by History, "
        "but not by `on_train_end`.",
        RECORDED,
    ),
    "FIT-11": Rule(
        "A target of rank 1 is treated as a column when the predictions have rank 2, in losses and in metrics.",
        RECORDED,
    ),
    "FIT-12": Rule(
        "The learning rate is a single float32 number. A new rate applies from the next batch on.",
        RECORDED,
    ),
    "FIT-13": Rule(
        "The learning rate is called `lr` in the logs and in History.",
        RECORDED,
    ),
    "FIT-14": Rule("`compile` without an optimizer uses RMSprop.", DOCUMENTED),
    "FIT-15": Rule(
        "Epochs and batches are numbered from 0 in hooks, and epochs from 1 in messages. With `initial_epoch`, epoch "
        "numbers start there.",
        DOCUMENTED,
    ),
    "FIT-16": Rule(
        "Two callbacks of one fit that write to the same file are refused before training.",
        DEVIATION,
        "tf.keras lets both write, although the documentation forbids it",
    ),
    "FIT-17": Rule(
        "With `steps_per_epoch`, arrays are one stream over all epochs: each epoch continues where the previous one "
        "ended, and every pass over the rows has a new shuffled order. Without a batch size, the rows are divided "
        "among the steps.",
        RECORDED,
    ),
    "FIT-18": Rule(
        "When the training data ends too early, the missing batch has a begin hook but no end hook. One warning is "
        "given, validation and `on_epoch_end` follow with the logs so far, and training ends without setting "
        "`stop_training`.",
        RECORDED,
    ),
    "FIT-19": Rule(
        "When the validation data ends too early, training continues. Later validations call only `on_test_begin` and "
        "`on_test_end`, with empty logs, and their epochs have no `val_` keys. Arrays start from the first row at "
        "every validation; a generator continues where it was.",
        RECORDED,
    ),
    "FIT-20": Rule(
        "A fit without epochs (`epochs=0`, or `initial_epoch` equal to `epochs` or larger) calls only "
        "`on_train_begin` and `on_train_end`, and its History is empty.",
        RECORDED,
    ),
    "FIT-21": Rule(
        "`on_batch_begin` and `on_batch_end` are called for training batches only, and only on callbacks that do not "
        "override `on_train_batch_begin` and `on_train_batch_end`.",
        RECORDED,
    ),
    "FIT-22": Rule(
        "Begin hooks receive empty logs. All other hooks receive Python floats, in the order loss, metrics, weighted "
        "metrics, then the same with `val_`.",
        RECORDED,
    ),
    "FIT-23": Rule(
        "In `fit`, the logs of `on_test_end` become the `val_` keys of the epoch, and `model.metrics` holds those "
        "values in `on_epoch_end`.",
        RECORDED,
    ),
    "FIT-24": Rule(
        "A value that a callback writes into the logs of a batch or of an evaluation is seen by later callbacks at "
        "that hook and nowhere else.",
        RECORDED,
    ),
    "FIT-25": Rule(
        "`fit` sets `stop_training = False` when it begins and does not reset it when it ends. `evaluate` and "
        "`predict` ignore it.",
        RECORDED,
    ),
    "FIT-26": Rule(
        "An entry of the list that is not a callback, such as a class or None, is refused before any hook is called. "
        "The error names it and its index.",
        RECORDED,
    ),
    "FIT-27": Rule(
        "While no callback needs to be called at every batch, batches run together, for at most a tenth of a second "
        "and never past a batch that a callback has asked for. Which callbacks need every batch is determined before "
        "every epoch. The values are bit for bit the same either way.",
        OWN,
    ),
    "FIT-28": Rule(
        "A `CallbackList` is used unchanged: no callback is added, and its model and `params` are kept.",
        RECORDED,
    ),
    "FIT-29": Rule(
        "Every fit creates a new History. A History in the user's list clears its `epoch` and keeps its values.",
        RECORDED,
    ),
    "FIT-30": Rule(
        "The first epoch of a generator without `steps_per_epoch` ends with an `on_train_batch_begin` that has no "
        "`on_train_batch_end`. The first batch is fetched before `on_train_begin` and is not lost.",
        RECORDED,
    ),
    "FIT-31": Rule(
        "When a hook changes data in place, the change applies from the next batch on: for inputs, targets and sample "
        "weights of every dtype, with compiled kernels as well as with NumPy.",
        OWN,
    ),
    "FIT-32": Rule(
        "A metric called `loss`, `lr`, `epoch`, `batch` or `val_...` is refused before training, and so is a callback "
        "that declares a key that is already taken: each would hide another value in the logs.",
        DEVIATION,
        "in tf.keras one of the two values is lost",
    ),
    "FIT-33": Rule(
        "An exception in the data propagates out of `fit` unchanged; no further end hook is called.",
        DEVIATION,
        "in tf.keras an exception in a generator becomes an UnknownError of TensorFlow",
    ),
    "FIT-34": Rule(
        "When `fit` ends with an exception, minifit calls `release` on every callback to close its files and "
        "connections; a failure there becomes a note on the exception. The next fit uses its own validation data.",
        DEVIATION,
        "tf.keras leaves files and writers open, and the next fit uses the data of a validation that was interrupted",
    ),
    "FIT-35": Rule(
        "The learning rate in the logs is a Python float.",
        DEVIATION,
        "in tf.keras 2.7.4 it is a NumPy number",
    ),
}

MONITOR = {
    "MON-1": Rule(
        "NaN is never an improvement and counts as a bad epoch. Infinite values are compared as numbers.",
        RECORDED,
    ),
    "MON-2": Rule(
        "A monitored key that is missing from the logs gives a warning. Training continues.",
        RECORDED,
    ),
    "MON-3": Rule(
        '`mode="auto"` depends on the name. It is max for EarlyStopping when the name ends with acc, accuracy or '
        "auc, for ReduceLROnPlateau when it contains acc, and for ModelCheckpoint when it contains acc or begins "
        "with fmeasure.",
        DOCUMENTED,
    ),
    "MON-4": Rule("An unknown mode gives a warning and is treated as auto.", RECORDED),
    "MON-5": Rule(
        "The warning about a missing key is given once per fit, with the nearest key; an epoch without the key "
        "gives none when another epoch of the fit has it.",
        DEVIATION,
        "tf.keras warns at every epoch without the key; once is enough, and the nearest key shows the mistake",
    ),
    "MON-6": Rule(
        'A warning is given when `mode="auto"` contradicts the direction of a known metric of that name.',
        DEVIATION,
        "tf.keras follows the name without a word",
    ),
}

CALLBACKS = {
    "BL-1": Rule(
        "`BaseLogger` averages the logs of the batches over the epoch, in `fit` and in loops written by hand.",
        DEVIATION,
        "in `fit` tf.keras fails with KeyError: 'metrics'; the documentation says it accumulates epoch averages",
    ),
    "BR-1": Rule(
        "Another `fit` on the same model after a completed one trains all its epochs.",
        DEVIATION,
        "in tf.keras a fit without BackupAndRestore then raises AttributeError, in Keras 3 epochs are skipped silently",
    ),
    "BR-2": Rule(
        "The state of every callback that has `get_state` and `set_state` is restored to the callback of the same "
        "class, the second of a class to the second. One warning names the states without a callback, another the "
        "callbacks without a state.",
        DEVIATION,
        "in tf.keras callbacks start without their state: an interrupted run stopped at epoch 8, the uninterrupted "
        "one at 5",
    ),
    "BR-3": Rule("The history of a resumed run holds only the new epochs.", DOCUMENTED),
    "BR-4": Rule(
        "Before the first backup nothing is on the disk, and a restarted run begins from the start.",
        RECORDED,
    ),
    "BR-5": Rule(
        "A run that is stopped early, or by NaN without an error, counts as complete: its backup is deleted.",
        RECORDED,
    ),
    "BR-6": Rule("BackupAndRestore acts after all other callbacks, whatever its place in the list.", OWN),
    "BR-7": Rule(
        "With an integer `save_freq`, batches are counted across epochs, and the run resumes in the middle of the "
        "epoch. `on_epoch_begin` of that epoch is called a second time, and the changes that callbacks make in this "
        "call are undone.",
        OWN,
    ),
    "BR-8": Rule(
        "A backup made with other layers, shapes, loss, metrics, optimizer, settings, data sizes, shuffling or class "
        "weights is refused, and the error names the difference. A different learning rate is accepted: the rate of "
        "the backup is used, and a warning says so.",
        OWN,
    ),
    "BR-9": Rule(
        "A resumed run leaves the same weights, optimizer, logs and files as one that was never interrupted, bit for "
        "bit, whatever interrupted it.",
        DEVIATION,
        "in tf.keras the order of the samples starts again, and other callbacks lose their state",
    ),
    "BR-10": Rule(
        "A resumed run makes as many passes over the data as it was started with, whatever `initial_epoch` is now: "
        "the backup decides where it continues. Fewer epochs than were already trained are refused. The backup is "
        "deleted when all epochs are trained or training is stopped, but not when the data ends too early.",
        OWN,
    ),
    "ES-1": Rule(
        "`restore_best_weights` restores the best weights in `on_train_end` also when training runs to its end or "
        "something else stops it.",
        DEVIATION,
        "tf.keras then keeps the last weights; the documentation names no condition",
    ),
    "ES-2": Rule(
        "`patience=0` stops at the first epoch without improvement, and continues while every epoch improves.",
        DEVIATION,
        "tf.keras stops an improving run after epoch 2; the documentation speaks of epochs with no improvement",
    ),
    "ES-3": Rule(
        "With a `baseline`, `wait` returns to 0 only at an epoch that is better than both the best value and the "
        "baseline.",
        RECORDED,
    ),
    "ES-4": Rule("EarlyStopping never stops at epoch 0.", RECORDED),
    "ES-5": Rule("Epochs before `start_from_epoch` are ignored.", OWN),
    "CSV-1": Rule(
        "The columns are `epoch`, then, sorted, the loss and the metrics (also with `val_` when there is validation) "
        "and the other keys of the first row. A key that first appears later is left out, with one warning.",
        DEVIATION,
        "tf.keras uses the keys of the first row only, and drops later ones silently",
    ),
    "CSV-2": Rule(
        "A missing value is an empty cell, and NA on the epoch that stops training.",
        DEVIATION,
        "tf.keras raises KeyError unless training stops",
    ),
    "CSV-3": Rule(
        "With `append=True`, an empty file counts as new. A header that lacks the loss or a metric is an error before "
        "training, and the file is not changed. Rows follow the existing header; columns that no key fills stay "
        "empty.",
        DEVIATION,
        "tf.keras writes rows that do not match the header",
    ),
    "CSV-4": Rule(
        "Every row is in the file when `on_epoch_end` returns, as UTF-8 with CR LF line ends. Numbers are written "
        'with all their digits, and an array or list is one cell: `"[0.5, 0.25]"`.',
        RECORDED,
    ),
    "CSV-5": Rule(
        "A row that cannot be written to the disk is an error that names the file; the earlier content is kept.",
        DEVIATION,
        "tf.keras leaves the beginning of the row in the file",
    ),
    "CSV-6": Rule(
        "A resumed run truncates the file to its position in the backup and continues there, whatever `append` is and "
        "whatever the order of the callbacks. A last line that a crash left incomplete is closed before the next row.",
        OWN,
    ),
    "CSV-7": Rule(
        "A CSVLogger can be used for several fits: each overwrites the file, or appends to it with `append=True`.",
        RECORDED,
    ),
    "CSV-8": Rule(
        "A run that was stopped before its first backup leaves no duplicate rows: with `append=True` and "
        "BackupAndRestore in the list, the restarted run replaces the rows of the stopped one.",
        OWN,
    ),
    "CSV-9": Rule(
        "When another program removes, replaces or shortens the file, the next row goes to the file that is there "
        "now, below its header or a new one. One warning is given, even when the change comes after the last row. A "
        "file whose header has none of the columns is an error.",
        DEVIATION,
        "in tf.keras the rows are lost silently",
    ),
    "CSV-10": Rule(
        "A missing folder is created.",
        DEVIATION,
        "tf.keras raises NotFoundError",
    ),
    "LC-1": Rule(
        "`LambdaCallback` accepts a function for any hook, refuses anything that cannot be called, and keeps other "
        "keywords as attributes.",
        RECORDED,
    ),
    "PB-1": Rule(
        "The bar and its lines are written to `sys.stdout` as it is when the epoch begins.",
        RECORDED,
    ),
    "PB-2": Rule(
        "The bar that `fit` adds counts steps. A ProgbarLogger in the list replaces it, and `verbose=0` silences "
        "it.",
        RECORDED,
    ),
    "PB-3": Rule(
        "The last line of an epoch shows all values of its logs, unchanged and in their order, with four decimals"
        " or an exponent.",
        DEVIATION,
        "tf.keras shows the mean of all values of a key that a callback adds to the logs of batches and of the epoch",
    ),
    "PB-4": Rule(
        "Validation inside a fit has no bar of its own; `evaluate` and `predict` have one. An unknown number of steps "
        "is learned from the first epoch.",
        RECORDED,
    ),
    "PB-5": Rule(
        "Where a line cannot be redrawn, such as in a file, each epoch is one line without control codes.",
        DEVIATION,
        "tf.keras writes a line each time the bar is drawn",
    ),
    "PB-6": Rule(
        "A bar lets batches run together, is drawn at most ten times a second and changes no value.",
        OWN,
    ),
    "PB-7": Rule(
        "Output that cannot be written (a pipe without a reader, a full disk, a closed stream, characters that the "
        "stream cannot encode) does not end training: one warning is given, with the first line that was lost. Metric "
        "names and strings in the logs are truncated and cannot move the cursor.",
        DEVIATION,
        "in tf.keras the error of the stream ends training",
    ),
    "PB-8": Rule(
        "The default `count_mode` of a ProgbarLogger is samples, and its bar counts them.",
        DEVIATION,
        "in tf.keras the total of a bar of samples is unknown, and becomes the number of steps",
    ),
    "PB-9": Rule(
        "A value that would look the same as in the previous line is shown with more digits.",
        DEVIATION,
        "tf.keras always shows four decimals",
    ),
    "PB-10": Rule(
        "With `verbose=2`, each epoch is one line without control codes.",
        RECORDED,
    ),
    "RM-1": Rule(
        "Training continues when the server is down, hangs or breaks the connection; a warning is given.",
        RECORDED,
    ),
    "RM-2": Rule(
        "NumPy numbers and arrays are sent as numbers and lists, NaN and infinity as null.",
        DEVIATION,
        "tf.keras fails on arrays and sends NaN, which is not valid JSON",
    ),
    "RM-3": Rule(
        "The logs are sent together with `epoch` as a POST to `root + path`: as JSON in one form field, or as a JSON "
        "body with `send_as_json`.",
        RECORDED,
    ),
    "RM-4": Rule(
        "Each post calls `requests.post`, which a test may replace, and closes its connection.",
        RECORDED,
    ),
    "RM-5": Rule(
        "A server that is down, hangs or breaks the connection costs one warning per fit, and at most one second for "
        "the connection and two for the answer; the next attempts follow 1, 2, 4, ... epochs later. The body of the "
        "answer is not read and redirects are not followed. A server that never "
        "ends its answer occupies one thread, however many epochs, fits and monitors there are.",
        DEVIATION,
        "tf.keras waits without a limit and warns at every epoch",
    ),
    "LR-1": Rule(
        "A schedule with one argument is called with the epoch, any other with the epoch and the rate. Its signature "
        "decides; a TypeError raised inside it propagates.",
        DEVIATION,
        "tf.keras calls it a second time, with the epoch alone, after any TypeError",
    ),
    "LR-2": Rule(
        "A schedule must return a float, a NumPy float or a tensor that holds one. An integer, None or a string is an "
        "error.",
        RECORDED,
    ),
    "LR-3": Rule(
        "LearningRateScheduler and ReduceLROnPlateau are refused before training when the optimizer takes its rate "
        "from a schedule or a function.",
        DEVIATION,
        "tf.keras fails when the rate is set",
    ),
    "LR-4": Rule(
        "A schedule that returns a negative number or NaN is an error.",
        DEVIATION,
        "tf.keras continues training; minifit's optimizers refuse such a rate as an argument, too",
    ),
    "LR-5": Rule(
        "A run that is resumed in the middle of an epoch keeps the rate of that epoch; the schedule is not called "
        "again.",
        OWN,
    ),
    "MC-1": Rule(
        "An integer `save_freq` counts batches, across epochs and fits.",
        DOCUMENTED,
    ),
    "MC-2": Rule(
        "Missing folders are created.",
        DEVIATION,
        "tf.keras fails at the first save of an HDF5 file",
    ),
    "MC-3": Rule(
        "A placeholder that nothing can fill, or a format that does not fit its value, is an error before training. "
        "When a callback earlier in the list might fill it, a warning is given before training, and an error at the "
        "first save if none does. When validation fills it, epochs without validation save nothing.",
        DEVIATION,
        "tf.keras fails at the first save",
    ),
    "MC-4": Rule(
        "A checkpoint is a single file, whatever its name, and never in one of TensorFlow's own formats. Under the "
        "stand-in for tf.keras, a name without an HDF5 or Keras suffix makes a folder with such a file, and weights "
        "get the file names of a TensorFlow checkpoint.",
        DEVIATION,
        "tf.keras writes its own formats when the name has no HDF5 suffix",
    ),
    "MC-5": Rule(
        "`best` is kept between fits: the best file of an earlier fit is not replaced by a worse one.",
        DOCUMENTED,
    ),
    "MC-6": Rule(
        "`options` is a dict that says how arrays are stored (`compression`, `compression_opts` and `shuffle`) or a "
        "TensorFlow object that names a device. Anything else is refused.",
        DEVIATION,
        "tf.keras accepts only such a TensorFlow object, which does not affect an HDF5 file",
    ),
    "MC-7": Rule(
        "A file appears complete or not at all: after a kill at any instant, or with a full disk, every file that "
        "exists is complete, and none is older than the last completed save.",
        OWN,
    ),
    "MC-8": Rule(
        "With `steps_per_execution`, the batches of an integer `save_freq` are counted after every execution.",
        DEVIATION,
        "with `save_freq=3` and `steps_per_execution=3`, tf.keras first saves at batch 6",
    ),
    "RP-1": Rule("The rate is reduced only while it is above `min_lr`, compared in float32.", RECORDED),
    "RP-2": Rule(
        "Bad epochs are not counted during a cooldown. The cooldown is shortened at the end of an epoch before that "
        "epoch is judged, so a cooldown of 1 has no effect.",
        RECORDED,
    ),
    "RP-3": Rule(
        "The `lr` in the logs of an epoch is the rate that the epoch was trained with; a reduction shows in the next "
        "epoch.",
        RECORDED,
    ),
    "TB-1": Rule(
        "With `histogram_freq`, TensorBoard writes histograms of all weights and, with validation data, of each "
        "layer's outputs for its first 1,024 rows, as `<layer>/activation`. Without validation data one warning is "
        "given.",
        DEVIATION,
        "the documentation promises activations, tf.keras writes none",
    ),
    "TB-2": Rule(
        "Weights are shown as images only in epochs with histograms, with the layout of tf.keras.",
        RECORDED,
    ),
    "TB-3": Rule(
        "The learning rate is written as `epoch_lr` when it is in the logs, and as `epoch_learning_rate` when a "
        "schedule object provides it.",
        RECORDED,
    ),
    "TB-4": Rule(
        "The tag of an image is the name of its weight, then `/image`.",
        DEVIATION,
        "in tf.keras it has the tag of the histogram, and TensorBoard does not show it",
    ),
    "TB-5": Rule(
        "The step of a `batch_` value is the number of batches that the optimizer has learned from: it starts at 1 "
        "and continues across epochs and further fits.",
        DEVIATION,
        "in tf.keras a second fit with `update_freq` fails",
    ),
    "TB-6": Rule(
        "Training values are written to `train/`, validation values to `validation/`. No file is created without a "
        "value.",
        RECORDED,
    ),
    "TB-7": Rule(
        "In tags, the default name of a layer is numbered within its model, or within the layer that contains it.",
        DEVIATION,
        "tf.keras numbers it across the process: the curves of a second run do not overlay those of the first",
    ),
    "TB-8": Rule("After a resume with BackupAndRestore, no tag has two values at the same step.", OWN),
    "TB-9": Rule(
        "When files cannot be written, one warning is given and training continues. The pending values are written as "
        "soon as that is possible, to a new file if the old one was removed.",
        OWN,
    ),
    "TB-10": Rule(
        "With `write_graph`, the layers are written once per model, as the `keras` tag and as a graph of ops.",
        DOCUMENTED,
    ),
    "TB-11": Rule(
        "`profile_batch` is a batch of the fit, counted from 1; or the first and the last batch, also as a string; or "
        "0 for none. Each kernel and each callback in these batches is timed.",
        DOCUMENTED,
    ),
    "TB-12": Rule(
        "With `embeddings_freq`, the tables of all Embedding layers are written. Metadata for a layer that does not "
        "exist is refused before training.",
        DOCUMENTED,
    ),
    "TN-1": Rule(
        "`TerminateOnNaN` stops at the first batch whose loss is NaN or infinite, also while batches run together. "
        "The epoch ends as usual.",
        DOCUMENTED,
    ),
    "TN-2": Rule("With `raise_error` it raises instead, and nothing counts as complete.", OWN),
}

DATA = {
    "DATA-1": Rule(
        "A Sequence's `on_epoch_end` is called after that of the callbacks at the end of every epoch, except an epoch "
        "that stops training; and after every validation, evaluation and prediction, before `on_test_end` or "
        "`on_predict_end`.",
        RECORDED,
    ),
    "DATA-2": Rule(
        "Every epoch starts a Sequence from the beginning, in a new random order unless `shuffle=False`. Its length "
        "is read again too, but the number of steps does not change.",
        RECORDED,
    ),
    "DATA-3": Rule(
        'With `shuffle="batch"`, batches of consecutive rows, including the short one, come in a new order at every '
        "epoch. The rows within a batch keep their order and their targets.",
        DEVIATION,
        "tf.keras shuffles the inputs and the targets within a batch independently of each other",
    ),
    "DATA-4": Rule(
        "An `h5py.Dataset` is shuffled by blocks, and by rows within a block: an epoch contains every row once and "
        "reads every block once.",
        DEVIATION,
        "tf.keras fails: h5py accepts row numbers in increasing order only",
    ),
    "DATA-5": Rule(
        "`validation_split` splits an `h5py.Dataset` as it splits arrays, without reading it.",
        DEVIATION,
        "tf.keras refuses it",
    ),
}

OUTPUTS = {
    "MO-1": Rule(
        "With several outputs, the logs have `loss`, then `<output>_loss` for each output with a loss, then "
        "`<output>_<metric>` output by output, unweighted metrics before weighted ones. A single output has no "
        "prefix.",
        RECORDED,
    ),
    "MO-2": Rule(
        "`loss` is the sum of the outputs' losses, each times its `loss_weights`, plus the losses that layers add. "
        "`<output>_loss` does not include the weight.",
        RECORDED,
    ),
    "MO-3": Rule(
        "An output without a loss has no `<output>_loss`; its metrics are still reported.",
        RECORDED,
    ),
    "MO-4": Rule(
        "Validation adds `val_` to each of these keys, in the same order. Callbacks can monitor any of them, and file "
        "names can contain any of them.",
        DOCUMENTED,
    ),
    "MO-5": Rule(
        "Metrics in a flat list apply to every output. A list that contains lists, or a dict by name, gives each "
        "output its own.",
        RECORDED,
    ),
    "MO-6": Rule(
        "`on_predict_batch_end` receives `outputs` nested as the model returns them: an array, a list or a dict.",
        RECORDED,
    ),
    "MO-7": Rule(
        "Metrics that layers report with `add_metric` come last in the logs.",
        RECORDED,
    ),
    "MO-8": Rule(
        "Hooks and History receive the dict that a `train_step` or `test_step` returns.",
        DOCUMENTED,
    ),
    "MO-9": Rule(
        "A list of losses, loss weights or metric lists with more or fewer entries than outputs is refused.",
        DEVIATION,
        "tf.keras 2.7.4 drops the surplus entries, and trains only the first outputs when there are too few",
    ),
    "MO-10": Rule(
        "A run of a model with several outputs, or with its own `train_step`, is resumed exactly.",
        RECORDED,
    ),
    "MO-11": Rule(
        "Metrics that are attributes of the model come last in the logs.",
        RECORDED,
    ),
    "MO-12": Rule(
        "Tensors and NumPy numbers in the dict of a `train_step` or `test_step` become Python floats.",
        DEVIATION,
        "tf.keras 2.7.4 passes NumPy numbers on unchanged",
    ),
}

CHAPTERS = {
    "Training": {
        "The list of callbacks": "FIT-1 FIT-8 FIT-16 FIT-26 FIT-28 FIT-29",
        "Hooks": "FIT-2 FIT-4 FIT-15 FIT-20 FIT-21 FIT-27",
        "Logs": "FIT-3 FIT-10 FIT-13 FIT-22 FIT-23 FIT-24 FIT-32 FIT-35",
        "Stopping": "FIT-5 FIT-6 FIT-25",
        "Exceptions, and calls inside a hook": "FIT-7 FIT-9 FIT-33 FIT-34",
        "The data of a fit": "FIT-11 FIT-17 FIT-18 FIT-19 FIT-30 FIT-31",
        "The optimizer": "FIT-12 FIT-14",
    },
    "Several outputs, and custom training steps": {
        "Several outputs": "MO-1 MO-2 MO-3 MO-4 MO-5 MO-6 MO-9 MO-10",
        "Custom metrics and training steps": "MO-7 MO-8 MO-11 MO-12",
    },
    "Data": {"Sequences and HDF5": "DATA"},
    "Monitoring a value": {"The monitored key and its mode": "MON"},
    "The callbacks": {
        "BackupAndRestore": "BR",
        "BaseLogger": "BL",
        "CSVLogger": "CSV",
        "EarlyStopping": "ES",
        "LambdaCallback": "LC",
        "LearningRateScheduler": "LR",
        "ModelCheckpoint": "MC",
        "ProgbarLogger": "PB",
        "ReduceLROnPlateau": "RP",
        "RemoteMonitor": "RM",
        "TensorBoard": "TB",
        "TerminateOnNaN": "TN",
    },
}
"""Sections of the reference by chapter: rules by their numbers, or all by the letters in front."""

STATED = FIT | OUTPUTS | DATA | MONITOR | CALLBACKS


def section(title: str, words: str) -> dict[str, Rule]:
    """Return the rules of a section."""
    names = set(words.split())
    numbers = (number for number in STATED if {number, number.partition("-")[0]} & names)
    return {number: STATED[number]._replace(number=number, section=title) for number in numbers}


SECTIONS = {
    title: section(title, words) for sections in CHAPTERS.values() for title, words in sections.items()
}
"""The rules by section, each a dict from number to `Rule`."""

RULES = {number: rule for rules in SECTIONS.values() for number, rule in rules.items()}
"""All rules by number: ``RULES["ES-4"]``."""
