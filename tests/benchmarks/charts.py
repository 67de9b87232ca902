"""The pictures of a record, each for a light and for a dark page.

Shown are dots and lines on logarithmic axes. minifit has a colour of its own; the peers share quiet ones, and what is
measured says so in words, so that nobody needs a legend.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

from tests.benchmarks import record
from tests.benchmarks.implementations import IMPLEMENTATIONS
from tests.benchmarks.record import Section
from tests.benchmarks.text import number
from tests.benchmarks.workloads import Workload


class Theme(NamedTuple):
    """The colours of a picture; its background is that of the page."""

    ending: str
    page: str
    ink: str
    quiet: str
    line: str
    ours: str
    peers: tuple[str, ...]


LIGHT = Theme(
    ending="",
    page="#ffffff",
    ink="#1f2328",
    quiet="#59636e",
    line="#d1d9e0",
    ours="#d1242f",
    peers=("#0969da", "#1a7f37", "#9a6700", "#8250df", "#57606a"),
)
DARK = Theme(
    ending="-dark",
    page="#0d1117",
    ink="#e6edf3",
    quiet="#9198a1",
    line="#3d444d",
    ours="#ff7b72",
    peers=("#58a6ff", "#3fb950", "#d29922", "#bc8cff", "#8b949e"),
)
THEMES = (LIGHT, DARK)


def draw(file: Path) -> list[Path]:
    """Draw what a record has pictures of, into the folder ``pictures`` beside it; returns their paths."""
    sections, made = record.read(file), []
    pictures = (
        ("benchmarks", "steps", comparison),
        ("models", "models", comparison),
        ("growth", "growth", growth),
    )
    for name, section, picture in pictures:
        if section in sections:
            for theme in THEMES:
                made.append(file.parent / "pictures" / f"{name}{theme.ending}.svg")
                made[-1].parent.mkdir(exist_ok=True)
                save(picture, sections[section], theme, made[-1])
    return made


def save(picture: Callable[[Section, Theme], Any], section: Section, theme: Theme, file: Path) -> None:
    """Draw one picture; the same record gives the same file."""
    with _style(theme):
        figure = picture(section, theme)
        metadata = {"Date": None} if file.suffix == ".svg" else None
        figure.savefig(file, metadata=metadata, facecolor="none" if file.suffix == ".svg" else theme.page)


@contextmanager
def _style(theme: Theme) -> Iterator[None]:
    import matplotlib

    matplotlib.use("agg")
    settings: Any = {
        "font.size": 9.0,
        "svg.hashsalt": "minifit",
        "text.color": theme.ink,
        "axes.labelcolor": theme.quiet,
        "axes.facecolor": "none",
        "axes.edgecolor": theme.line,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10.0,
        "axes.titlelocation": "left",
        "xtick.color": theme.quiet,
        "ytick.color": theme.quiet,
        "xtick.minor.size": 0.0,
        "ytick.minor.size": 0.0,
        "grid.color": theme.line,
        "grid.linewidth": 0.6,
    }
    with matplotlib.rc_context(settings):
        yield


# -- the comparison ----------------------------------------------------------------------------------------


def comparison(section: Section, theme: Theme) -> Any:
    """A panel for each workload, a row for each implementation, a dot where its time of a step is."""
    from matplotlib.figure import Figure

    found = record.medians(section)
    rows = [name for name in section["versions"] if name != "bare"]
    columns = min(3, len(found))
    lines = -(-len(found) // columns)
    figure = Figure(figsize=(10.0, 1.0 + lines * (0.75 + 0.2 * len(rows))), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for panel in panels.flat[len(found) :]:
        panel.set_visible(False)
    for panel, (name, times) in zip(panels.flat, found.items(), strict=False):
        _panel(panel, name, _shape(section["workloads"][name]), times, rows, theme)
    figure.suptitle(
        "Microseconds a training step takes. Further left is faster; the scale is logarithmic.",
        x=0.01,
        ha="left",
        fontsize=11,
    )
    at = section["made"]
    figure.supxlabel(
        f"float32, shuffled; {at['processor']}, {at['cores']} cores, {at['date']}",
        fontsize=8,
        color=theme.quiet,
    )
    return figure


def _shape(work: Any) -> str:
    """The sizes of a workload as a record has it: in words, or as fields."""
    if isinstance(work, str):
        return work
    samples, sizes, batch, loss = work
    return Workload(samples, tuple(sizes), batch, loss).shape


def _in_lines(shape: str) -> str:
    """The sizes in lines that fit above a panel."""
    return "\n".join(wrap(shape, 32, break_on_hyphens=False))


def _panel(panel: Any, name: str, shape: str, times: dict[str, float], rows: list[str], theme: Theme) -> None:
    limit = times.get("bare") if name in record.LIMITED else None
    least = min(filter(None, [*times.values(), limit]))
    panel.set_xscale("log")
    panel.set_xlim(least * 1e6 / 1.6, max(times.values()) * 1e6 * 6)
    for at, row in enumerate(rows):
        if row not in times:
            continue
        ours, value = row == "minifit", times[row] * 1e6
        colour = theme.ours if ours else theme.quiet
        panel.plot(
            [panel.get_xlim()[0], value],
            [at, at],
            color=colour if ours else theme.line,
            linewidth=1.4,
            zorder=1,
        )
        panel.plot(value, at, "o", color=colour, markersize=6 if ours else 5, zorder=2)
        panel.annotate(
            number(value),
            (value, at),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=theme.ours if ours else theme.ink,
            fontweight="bold" if ours else "normal",
            fontsize=8.5,
        )
    if limit is not None:
        panel.axvline(limit * 1e6, color=theme.quiet, linewidth=1, linestyle=":", zorder=0)
        panel.annotate(
            "bare products",
            (limit * 1e6, -0.75),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=7.5,
            color=theme.quiet,
            va="center",
        )
    panel.set_title(f"$\\bf{{{name}}}$\n{_in_lines(shape)}", linespacing=1.4)
    _in_words(panel.xaxis)
    panel.set_yticks(range(len(rows)), [IMPLEMENTATIONS[row].title for row in rows])
    panel.set_ylim(len(rows) - 0.5, -1.1)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    if not panel.get_subplotspec().is_first_col():
        return
    for label, row in zip(panel.get_yticklabels(), rows, strict=True):
        label.set_color(theme.ours if row == "minifit" else theme.ink)
        label.set_fontweight("bold" if row == "minifit" else "normal")


def _in_words(axis: Any) -> None:
    """Ticks at the powers of ten, with their units."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    def name(value: float, _: int) -> str:
        for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
            if value >= size:
                return f"{value / size:g} {unit}"
        return f"{value:g} µs"

    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(name))


# -- growth ------------------------------------------------------------------------------------------------

GROWTH = {
    "samples": ("Time of an epoch against samples", "samples (2-16-1, batch 32)", "seconds"),
    "memory": ("Memory against rows of streamed data", "rows of 64 numbers", "megabytes"),
    "depth": ("Time of a step against depth", "layers of 64 units, batch 32", "microseconds"),
    "width": ("Time of a step against width", "units w of 64-w-w-10, batch 32", "microseconds"),
}


def growth(section: Section, theme: Theme) -> Any:
    """Four panels; each line is named at its end."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 7.4), layout="constrained")
    panels = figure.subplots(2, 2).flat
    ends = [_lines(panel, what, section, theme) for panel, what in zip(panels, GROWTH, strict=True)]
    at = section["made"]
    figure.supxlabel(
        f"float32, SGD, shuffled; {at['processor']}, {at['cores']} cores, {at['date']}",
        fontsize=8,
        color=theme.quiet,
    )
    figure.draw_without_rendering()  # only now it is known where everything is
    for panel, names in zip(figure.axes, ends, strict=True):
        _name(panel, names, theme)
    return figure


End = tuple[float, float, str, str]
"""Where a line ends, its name and its colour."""


def _lines(panel: Any, what: str, section: Section, theme: Theme) -> list[End]:
    """Draw a line for each implementation, or for each source of data."""
    title, below, beside = GROWTH[what]
    panel.set(title=title, xlabel=below, ylabel=beside)
    panel.grid()
    panel.set_axisbelow(True)
    panel.set_xscale("log", base=2 if what in ("depth", "width") else 10)
    ends = []
    peers = [name for name in section["versions"] if name != "minifit"]
    for at, (name, pairs) in enumerate(line for line in section[what].items() if line[1]):
        sizes = [size for size, _ in pairs]
        values = [value * _factor(what, size) for size, value in pairs]
        ours = name == "minifit" or what == "memory"
        colour = theme.ours if ours else theme.peers[peers.index(name) % len(theme.peers)]
        style = ("-", "--", ":")[at % 3] if what == "memory" else "-"
        panel.plot(
            sizes,
            values,
            style,
            marker="o",
            markersize=4,
            color=colour,
            linewidth=2.2 if ours else 1.3,
            zorder=2 + ours,
        )
        ends.append(
            (sizes[-1], values[-1], name if what == "memory" else IMPLEMENTATIONS[name].title, colour)
        )
    if what != "memory":
        panel.set_yscale("log")
        panel.set_ylim(top=panel.get_ylim()[1] * 2)  # room for names that are moved up
    elif ends:
        panel.set_ylim(0, max(value for _, value, _, _ in ends) * 1.6)
    if ends:
        sizes = sorted({size for pairs in section[what].values() for size, _ in pairs})
        panel.set_xticks(sizes, [_short(size) for size in sizes])
        panel.minorticks_off()
        left, right = panel.get_xlim()
        panel.set_xlim(left, right * (right / left) ** 0.45)  # room for the names
    return ends


def _factor(what: str, size: int) -> float:
    """From seconds a step to what the panel shows."""
    return {"samples": -(-size // 32), "memory": 1}.get(what, 1e6)


def _short(size: int) -> str:
    """As 1,024, 10 k and 1 M."""
    for unit, of in (("M", 1_000_000), ("k", 1_000)):
        if size % of == 0:
            return f"{size // of} {unit}"
    return f"{size:,}"


def _name(panel: Any, ends: list[End], theme: Theme) -> None:
    """Write the names of lines behind their ends, moved up where they would cover one another."""
    from matplotlib.patheffects import withStroke

    points = 72 / panel.figure.dpi
    taken: dict[float, float] = {}
    for x, y, title, colour in sorted(ends, key=lambda end: end[1]):
        place = panel.transData.transform((x, y))[1] * points
        at = taken[x] = max(place, taken.get(x, place - 11) + 11)
        panel.annotate(
            title,
            (x, y),
            xytext=(8, at - place),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colour,
            zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground=theme.page)],
        )
