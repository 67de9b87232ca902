"""RemoteMonitor: post every epoch to a server, here a minimal one on this machine.

Run it with `python examples/06_remote_monitor.py`. For live curves in a browser, start `python -m minifit.monitor` and
use the default address of RemoteMonitor.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import minifit
from minifit import callbacks, datasets, layers


class Monitor(BaseHTTPRequestHandler):
    """A server that prints the epochs it receives."""

    # keeps connections open
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read one epoch: the JSON is in the form field ``data``."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        event = json.loads(parse_qs(body)["data"][0])
        values = ", ".join(f"{key} {value:.3f}" for key, value in event.items() if key != "epoch")
        print(f"the server received epoch {event['epoch']} of {self.headers['X-Run']}: {values}")
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Print no log of requests."""


def main() -> None:
    """Train while the server runs in a thread."""
    minifit.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    model = minifit.Sequential([layers.Flatten(input_shape=(8, 8)), layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    with HTTPServer(("127.0.0.1", 0), Monitor) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monitor = callbacks.RemoteMonitor(
            f"http://127.0.0.1:{server.server_port}", headers={"X-Run": "the digits"}
        )
        try:
            model.fit(
                x_train / 16,
                y_train,
                epochs=5,
                validation_data=(x_test / 16, y_test),
                verbose=0,
                callbacks=[monitor],
            )
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    main()
