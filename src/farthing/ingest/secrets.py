"""Finds what must not be shown in an excerpt: credentials, and the addresses of people.

Rules are of three kinds: forms that providers gave their keys so that they can be found, names that
announce a secret (`password=`), and strings too random to be words. When in doubt a thing is hidden:
an excerpt is there to recognise a text, not to read it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

_SECRET = "[secret]"  # noqa: S105 - it stands in place of one
_ADDRESS = "[e-mail]"


class Hidden(NamedTuple):
    """A place in a text, and what is shown instead."""

    start: int
    end: int
    shown: str


# The group `secret` is what is hidden; without one it is the whole match.
_RULES = [
    re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY.*?(?:-----END [A-Z0-9 ]*-----|\Z)", re.DOTALL),
    re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@]*:(?P<secret>[^\s/@]+)@", re.IGNORECASE),
    re.compile(r"\b(?:Bearer|Basic|Token)\s+(?P<secret>[\w.~+/=-]{8,})", re.IGNORECASE),
    # name = value, name: value, "name": "value", and the same inside a JSON string; counts are no secrets
    re.compile(
        r"(?:pass(?:word|wd|phrase)|secret|token|credentials?|(?:api|access|private)[_-]?key|authorization)"
        r"[\\\"']{0,4}\s*[:=]\s*[\\\"']{0,4}(?!\d+\b)(?P<secret>[^\s\\\"',;&}]{4,})",
        re.IGNORECASE,
    ),
    re.compile(
        # Anthropic, OpenAI, OpenRouter, Stripe; AWS; GitHub, GitLab; Slack, Google; Hugging Face, npm,
        # PyPI, SendGrid; JSON web tokens
        r"\b(?:sk|pk|rk)[-_](?:ant-|proj-|live_|test_|or-v1-|svcacct-)?[\w-]{16,}"
        r"|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"
        r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
        r"|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}"
        r"|\bhf_\w{20,}|\bnpm_\w{20,}|\bpypi-[\w-]{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
        r"|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"
    ),
]
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{32,}")
_WORD = re.compile(r"[a-z]{7}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BITS_PER_CHARACTER = 4.0


def hidden(text: str) -> list[Hidden]:
    """Return the places to hide, in order and disjoint."""
    found: list[Hidden] = []
    for place in sorted(_found(text)):
        if found and place.start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, place.end))
        else:
            found.append(place)
    return found


def masked(text: str) -> str:
    """Return the text without its secrets."""
    parts = []
    done = 0
    for place in hidden(text):
        parts += [text[done : place.start], place.shown]
        done = place.end
    return "".join([*parts, text[done:]])


def _found(text: str) -> Iterator[Hidden]:
    for rule in _RULES:
        group = "secret" if "secret" in rule.groupindex else 0
        yield from (Hidden(*match.span(group), _SECRET) for match in rule.finditer(text))
    yield from (Hidden(*match.span(), _ADDRESS) for match in _EMAIL.finditer(text))
    yield from (Hidden(*match.span(), _SECRET) for match in _RANDOM.finditer(text) if _is_random(match[0]))


def _is_random(text: str) -> bool:
    """Tell whether a long string without blanks is more likely drawn than written."""
    if _UUID.fullmatch(text):
        return False  # names things, opens none; and a changing one is what breaks a cache
    if _HEXADECIMAL.fullmatch(text):
        return len(set(text)) > 8
    mixed = re.search("[a-z]", text) and re.search("[A-Z]", text) and re.search("[0-9]", text)
    return bool(mixed) and not _WORD.search(text) and _entropy(text) >= _BITS_PER_CHARACTER


def _entropy(text: str) -> float:
    """Return the bits per character, by how often each occurs."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
