"""Mutations: hostile bytes made of valid ones, the same for the same seed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Final

__all__ = ["mutated"]

LONGEST: Final = 300_000

# Tokens of JSON; whatever is between them stays as it is.
_TOKEN: Final = re.compile(
    rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[{}\[\],:]|[^"{}\[\],:]+|"'
)
_PUNCTUATION: Final = frozenset(b"{}[],:")

# What has broken parsers before: numbers, texts, nesting, and the edges of what is allowed.
_WORDS: Final = (
    b"null true false 0 -0 -1 1 1.5 0.0 1e5 1E400 -1e-400 1e1000000 NaN Infinity -Infinity 00 +1 0x10 .5 5. "
    b"255 256 2147483647 2147483648 9223372036854775807 9223372036854775808 -9223372036854775808 "
    b"99999999999999999999 100000000000000000000 [] {} [[]] [{}] [null]"
)
VALUES: Final = (
    *_WORDS.split(b" "),
    b"9" * 400,
    b"9" * 5_000,
    b"1" + b"0" * 40 + b".5",
    b'""',
    b'" "',
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\\udfff\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\xd9\xa1\xd9\xa2"',
    b'"\xef\xbc\x91"',
    b'"1e1000000"',
    b'"1E-400"',
    b'"NaN"',
    b'"Infinity"',
    b'"-0"',
    b'"-0.00"',
    b'"1.005"',
    b'"9223372036854775808"',
    b'"' + b"9" * 400 + b'"',
    b'"EUR"',
    b'"JPY"',
    b'"eur"',
    b'"XXX"',
    b'"../../x"',
    b'"a/b?c#d%2f"',
    b'"a\\r\\nb"',
    b'"\\u202e\\u2028"',
    b'"' + b"a" * 256 + b'"',
    b'"' + b"a" * 4_001 + b'"',
    b'"2026-11-01T12:00:00Z"',
    b'"0001-01-01T00:00:00+14:00"',
    b'"9999-12-31T23:59:59-14:00"',
    b'"2026-02-31T24:60:60Z"',
    b'"succeeded"',
    b'"lost"',
    b"[" * 17 + b"]" * 17,
    b"[" * 40 + b"]" * 40,
    b'{"a":' * 20 + b"1" + b"}" * 20,
    b"[" * 2_000,
    b'{"a":1,"a":2}',
    b"[1,",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\x00",
)


def mutated(random: Random, seeds: tuple[bytes, ...]) -> bytes:
    """Return a seed after one to five mutations; once in a hundred times, noise."""
    if random.random() < 0.01:
        return random.randbytes(random.randrange(64))
    made = random.choice(seeds)
    for _ in range(random.choice((1, 1, 1, 1, 2, 2, 4))):
        made = random.choice(_WAYS)(random, made, seeds)
    return made[:LONGEST]


Way = Callable[[Random, bytes, tuple[bytes, ...]], bytes]


@cache
def _tokens(text: bytes) -> tuple[bytes, ...]:
    return tuple(_TOKEN.findall(text))


def _taken_apart(text: bytes) -> list[bytes]:
    # Only seeds come again and again; what was mutated once is cut anew.
    return list(
        _tokens(text) if len(text) < 20_000 and _tokens.cache_info().currsize < 512 else _TOKEN.findall(text)
    )


def _place_of_value(random: Random, tokens: list[bytes]) -> int:
    for _ in range(8):
        place = random.randrange(len(tokens))
        if tokens[place][0] not in _PUNCTUATION:
            return place
    return random.randrange(len(tokens))


def _other_value(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    tokens = _taken_apart(text) or [b""]
    tokens[_place_of_value(random, tokens) if text else 0] = random.choice(VALUES)
    return b"".join(tokens)


def _moved_token(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    """Let one token stand where another one stood: keys become values, values keys."""
    tokens = _taken_apart(text)
    if tokens:
        tokens[random.randrange(len(tokens))] = random.choice(tokens)
    return b"".join(tokens)


def _other_of_its_kind(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    """Put a number for a number and a text for a text, so that more of it is valid all the same."""
    tokens = _taken_apart(text)
    if not tokens:
        return text
    place = _place_of_value(random, tokens)
    others = [
        other for other in (*_tokens(random.choice(seeds)), *VALUES) if _kind(other) == _kind(tokens[place])
    ]
    tokens[place] = random.choice(others or [b"0"])
    return b"".join(tokens)


def _kind(token: bytes) -> int:
    first = token[0]
    return ord("0") if first in b"-0123456789" else first


def _grafted(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    """Put all of a seed in the place of one value."""
    tokens = _taken_apart(text) or [b""]
    tokens[_place_of_value(random, tokens) if text else 0] = random.choice(seeds)
    return b"".join(tokens)


def _doubled(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    tokens = _taken_apart(text)
    begin = random.randrange(len(tokens) + 1)
    end = min(len(tokens), begin + random.randrange(1, 12))
    return b"".join(tokens[:end] + tokens[begin:])


def _left_out(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    tokens = _taken_apart(text)
    begin = random.randrange(len(tokens) + 1)
    return b"".join(tokens[:begin] + tokens[begin + random.choice((1, 2, 4, 8)) :])


def _nested(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    depth = random.choice((1, 5, 15, 16, 17, 31, 32, 33, 300))
    tokens = _taken_apart(text) or [b""]
    place = _place_of_value(random, tokens) if text else 0
    tokens[place] = b"[" * depth + tokens[place] + b"]" * depth
    return b"".join(tokens)


def _other_byte(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    place = random.randrange(len(text) + 1)
    return text[:place] + bytes([random.randrange(256)]) + text[place + 1 :]


def _inserted(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(VALUES).strip(b'"') + text[place:]


def _cut(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    begin = random.randrange(len(text) + 1)
    return text[:begin] + text[random.randrange(begin, len(text) + 1) :]


def _spliced(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    other = random.choice(seeds)
    return text[: random.randrange(len(text) + 1)] + other[random.randrange(len(other) + 1) :]


def _repeated(random: Random, text: bytes, seeds: tuple[bytes, ...]) -> bytes:
    place = random.randrange(len(text) + 1)
    part = text[place : place + random.randrange(1, 20)]
    return text[:place] + part * random.choice((2, 3, 50, 500)) + text[place:]


_WAYS: Final[tuple[Way, ...]] = (
    _other_of_its_kind,
    _other_of_its_kind,
    _other_of_its_kind,
    _other_value,
    _other_value,
    _other_value,
    _moved_token,
    _grafted,
    _doubled,
    _left_out,
    _nested,
    _other_byte,
    _inserted,
    _cut,
    _spliced,
    _repeated,
)
