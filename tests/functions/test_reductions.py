"""These functions give the results that TensorFlow recorded."""

from tests.functions.playing import each, play


@each("reductions")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("reductions", expression)
