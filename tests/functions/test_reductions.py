"""What TensorFlow recorded of these functions."""

from tests.functions.playing import each, play


@each("reductions")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("reductions", expression)
