"""VCR cassettes: YAML files of recorded exchanges, bodies as text, as gzip bytes, or parsed by their
recorder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.truth import Totals, total
from tests.truth.exchanges import Exchange, calls
from tests.truth.files import files

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def count(folder: Path) -> Totals:
    """Return the totals of every cassette below a folder, copies of an exchange counted once."""
    return total(calls(exchanges(folder)), sessions=None)


def exchanges(folder: Path) -> Iterator[Exchange]:
    """Yield the recorded exchanges below a folder."""
    for path in files(folder, "*.yaml"):
        for interaction in yaml.load(path.read_text(encoding="utf-8"), LOADER)["interactions"]:
            yield _exchange(interaction)


def _exchange(interaction: Any) -> Exchange:
    request, response = interaction["request"], interaction["response"]
    headers = {
        name.lower(): values[0] if isinstance(values, list) else values
        for name, values in response["headers"].items()
    }
    return Exchange(
        method=request["method"],
        url=request["uri"],
        request=_request(request),
        status=response["status"]["code"],
        headers=headers,
        body=_body(response),
    )


def _request(request: Any) -> Any:
    if "parsed_body" in request:
        return request["parsed_body"]
    body = request["body"] or "null"
    return json.loads(body) if body.startswith(("{", "[")) else body


def _body(response: Any) -> Any:
    if "parsed_body" in response:
        return response["parsed_body"]
    body = response["body"]["string"]
    return body.encode() if isinstance(body, str) else body
