"""ProgbarLogger: what it says with each verbosity, where, and that watching changes nothing."""

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from minifit import console, progress_bar
from minifit.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
)
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitWarning
from tests.callbacks.recording import acting, bits, data, small_model
from tests.test_console import BROKEN, FAILING, FailingTerminal
from tests.test_progress_bar import Terminal, on_a_terminal

X, Y = data()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    monkeypatch.setattr(progress_bar, "INTERVAL", 0.0)
    monkeypatch.setattr("minifit.console.columns", lambda out: 119)
    monkeypatch.setenv("TERM", "xterm")
    return made


# -- lines -------------------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-15", "PB-5", "PB-10")
@pytest.mark.parametrize("verbose", [1, 2, "auto", True])
def test_a_line_an_epoch(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(X, Y, 6, epochs=3, initial_epoch=1, verbose=verbose)
    for number, line in zip((2, 3), lines(capsys), strict=True):
        assert re.fullmatch(rf"Epoch {number}/3 - 2/2 steps - [\d.]+ m?s - loss: \d\.\d{{4,}}", line)


@pytest.mark.rule("PB-3", "PB-5")
def test_a_line_has_every_value_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    extra = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(lr=1e-4, note="a\nb", n=7))
    model = small_model(metrics=["mae"])
    history = model.fit(X, Y, validation_data=(X, Y), verbose=1, callbacks=[extra]).history
    (line,) = lines(capsys)
    keys = ["loss", "mae", "val_loss", "val_mae"]
    values = [f"{key}: {history[key][0]:.4f}" for key in keys]
    assert line.split(" - ")[3:] == [*values, "lr: 1.0000e-04", "note: a b", "n: 7"]


@pytest.mark.rule("PB-5")
def test_a_pipe_gets_no_control_codes(capsys: pytest.CaptureFixture[str]) -> None:
    model = small_model()
    model.fit(X, Y, epochs=2, validation_data=(X, Y))
    model.evaluate(X, Y)
    printed = capsys.readouterr().out
    assert all(c == "\n" or c.isprintable() for c in printed)
    assert len(printed.splitlines()) == 3


@pytest.mark.rule("PB-2")
@pytest.mark.parametrize("verbose", [0, False])
@pytest.mark.parametrize("listed", [[], [ProgbarLogger()]])
def test_silence(listed: list[Callback], verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = small_model()
    model.fit(X, Y, validation_data=(X, Y), verbose=verbose, callbacks=listed)
    model.evaluate(X, Y, verbose=verbose, callbacks=listed)
    model.predict(X, verbose=verbose, callbacks=listed)
    assert lines(capsys) == []


@pytest.mark.rule("PB-4")
def test_an_evaluation_and_a_prediction_have_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    own = ProgbarLogger("steps")
    model = small_model(metrics=["mae"])
    model.fit(X, Y, validation_data=(X, Y), verbose=1, callbacks=[own])
    assert [line.split(" - ")[0] for line in lines(capsys)] == ["Epoch 1/1"]
    loss, mae = model.evaluate(X, Y, 5, verbose=1, callbacks=[own])
    (line,) = lines(capsys)
    assert re.fullmatch(rf"Evaluation - 3/3 steps - [\d.]+ m?s - loss: {loss:.4f} - mae: {mae:.4f}", line)
    model.predict(X, 5, verbose=1, callbacks=[own])
    (line,) = lines(capsys)
    assert re.fullmatch(r"Prediction - 3/3 steps - [\d.]+ m?s", line)


@pytest.mark.rule("PB-4")
def test_a_total_is_learned_from_the_first_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    totals: list[int | None] = []
    own = ProgbarLogger("steps")
    look = acting("on_epoch_begin", lambda c: totals.append(own.target))

    class Again:
        def __iter__(self) -> Iterator[Any]:
            return iter([(X, Y)] * 3)

    small_model().fit(Again(), epochs=2, verbose=1, callbacks=[own, look])
    assert [line.split(" - ")[1] for line in lines(capsys)] == ["3/3 steps", "3/3 steps"]
    assert totals[-1] == 3


# -- what is counted ---------------------------------------------------------------------------------------


@pytest.mark.rule("PB-2", "PB-8")
@pytest.mark.parametrize(
    ("own", "batch_size", "expected"),
    [
        (ProgbarLogger(), 5, "12/12 samples"),
        (ProgbarLogger(), 12, "12/12 samples"),
        (ProgbarLogger("steps"), 5, "3/3 steps"),
    ],
)
def test_one_in_the_list_counts_as_it_is_told(
    own: Any, batch_size: int, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    small_model().fit(X, Y, batch_size, epochs=2, verbose=1, callbacks=[own])
    assert [line.split(" - ")[1] for line in lines(capsys)] == [expected] * 2


@pytest.mark.rule("PB-8")
def test_samples_of_an_epoch_with_fewer_steps(capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(X, Y, 4, steps_per_epoch=2, verbose=1, callbacks=[ProgbarLogger()])
    assert lines(capsys)[0].split(" - ")[1] == "8/8 samples"


@pytest.mark.rule("PB-8")
def test_steps_where_the_number_of_samples_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(iter([(X, Y)] * 2), steps_per_epoch=2, verbose=1, callbacks=[ProgbarLogger()])
    assert lines(capsys)[0].split(" - ")[1] == "2/2 steps"


def test_an_epoch_that_is_stopped_shows_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    def stop(callback: Any) -> None:
        callback.model.stop_training = True

    small_model().fit(X, Y, 3, verbose=1, callbacks=[acting("on_train_batch_end", stop)])
    assert lines(capsys)[0].split(" - ")[1] == "1/4 steps"


@pytest.mark.rule("PB-8", "PB-3")
@on_a_terminal
def test_a_loop_written_by_hand_counts_samples_and_averages(terminal: Terminal) -> None:
    own = ProgbarLogger(stateful_metrics=["last"])
    callbacks = CallbackList([own], epochs=1, samples=8, verbose=1)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    for batch, value in enumerate((1.0, 3.0)):
        callbacks.on_train_batch_end(batch, {"size": 4, "loss": value, "last": value})
    assert "| 8/8 samples" in terminal.screen()[0]
    assert terminal.screen()[0].endswith("- loss: 2.0000 - last: 3.0000")
    callbacks.on_epoch_end(0, {"loss": 0.5})
    callbacks.on_train_end()
    assert terminal.screen()[0].endswith("- loss: 0.5000")


@pytest.mark.rule("PB-8", "PB-3")
@on_a_terminal
def test_every_epoch_of_such_a_loop_counts_and_averages_from_its_beginning(terminal: Terminal) -> None:
    callbacks = CallbackList([ProgbarLogger()], epochs=2, samples=4, verbose=1)
    callbacks.on_train_begin()
    for epoch, value in enumerate((1.0, 3.0)):
        callbacks.on_epoch_begin(epoch)
        callbacks.on_test_begin()
        assert "loss" not in terminal.screen()[-1]
        callbacks.on_train_batch_end(0, {"size": 4, "loss": value})
        assert "| 4/4 samples" in terminal.screen()[-1]
        assert terminal.screen()[-1].endswith(f"- loss: {value:.4f}")
        callbacks.on_epoch_end(epoch, {"loss": value})
    callbacks.on_train_end()


@pytest.mark.rule("PB-8", "PB-9")
def test_a_second_fit_counts_and_compares_with_nothing_of_the_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = ProgbarLogger()
    values = [0.25, 0.2500001]
    near = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(a=values.pop()))
    small_model().fit(X, Y, 5, verbose=1, callbacks=[near, own])
    small_model().fit(iter([(X, Y)] * 2), steps_per_epoch=2, verbose=1, callbacks=[near, own])
    (_, first, *_, one), (_, second, *_, two) = (line.split(" - ") for line in lines(capsys))
    assert (first, second) == ("12/12 samples", "2/2 steps")
    assert (one, two) == ("a: 0.2500", "a: 0.2500")


# -- values ------------------------------------------------------------------------------------------------


@pytest.mark.rule("PB-9")
def test_epochs_that_nearly_agree_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    values = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(a=0.25 + 1e-7 * (epoch > 0)))
    small_model().fit(X, Y, epochs=3, verbose=2, callbacks=[values])
    assert [line.split("a: ")[1] for line in lines(capsys)] == ["0.2500", "0.2500001", "0.2500"]


# -- the terminal ------------------------------------------------------------------------------------------


@pytest.mark.rule("PB-1")
def test_it_prints_to_what_stdout_is_when_the_epoch_begins(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    model = small_model()
    with contextlib.redirect_stdout(out):
        model.fit(X, Y)
    assert out.getvalue().startswith("Epoch 1/1")
    first, second = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        redirect = acting("on_epoch_end", lambda c: stack.enter_context(contextlib.redirect_stdout(second)))
        stack.enter_context(contextlib.redirect_stdout(first))
        model.fit(X, Y, verbose=2, callbacks=[redirect])
    assert first.getvalue().startswith("Epoch 1/1")
    assert second.getvalue() == ""
    assert capsys.readouterr().out == ""


@on_a_terminal
def test_messages_and_prints_of_others_do_not_tear_the_bar(terminal: Terminal) -> None:
    def speak(callback: Any) -> None:
        console.say("said")

    talking = [
        acting("on_train_batch_end", speak),
        acting("on_test_begin", lambda c: sys.stdout.write("printed before validation\n")),
        acting("on_epoch_end", lambda c: sys.stdout.write("printed at the end\n")),
        acting("on_train_end", lambda c: sys.stdout.write("over\n")),
    ]
    small_model().fit(X, Y, 6, validation_data=(X, Y), callbacks=talking)
    *before, line, over, rest = terminal.screen()
    assert before == ["said", "said", "printed before validation", "printed at the end"]
    assert line.startswith("Epoch 1/1: 100%|████████████████████| 2/2 steps [00:00, ")
    assert "val_loss" in line
    assert (over, rest) == ("over", "")


@on_a_terminal
def test_a_warning_does_not_tear_it_either(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    monkeypatch.setattr(sys, "stderr", terminal)
    with warnings.catch_warnings():
        warnings.simplefilter("always", MinifitWarning)
        monkeypatch.setattr(warnings, "showwarning", lambda message, *_: terminal.write(f"{message}\n"))
        late = acting("on_train_batch_end", lambda c: console.warn("look"))
        small_model().fit(X, Y, 12, callbacks=[late])
    assert terminal.screen()[0] == "look"
    assert terminal.screen()[1].startswith("Epoch 1/1: 100%")


@pytest.mark.rule("FIT-9")
@on_a_terminal
def test_an_epoch_that_breaks_off_stays_as_it_was(terminal: Terminal) -> None:
    def fail(callback: Any) -> None:
        raise KeyboardInterrupt

    own, model = ProgbarLogger("steps"), small_model()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, 6, callbacks=[own, acting("on_train_batch_end", fail)])
    assert terminal.screen()[0].startswith("Epoch 1/1:  50%|██████████          | 1/2 steps")
    assert terminal.screen()[1:] == [""]
    model.evaluate(X, Y, callbacks=[own])
    assert terminal.screen()[1].startswith("Evaluation: 100%"), "the fit is over"


@on_a_terminal
def test_a_bar_within_a_bar(terminal: Terminal) -> None:
    inner = acting("on_epoch_end", lambda c: c.model.evaluate(X, Y))
    small_model().fit(X, Y, epochs=2, callbacks=[inner])
    said = [line.split(":")[0] for line in terminal.screen() if line]
    assert said == ["Evaluation", "Epoch 1/2", "Evaluation", "Epoch 2/2"]


@pytest.mark.rule("PB-6")
@on_a_terminal
def test_watching_changes_no_value_and_lets_batches_run_together(terminal: Terminal) -> None:
    watched: list[bool] = []
    look = acting(
        "on_epoch_begin", lambda c: watched.append(c.model.training_state.callbacks.watched("train"))
    )
    seen, unseen = small_model(), small_model()
    first = seen.fit(X, Y, 1, epochs=3, verbose=1, callbacks=[look]).history
    assert first == unseen.fit(X, Y, 1, epochs=3, verbose=0).history
    assert bits(seen) == bits(unseen)
    assert watched == [False] * 3
    assert terminal.getvalue()


@pytest.mark.rule("PB-6")
@on_a_terminal
def test_it_is_drawn_ten_times_a_second_at_most(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(progress_bar, "INTERVAL", 0.1)
    monkeypatch.setattr("minifit.progress_bar.time.time", lambda: clock[0])
    drawn: list[float] = []
    draw = progress_bar.ProgressBar.draw

    def noting(self: Any, values: str) -> None:
        drawn.append(clock[0])
        draw(self, values)

    monkeypatch.setattr(progress_bar.ProgressBar, "draw", noting)

    class Ticking(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            clock[0] += 0.03

    small_model().fit(X, Y, 1, epochs=3, callbacks=[Ticking()])
    assert all(later - earlier > 0.0999 for earlier, later in pairwise(drawn))
    assert len(drawn) >= 8


# -- what is loaded, what is refused -----------------------------------------------------------------------


@pytest.mark.rule("PB-5")
def test_tqdm_is_loaded_only_where_a_bar_is_drawn(root: Path) -> None:
    program = """
import sys, numpy as np, minifit
model = minifit.Sequential([minifit.layers.Dense(1, input_shape=(2,))])
model.compile("sgd", "mse")
for verbose in (0, 1, 2):
    model.fit(np.ones((4, 2)), np.ones(4), verbose=verbose)
sys.exit("tqdm" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"count_mode": "bogus"}, ArgumentError, "'samples' or 'steps'.*'bogus'"),
        ({"count_mode": None}, ArgumentError, "count_mode=None"),
        ({"stateful_metrics": "auc"}, ArgumentTypeError, "a list of names.*'auc'"),
        ({"stateful_metrics": 3}, ArgumentTypeError, "a list of names"),
        ({"stateful_metrics": [3]}, ArgumentTypeError, "a list of names"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ProgbarLogger(**arguments)


@pytest.mark.parametrize(
    ("verbose", "text"), [(3, "Epoch 1/2\nEpoch 2/2\n"), (-1, "Epoch 1/2\nEpoch 2/2\n"), (None, "")]
)
def test_verbosity_beyond_that_is_as_in_keras(
    verbose: Any, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = small_model()
    model.fit(X, Y, epochs=2, verbose=verbose)
    model.fit(X, Y, verbose=verbose)
    model.evaluate(X, Y, verbose=verbose)
    model.predict(X, verbose=verbose)
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("verbose", ["yes", 0.5])
def test_another_verbosity_is_refused(verbose: Any) -> None:
    model = small_model()
    for call in (model.fit, model.evaluate):
        with pytest.raises(ArgumentError, match=r"verbose must be 0 \(silent\)"):
            call(X, Y, verbose=verbose)


# -- output that cannot be written -------------------------------------------------------------------------


def talking(folder: Path) -> list[Callback]:
    """Every callback that prints, with something to say."""
    return [
        LearningRateScheduler(lambda epoch, lr: 0.01, verbose=1),
        ModelCheckpoint(folder / "model.h5", verbose=1),
        ReduceLROnPlateau("loss", min_delta=100, patience=1, verbose=1),
        EarlyStopping("loss", min_delta=100, patience=2, verbose=1, restore_best_weights=True),
    ]


@pytest.mark.rule("PB-7")
@pytest.mark.parametrize("kind", FAILING)
def test_training_goes_on_whatever_becomes_of_its_output(kind: str, tmp_path: Path) -> None:
    silent, model = small_model(), small_model()
    silent.fit(X, Y, epochs=5, verbose=0, validation_data=(X, Y), callbacks=talking(tmp_path))
    with contextlib.redirect_stdout(FAILING[kind]()), pytest.warns(MinifitWarning) as caught:
        model.fit(X, Y, epochs=5, validation_data=(X, Y), callbacks=talking(tmp_path))
        model.evaluate(X, Y)
        model.predict(X)
    assert len(caught) == 1
    assert bits(model) == bits(silent)
    assert model.history.epoch == [0, 1, 2], "EarlyStopping did its work"


@pytest.mark.rule("PB-7")
def test_a_terminal_that_goes_away_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bar, "INTERVAL", 0.0)
    out = FailingTerminal()

    def hang_up(callback: Callback) -> None:
        out.error = BROKEN

    model = small_model()
    with contextlib.redirect_stdout(out), pytest.warns(MinifitWarning, match="cannot be written") as caught:
        model.fit(X, Y, 4, epochs=4, callbacks=[acting("on_batch_end", hang_up)])
    assert len(caught) == 1
    assert len(model.history.epoch) == 4


@pytest.mark.rule("PB-7")
def test_a_program_without_a_console_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert len(small_model().fit(X, Y, epochs=2).epoch) == 2


@pytest.mark.rule("PB-7")
@pytest.mark.parametrize("place", ["lines", "terminal"])
def test_names_and_texts_cannot_move_the_cursor(place: str, terminal: Terminal) -> None:
    hostile = "\x1b[2J\r\n" * 1_000_000
    out = terminal if place == "terminal" else io.StringIO()
    extra = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update({hostile: 1.0, "note": hostile}))
    with contextlib.redirect_stdout(out):
        small_model().fit(X, Y, epochs=1, callbacks=[extra])
    last = out.getvalue().rstrip("\r\n").splitlines()[-1]
    assert len(last) < 1000
    assert last.isprintable()


def test_a_table_that_cannot_be_printed_is_an_error() -> None:
    with contextlib.redirect_stdout(FailingTerminal(BROKEN)), pytest.raises(BrokenPipeError):
        small_model().summary()


def test_without_tqdm_a_terminal_gets_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with contextlib.redirect_stdout(terminal):
        small_model().fit(X, Y, 6, epochs=2)
    for number, line in enumerate(terminal.getvalue().splitlines(), 1):
        assert re.fullmatch(rf"Epoch {number}/2 - 2/2 steps - [\d.]+ m?s - loss: \d\.\d{{4,}}", line)


# -- settings that change ----------------------------------------------------------------------------------


def test_what_is_set_counts_or_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgbarLogger("steps")

    def change(epoch: int, logs: Any = None) -> None:
        bar.stateful_metrics = ["extra"]
        with pytest.raises(
            ArgumentError, match=r"use_steps cannot change during a fit\. Received: use_steps=False"
        ):
            bar.use_steps = False
        if epoch == 1:
            bar.verbose = 0

    small_model().fit(X, Y, epochs=3, callbacks=[bar, LambdaCallback(on_epoch_begin=change)])
    assert bar.stateful_metrics == {"extra"}
    assert bar._unchanged == {"extra", "loss"}
    assert len(lines(capsys)) == 1, "it is silent from the second epoch on"
    bar.use_steps = False
    small_model().fit(X, Y, epochs=1, callbacks=[bar])
    assert " - 12/12 samples - " in lines(capsys)[0]
