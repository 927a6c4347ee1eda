"""Trace formats for the tests of ingest alone: small, exact, and able to misbehave."""
