import pytest

from farthing.traces import instant


def test_an_instant_is_exact_to_the_microsecond() -> None:
    assert instant.from_iso("2025-06-18T23:17:59.336Z") == 1_750_288_679_336_000_000
    assert instant.from_iso("2025-06-19T01:17:59.336001+02:00") == 1_750_288_679_336_001_000


def test_a_time_without_a_zone_is_utc() -> None:
    assert instant.from_iso("1970-01-01T00:00:01") == 1_000_000_000


@pytest.mark.parametrize("text", [None, "", "yesterday", "2025-13-40T00:00:00Z", "0"])
def test_what_is_no_time_is_not_known(text: str | None) -> None:
    assert instant.from_iso(text) is None


def test_milliseconds_are_those_of_javascript() -> None:
    assert instant.from_ms(1_750_288_679_336) == 1_750_288_679_336_000_000
    assert instant.from_ms(1.5) == 1_500_000


@pytest.mark.parametrize("milliseconds", [None, float("nan"), float("inf"), 1e300])
def test_absurd_milliseconds_are_not_known(milliseconds: float | None) -> None:
    assert instant.from_ms(milliseconds) is None


@pytest.mark.parametrize(
    "value",
    [
        1_750_288_679.336,
        1_750_288_679_336,
        1_750_288_679_336_000,
        1_750_288_679_336_000_000,
        "2025-06-18T23:17:59.336Z",
    ],
)
def test_a_logs_timestamp_may_be_in_any_unit(value: object) -> None:
    assert instant.from_any(value) == 1_750_288_679_336_000_000


@pytest.mark.parametrize("value", [None, True, "", "soon", 12.5, -1, 1e30, float("nan"), [], {}])
def test_what_is_no_timestamp_is_not_known(value: object) -> None:
    assert instant.from_any(value) is None


def test_an_http_date_is_an_instant() -> None:
    assert instant.from_http("Wed, 18 Jun 2025 23:17:59 GMT") == 1_750_288_679_000_000_000
    assert instant.from_http("18 Jun 2025") is None
    assert instant.from_http(None) is None
