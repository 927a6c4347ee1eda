"""Bodies and streams of many providers, without their requests: a body a file, or one event a line.

The folder says whose format it is, and so does the first record. Errors, embeddings, rankings, pictures,
speech and skills are no model calls. Bedrock's Converse names no model, so it has no price. Lines that are
no JSON (two of them, in one file) tell nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.truth import Call, Totals, total
from tests.truth.files import files
from tests.truth.replies import Reply, anthropic, chat, converse, gemini, interactions, responses

SELLERS = {
    "amazon-bedrock": "aws",
    "anthropic": "anthropic",
    "google": "google",
    "mistral": "mistral",
    "openai": "openai",
    "openai-compatible": "x-ai",
}
OTHER_WORK = {"reranking", "skills", "speech-translation", "embedding", "image", "transcription"}


def count(folder: Path) -> Totals:
    """Return the totals of every body and stream below a folder; what has an id counts once."""
    found: dict[object, Call] = {}
    for path in [*files(folder, "*.json"), *files(folder, "*.chunks.txt")]:
        for reply in _replies(path):
            found.setdefault(reply.key or len(found), Call(charges=reply.charges, at=reply.at))
    return total(found.values(), sessions=None)


def _replies(path: Path) -> list[Reply]:
    seller = SELLERS.get(path.parts[path.parts.index("packages") + 1])
    records = list(_records(path))
    if seller is None or OTHER_WORK & set(path.parts) or any(record.get("error") for record in records):
        return []
    return _read(records, seller)


def _read(records: list[Any], seller: str) -> list[Reply]:
    if seller == "anthropic":
        return anthropic(records, seller)
    if seller == "aws":
        return converse(records, "", seller)
    if seller == "google":
        return _google(records, seller)
    return responses(records, seller) + chat(records, seller)


def _google(records: list[Any], seller: str) -> list[Reply]:
    found = interactions(records, seller)
    answered = any("candidates" in record for record in records)
    return found or (gemini(records, "", seller) if answered else [])


def _records(path: Path) -> Iterator[Any]:
    text = path.read_text(encoding="utf-8")
    for line in [text] if path.suffix == ".json" else text.split("\n"):
        try:
            yield json.loads(line)
        except ValueError:
            continue
