"""What the README and docs/benchmarks.md show of the record, written by `make docs`."""

from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import (
    calls,
    cold,
    comparison,
    costs,
    fits,
    hooks,
    models,
    record,
    standin,
    steps,
    threads,
    workers,
)
from tests.benchmarks.record import Section
from tests.benchmarks.text import markdown, number

NOTHING = ["Nothing is in the record yet."]


def summary(section: Section) -> list[str]:
    """The comparison in a sentence."""
    best = record.ratios(section).get("best")
    if not best:
        return NOTHING
    at, least, most = section["made"], min(best, key=lambda w: best[w]), max(best, key=lambda w: best[w])
    few, many = (f"{number(best[workload])} (`{workload}`)" for workload in (least, most))
    return [
        f"A training step of minifit takes between {few} and {many} times what it takes with the fastest of",
        f"{len(section['versions']) - 2} others on the same workload, {number(steps.mean(best))} in the geometric mean",
        f"of the {len(best)} workloads ({at['processor']}, {at['cores']} cores, {at['date']}).",
    ]


def of_steps(section: Section) -> list[str]:
    """Both tables, and with what they were measured."""
    found = dict.fromkeys(", ".join(section["versions"].values()).split(", "))
    return [
        f"{record.where(section)}. {steps.spread(section)} Versions: {', '.join(found)}.",
        "",
        "Microseconds a step:",
        "",
        *markdown(steps.times(section)),
        "",
        "The time of minifit over that of another:",
        "",
        *markdown(steps.ratios(section)),
    ]


def of_models(section: Section) -> list[str]:
    """The picture, the tables of the comparison, and that of first epochs."""
    picture = [
        "<picture>",
        '  <source media="(prefers-color-scheme: dark)" srcset="pictures/models-dark.svg">',
        '  <img alt="The time of a step of eight models, with minifit and with others" src="pictures/models.svg">',
        "</picture>",
        "",
    ]
    first = [
        "Seconds of the first epoch, with nothing compiled:",
        "",
        *markdown(models.first_epochs(section)),
    ]
    return [*picture, *of_steps(section), "", *first]


def of_workers(section: Section) -> list[str]:
    """Steps with one worker and with more, and the reduction by itself."""
    return [
        f"{record.where(section)}; one thread of BLAS each. Medians of {section['rounds']} rounds.",
        "",
        *markdown(workers.scaling(section)),
        "",
        "The reduction by itself:",
        "",
        *markdown(workers.reductions(section)),
    ]


def of_costs(section: Section) -> list[str]:
    """The formula with the numbers of this machine, and with those of networks."""
    latency, byte = costs.of_machine(section)
    return [
        f"Here an exchange takes a = {number(latency * 1e6)} µs and a byte b = {number(byte * 1e9)} ns,",
        f"which is {number(1e-9 / byte)} GB a second. For {section['workers']} workers the formula says:",
        "",
        *markdown(costs.here(section)),
        "",
        "For a cluster, with its network's numbers, as times the rows a second of one worker:",
        "",
        *markdown(costs.in_a_cluster(section)),
    ]


def of_standin(section: Section) -> list[str]:
    """The stand-in in two sentences; the second needs a TensorFlow."""
    (lent, _), (suite, _), (real, _) = (
        standin.medians(section, title) for title in (standin.LENT, standin.SUITE, standin.REAL)
    )
    first = (
        f"The `EarlyStopping` example of the documentation takes {number(lent)} s with `python -m minifit.standin`, "
        f"{number(standin.ratio(section, standin.LENT))} times"
    )
    lines = [first, "what it takes written for minifit."]
    if real is not None:
        lines += [
            f"A suite of 20 tests that each build, fit, save and load a model ends in {number(suite)} s with",
            f"`pytest --standin`, {number(standin.ratio(section, standin.SUITE))} of its {number(real)} s on "
            f"{section['tensorflow']}.",
        ]
    return [*lines, f"These are whole processes ({record.where(section)})."]


def of_comparison(*sections: Section) -> list[str]:
    """The table of the README, and where its figures come from."""
    by_name = dict(zip(comparison.SECTIONS, sections, strict=True))
    return [*markdown(comparison.table(by_name)), "", comparison.origin(by_name)]


PARTS: dict[str, tuple[tuple[str, ...], Callable[..., list[str]]]] = {
    "comparison": (comparison.SECTIONS, of_comparison),
    "summary": (("steps",), summary),
    "steps": (("steps",), of_steps),
    "models": (("models",), of_models),
    "calls": (("calls",), lambda section: [f"{record.where(section)}.", "", *markdown(calls.table(section))]),
    "growth": (("growth",), lambda section: [f"{record.where(section)}."]),
    "cold": (("cold",), lambda section: [f"{record.where(section)}.", "", *markdown(cold.table(section))]),
    "fits": (("fits",), lambda section: [f"{record.where(section)}.", "", *markdown(fits.table(section))]),
    "hooks": (("hooks",), lambda section: [f"{record.where(section)}.", "", *markdown(hooks.table(section))]),
    "standin": (("standin",), of_standin),
    "threads": (
        ("threads",),
        lambda section: [
            f"{record.where(section)}. Trained is `{section['workload']}`, {section['epochs']} epochs each.",
            "",
            *markdown(threads.table(section)),
        ],
    ),
    "workers": (("workers",), of_workers),
    "costs": (("workers",), of_costs),
}
"""The parts of pages by their names: the sections of the record that each shows, and the function that writes it."""


def parts(file: Path) -> dict[str, list[str]]:
    """The lines of every part."""
    sections = record.read(file)
    return {
        name: write(*map(sections.__getitem__, names)) if sections.keys() >= set(names) else NOTHING
        for name, (names, write) in PARTS.items()
    }
