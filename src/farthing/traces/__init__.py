"""One module per trace format: each defines a `FORMAT` (see `source.py`) and knows no other.

A new format is one file here, its test and a line in `docs/formats.md`: ingest finds every
module of this folder that has a `FORMAT`.
"""
