"""What a usual privacy policy of a conferencing service says, sentence by sentence, has its counterpart here.

Either the template has a clause for it, or it would be false of this server, and is found where somebody
says it. The sentences are paraphrased.
"""

from __future__ import annotations

import pytest

from server.policy.document import ClauseType
from server.policy.falsehoods import untrue
from tests.unit.test_policy_document import completed, read

PROMISE, PERMISSION, DISCLAIMER = ClauseType.PROMISE, ClauseType.PERMISSION, ClauseType.DISCLAIMER
CLAUSES = {clause.id: clause.type for clause in read(completed()).clauses}

# By heading: a paraphrase, and the clauses that answer it.
ANSWERED: list[tuple[str, str, tuple[str, ...], ClauseType]] = [
    ("introduction", "who respects your privacy and answers for it", ("contact",), PROMISE),
    ("introduction", "what the policy describes", ("scope",), DISCLAIMER),
    ("introduction", "it applies to the site, and to apps for phones and desktops", ("scope",), DISCLAIMER),
    ("introduction", "it applies to electronic messages with you", ("no-mailings",), PROMISE),
    ("introduction", "it applies to advertising elsewhere that leads here", ("no-beacons",), PROMISE),
    ("introduction", "it does not apply to what is collected offline or elsewhere", ("scope",), DISCLAIMER),
    (
        "introduction",
        "it does not apply to third parties that lead here or that you reach",
        ("scope",),
        DISCLAIMER,
    ),
    ("introduction", "read it; who does not agree does not use the service", ("your-choice",), DISCLAIMER),
    ("introduction", "it may change", ("may-change",), PERMISSION),
    ("children", "the service is not intended for children under 13", ("children",), PROMISE),
    (
        "children",
        "nobody under 13 may provide anything, and nothing is knowingly collected",
        ("children",),
        PROMISE,
    ),
    ("children", "under 13: do not use it, and give no name or address", ("children",), PROMISE),
    ("children", "what was collected from a child without consent is deleted", ("children",), PROMISE),
    ("children", "who knows of a child writes to us", ("children", "contact"), PROMISE),
    (
        "collecting",
        "information that identifies you, such as your name",
        ("what-is-kept", "no-forms"),
        PROMISE,
    ),
    (
        "collecting",
        "about your connection, your equipment and your use",
        ("what-is-kept", "details"),
        PROMISE,
    ),
    ("collecting", "no sound or video is stored or recorded", ("media-not-stored",), PROMISE),
    ("collecting", "directly, when you provide it", ("no-forms",), PROMISE),
    ("collecting", "automatically, while you use it", ("what-is-kept",), PROMISE),
    ("provided", "forms for registering, subscribing and requests", ("no-forms",), PROMISE),
    ("provided", "questions when you report a problem", ("problems",), PERMISSION),
    ("provided", "records of correspondence", ("no-search-log",), PROMISE),
    ("provided", "correspondence, where you contact us", ("problems",), PERMISSION),
    ("provided", "answers to surveys", ("no-search-log",), PROMISE),
    ("provided", "searches", ("no-search-log",), PROMISE),
    ("provided", "what you post publicly or transmit to others", ("messages-not-stored",), PROMISE),
    ("provided", "at your own risk: no measure is perfect", ("security-limits",), DISCLAIMER),
    ("provided", "what others do with what you share is beyond control", ("participants",), DISCLAIMER),
    (
        "provided",
        "no guarantee that nobody unauthorised sees it",
        ("participants", "security-limits"),
        DISCLAIMER,
    ),
    ("usage", "traffic and logs of your visits", ("what-is-kept",), PROMISE),
    ("usage", "your system and browser", ("what-is-kept",), PROMISE),
    ("usage", "your IP address", ("no-addresses",), PROMISE),
    ("usage", "to estimate how many use it, and how", ("use",), PERMISSION),
    ("usage", "cookies, and what happens where they are refused", ("no-cookies",), PROMISE),
    ("usage", "objects stored locally", ("no-browser-storage",), PROMISE),
    ("usage", "web beacons", ("no-beacons",), PROMISE),
    ("uses", "to present the service and what you ask of it", ("use",), PERMISSION),
    ("uses", "to carry out obligations of a contract", ("use", "legal-disclosure"), PERMISSION),
    ("uses", "to tell you about changes", ("changes",), PROMISE),
    ("uses", "to let you take part", ("use",), PERMISSION),
    ("uses", "to contact you about offers", ("no-mailings",), PROMISE),
    ("disclosure", "aggregated information", ("figures",), PERMISSION),
    ("disclosure", "to affiliates", ("disclosure",), PERMISSION),
    ("disclosure", "to contractors who run the service", ("disclosure",), PERMISSION),
    ("disclosure", "to a successor", ("disclosure",), PERMISSION),
    ("disclosure", "for the purpose you provide it for", ("disclosure",), PERMISSION),
    ("disclosure", "with your consent", ("disclosure",), PERMISSION),
    ("disclosure", "to comply with courts, laws and authorities", ("legal-disclosure",), PERMISSION),
    ("disclosure", "to enforce the terms of use", ("legal-disclosure",), PERMISSION),
    ("disclosure", "to protect rights, property and safety", ("legal-disclosure",), PERMISSION),
    ("choices", "you control what is kept about you", ("access", "requests"), PROMISE),
    ("choices", "cookies can be refused", ("no-cookies",), PROMISE),
    ("rights", "write to us to see, correct or delete", ("access", "requests"), PROMISE),
    ("rights", "refused where a law is broken or the record made incorrect", ("requests",), PROMISE),
    ("rights", "deleted contributions may live on in copies and with others", ("copies",), DISCLAIMER),
    ("rights", "the terms of use govern what is done here", ("your-choice",), DISCLAIMER),
    (
        "security",
        "measures against loss, access, change and disclosure",
        ("security", "looks-noted"),
        PROMISE,
    ),
    ("security", "keep your password to yourself", ("your-part",), DISCLAIMER),
    ("security", "be careful in public areas", ("participants", "your-part"), DISCLAIMER),
    ("security", "the internet is not wholly secure; at your own risk", ("security-limits",), DISCLAIMER),
    ("security", "not responsible for circumvention", ("security-limits",), DISCLAIMER),
    ("changes", "changes are posted on this page", ("changes",), PROMISE),
    ("changes", "the date of the last revision is told", ("changes",), PROMISE),
    ("contact", "questions and comments go to an address", ("contact",), PROMISE),
]

# What would be false here, as somebody may say it.
FALSE = [
    "This policy applies to information we collect from third parties and our business partners.",
    "Your continued use after we make changes is deemed to be acceptance of those changes.",
    "We collect your name, postal address, e-mail address or telephone number.",
    "We collect information about you such as your industry, company or employer.",
    "We collect information automatically, such as usage details, IP addresses and cookies.",
    "We collect IP addresses, and information from third parties.",
    "We collect what you provide at the time of registering to use our service.",
    "We keep your responses to surveys that we ask you to complete.",
    "We keep your search queries.",
    "You may provide information to be posted on public areas, such as blogs or support forums.",
    "We collect details of your visits, including traffic data, location data and logs.",
    "We collect information about your equipment, browsing actions and patterns.",
    "We collect information about your connection, including your IP address, system and browser.",
    "The information we collect automatically is statistical data and does not identify anybody.",
    "It lets us store information about your preferences, and adapt to your individual interests.",
    "It lets us speed up your searches.",
    "It lets us recognise you when you return.",
    "It helps us to deliver a better and more personalised service.",
    "A cookie is a small file placed on your computer.",
    "You may refuse to accept browser cookies by a setting of your browser.",
    "If you select this setting you may be unable to access certain parts of the site.",
    "Our system will issue cookies unless you have adjusted your browser.",
    "Certain features may use local stored objects (Flash cookies).",
    "Our pages and e-mails may contain web beacons that count who has visited them.",
    "We do not collect personal information automatically, but may tie this information to it.",
    "We use it to enforce our rights arising from contracts, including for billing and collection.",
    "We use it in any other way we may describe when you provide it.",
    "We use it for any other purpose with your consent.",
    "We may use it to contact you about our own goods and services.",
    "We send offers that may be of interest to you.",
    "We may disclose aggregated information, which does not identify any individual, without restriction.",
    "We may disclose it for any other purpose disclosed by us when you provide it.",
    "We may disclose it to apply our terms, including for billing.",
    "You can set your browser to refuse cookies, or to alert you when they are sent.",
    "To manage Flash cookies, visit the player's settings page.",
    "If you disable cookies, some parts of this site may then be inaccessible.",
    "All information you provide to us is stored on our secure servers.",
    "Be careful about giving out information in public areas like message boards.",
    "You are responsible for ensuring we have an up-to-date e-mail address for you.",
    "You are responsible for periodically visiting this policy to check for changes.",
]


@pytest.mark.parametrize(("heading", "said", "clauses", "kind"), ANSWERED)
def test_what_is_said_there_is_answered_here(
    heading: str, said: str, clauses: tuple[str, ...], kind: ClauseType
) -> None:
    assert {CLAUSES.get(one) for one in clauses} == {kind}, f"{heading}: {said}"


@pytest.mark.parametrize("sentence", FALSE)
def test_what_would_be_false_here_is_found(sentence: str) -> None:
    assert untrue(sentence) != ""


def test_no_clause_of_the_template_is_without_a_reason() -> None:
    """Beyond what such a policy says, only what is particular to this server."""
    own = {"expiry", "other-sources", "no-webhooks"}
    assert set(CLAUSES) == {one for _, _, clauses, _ in ANSWERED for one in clauses} | own
