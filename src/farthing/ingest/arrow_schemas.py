"""Arrow schemas from row types, so that a table's columns are written down once. Imports pyarrow."""

from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
from msgspec import Struct


def schema_of(kind: type[Struct]) -> pa.Schema:
    """Return the columns of a row type; integers are 64 bits wide, enumerations are text."""
    return pa.schema([pa.field(name, _arrow(hint)) for name, hint in get_type_hints(kind).items()])


def _arrow(hint: Any) -> pa.DataType:  # type: ignore[explicit-any] # a type annotation, which has no type
    if get_origin(hint) in (UnionType, Union):
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    if get_origin(hint) is tuple:
        return pa.list_(_arrow(get_args(hint)[0]))
    if issubclass(hint, Struct):
        return pa.struct([(name, _arrow(inner)) for name, inner in get_type_hints(hint).items()])
    if issubclass(hint, StrEnum):
        return pa.string()
    return {int: pa.int64(), str: pa.string(), bool: pa.bool_(), bytes: pa.binary(16)}[hint]
