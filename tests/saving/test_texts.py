"""JSON out of files."""

import pytest

from minifit.saving.texts import VALUES, parsed


def test_json_is_read() -> None:
    assert parsed(b'{"a": [1, "\xc3\xa4"]}') == parsed('{"a": [1, "ä"]}') == {"a": [1, "ä"]}


@pytest.mark.parametrize("text", ["", "{", "[1,]", "[" * 100_000])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        parsed(text)


@pytest.mark.slow
@pytest.mark.parametrize("value", ["[],", "{},", "1,", '{"a":1},'])
def test_more_values_than_a_model_needs(value: str) -> None:
    text = f"[{value * VALUES}0]"
    with pytest.raises(ValueError, match="values, more than a model needs"):
        parsed(text)
    assert len(parsed("[1,1]" if "{" in value else text, 10 * VALUES)) >= 2
