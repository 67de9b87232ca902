"""``python -m minifit.monitor --port 9000 --file monitor.jsonl``: the page, until Ctrl-C."""

import argparse
import sys
from contextlib import closing

from minifit import console
from minifit.errors import MESSAGE, MinifitError, legible
from minifit.monitor.server import Monitor
from minifit.saving.paths import absolute


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 1 << 16:
        raise ValueError
    return port


_port.__name__ = "port"  # as errors call it


def main(arguments: list[str]) -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        "python -m minifit.monitor",
        description="Show live curves of what RemoteMonitor posts, to this machine alone.",
    )
    parser.add_argument(
        "--port", type=_port, default=9000, help="9000 unless given; 0 lets the system choose"
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--file", default="monitor.jsonl", help="where posts are appended; monitor.jsonl unless given"
    )
    place.add_argument("--no-file", action="store_true", help="keep posts in memory alone")
    options = parser.parse_args(arguments)
    try:
        _serve(options.port, None if options.no_file else options.file)
    except (MinifitError, OSError) as error:
        sys.exit(f"minifit.monitor: {legible(error, MESSAGE)}")
    except KeyboardInterrupt:
        console.say("The monitor has ended.")


def _serve(port: int, file: str | None) -> None:
    with closing(Monitor(port, file)) as monitor:
        runs = f"{monitor.posts.runs} run{'' if monitor.posts.runs == 1 else 's'}"
        kept = "in memory alone" if file is None else f"in {absolute(file)}, which has {runs}"
        console.say(f"Curves at http://localhost:{monitor.port} until Ctrl-C. Posts are kept {kept}.")
        monitor.serve()


if __name__ == "__main__":
    main(sys.argv[1:])
