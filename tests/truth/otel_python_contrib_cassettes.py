"""The cassettes of OpenTelemetry's Python contributions: OpenAI, Vertex, Bedrock in all its verbs."""

from tests.truth.cassettes import count

__all__ = ["count"]
