"""What a form says is looked for: read in the time zone of who asks, and told back where it cannot be."""

from __future__ import annotations

import pytest

from server.console.moments import Moments
from server.console.wanted import PERIODS, wanted
from server.metadata.outcome import AttemptCause
from server.metadata.words import Browser, Sdk

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z
BERLIN = Moments("Europe/Berlin", NOW)


def test_without_a_word_it_is_the_last_day() -> None:
    found = wanted({}, BERLIN, ())
    assert (found.query.since, found.query.until, found.problems) == (NOW - 86_400, None, ())
    assert found.in_words == "the last 24 hours"


def test_everything_that_can_be_asked() -> None:
    query = {
        "room": " garden ",
        "identity": "ada",
        "code": "abcd efgh",
        "site": "attic",
        "from": "2023-11-14T10:00",
        "to": "2023-11-14T12:00",
        "outcome": "never_ready",
        "client": "python",
        "failed": "1",
    }
    found = wanted(query, BERLIN, ("attic", "cellar"))
    assert found.problems == ()
    assert (found.query.room, found.query.identity, found.query.code, found.query.site) == (
        "garden",
        "ada",
        "ABCD-EFGH",
        "attic",
    )
    assert (found.query.since, found.query.until) == (1_699_952_400.0, 1_699_959_600.0), "09:00 and 11:00 UTC"
    assert (found.query.outcome, found.query.client, found.query.failed) == (
        AttemptCause.NEVER_READY,
        Sdk.PYTHON,
        True,
    )
    assert wanted({"client": "firefox"}, BERLIN, ()).query.client is Browser.FIREFOX


@pytest.mark.parametrize("period", list(PERIODS))
def test_periods_end_now(period: str) -> None:
    found = wanted({"period": period}, BERLIN, ())
    seconds = PERIODS[period][0]
    assert found.query.since == (None if seconds is None else NOW - seconds)


def test_a_support_code_is_looked_for_in_all_that_is_kept() -> None:
    assert wanted({"code": "ABCD-EFGH"}, BERLIN, ()).query.since is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"code": "nonsense!"}, "eight letters"),
        ({"from": "yesterday"}, "not a time"),
        ({"to": "9999999999999"}, "not a time"),
        ({"from": "2023-11-14T12:00", "to": "2023-11-14T10:00"}, "ends before it begins"),
        ({"period": "ever"}, "no such period"),
        ({"outcome": "x' OR 1=1"}, "no such outcome"),
        ({"client": "netscape"}, "no such client"),
        ({"site": "attic"}, "no such site"),
    ],
)
def test_what_cannot_be_read_is_told(query: dict[str, str], says: str) -> None:
    found = wanted(query, BERLIN, ())
    assert len(found.problems) == 1
    assert says in found.problems[0]


@pytest.mark.parametrize("text", ["\ud83d", "\0", "x" * 10_000, "\u202e", "'\"><script>"])
def test_any_text_is_a_name_of_bounded_length(text: str) -> None:
    found = wanted({"room": text, "identity": text}, BERLIN, ())
    assert found.problems == ()
    assert len(found.query.room or "") <= 256
    (found.query.room or "").encode()
    assert "<" not in found.link()


def test_a_link_says_the_same_again() -> None:
    found = wanted({"room": "garden & shed", "failed": "1", "period": "7d"}, BERLIN, ())
    assert found.link(after="12") == "room=garden+%26+shed&period=7d&failed=1&after=12"
