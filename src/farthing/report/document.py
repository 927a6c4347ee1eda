"""The profile as one JSON object, and the schema that it promises to follow.

Money is a decimal string, since a JSON number is a float to most who read it; it is written out in
full, because `1E-7` is a number to a program and a riddle to a person.
"""

from decimal import Decimal

import msgspec

from farthing.analysis.profile import SCHEMA, Profile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MONEY = r"^-?\d+(\.\d+)?$"


def encode(profile: Profile) -> str:
    """Return the profile as indented JSON, ended by a line feed."""
    plain = _written_out(msgspec.to_builtins(profile, builtin_types=(Decimal,)))
    return f"{msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()}\n"


def schema() -> str:
    """Return the JSON Schema of `encode`; every field is always there."""
    (root,), parts = msgspec.json.schema_components((Profile,), ref_template="#/$defs/{name}")
    described = {"$schema": _DIALECT, "$id": SCHEMA, **root, "$defs": _told(parts)}
    return f"{msgspec.json.format(msgspec.json.encode(described), indent=2).decode()}\n"


def _written_out(value: object) -> object:
    match value:
        case Decimal():
            return f"{value:f}"
        case dict():
            return {key: _written_out(each) for key, each in value.items()}
        case list() | tuple():
            return [_written_out(each) for each in value]
        case _:
            return value


def _told(node: object) -> object:
    """Return a part of the schema in which money has its pattern and no field may be missing."""
    match node:
        case {"type": "string", "format": "decimal"}:
            return {"type": "string", "pattern": _MONEY, "description": "US dollars, exact"}
        case dict():
            told = {name: _told(each) for name, each in node.items()}
            return {**told, "required": list(node["properties"])} if "properties" in node else told
        case list():
            return [_told(each) for each in node]
        case _:
            return node
