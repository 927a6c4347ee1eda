"""What must not be shown is not, and what may be is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.ingest.secrets import hidden, masked

# Put together at run time, so that no scanner of repositories takes them for real ones.
ANTHROPIC = "sk-" + "ant-api03-" + "Zx9" * 12
AWS = "AK" + "IA" + "IOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
GITHUB = "gh" + "p_" + "a1B2" * 9
SLACK = "xox" + "b-1234567890-abcdefghij"
GOOGLE = "AI" + "za" + "SyD4" * 9
TOKEN = "ey" + "JhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0" + ".dozjgNryP4J3jVmN"
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key {ANTHROPIC} here", "key [secret] here"),
        (f"AWS {AWS}, {AWS_SECRET}.", "AWS [secret], [secret]."),
        (f"{GITHUB} {SLACK} {GOOGLE}", "[secret] [secret] [secret]"),
        (f"jwt={TOKEN};", "jwt=[secret];"),
        (f"a\n{KEY}\nb", "a\n[secret]\nb"),
        (KEY[:60], "[secret]"),
        ("Authorization: Bearer abcdef123456.x", "Authorization: [secret] [secret]"),
        ("curl -H 'x: Basic dXNlcjpwYXNz'", "curl -H 'x: Basic [secret]'"),
        ("postgres://app:hunter2@db/prod", "postgres://app:[secret]@db/prod"),
        ("https://:hunter2@host/", "https://:[secret]@host/"),
        ("DB_PASSWORD=hunter2 next", "DB_PASSWORD=[secret] next"),
        ('{"api_key": "abc123", "n": 1}', '{"api_key": "[secret]", "n": 1}'),
        ('{\\"client_secret\\": \\"abc123\\"}', '{\\"client_secret\\": \\"[secret]\\"}'),
        ("write to zoe.b+x@example.co.uk today", "write to [e-mail] today"),
        ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c", "[secret]"),
        ("Qm9vVGhpc0lzUmFuZG9tMTIzNDU2Nzg5MFhZWg==", "[secret]"),
    ],
)
def test_secrets_are_hidden(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "The deployment failed at 2026-10-05T08:00:00Z in step 17.",
        '"max_tokens": 8192, "output_tokens": 120000',
        "/usr/local/lib/python3.11/site-packages/farthing/ingest/secrets.py",
        "session 7acd37a8-2745-4b58-a8a9-46164b22ad9e continued",
        "author: Zoe Bloggs, tokenizer: o200k",
        "------------------------------------------------------------",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "TheQuickBrownFoxJumpsOverTheLazyDogInEveryTest",
        "git@github.com without a dot-name@host",
    ],
)
def test_ordinary_text_is_shown(text: str) -> None:
    assert masked(text) == text.replace("git@github.com", "[e-mail]")


@given(st.text(alphabet=st.sampled_from("ab:/@=\"' \npassword=sk-A1.{}"), max_size=200))
def test_places_are_in_order_and_disjoint(text: str) -> None:
    places = hidden(text)
    borders = [border for place in places for border in (place.start, place.end)]
    assert borders == sorted(borders)
    assert all(0 <= place.start < place.end <= len(text) for place in places)


def test_a_long_text_is_looked_through_in_linear_time() -> None:
    assert masked("a@" * 30_000 + "://" * 10_000 + "-----BEGIN PRIVATE KEY" * 300).endswith("[secret]")
