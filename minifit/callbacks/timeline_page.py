"""The page of a trace: one HTML file with its data, which a browser opens without a server or a network."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minifit.callbacks.hook_events import HookEvent
from minifit.callbacks.timeline import Span, by_time, sentence, tree

_TEMPLATE = Path(__file__).with_name("timeline.html")
_PLACEHOLDER = "{{ data }}"


def page(
    events: list[HookEvent], totals: Mapping[tuple[str, str], list[Any]], dropped: Mapping[str, int]
) -> str:
    """Return the page as a string."""
    data = {
        "runs": [_node(run) for run in tree(events)],
        "totals": [[f"{callback}.{hook}", *numbers] for (callback, hook), numbers in by_time(totals)],
        "dropped": sentence(dropped) if dropped else "",
    }
    return _TEMPLATE.read_text(encoding="utf-8").replace(
        _PLACEHOLDER, _within_html(json.dumps(data, allow_nan=False))
    )


def _within_html(text: str) -> str:
    """Return JSON with escapes for the characters that are special in HTML."""
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _node(span: Span) -> dict[str, Any]:
    """Return a span as JSON data, without empty fields."""
    node = {
        "kind": span.kind,
        "name": span.name,
        "begin": round(span.begin, 7),
        "end": round(span.end, 7),
        "inside": [_node(inner) for inner in span.inside],
        "logs": {key: _value(value) for key, value in span.logs.items()},
        "changes": [[change.name, _value(change.before), _value(change.after)] for change in span.changes],
        "error": span.error,
    }
    return {key: value for key, value in node.items() if value not in ([], {}, None)}


def _value(value: Any) -> Any:
    """Return a value that JSON can hold: NaN and infinity become strings."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
