"""The profile as one JSON object, and the schema that it promises to follow."""

import msgspec

from farthing.analysis.profile import SCHEMA, Profile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def encode(profile: Profile) -> str:
    """Return the profile as indented JSON, ended by a line feed."""
    return _indented(msgspec.json.encode(profile))


def schema() -> str:
    """Return the JSON Schema of what `encode` returns, in which every field is always there."""
    (root,), parts = msgspec.json.schema_components((Profile,), ref_template="#/$defs/{name}")
    described = {"$schema": _DIALECT, "$id": SCHEMA, **root, "$defs": _complete(parts)}
    return _indented(msgspec.json.encode(described))


def _complete(node: object) -> object:
    """Return a part of a schema in which no field may be missing: defaults are written out too."""
    match node:
        case dict():
            told = {name: _complete(each) for name, each in node.items()}
            return {**told, "required": list(node["properties"])} if "properties" in node else told
        case list():
            return [_complete(each) for each in node]
        case _:
            return node


def _indented(content: bytes) -> str:
    return f"{msgspec.json.format(content, indent=2).decode()}\n"
