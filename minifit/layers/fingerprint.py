"""The hash by which TensorFlow distributes unknown words: FarmHash's 64-bit fingerprint of bytes.

It multiplies, rotates and mixes 64-bit words modulo 2 ** 64. Texts of up to 16, 32 and 64 bytes have separate short
formulas; longer ones are folded 64 bytes at a time into a state of seven numbers.

References: FarmHash by G. Pike (https://github.com/google/farmhash), ``farmhashna::Hash64``;
``tf.strings.to_hash_bucket_fast``.
"""

K0, K1, K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
"""Large primes between 2 ** 63 and 2 ** 64."""

ALL = 2**64 - 1
"""The bits of a word; ``& ALL`` is the remainder modulo 2 ** 64."""


def fingerprint(text: bytes) -> int:
    """Return the hash of a text: a number below 2 ** 64, the same on every machine."""
    size = len(text)
    if size <= 16:
        return _up_to_16(text)
    if size <= 32:
        return _up_to_32(text)
    return _up_to_64(text) if size <= 64 else _longer(text)


def _word(text: bytes, at: int, size: int = 8) -> int:
    """Return `size` bytes as a number; a negative offset counts from the end."""
    at = at + len(text) if at < 0 else at
    return int.from_bytes(text[at : at + size], "little")


def _turn(word: int, by: int) -> int:
    """Return a word rotated to the right."""
    word &= ALL
    return (word >> by | word << (64 - by)) & ALL


def _shift(word: int) -> int:
    word &= ALL
    return word ^ word >> 47


def _mix(u: int, v: int, factor: int) -> int:
    """Return two words mixed into one."""
    u, v = u & ALL, v & ALL
    return _shift((v ^ _shift((u ^ v) * factor)) * factor) * factor & ALL


def _up_to_16(text: bytes) -> int:
    size = len(text)
    factor = K2 + size * 2
    if size >= 8:
        a, b = _word(text, 0) + K2, _word(text, -8)
        return _mix(_turn(b, 37) * factor + a, (_turn(a, 25) + b) * factor, factor)
    if size >= 4:
        return _mix(size + (_word(text, 0, 4) << 3), _word(text, -4, 4), factor)
    if size:
        y, z = text[0] + (text[size >> 1] << 8), size + (text[-1] << 2)
        return _shift((y * K2 ^ z * K0) & ALL) * K2 & ALL
    return K2


def _parts(text: bytes, first: int) -> tuple[int, int, int, int, int]:
    """Return two words from the beginning and two from the end, multiplied, and the factor."""
    factor = K2 + len(text) * 2
    return _word(text, 0) * first, _word(text, 8), _word(text, -8) * factor, _word(text, -16) * K2, factor


def _up_to_32(text: bytes) -> int:
    a, b, c, d, factor = _parts(text, K1)
    return _mix(_turn(a + b, 43) + _turn(c, 30) + d, a + _turn(b + K2, 18) + c, factor)


def _up_to_64(text: bytes) -> int:
    a, b, c, d, factor = _parts(text, K2)
    y = _turn(a + b, 43) + _turn(c, 30) + d
    z = _mix(y, a + _turn(b + K2, 18) + c, factor)
    e, f = _word(text, 16) * factor, _word(text, 24)
    g, h = (y + _word(text, -32)) * factor, (z + _word(text, -24)) * factor
    return _mix(_turn(e + f, 43) + _turn(g, 30) + h, e + _turn(f + a, 18) + g, factor)


def _fold(text: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    """Mix 32 bytes into two words and return them."""
    w, x, y, z = (_word(text, at + i) for i in (0, 8, 16, 24))
    c = a + w
    a = c + x + y
    return a + z, _turn(b + c + z, 21) + _turn(a, 44) + c


State = tuple[int, int, int, tuple[int, int], tuple[int, int]]


def _round(text: bytes, at: int, state: State, factor: int, weight: int = 1) -> State:
    """Mix 64 bytes into the state and return it."""
    x, y, z, v, w = state
    x = _turn(x + y + v[0] + _word(text, at + 8), 37) * factor
    y = _turn(y + v[1] + _word(text, at + 48), 42) * factor
    x = (x ^ w[1] * weight) & ALL
    y = y + v[0] * weight + _word(text, at + 40)
    z = _turn(z + w[0], 33) * factor
    v = _fold(text, at, v[1] * factor, x + w[0])
    w = _fold(text, at + 32, z + w[1], y + _word(text, at + 16))
    return z & ALL, y & ALL, x, (v[0] & ALL, v[1] & ALL), (w[0] & ALL, w[1] & ALL)


def _longer(text: bytes) -> int:
    rest = (len(text) - 1) % 64
    y = 81 * K1 + 113
    state: State = 81 * K2 + _word(text, 0), y, _shift(y * K2 + 113) * K2, (0, 0), (0, 0)
    for at in range(0, len(text) - 1 - rest, 64):
        state = _round(text, at, state, K1)
    x, y, z, v, w = state
    factor = K1 + ((z & 0xFF) << 1)
    v0 = v[0] + w[0] + rest
    state = x, y, z, (v0, v[1]), (w[0] + rest + v0, w[1])
    x, y, z, v, w = _round(text, len(text) - 64, state, factor, 9)
    return _mix(_mix(v[0], w[0], factor) + _shift(y) * K0 + z, _mix(v[1], w[1], factor) + x, factor)
