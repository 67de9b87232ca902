"""Plays a run on a framework with the names of Keras and records what happens, in the form of the records."""

import contextlib
import io
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from minifit.semantics.playing import AbsentError, absent_name
from minifit.semantics.runs import making
from minifit.semantics.runs import normal_form as normal
from minifit.semantics.runs.normal_form import Json
from minifit.semantics.stage import rate_of

_OURS = ("call", "data", "val", "gen", "sw", "rebuild", "new_callbacks")
"""The keys of a call that are for the player; all others are arguments of the method."""


def play_run(keras: Any, run: Mapping[str, Any], folder: Path) -> Json:
    """Play a run on a framework.

    Parameters
    ----------
    keras : module or object
        What has the names of Keras.
    run : dict
        A description, such as an entry of `minifit.semantics.runs.RUNS`.
    folder : Path
        An empty folder for the files of the run.

    Returns
    -------
    dict
        What happened, as in `minifit.semantics.runs.RECORDS`.

    Raises
    ------
    AbsentError
        When it needs what the framework does not have.
    """
    player = Player(keras, run, folder)
    printed = io.StringIO()
    with contextlib.ExitStack() as stack:
        if any(name == "RemoteMonitor" for name, *_ in run.get("callbacks", [])):
            player.url = stack.enter_context(serving(player.requests))
        stack.enter_context(contextlib.redirect_stdout(printed))
        player.run_all()
    record = player.record(printed.getvalue())
    return refused_or_not(record) if player.meant_to_fail else record


class Player:
    """A run while it is played."""

    def __init__(self, keras: Any, run: Mapping[str, Any], folder: Path) -> None:
        self.keras, self.run, self.folder = keras, run, folder
        self.meant_to_fail = run["name"].startswith("bad")
        self.url = making.NOBODY_LISTENS
        self.requests: list[Json] = []
        self.lambda_calls: list[Json] = []
        self.made: list[tuple[str, Any]] = []
        self.calls: list[Json] = []
        self.error: Any = None

    # -- playing --------------------------------------------------------------------------------------------

    def run_all(self) -> None:
        """Make everything and do one call after another."""
        for name, text in self.run.get("pre_files", []):
            (self.folder / name).write_text(text)
        try:
            callbacks = self.make_callbacks(self.run.get("callbacks", []))
            model = making.make_model(self.keras, self.run)
        except Exception as error:
            self.error = self.name_of(error)
            return
        for call in self.run["fits"]:
            if call.get("rebuild"):
                model = making.make_model(self.keras, self.run)
            if call.get("new_callbacks") is not None:
                callbacks = self.make_callbacks(call["new_callbacks"])
            self.calls.append(self.one_call(model, call, callbacks))

    def make_callbacks(self, described: list[Any]) -> list[Any]:
        """Return callbacks from their descriptions."""
        made = []
        for name, *arguments in described:
            described_by = (arguments or [{}])[0]
            made.append(
                making.make_callback(self.keras, name, described_by, self.folder, self.url, self.lambda_calls)
            )
            self.made.append((name, made[-1]))
        return made

    def one_call(self, model: Any, call: Mapping[str, Any], callbacks: list[Any]) -> Json:
        """Do one call and record what it left."""
        record: dict[str, Json] = {}
        try:
            record["result"] = normal.result(self.do(model, call, callbacks))
        except Exception as error:
            record["error"] = self.name_of(error)
        record["lr"] = normal.number(rate_of(model))
        record["stop_training"] = bool(getattr(model, "stop_training", False))
        record["files"] = normal.files_in(self.folder)
        if self.run.get("final", True):
            record["weights"] = normal.fingerprint(model)
        return record

    def do(self, model: Any, call: Mapping[str, Any], callbacks: list[Any]) -> Any:
        """Call fit, evaluate, predict, or a method for one batch."""
        arguments = {key: value for key, value in call.items() if key not in _OURS}
        described = {**making.DATA, **call.get("data", {})}
        x, y = making.make_arrays(described, self.run)
        method = call.get("call", "fit")
        if method.endswith("_on_batch"):
            return making.named(model, method)(x, y)
        arguments.update(callbacks=callbacks, verbose=arguments.get("verbose", 0))
        if method == "predict":
            return making.named(model, method)(x, **arguments)
        if call.get("sw"):
            arguments["sample_weight"] = making.make_sample_weight(described["n"])
        if method == "evaluate":
            return making.named(model, method)(x, y, **arguments)
        if call.get("val") is not None:
            validation = {**making.VALIDATION, **call["val"]}
            arguments["validation_data"] = making.make_arrays(validation, self.run)
        if "class_weight" in arguments:
            arguments["class_weight"] = {int(k): v for k, v in arguments["class_weight"].items()}
        if "gen" in call:
            return model.fit(making.endless_batches(x, y, call["gen"]), **arguments)
        return model.fit(x, y, **{"shuffle": False, **arguments})

    def name_of(self, error: Exception) -> str:
        """Return how an error is recorded, unless it says that something is absent and no refusal is asked for."""
        if isinstance(error, AbsentError):
            raise error
        if isinstance(error, ImportError):
            raise AbsentError(f"a package: {error}") from error
        absent = None if self.meant_to_fail else absent_name(error)
        if absent is not None:
            raise AbsentError(absent) from error
        return normal.standard_name(error)

    # -- recording ------------------------------------------------------------------------------------------

    def record(self, printed: str) -> Json:
        """Return all that happened."""
        record: dict[str, Json] = {"messages": normal.messages(printed)}
        if self.error is not None:
            return {**record, "error": self.error}
        record["fits"] = self.calls
        record.update({**self.of_recorders(), **self.of_weights()})
        stoppers = self.all_of("EarlyStopping")
        if stoppers:
            record["stopped_epoch"] = [making.named(c, "stopped_epoch") for c in stoppers]
        if self.lambda_calls:
            record["lambda"] = self.lambda_calls
        if self.requests:
            record["http"] = self.requests
        return {**record, **self.of_files()}

    def all_of(self, *kinds: str) -> list[Any]:
        """Return the callbacks of some classes, class by class."""
        return [c for kind in kinds for name, c in self.made if name == kind]

    def of_recorders(self) -> dict[str, Json]:
        """Return the events, recorder by recorder, and the params that the first one was given."""
        with_params = self.all_of("Recorder", "BatchRecorder")
        recorders = with_params + self.all_of("LegacyBatchRecorder")
        found: dict[str, Json] = {"events": [r.events for r in recorders]} if recorders else {}
        if with_params:
            found["params"] = normal.logs_as_json(with_params[0].params)
        return found

    def of_weights(self) -> dict[str, Json]:
        """Return the learning rate at every epoch, and the epochs whose weights the model ended with."""
        watchers = self.all_of("Weights")
        if not watchers:
            return {}
        first = watchers[0]
        last = self.calls[-1].get("weights", [])
        return {
            "lr_begin": first.rates_before,
            "lr_end": first.rates_after,
            "n_epochs": len(first.fingerprints),
            "final_weights_from_epoch": normal.moments_of(last, first.moments()),
        }

    def of_files(self) -> dict[str, Json]:
        """Return what the files hold that the run asks for."""
        found: dict[str, Json] = {}
        names = normal.files_in(self.folder)
        if self.run.get("read_weights"):
            saved = [n for n in names if n.endswith((".h5", ".hdf5"))]
            found["contents"] = {name: self.moments_in(self.folder / name) for name in saved}
        if self.run.get("read_text"):
            tables = [n for n in names if n.endswith((".csv", ".log", ".tsv"))]
            found["text_files"] = {
                name: normal.cells((self.folder / name).read_text(encoding="utf-8")) for name in tables
            }
        if self.run.get("read_tb"):
            found["tb"] = normal.event_files(self.folder)
        return found

    def moments_in(self, file: Path) -> Json:
        """Return the epochs or batches whose weights a file holds, or how reading it fails."""
        try:
            if self.run["read_weights"] == "weights":
                model = making.make_model(self.keras, self.run)
                model.load_weights(str(file))
            else:
                model = self.keras.models.load_model(str(file))
        except Exception as error:
            return f"raises {self.name_of(error)}"
        watcher = self.all_of("Weights", "BatchWeights")[0]
        return normal.moments_of(normal.fingerprint(model), watcher.moments())


def refused_or_not(record: Json) -> Json:
    """Return the record of a run that must be refused: when, and by which error, is free."""
    fits = record.get("fits", [])
    return {
        "refused": "error" in record or any("error" in f for f in fits),
        "history": [f["result"] for f in fits if "error" not in f],
    }


@contextlib.contextmanager
def serving(requests: list[Json]) -> Iterator[str]:
    """Serve HTTP on this computer, keep what is sent, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kind, own = self.headers["Content-Type"], self.headers["X-Test"]
            requests.append({"path": self.path, "type": kind, "x": own, "body": normal.request_body(body)})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
