"""The cost of several workers, on paper: a step of N workers takes the rows' time divided by N, and a reduction.

    T(N) = compute / N + a log2 N + 2 b P (N - 1) / N

with P bytes of gradients, a for the latency of an exchange and b for the time of a byte on its way.
"""

import math
import statistics
from typing import NamedTuple

from tests.benchmarks import record
from tests.benchmarks.record import Section
from tests.benchmarks.text import NONE, Row, number


class Network(NamedTuple):
    """The connection of workers: seconds of an exchange, and of a byte."""

    latency: float
    byte: float

    def reduction(self, workers: int, size: int) -> float:
        """Seconds to add up so many bytes."""
        along = 2 * self.byte * size * (workers - 1) / workers
        return self.latency * math.ceil(math.log2(workers)) + along


NETWORKS = {"10 Gbit/s, 20 µs": Network(20e-6, 0.8e-9), "100 Gbit/s, 2 µs": Network(2e-6, 0.08e-9)}
"""Networks of clusters, by what they are sold as."""

MANY = (2, 16, 128, 1024)
LARGE = ("mnist256", "wide")
"""The workloads whose figures for a cluster are worth a table."""


def of_machine(section: Section) -> Network:
    """The machine itself as a network, by its smallest and its largest reduction."""
    times = {int(size): statistics.median(each["bare"]) for size, each in section["reductions"].items()}
    small, large = min(times), max(times)
    stages, count = math.ceil(math.log2(section["workers"])), section["workers"]
    latency = times[small] / stages
    return Network(latency, (times[large] - times[small]) / (2 * large * (count - 1) / count))


def here(section: Section) -> list[Row]:
    """A row for each workload: what the formula says of this machine, beside what was measured.

    A batch pays from so many rows a worker on that the rows it hands over take as long as the reduction.
    """
    network, count = of_machine(section), section["workers"]
    rows: list[Row] = [
        ["", "a row, µs", "a reduction, µs", "times as fast", "measured", "pays from, rows a worker"]
    ]
    for name, times in record.medians(section).items():
        one = times["one"]
        row, reduction = one / section["batches"][name], network.reduction(count, section["bytes"][name])
        rows.append(
            [
                name,
                number(row * 1e6),
                number(reduction * 1e6),
                number(one / (one / count + reduction)),
                number(one / times["strong"]),
                number(math.ceil(reduction / row / (count - 1))),
            ]
        )
    return rows


def in_a_cluster(section: Section) -> list[Row]:
    """Return the rows a second of many workers, as times those of one: each with its batch, or with a share of one."""
    rows: list[Row] = [["workers", *(f"{count:,}" for count in MANY)]]
    for name, times in record.medians(section).items():
        if name not in LARGE:
            continue
        one, batch, size = times["one"], section["batches"][name], section["bytes"][name]
        for title, network in NETWORKS.items():
            costs = {count: network.reduction(count, size) for count in MANY}
            weak = [number(count * one / (one + costs[count])) for count in MANY]
            strong = [number(one / (one / n + costs[n])) if n <= batch else NONE for n in MANY]
            rows.append([f"{name}, {batch:,} rows each, {title}", *weak])
            rows.append([f"{name}, {batch:,} rows in all, {title}", *strong])
    return rows
