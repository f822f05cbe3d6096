"""What to write to somebody whose request is refused (GDPR, article 12(3) to (5)). PURE."""

from __future__ import annotations

import calendar
from datetime import date

from server.metadata.words import Answer, Right

ASKED = {
    Right.EXPORT: "to be shown what is kept about you",
    Right.CORRECT: "to have what is kept about you corrected",
    Right.OBJECT: "that less be kept about you",
    Right.ERASE: "to have what is kept about you erased",
    Right.ERASE_CHILD: "to have what is kept about a child erased",
}
REASONS = {
    Answer.IDENTITY_NOT_VERIFIED: (
        "we could not make sure that it is you whom this is about, and hand nobody's connections to somebody "
        "else. If you show the receipt that you saved after a call, or ask from the account that you joined "
        "with, we look at it again. With a saved receipt you can also do it yourself, on the page /rights of "
        "the server"
    ),
    Answer.NOT_THIS_SERVER: (
        "we do not keep what you ask about: it did not happen on this server. Ask whoever runs the one that "
        "you used; the address of the page in which you joined names it"
    ),
    Answer.NOTHING_KEPT: "nothing is kept about you here: it never was, has expired, or was erased",
    Answer.LEGAL_HOLD: (
        "the law obliges us to keep it for now, or it is needed to establish, exercise or defend a legal "
        "claim (GDPR, article 17(3)(b) and (e)). It is used for nothing else, and is erased when that ends"
    ),
    Answer.UNLAWFUL: "doing so would break a law that we are subject to",
    Answer.WOULD_BE_WRONG: "what you ask for would make what is kept incorrect",
    Answer.COMPELLING_GROUNDS: (
        "we need it for reasons that outweigh yours: to keep this service secure and working (GDPR, article "
        "21(1))"
    ),
    Answer.MANIFESTLY_UNFOUNDED: "your request is manifestly unfounded (GDPR, article 12(5))",
    Answer.EXCESSIVE: (
        "you have asked for the same before, and so soon again that it is excessive (GDPR, article 12(5))"
    ),
    Answer.RIGHTS_OF_OTHERS: (
        "doing so would harm the rights and freedoms of others who were in the same calls (GDPR, article "
        "15(4))"
    ),
}
TO_BE_SHOWN = frozenset({Answer.MANIFESTLY_UNFOUNDED, Answer.EXCESSIVE, Answer.COMPELLING_GROUNDS})
"""What the operator has to be able to show, if asked (articles 12(5) and 21(1))."""


def letter(right: Right, why: Answer, received: date | None, signed: tuple[str, ...] = ()) -> str:
    """The whole text. `received`: when the request came; `signed`: who writes, and where to write back."""
    on = "" if received is None else f" on {received.isoformat()}"
    return "\n\n".join(
        (
            f"You asked{on} {ASKED[right]}. We do not do that, because {REASONS[why]}.",
            "If you think that this is wrong, you may write back. You may also lodge a complaint with a data "
            "protection supervisory authority, in particular where you live, where you work, or where you "
            "think that the rules were broken (GDPR, article 77), and you may go to court (article 79).",
            *(("\n".join(signed),) if signed else ()),
        )
    )


def answer_by(received: date) -> date:
    """A month after a request was received, when it has to be answered at the latest (article 12(3))."""
    year, month = (received.year, received.month + 1) if received.month < 12 else (received.year + 1, 1)
    return date(year, month, min(received.day, calendar.monthrange(year, month)[1]))
