"""The policy as a page: plain HTML that needs no script. PURE."""

from __future__ import annotations

from datetime import date
from html import escape

from server.policy.document import Policy

UNPUBLISHED = (
    "The operator of this server has not published a privacy policy. Ask whoever invited you who runs it."
)
_STYLE = """
:root { color-scheme: light dark;
  --paper: #f5f4f0; --ink: #1a1d21; --quiet: #5a606a; --line: #d9d6ce; --link: #0b6a57 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #121417; --ink: #eceae5; --quiet: #a6acb6; --line: #2f343b; --link: #55c4a9 } }
body { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.75rem; line-height: 1.2 } h2 { margin-top: 2rem; font-size: 1.125rem }
.quiet { color: var(--quiet); font-size: .9375rem } a { color: var(--link) }
li { margin: .6rem 0; padding-left: .25rem }
dt { margin-top: .6rem; font-weight: 600 } dd { margin: 0 0 0 1.25rem }
footer { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--line) }
"""
HISTORY = "History"  # no clause has this id: those are in lower case
_TO_HISTORY = f' <a href="#{HISTORY}">What changed before</a>'
_HEADINGS = {
    "promise": "What you can rely on",
    "permission": "What we may do",
    "disclaimer": "What we do not answer for",
}


def page(policy: Policy | None) -> str:
    """A whole document. None: the operator has published none."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Privacy · Offrecord</title><style>{_STYLE}</style></head><body>"
        f"<main><h1>Privacy</h1>{_unpublished() if policy is None else _body(policy)}</main>"
        '<footer class="quiet"><a href="./">To the conference</a> · '
        '<a href="rights">What is kept about you</a></footer></body></html>'
    )


def _unpublished() -> str:
    return f"<p>{escape(UNPUBLISHED)}</p>"


def _body(policy: Policy) -> str:
    newest, *earlier = policy.changes
    head = (
        f"<p>{escape(policy.controller)}<br>{_contact(policy.contact)}</p>"
        f'<p class="quiet">Last revised {_date(policy.revised)}, version {escape(policy.version)}. '
        f"{escape(newest.what)}{_TO_HISTORY if earlier else ''}</p>"
    )
    parts = []
    for kind, heading in _HEADINGS.items():
        clauses = [clause for clause in policy.clauses if clause.type.value == kind]
        items = "".join(f'<li id="{clause.id}">{escape(clause.text)}</li>' for clause in clauses)
        if items:
            parts.append(f"<h2>{heading}</h2><ul>{items}</ul>")
    checked = (
        '<p class="quiet">The server checks itself what can be checked: '
        '<a href="policy/status">each promise, and whether it is kept right now</a>.</p>'
    )
    return head + "".join(parts) + checked + (_history(policy) if earlier else "")


def _history(policy: Policy) -> str:
    """What each version changed, back to the first."""
    items = "".join(
        f"<dt>{_date(change.revised)}</dt><dd>{escape(change.what)}</dd>" for change in policy.changes
    )
    return f'<h2 id="{HISTORY}">What has changed</h2><dl>{items}</dl>'


def _date(moment: date) -> str:
    return f'<time datetime="{moment.isoformat()}">{moment.isoformat()}</time>'


def _contact(contact: str) -> str:
    text = escape(contact)
    if contact.startswith("https://"):
        return f'<a href="{text}">{text}</a>'
    return f'<a href="mailto:{text}">{text}</a>' if "@" in contact else text
