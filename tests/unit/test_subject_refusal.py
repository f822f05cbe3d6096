"""`offrecord subject refuse`: a refusal is kept with its reason, and the person is told their rights."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.log import AccessLog
from server.metadata.letter import ASKED, REASONS, answer_by, letter
from server.metadata.rows.rights import SubjectRequest
from server.metadata.words import Answer, Right
from tests.unit.test_rights import rows
from tests.unit.test_subject_command import BY, Office, office

__all__ = ["office"]


@pytest.mark.parametrize("why", [one for one in Answer if one is not Answer.DONE])
@pytest.mark.parametrize("right", list(Right))
def test_the_person_is_told_why_and_that_they_may_complain_and_go_to_court(right: Right, why: Answer) -> None:
    text = letter(right, why, date(2026, 11, 22), ("Garden Ltd", "privacy@garden.example"))
    assert text.startswith(f"You asked on 2026-11-22 {ASKED[right]}.")
    assert REASONS[why] in text
    assert "supervisory authority" in text
    assert "go to court" in text
    assert text.endswith("Garden Ltd\nprivacy@garden.example")


@pytest.mark.parametrize(
    ("received", "due"),
    [("2026-11-22", "2026-12-22"), ("2026-12-31", "2027-01-31"), ("2027-01-31", "2027-02-28")],
)
def test_a_month_is_a_month_of_the_calendar(received: str, due: str) -> None:
    assert answer_by(date.fromisoformat(received)) == date.fromisoformat(due)


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2200, 1, 1)))
def test_it_is_never_more_than_a_month(received: date) -> None:
    assert timedelta(28) <= answer_by(received) - received <= timedelta(31)


async def test_it_is_kept_without_whose_it_was_and_nothing_is_changed(office: Office) -> None:
    words = ["refuse", "--right", "erase", "--code", "identity_not_verified", "--identity", "bob", *BY]
    code, text = await office(*words)
    assert code == 0, text
    assert "could not make sure that it is you" in text
    assert "within a month" in text
    kept = [one.event for one in await rows(office.kept.url, time.time)]
    [noted] = [one for one in kept if isinstance(one, SubjectRequest)]
    assert noted == SubjectRequest(
        right=Right.ERASE, reason=noted.reason, rows=0, answer=Answer.IDENTITY_NOT_VERIFIED
    )
    assert noted.reason == "own_request"
    assert len(kept) == 7
    [asked, ended] = AccessLog(office.directory / "access", office.directory / "key.pem", 365).entries()
    assert (asked.operator, asked.asked, ended.rows) == ("grace", "subject", 0)
    log = AccessLog(office.directory / "access", office.directory / "key.pem", 365)
    assert asked.identity in log.pseudonyms(identity="bob")


async def test_it_says_until_when_to_answer_and_what_to_be_able_to_show(office: Office) -> None:
    words = ["refuse", "--right", "export", "--code", "excessive", "--received", "2026-11-22", *BY]
    code, text = await office(*words)
    assert (code, "by 2026-12-22" in text, "you may be asked" in text) == (0, True, True)
    code, text = await office(*words, "--json")
    told = json.loads(text)
    assert (told["right"], told["code"], told["answer_by"]) == ("export", "excessive", "2026-12-22")


@pytest.mark.parametrize("code", ["done", "fun", ""])
async def test_only_reasons_of_the_list_are_taken(office: Office, code: str) -> None:
    assert (await office("refuse", "--right", "erase", "--code", code, *BY))[0] == 2
    assert await office.noted() == []
