"""OpenLLMetry's cassettes: each exchange in up to four variants of a test, dated by its header."""

from tests.truth.cassettes import count

__all__ = ["count"]
