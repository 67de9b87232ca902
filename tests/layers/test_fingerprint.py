"""The fingerprint of bytes of any length is that of TensorFlow."""

import pytest

from minifit.layers.fingerprint import fingerprint

# Lengths and what tf.strings.to_hash_bucket_fast(text, 2 ** 62) returns in TensorFlow 2.7 for that many of the bytes
# 0, 7, 14, ... modulo 256: every formula, at both ends of its range.
HASHES = {
    0: 1936946117179621455,
    1: 4494688008148699988,
    3: 3225035365289182248,
    4: 365121004050576997,
    7: 1123016345076934235,
    8: 2037891737372276647,
    16: 4301628150755241371,
    17: 2691913911681613940,
    32: 764915578794662492,
    33: 4270527518038761543,
    64: 2325104078259550602,
    65: 1750252573709625707,
    127: 2773666245838015522,
    128: 2861393397590574203,
    129: 3220739459477131867,
    192: 970035795705096560,
    193: 2657013290278987538,
    1000: 1529728316342999935,
}


@pytest.mark.parametrize("size, expected", HASHES.items())
def test_a_text_of_this_length(size: int, expected: int) -> None:
    assert fingerprint(bytes(i * 7 % 256 for i in range(size))) % 2**62 == expected


def test_it_is_a_number_of_64_bits() -> None:
    numbers = [fingerprint(str(i).encode()) for i in range(200)]
    assert len(set(numbers)) == 200
    assert all(0 <= n < 2**64 for n in numbers)
    assert any(n >= 2**62 for n in numbers)
