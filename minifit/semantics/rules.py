"""The rules: each promise about callbacks, with its number, its source and the reason for a deviation.

Tests prove a rule by its number, ``@pytest.mark.rule("ES-1")``; `make docs` makes docs/semantics.md of both. The
scenario of a rule, in the folder scenarios/, shows the rule at work on any framework that has the names of Keras.
"""

from typing import NamedTuple

DOCUMENTED = "documentation"
RECORDED = "recorded run"
DEVIATION = "deviation"
OWN = "minifit"

SOURCES = {
    DOCUMENTED: "The documentation of `tf.keras.callbacks` in TensorFlow 2.7 says so.",
    RECORDED: "The documentation is silent; the recorded runs of tf.keras 2.7.4 show it.",
    DEVIATION: "tf.keras 2.7.4 was seen to do otherwise; the reason stands beside it.",
    OWN: "A point that tf.keras 2.7 does not have.",
}
"""Where a rule comes from."""


class Rule(NamedTuple):
    """What is promised, where that comes from and, of a deviation, why."""

    promise: str
    source: str
    reason: str = ""


FIT = {
    "FIT-1": Rule(
        "The callbacks are called in the order of the user's list, then History, then what prints; a History or "
        "printer in the list keeps its place and no other is added, and a callback listed twice is called twice.",
        RECORDED,
    ),
    "FIT-2": Rule(
        "`params` has `verbose`, `epochs` and `steps`, in this order; `steps` is None when nobody knows, and during "
        "validation `params` stays that of the fit.",
        RECORDED,
    ),
    "FIT-3": Rule(
        "Batch hooks get the means over the epoch so far, each batch counted by its samples; the epoch's logs are "
        "those of its last batch.",
        RECORDED,
    ),
    "FIT-4": Rule(
        "With `steps_per_execution=3` and 10 batches the begin hooks get 0, 3, 6, 9 and the end hooks 2, 5, 8, 9.",
        RECORDED,
    ),
    "FIT-5": Rule(
        "After `stop_training = True` in the middle of an epoch no further batch is trained; validation still runs "
        "and `on_epoch_end` and `on_train_end` are called with what there is.",
        RECORDED,
    ),
    "FIT-6": Rule(
        "After `stop_training = True` in `on_train_begin` or `on_epoch_begin` one batch still trains.",
        RECORDED,
    ),
    "FIT-7": Rule(
        "`evaluate`, `predict` or another `fit` inside a hook disturbs nothing: means, metrics, place in the data, "
        "random numbers and `stop_training` stay those of the outer call.",
        DEVIATION,
        "in tf.keras the running loss is corrupted (305.3 for 6.31)",
    ),
    "FIT-8": Rule("Nested lists of callbacks are flattened; a single callback needs no list.", RECORDED),
    "FIT-9": Rule(
        "An exception in a hook or in the data, Ctrl-C too, leaves `fit` unchanged: later callbacks and `on_train_end` "
        "are skipped, every callback is told to `release` what it has open, a failure to do so becomes a note on "
        "the exception, and the model can be trained again.",
        DEVIATION,
        "tf.keras leaves files and writers open, and a validation that broke off lends its data to the next fit",
    ),
    "FIT-10": Rule(
        "A value written into the logs in `on_epoch_end` is seen by later callbacks and by History, not by "
        "`on_train_end`.",
        RECORDED,
    ),
    "FIT-11": Rule(
        "A target of rank 1 against predictions of rank 2 is taken as a column, in losses and in metrics.",
        RECORDED,
    ),
    "FIT-12": Rule(
        "The learning rate is one float32 number; a new one counts from the next batch on.", RECORDED
    ),
    "FIT-13": Rule(
        "The learning rate in logs and History is called `lr`, a plain float.",
        DEVIATION,
        "in tf.keras 2.7.4 it has that name and is a number of NumPy",
    ),
    "FIT-14": Rule("`compile` without an optimizer takes RMSprop.", DOCUMENTED),
    "FIT-15": Rule(
        "Epochs and batches count from 0 in hooks, and epochs from 1 in messages; with `initial_epoch` from there.",
        DOCUMENTED,
    ),
    "FIT-16": Rule(
        "Two callbacks of one fit that write to the same file are refused before training.",
        DEVIATION,
        "tf.keras lets both write, though the documentation forbids it",
    ),
    "FIT-17": Rule(
        "Arrays with `steps_per_epoch` are one stream over all epochs: an epoch goes on where the last one ended, and "
        "every pass over the rows is shuffled anew; without a batch size the steps divide the rows.",
        RECORDED,
    ),
    "FIT-18": Rule(
        "When training data ends before its time, the batch that is not there has a begin hook and no end hook; one "
        "warning, validation and the end of the epoch follow with what there was, and training is over without "
        "`stop_training`.",
        RECORDED,
    ),
    "FIT-19": Rule(
        "When validation data ends before its time, training goes on; later validations call only `on_test_begin` and "
        "`on_test_end` with empty logs, and their epochs have no `val_` keys. Arrays begin anew at every validation, a "
        "generator goes on.",
        RECORDED,
    ),
    "FIT-20": Rule(
        "A fit of no epochs, with `epochs=0` or `initial_epoch` at `epochs` or beyond, calls `on_train_begin` and "
        "`on_train_end` alone, and its History is empty.",
        RECORDED,
    ),
    "FIT-21": Rule(
        "`on_batch_begin` and `on_batch_end` are called for training batches alone, and only by callbacks that do not "
        "override `on_train_batch_begin` and `on_train_batch_end`.",
        RECORDED,
    ),
    "FIT-22": Rule(
        "Begin hooks get empty logs; all others plain floats in the order loss, metrics, weighted metrics, and then "
        "the same with `val_`.",
        RECORDED,
    ),
    "FIT-23": Rule(
        "What `on_test_end` is told in `fit` becomes the `val_` keys of the epoch, and `model.metrics` holds those "
        "values in `on_epoch_end`.",
        RECORDED,
    ),
    "FIT-24": Rule(
        "What is written into the logs of a batch or of an evaluation is seen by later callbacks of that hook and "
        "nowhere else.",
        RECORDED,
    ),
    "FIT-25": Rule(
        "`fit` begins with `stop_training = False` whatever it was, and leaves it as it is at the end; `evaluate` and "
        "`predict` do not look at it.",
        RECORDED,
    ),
    "FIT-26": Rule(
        "What is no callback, a class or None in the list, is refused before any hook is called, by name and index.",
        RECORDED,
    ),
    "FIT-27": Rule(
        "Batches that nobody watches run together, for a tenth of a second at most and not beyond one that a callback "
        "has asked for; who watches is asked before every epoch, and the values are the same bits either way.",
        OWN,
    ),
    "FIT-28": Rule(
        "A `CallbackList` is used as it is: nothing is added, its model and `params` stay.", RECORDED
    ),
    "FIT-29": Rule(
        "Every fit has a new History; one in the user's list begins its `epoch` anew and keeps its values.",
        RECORDED,
    ),
    "FIT-30": Rule(
        "The first epoch of a generator without `steps_per_epoch` ends with a begin hook that has no end hook; the "
        "first batch is fetched before `on_train_begin` and not lost.",
        RECORDED,
    ),
    "FIT-31": Rule(
        "Data that a hook changes in place counts from the next batch on: inputs, targets and weights of every dtype, "
        "with either engine.",
        OWN,
    ),
    "FIT-32": Rule(
        "A metric called `loss`, `lr`, `epoch`, `batch` or `val_...`, and a key that a callback says it adds and that "
        "is taken, are refused before training: each would hide another value in the logs.",
        DEVIATION,
        "in tf.keras one of the two values is lost",
    ),
}

MONITOR = {
    "MON-1": Rule(
        "NaN is never an improvement and counts as a bad epoch; infinite values are compared as numbers.",
        RECORDED,
    ),
    "MON-2": Rule(
        "A monitored key that is missing, and does not come at another epoch of the fit, warns, once a fit and with "
        "the nearest key there is; training goes on.",
        DEVIATION,
        "tf.keras warns at every epoch; once is enough, and the nearest key tells why",
    ),
    "MON-3": Rule(
        '`mode="auto"` goes by the name, and is max for EarlyStopping when it ends with acc, accuracy or auc, for '
        "ReduceLROnPlateau when it contains acc, for ModelCheckpoint when it contains acc or begins with fmeasure; it "
        "warns when that contradicts the direction of a known metric of that name.",
        DOCUMENTED,
    ),
    "MON-4": Rule("A mode that does not exist warns and counts as auto.", RECORDED),
}

CALLBACKS = {
    "BL-1": Rule(
        "`BaseLogger` averages over the epoch what it is given, in `fit` and in loops written by hand.",
        DEVIATION,
        "in `fit` tf.keras fails with KeyError: 'metrics'; the documentation says it accumulates epoch averages",
    ),
    "BR-1": Rule(
        "Another `fit` on the same model after a completed one trains all its epochs.",
        DEVIATION,
        "in tf.keras it is an AttributeError, in Keras 3 epochs are skipped silently",
    ),
    "BR-2": Rule(
        "The state of every callback that has `get_state` and `set_state` returns to the callback of its class and its "
        "place among its class; state without a taker, and a taker without state, are said once.",
        DEVIATION,
        "in tf.keras they start afresh: an interrupted run stopped at epoch 8, the uninterrupted one at 5",
    ),
    "BR-3": Rule("The history of a resumed run has the new epochs only.", DOCUMENTED),
    "BR-4": Rule("Before the first backup nothing is on the disk, and a restart begins anew.", RECORDED),
    "BR-5": Rule(
        "A run that is stopped early, or by NaN without an error, is complete: its backup is deleted.",
        RECORDED,
    ),
    "BR-6": Rule(
        "BackupAndRestore acts after all other callbacks, whatever its place in the list.",
        OWN,
    ),
    "BR-7": Rule(
        "With a number as `save_freq` batches are counted over epochs, and the run goes on in the middle of the epoch; "
        "its `on_epoch_begin` is called a second time, and what callbacks change in it is put back.",
        OWN,
    ),
    "BR-8": Rule(
        "A backup of other layers, shapes, loss, metrics, optimizer, settings, data sizes, shuffling or class weights "
        "is refused, said which; another learning rate is no reason: the captured one is used, and that is said.",
        OWN,
    ),
    "BR-9": Rule(
        "A run that is resumed leaves the weights, optimizer, logs and files of one that was never interrupted, "
        "bit for bit, whatever ended it.",
        DEVIATION,
        "in tf.keras the order of the samples begins anew, and other callbacks forget what they know",
    ),
    "BR-10": Rule(
        "A resumed run has as many passes over the data as it was begun with, whatever `initial_epoch` says now: the "
        "backup decides where it goes on. Fewer epochs than were trained are refused. The backup is deleted when all "
        "epochs are trained or training is stopped, not when the data ends before.",
        OWN,
    ),
    "ES-1": Rule(
        "`restore_best_weights` restores the best weights also when training ends by itself or is stopped by others, "
        "in `on_train_end`.",
        DEVIATION,
        "the documentation names no condition",
    ),
    "ES-2": Rule(
        "`patience=0` stops at the first epoch without improvement, and goes on while there is one.",
        DEVIATION,
        "tf.keras stops an improving run after epoch 2; the documentation speaks of epochs with no improvement",
    ),
    "ES-3": Rule(
        "With a `baseline` the waiting begins anew only at an epoch better than both the best and the baseline.",
        RECORDED,
    ),
    "ES-4": Rule("EarlyStopping never stops at epoch 0.", RECORDED),
    "ES-5": Rule("Epochs before `start_from_epoch` are not looked at.", OWN),
    "CSV-1": Rule(
        "The columns are `epoch`, then, sorted, the declared keys (`val_` ones when validation is set up) and the "
        "keys of the first row; a key that first appears later is left out, with one warning.",
        DEVIATION,
        "tf.keras takes the keys of the first row alone, and a later one is lost without a word",
    ),
    "CSV-2": Rule(
        "A value that is absent is an empty cell, and NA on the epoch that stops training.",
        DEVIATION,
        "tf.keras raises KeyError where training does not stop",
    ),
    "CSV-3": Rule(
        "With `append=True` an empty file counts as new; a header that lacks a declared key is an error before "
        "training and the file is left as it is; rows follow the header, columns that nobody declared stay empty.",
        DEVIATION,
        "tf.keras writes rows that do not fit the header",
    ),
    "CSV-4": Rule(
        "Every row is in the file when `on_epoch_end` is over, as UTF-8 with CR LF; numbers have all their "
        "digits, an array "
        'or list is one cell, `"[0.5, 0.25]"`.',
        RECORDED,
    ),
    "CSV-5": Rule(
        "A row that the disk cannot take is an error that names the file; what was there before is kept as it was. A "
        "folder that does not exist is made.",
        OWN,
    ),
    "CSV-6": Rule(
        "A resumed run cuts the file to its position in the backup and goes on, whatever `append` says and whichever "
        "callback begins first; a last line that a crash left open is closed before the next one.",
        OWN,
    ),
    "CSV-7": Rule(
        "A CSVLogger can be used for several fits: each begins the file anew, or goes on in it with `append=True`.",
        RECORDED,
    ),
    "CSV-8": Rule(
        "A run that was stopped before its first backup leaves no row twice: with `append=True` and BackupAndRestore "
        "in the list, the run that is started again puts its rows in the place of those.",
        OWN,
    ),
    "CSV-9": Rule(
        "When another program removes, replaces or shortens the file, the next row goes to what is there now, below "
        "its header or a new one; one warning says so, also when that comes after the last row. A file whose header "
        "has none of the columns is an error.",
        DEVIATION,
        "in tf.keras the rows are lost without a word",
    ),
    "LC-1": Rule(
        "`LambdaCallback` takes a function for any hook, refuses what cannot be called, and keeps other keywords as "
        "attributes.",
        RECORDED,
    ),
    "PB-1": Rule("The bar and the lines go to `sys.stdout` as it is when the epoch begins.", RECORDED),
    "PB-2": Rule(
        "`count_mode` is samples by default and fit's own bar counts steps; a ProgbarLogger in the list replaces "
        "fit's, and `verbose=0` silences it.",
        DOCUMENTED,
    ),
    "PB-3": Rule(
        "The last line of an epoch has the values of its logs in their order, all of them and as they are, with four "
        "decimals or an exponent, and with more digits when it would otherwise look like the line before.",
        DEVIATION,
        "tf.keras averages keys that callbacks add over the batches, and shows four decimals always",
    ),
    "PB-4": Rule(
        "Validation within a fit has no bar of its own; `evaluate` and `predict` have one. A total that nobody "
        "knows is learned from the first epoch.",
        RECORDED,
    ),
    "PB-5": Rule(
        "Where lines cannot be drawn anew, and with `verbose=2`, there is one line an epoch, without control codes.",
        DEVIATION,
        "tf.keras writes a line for every drawing of the bar",
    ),
    "PB-6": Rule(
        "A bar that watches lets batches run together, draws ten times a second at most and changes no value.",
        OWN,
    ),
    "PB-7": Rule(
        "Output that cannot be written (a pipe without a reader, a full disk, a closed stream, characters that it does "
        "not have) ends no training: one warning says so, with the first line that was lost. Names of metrics and "
        "texts in the logs are cut and cannot move the cursor.",
        DEVIATION,
        "in tf.keras the error of the stream ends training",
    ),
    "RM-1": Rule(
        "A server that is down, hangs or breaks off costs one warning a fit and a second for the connection and "
        "two for the answer; the next tries come 1, 2, 4, ... epochs later. What is answered is not read, "
        "redirects are not followed, and training never stops for it. A server that never ends its answer holds one "
        "thread, however many epochs, fits and monitors there are.",
        DEVIATION,
        "tf.keras waits without limit and warns at every epoch",
    ),
    "RM-2": Rule(
        "NumPy's numbers and arrays are sent as numbers and lists, NaN and infinity as null.",
        DEVIATION,
        "tf.keras fails on arrays and sends NaN, which is no JSON",
    ),
    "RM-3": Rule(
        "The logs are sent with `epoch` as a POST to `root + path`: as JSON in one field of a form, or as the "
        "body with `send_as_json`.",
        RECORDED,
    ),
    "RM-4": Rule(
        "Each post is a call of `requests.post`, as a test may have replaced it, and its connection is closed.",
        OWN,
    ),
    "LR-1": Rule(
        "A schedule of one argument is called with the epoch, any other with the epoch and the rate: its signature "
        "decides, and a TypeError raised inside it comes out.",
        DEVIATION,
        "tf.keras calls it a second time, with the epoch alone, after any TypeError",
    ),
    "LR-2": Rule(
        "A schedule returns a float, a NumPy float or a tensor of one; an integer, None or a string is an error.",
        RECORDED,
    ),
    "LR-3": Rule(
        "LearningRateScheduler and ReduceLROnPlateau are refused before training when a schedule or a function in the "
        "optimizer gives the rate.",
        DEVIATION,
        "tf.keras fails when the rate is to be set",
    ),
    "LR-4": Rule(
        "A schedule that returns a negative number or NaN is an error.",
        DEVIATION,
        "tf.keras trains on; no optimizer here can be made with such a rate either",
    ),
    "LR-5": Rule(
        "A run that is resumed in the middle of an epoch has the rate of that epoch; the schedule is not asked again.",
        OWN,
    ),
    "MC-1": Rule(
        "An integer `save_freq` counts batches, over epochs and fits; with `steps_per_execution` the count is looked "
        "at after every execution.",
        DEVIATION,
        "tf.keras with 3 and 3 first saves at batch 6",
    ),
    "MC-2": Rule(
        "Folders that do not exist are made.",
        DEVIATION,
        "tf.keras fails at the first save of an HDF5 file",
    ),
    "MC-3": Rule(
        "A placeholder that nothing fills, or a format that does not fit, is an error before training; where a "
        "callback ahead in the list might fill it, a warning, and the error at the first save. Where a validation "
        "fills it, epochs without one are passed over.",
        DEVIATION,
        "tf.keras fails at the first save",
    ),
    "MC-4": Rule(
        "Whatever its name, a checkpoint is one file, in no format of TensorFlow's own; under the stand-in, "
        "without a suffix of HDF5 or Keras, it is a folder with such a file, and weights have the names of a "
        "TensorFlow checkpoint.",
        DEVIATION,
        "tf.keras writes its own formats where the name has no suffix of HDF5",
    ),
    "MC-5": Rule(
        "`best` outlives a fit: the best file of an earlier fit is not replaced by a worse one.", DOCUMENTED
    ),
    "MC-6": Rule(
        "`options` is a dict of how arrays are stored, `compression`, `compression_opts` and `shuffle`, or an object "
        "of TensorFlow that names a device; anything else is refused.",
        DEVIATION,
        "tf.keras takes the objects alone, which say nothing of an HDF5 file",
    ),
    "MC-7": Rule(
        "A file appears whole or not at all: killed at any instant, or with a full disk, every file that is there is "
        "whole, and none is older than the last save that was completed.",
        OWN,
    ),
    "RP-1": Rule("The rate is reduced only while it is above `min_lr` as a float32 number.", RECORDED),
    "RP-2": Rule(
        "In a cooldown no bad epoch is counted; the end of an epoch shortens it before that epoch is looked at, so "
        "that a cooldown of 1 changes nothing.",
        RECORDED,
    ),
    "RP-3": Rule(
        "The `lr` in the logs of an epoch is the rate that it was trained with; a reduction shows in the next one.",
        RECORDED,
    ),
    "TB-1": Rule(
        "With `histogram_freq` TensorBoard writes histograms of all weights and, with validation data, of what each "
        "layer makes of its first 1,024 rows, as `<layer>/activation`; without validation data one warning says so.",
        DEVIATION,
        "the documentation promises activations, tf.keras writes none",
    ),
    "TB-2": Rule(
        "Weights are shown as images in epochs with histograms only, laid out as in tf.keras.", RECORDED
    ),
    "TB-3": Rule(
        "The learning rate is written as `epoch_lr` when it is in the logs, and as `epoch_learning_rate` when a "
        "schedule object gives it.",
        RECORDED,
    ),
    "TB-4": Rule(
        "An image has the tag of its weight and `/image`.",
        DEVIATION,
        "in tf.keras it has the tag of the histogram, and TensorBoard does not show it",
    ),
    "TB-5": Rule(
        "`batch_` values stand at the number of batches that the optimizer has learned from: from 1, going on over "
        "epochs and further fits.",
        DEVIATION,
        "in tf.keras a second fit with `update_freq` fails",
    ),
    "TB-6": Rule(
        "Values of training are in `train/`, those of validation in `validation/`; no file is without a value.",
        RECORDED,
    ),
    "TB-7": Rule(
        "In tags a layer without a name of its own is counted within its model, or within the layer that it is in.",
        DEVIATION,
        "in tf.keras it is counted over the process: a second run cannot be laid over the first",
    ),
    "TB-8": Rule("After a resume by BackupAndRestore no step of a tag stands twice in the files.", OWN),
    "TB-9": Rule(
        "When files cannot be written there is one warning, training goes on, and what waits is written as soon as it "
        "can be; in a new file when somebody removed the one that was there.",
        OWN,
    ),
    "TB-10": Rule(
        "With `write_graph` the layers are written once for a model, as the `keras` tag and as a graph of ops.",
        OWN,
    ),
    "TB-11": Rule(
        "`profile_batch` is a batch of the fit counted from 1, or the first and the last, also as text, or 0; each "
        "kernel and callback in it is timed.",
        DOCUMENTED,
    ),
    "TB-12": Rule(
        "With `embeddings_freq` the tables of all Embedding layers are written; metadata for a layer that does not "
        "exist is refused before training.",
        DOCUMENTED,
    ),
    "TN-1": Rule(
        "`TerminateOnNaN` stops at the first batch whose loss is NaN or infinite, also where nobody watches; the epoch "
        "ends as usual.",
        DOCUMENTED,
    ),
    "TN-2": Rule("With `raise_error` it raises instead, and nothing counts as completed.", OWN),
}

DATA = {
    "DATA-1": Rule(
        "A Sequence's `on_epoch_end` is called after every epoch behind that of the callbacks, not after an epoch that "
        "stops training; and after every validation, evaluation and prediction, before their end hook.",
        RECORDED,
    ),
    "DATA-2": Rule(
        "Every epoch of a Sequence begins anew, with an order of its own unless `shuffle=False`. Its length is asked "
        "anew too, but the number of steps stays.",
        RECORDED,
    ),
    "DATA-3": Rule(
        'With `shuffle="batch"` batches of consecutive rows, the short one among them, come in a new order at every '
        "epoch; their rows keep their order and their targets.",
        DEVIATION,
        "tf.keras shuffles the inputs and the targets within a batch independently of each other",
    ),
    "DATA-4": Rule(
        "An `h5py.Dataset` is shuffled by blocks, and by rows within a block: an epoch has every row once, and reads "
        "every block once.",
        DEVIATION,
        "tf.keras fails: h5py takes row numbers in increasing order only",
    ),
    "DATA-5": Rule(
        "`validation_split` divides an `h5py.Dataset` as it divides arrays, without reading it.",
        DEVIATION,
        "tf.keras refuses it",
    ),
}

OUTPUTS = {
    "MO-1": Rule(
        "With several outputs logs have `loss`, then `<output>_loss` for each output that has a loss, then "
        "`<output>_<metric>` output by output, plain metrics ahead of weighted ones; a single output has no prefix.",
        RECORDED,
    ),
    "MO-2": Rule(
        "`loss` is the sum of the outputs' losses times their `loss_weights`, plus what layers add; `<output>_loss` is "
        "without its weight.",
        RECORDED,
    ),
    "MO-3": Rule(
        "An output without a loss has no `<output>_loss`; its metrics are reported all the same.",
        RECORDED,
    ),
    "MO-4": Rule(
        "Validation adds `val_` to each of these, in the same order. Callbacks monitor any of them, and names of files "
        "may hold any.",
        DOCUMENTED,
    ),
    "MO-5": Rule(
        "Metrics in a flat list are for every output; a list with lists in it, or a dict by name, has those of each.",
        RECORDED,
    ),
    "MO-6": Rule(
        "`on_predict_batch_end` gets `outputs` nested as the model returns them: one array, a list or a dict.",
        RECORDED,
    ),
    "MO-7": Rule(
        "What layers report with `add_metric`, and metrics that are attributes of the model, come last in logs.",
        RECORDED,
    ),
    "MO-8": Rule(
        "The dict that a `train_step` or `test_step` returns is what hooks and History get, with tensors as plain "
        "numbers.",
        DEVIATION,
        "tf.keras 2.7.4 hands numbers of NumPy on as they are",
    ),
    "MO-9": Rule(
        "A list of losses, weights or lists of metrics with more or fewer entries than outputs is refused.",
        DEVIATION,
        "tf.keras 2.7.4 drops what is too much, and trains only the first outputs on what is too little.",
    ),
    "MO-10": Rule(
        "A run of a model with several outputs, or with a `train_step` of its own, is resumed exactly.",
        OWN,
    ),
}

SECTIONS = {
    "Training": FIT,
    "Several outputs, and steps of one's own": OUTPUTS,
    "Data": DATA,
    "Monitoring a value": MONITOR,
    "The callbacks": CALLBACKS,
}
RULES: dict[str, Rule] = {number: rule for rules in SECTIONS.values() for number, rule in rules.items()}
