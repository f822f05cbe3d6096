"""A policy is complete, or it is refused with the name of what is missing."""

from __future__ import annotations

import pytest

from server.config import Metadata
from server.policy import page
from server.policy.checks import CHECKS
from server.policy.document import ClauseType, Policy, PolicyError, parse, template
from server.policy.falsehoods import untrue
from server.policy.own import numbers

MODES = ("drop", "pseudonym", "truncate")


def completed(text: str = "") -> str:
    text = text or template()
    text = text.replace('controller = ""', 'controller = "Garden <Ltd>"', 1)
    return text.replace('contact = ""', 'contact = "privacy@garden.example"', 1)


def read(text: str) -> Policy:
    return parse(text, numbers(Metadata()))


def test_the_template_needs_its_operators_names() -> None:
    with pytest.raises(PolicyError, match="controller"):
        read(template())
    with pytest.raises(PolicyError, match="contact"):
        read(template().replace('controller = ""', 'controller = "Garden Ltd"', 1))
    assert read(completed()).contact == "privacy@garden.example"


@pytest.mark.parametrize("addresses", MODES)
@pytest.mark.parametrize("details", [True, False])
@pytest.mark.parametrize("turn", [True, False])
@pytest.mark.parametrize("webhooks", [True, False])
def test_every_promise_of_the_template_has_a_check_and_no_sentence_is_false(
    addresses: str, details: bool, turn: bool, webhooks: bool
) -> None:
    text = template(addresses, details=details, turn=turn, webhooks=webhooks)
    for clause in read(completed(text)).clauses:
        assert (clause.check in CHECKS) == (clause.type is ClauseType.PROMISE), clause.id
        assert untrue(clause.text, addresses) == "", clause.id


def test_every_check_is_used_by_the_template() -> None:
    texts = [
        template(mode, details=other, turn=other, webhooks=other) for mode in MODES for other in (True, False)
    ]
    used = {clause.check for text in texts for clause in read(completed(text)).clauses}
    assert used == {*CHECKS, ""}


def test_of_the_clauses_about_addresses_the_template_has_the_one_that_is_true() -> None:
    ids = {mode: [clause.id for clause in read(completed(template(mode))).clauses] for mode in MODES}
    names = {"no-addresses", "pseudonyms-of-addresses", "first-parts-of-addresses"}
    assert [names & set(found) for found in ids.values()] == [
        {"no-addresses"},
        {"pseudonyms-of-addresses"},
        {"first-parts-of-addresses"},
    ]
    assert len({len(found) for found in ids.values()}) == 1
    for mode in MODES:  # the others are there to be taken, as comments
        assert all(f'id = "{name}"' in template(mode) for name in names)


def test_of_the_clauses_about_details_the_template_has_the_one_that_is_true() -> None:
    names = {"details", "no-details"}
    for details, name in ((True, "details"), (False, "no-details")):
        assert names & {one.id for one in read(completed(template(details=details))).clauses} == {name}
        assert all(f'id = "{name}"' in template(details=details) for name in names)


def test_of_the_clauses_about_who_is_contacted_the_template_has_the_one_that_is_true() -> None:
    names = {"no-beacons", "turn-servers"}
    for turn, name in ((True, "turn-servers"), (False, "no-beacons")):
        assert names & {one.id for one in read(completed(template(turn=turn))).clauses} == {name}
        assert all(f'id = "{name}"' in template(turn=turn) for name in names)


def test_of_the_clauses_about_who_is_told_the_template_has_the_one_that_is_true() -> None:
    names = {"no-webhooks", "webhooks"}
    for webhooks, name in ((True, "webhooks"), (False, "no-webhooks")):
        assert names & {one.id for one in read(completed(template(webhooks=webhooks))).clauses} == {name}
        assert all(f'id = "{name}"' in template(webhooks=webhooks) for name in names)


def test_the_template_speaks_of_this_server_and_of_no_other_company() -> None:
    text = template().lower()
    assert "cafe" not in text
    assert "justchimein" not in text
    assert "30 days" in " ".join(clause.text for clause in read(completed()).clauses)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("revised = 2026-01-01", 'revised = "soon"'), "revised"),
        (("revised = 2026-01-01\n", ""), "revised"),
        (('id = "scope"', 'id = "media-not-stored"'), "media-not-stored"),
        (('id = "scope"', 'id = "Über"'), "id"),
        (('type = "disclaimer"', 'type = "hope"'), "type"),
        (("[[clause]]", "[[paragraph]]"), "paragraph"),
        (('id = "scope"', 'id = "scope"\nmood = "good"'), "mood"),
        (("revised =", "revised = ="), "TOML"),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        read(completed(completed().replace(*change, 1)))


def test_the_version_follows_every_change_of_the_words() -> None:
    first = read(completed())
    assert first.version.startswith("2026-01-01-")
    assert read(completed()).version == first.version
    changes = (("set no cookies.", "set no cookies at all."), ("Garden", "Meadow"), ("01-01", "02-03"))
    for change in changes:
        assert read(completed().replace(*change, 1)).version != first.version
    assert parse(completed(), numbers(Metadata(session_days=29))).version != first.version


def test_the_page_has_every_clause_and_no_markup_of_the_policy() -> None:
    policy = read(completed())
    shown = page.page(policy)
    assert "Garden &lt;Ltd&gt;" in shown
    assert all(f'id="{clause.id}"' in shown for clause in policy.clauses)
    assert policy.version in shown
    assert 'href="mailto:privacy@garden.example"' in shown
    assert page.UNPUBLISHED in page.page(None)
