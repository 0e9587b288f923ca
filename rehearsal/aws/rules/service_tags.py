"""The tag pattern IAM and CloudWatch Logs share: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*, which has no `$` in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_PUNCTUATION = set("_.:/=+-@")


def matches_pattern(text: str) -> bool:
    """Python's `re` has no \\p classes, and its \\w and \\s are wider than them."""
    return all(c in _PUNCTUATION or unicodedata.category(c)[0] in "LZN" for c in text)


def bad_value(values: Iterable[str]) -> str | None:
    for value in values:
        if not matches_pattern(value):
            return (
                f"1 validation error detected: Value '{value}' at 'tags' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*"
            )
    return None


def bad_key(keys: Iterable[str]) -> str | None:
    for key in keys:
        if not key or not matches_pattern(key):
            return (
                f"1 validation error detected: Value '{key}' at 'tags' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"
            )
    return None


def too_long(texts: Iterable[str], limit: int) -> str | None:
    for text in texts:
        if len(text) > limit:
            return (
                f"1 validation error detected: Value '{text}' at 'tags' failed to satisfy constraint: "
                f"Member must have length less than or equal to {limit}"
            )
    return None
