"""pydantic-ai's cassettes: nearly all bodies are parsed, and nothing but OpenAI's `created` dates a call."""

from tests.truth.cassettes import count

__all__ = ["count"]
