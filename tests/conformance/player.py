"""Plays a scenario on minifit's public API and records what happens, in the form of the recorded runs."""

import contextlib
import io
import json
import threading
import warnings
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import minifit
from minifit.callbacks import EarlyStopping
from minifit.errors import MinifitWarning
from tests.conformance import making
from tests.conformance import normal_form as normal
from tests.conformance.making import MissingError
from tests.conformance.normal_form import Json
from tests.conformance.recorders import BatchRecorder, BatchWeights, LegacyBatchRecorder, Recorder, Weights

HERE = Path(__file__).parent
SCENARIOS: dict[str, dict[str, Any]] = {
    s["name"]: s for s in json.loads((HERE / "scenarios.json").read_text(encoding="utf-8"))
}
RECORDS: dict[str, Json] = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))["records"]

_OURS = ("call", "data", "val", "gen", "sw", "rebuild", "new_callbacks")
"""What a call's description says to the player; the rest are arguments of the method."""


def play(scenario: Mapping[str, Any], folder: Path) -> Json:
    """What minifit does in a scenario.

    Parameters
    ----------
    scenario : dict
    folder : Path
        An empty folder for the files of the scenario.

    Raises
    ------
    MissingError
        When it needs what minifit does not have.
    """
    player = Player(scenario, folder)
    printed = io.StringIO()
    with contextlib.ExitStack() as stack:
        if any(name == "RemoteMonitor" for name, *_ in scenario.get("callbacks", [])):
            player.url = stack.enter_context(serving(player.requests))
        stack.enter_context(contextlib.redirect_stdout(printed))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", MinifitWarning)
        player.run()
    record = player.record(printed.getvalue())
    return refused_or_not(record) if scenario["name"].startswith("bad") else record


class Player:
    """One scenario while it is played."""

    def __init__(self, scenario: Mapping[str, Any], folder: Path) -> None:
        self.scenario, self.folder = scenario, folder
        self.url = making.NOBODY_LISTENS
        self.requests: list[Json] = []
        self.lambda_calls: list[Json] = []
        self.made: list[Any] = []
        self.calls: list[Json] = []
        self.error: str | None = None

    # -- playing --------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Make everything and do one call after another."""
        for name, text in self.scenario.get("pre_files", []):
            (self.folder / name).write_text(text)
        try:
            callbacks = self.make_callbacks(self.scenario.get("callbacks", []))
            model = making.make_model(self.scenario)
        except Exception as error:
            self.error = self.name_of(error)
            return
        for call in self.scenario["fits"]:
            if call.get("rebuild"):
                model = making.make_model(self.scenario)
            if call.get("new_callbacks") is not None:
                callbacks = self.make_callbacks(call["new_callbacks"])
            self.calls.append(self.one_call(model, call, callbacks))

    def make_callbacks(self, described: list[Any]) -> list[Any]:
        made = [
            making.make_callback(name, (arguments or [{}])[0], self.folder, self.url, self.lambda_calls)
            for name, *arguments in described
        ]
        self.made += made
        return made

    def one_call(self, model: Any, call: Mapping[str, Any], callbacks: list[Any]) -> Json:
        """Do one call and record what it left."""
        record: dict[str, Json] = {}
        try:
            record["result"] = normal.result(self.do(model, call, callbacks))
        except Exception as error:
            record["error"] = self.name_of(error)
        record["lr"] = normal.number(normal.learning_rate(model))
        record["stop_training"] = model.stop_training
        record["files"] = normal.files_in(self.folder)
        if self.scenario.get("final", True):
            record["weights"] = normal.fingerprint(model)
        return record

    def do(self, model: Any, call: Mapping[str, Any], callbacks: list[Any]) -> Any:
        """fit, evaluate, predict, or one of the calls for one batch."""
        arguments = {key: value for key, value in call.items() if key not in _OURS}
        described = {**making.DATA, **call.get("data", {})}
        x, y = making.make_arrays(described, self.scenario)
        method = call.get("call", "fit")
        if method.endswith("_on_batch"):
            return getattr(model, method)(x, y)
        arguments |= {"callbacks": callbacks, "verbose": arguments.get("verbose", 0)}
        if method == "predict":
            return model.predict(x, **arguments)
        if call.get("sw"):
            arguments["sample_weight"] = making.make_sample_weight(described["n"])
        if method == "evaluate":
            return model.evaluate(x, y, **arguments)
        if call.get("val") is not None:
            validation = {**making.VALIDATION, **call["val"]}
            arguments["validation_data"] = making.make_arrays(validation, self.scenario)
        if "class_weight" in arguments:
            arguments["class_weight"] = {int(k): v for k, v in arguments["class_weight"].items()}
        if "gen" in call:
            return model.fit(making.endless_batches(x, y, call["gen"]), **arguments)
        return model.fit(x, y, **({"shuffle": False} | arguments))

    def name_of(self, error: Exception) -> str:
        """How an error is recorded; what is only missing is no part of a record."""
        error = making.refusal(error, self.scenario)
        if isinstance(error, MissingError):
            raise error
        return normal.standard_name(error)

    # -- recording ------------------------------------------------------------------------------------------

    def record(self, printed: str) -> Json:
        """All that happened."""
        record: dict[str, Json] = {"messages": normal.messages(printed)}
        if self.error is not None:
            return record | {"error": self.error}
        record["fits"] = self.calls
        record |= self.of_recorders() | self.of_weights()
        if stoppers := self.all_of(EarlyStopping):
            record["stopped_epoch"] = [c.stopped_epoch for c in stoppers]
        if self.lambda_calls:
            record["lambda"] = self.lambda_calls
        if self.requests:
            record["http"] = self.requests
        return record | self.of_files()

    def all_of(self, kind: type) -> list[Any]:
        return [c for c in self.made if type(c) is kind]

    def of_recorders(self) -> dict[str, Json]:
        """The events, recorder by recorder, and the parameters that the first one was told."""
        with_params = self.all_of(Recorder) + self.all_of(BatchRecorder)
        recorders = with_params + self.all_of(LegacyBatchRecorder)
        found: dict[str, Json] = {"events": [r.events for r in recorders]} if recorders else {}
        if with_params:
            found["params"] = normal.logs_as_json(with_params[0].params)
        return found

    def of_weights(self) -> dict[str, Json]:
        """The learning rate at every epoch, and which epoch's weights the model ended with."""
        if not (watchers := self.all_of(Weights)):
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
        """What the files hold that the scenario wants to have read."""
        found: dict[str, Json] = {}
        names = normal.files_in(self.folder)
        if self.scenario.get("read_weights"):
            saved = [n for n in names if n.endswith((".h5", ".hdf5"))]
            found["contents"] = {name: self.whose_weights(self.folder / name) for name in saved}
        if self.scenario.get("read_text"):
            tables = [n for n in names if n.endswith((".csv", ".log", ".tsv"))]
            found["text_files"] = {
                name: normal.cells((self.folder / name).read_text(encoding="utf-8")) for name in tables
            }
        if self.scenario.get("read_tb"):
            found["tb"] = normal.event_files(self.folder)
        return found

    def whose_weights(self, file: Path) -> Json:
        """The epochs or batches whose weights a file holds."""
        if self.scenario["read_weights"] == "weights":
            model = making.make_model(self.scenario)
            model.load_weights(file)
        else:
            model = making.named(minifit.models, "load_model")(file)
        watcher = (self.all_of(Weights) + self.all_of(BatchWeights))[0]
        return normal.moments_of(normal.fingerprint(model), watcher.moments())


def refused_or_not(record: Json) -> Json:
    """For scenarios that cannot be meant: when they are refused, and by which error, is free."""
    fits = record.get("fits", [])
    return {
        "refused": "error" in record or any("error" in f for f in fits),
        "history": [f["result"] for f in fits if "error" not in f],
    }


@contextlib.contextmanager
def serving(requests: list[Json]) -> Iterator[str]:
    """An HTTP server on this machine that keeps what it is sent; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kind, own = self.headers["Content-Type"], self.headers["X-Test"]
            requests.append({"path": self.path, "type": kind, "x": own, "body": normal.request_body(body)})
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Not to stderr."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
