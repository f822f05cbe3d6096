"""A policy tells what each of its versions changed: in a word of the first, in a list from the second on."""

from __future__ import annotations

from datetime import date

import pytest

from server.policy import page
from server.policy.document import Change, PolicyError
from tests.unit.test_policy_document import completed, read

SECOND = """
[[changes]]
revised = 2026-06-01
what = "Guests are asked for their <age>."

[[changes]]
revised = 2026-01-01
what = "First version."
"""


FIRST = 'changes = "First version."'


def simply(value: str) -> str:
    return completed().replace(FIRST, f"changes = {value}", 1)


def revised(history: str = SECOND, when: str = "2026-06-01") -> str:
    text = completed().replace("revised = 2026-01-01", f"revised = {when}", 1)
    return text.replace(FIRST, "", 1) + history


def test_of_a_first_version_a_sentence_is_enough() -> None:
    assert read(completed()).changes == (Change(date(2026, 1, 1), "First version."),)
    shown = page.page(read(completed()))
    assert "First version." in shown
    assert page.HISTORY not in shown


def test_later_versions_tell_what_each_of_them_changed() -> None:
    policy = read(revised())
    assert [(one.revised.isoformat(), one.what) for one in policy.changes] == [
        ("2026-06-01", "Guests are asked for their <age>."),
        ("2026-01-01", "First version."),
    ]
    assert policy.version.startswith("2026-06-01-")
    shown = page.page(policy)
    assert f'href="#{page.HISTORY}"' in shown
    history = shown.partition(f'id="{page.HISTORY}"')[2]
    assert history.index("2026-06-01") < history.index("asked for their &lt;age&gt;.")
    assert history.index("asked for their") < history.index("2026-01-01") < history.index("First version.")


def test_a_word_about_the_past_makes_no_new_version() -> None:
    assert (
        read(revised(SECOND.replace("First version", "The first version"))).version == read(revised()).version
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (completed().replace(FIRST, "", 1), "changes"),
        (simply('""'), "changes"),
        (simply("7"), "changes"),
        (simply("[]"), "changes"),
        (revised(when="2026-07-01"), "newest of its changes is of 2026-06-01"),
        (revised(SECOND.replace("2026-01-01", "2026-06-02")), "2026-06-02 stands after 2026-06-01"),
        (revised(SECOND.replace("2026-01-01", "2026-06-01")), "2026-06-01 stands after 2026-06-01"),
        (revised(SECOND.replace('what = "First version."', "")), "what"),
        (revised(SECOND.replace('"First version."', '"First version."\nwho = "ada"')), "who"),
        (revised(SECOND.replace("2026-01-01", '"long ago"')), "revised"),
    ],
)
def test_what_is_wrong_with_a_history_is_said(text: str, told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        read(text)
