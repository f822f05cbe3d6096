"""Whether a promise is kept right now, by looking: at the pages, the ledger, the files and the guarantee.

A check says what is wrong, or nothing. What cannot be looked at counts as not kept.
"""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from server.config import Config
from server.policy.document import Policy
from server.policy.site import Site, Unreachable

ANOTHER_VERSION = "the server shows another version than this: reload it (SIGHUP)"
SWEEP_SLACK_SECONDS = 2 * 3600.0  # rows are deleted hourly
ASKED_TOO_OFTEN = "the server was asked too often just now: check again in a minute"
_GUEST = {"room": "policy check", "name": "policy check"}
_RIGHTS = (
    ("erasing", "DELETE", "api/receipt"),
    ("correcting", "PATCH", "api/receipt"),
    ("objecting", "POST", "api/receipt/objection"),
)
_LEVELS = ("none", "reduced", "full")
_STORAGE = re.compile(r"\b(?:sessionStorage|indexedDB|openDatabase|caches\.open)\b")
_KEPT = re.compile(r"localStorage\.setItem\(")
_COOKIE = re.compile(r"document\.cookie\s*=(?!=)")
# The logger inside the LiveKit library could keep its level where a page asks for that; this page does not,
# which is tested in a browser. What it would write is known, so that any other cookie is noticed.
_LOGGER = re.compile(r"document\.cookie=encodeURIComponent\(\w+\)\+`=")
_LOADED = re.compile(
    r"""<(?:script|img|iframe|link|video|audio|source|embed|object)\b[^>]*?(?:src|href|data)\s*=\s*["']([^"']+)""",
    re.IGNORECASE,
)
_OWN_RECEIPT = ("rights", "file")  # opened in the page, which sends nothing of it but the token
_FIELDS = re.compile(r"""<input\b[^>]*type\s*=\s*["'](email|tel|date|file)["']""", re.IGNORECASE)


class LedgerView(Protocol):
    """What the checks ask of the ledger. Each raises OperatorError when it cannot be read."""

    async def strange_rows(self) -> int:
        """Rows and columns that no declaration knows."""

    async def addresses(self) -> int:
        """Rows with something in them that is an IP address."""

    async def whole_addresses(self) -> int:
        """Rows with more of an IP address in them than a first part that may be kept."""

    async def overdue(self, slack: float) -> int:
        """Rows that should have been deleted more than `slack` seconds ago, or would be kept for longer
        than the configuration says."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the checks look."""

    policy: Policy
    config: Config
    site: Site
    ledger: LedgerView
    files: tuple[Path, ...]  # that only the server's user may read
    looks: Callable[[], str]  # what is wrong with the log of who looked; blocks, and may raise OperatorError


@dataclass(frozen=True, slots=True)
class Check:
    """`control` is what makes it so, in plain words; `look` says what is wrong, "" if nothing."""

    control: str
    look: Callable[[Scene], Awaitable[str]]


async def _media_not_stored(scene: Scene) -> str:
    answer = await scene.site.get("guarantee")
    try:
        told = msgspec.json.decode(answer.text)
        level, minimum = told["level"], scene.config.guarantee.minimum_level
        held = _LEVELS.index(level) >= max(1, _LEVELS.index(minimum))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return "the server gives no statement of what it guarantees"
    return "" if held else f"the lock of the relays is at level {level!r}"


async def guarantee_in_words(site: Site) -> list[str]:
    """What the server says that it guarantees now, or that it says nothing."""
    try:
        told = msgspec.json.decode((await site.get("guarantee")).text)
        held = told["host_firewall"]["held"]
        return [
            f"Observed level {told['level']!r} of at most 'full'. {' '.join(told['says'])}",
            f"The host firewall for relays {'holds' if held else 'is not in place'}.",
        ]
    except (Unreachable, msgspec.DecodeError, KeyError, TypeError):
        return ["Not observed: no running server was asked what it guarantees (--url)."]


async def _ledger_closed(scene: Scene) -> str:
    count = await scene.ledger.strange_rows()
    return f"{count} rows or columns of the ledger are not declared" if count else ""


async def _no_addresses(scene: Scene) -> str:
    if scene.config.metadata.addresses == "truncate":
        return 'metadata.addresses is "truncate": the first part of each IP address is kept'
    count = await scene.ledger.addresses()
    return f"{count} rows of the ledger hold what looks like an IP address" if count else ""


async def _addresses_in_part(scene: Scene) -> str:
    count = await scene.ledger.whole_addresses()
    return f"{count} rows of the ledger hold more of an IP address than its first part" if count else ""


async def _expiry(scene: Scene) -> str:
    count = await scene.ledger.overdue(SWEEP_SLACK_SECONDS)
    return f"{count} rows of the ledger are kept for longer than the configuration says" if count else ""


async def _details(scene: Scene) -> str:
    if not scene.config.metadata.details:
        return "metadata.details is false: nothing of the kind is kept, and the policy may say so"
    return await _expiry(scene)


async def _no_details(scene: Scene) -> str:
    """Rows of the kind count as overdue where none may be kept."""
    if scene.config.metadata.details:
        return "metadata.details is true: it is kept"
    return await _expiry(scene)


async def _looks_noted(scene: Scene) -> str:
    return await asyncio.to_thread(scene.looks)


async def _no_cookies(scene: Scene) -> str:
    answers = [
        *await scene.site.pages(),
        await scene.site.get("guarantee"),
        await scene.site.get("api/receipt"),
    ]
    for answer in answers:
        if answer.sets_cookie:
            return f"/{answer.path} sets a cookie"
        if answer.path.endswith(".js") and _COOKIE.search(_LOGGER.sub("", answer.text)):
            return f"/{answer.path} can set a cookie"
    return ""


async def _no_third_parties(scene: Scene) -> str:
    if scene.config.turn.urls:
        return "turn.urls is set: pages turn to TURN servers as well, and the policy has to say so"
    return await _nobody_else(scene)


async def _no_third_parties_but_turn(scene: Scene) -> str:
    if not scene.config.turn.urls:
        return "turn.urls is empty: pages turn to nobody else, and the policy may say so"
    return await _nobody_else(scene)


async def _nobody_else(scene: Scene) -> str:
    """What the pages themselves may do. TURN servers are no matter of theirs, nor of their rules.

    Whoever says who is contacted has to say who is told, too."""
    if scene.config.webhooks.urls and not any(one.check == "app_told" for one in scene.policy.clauses):
        return "webhooks.urls is set: another application is told what happens, and no clause says so"
    for answer in await scene.site.pages():
        strange = next((link for link in _LOADED.findall(answer.text) if not scene.site.is_own(link)), None)
        if strange is not None:
            return f"/{answer.path} loads something from elsewhere"
    for path in ("", "privacy", "rights"):
        answer = await scene.site.get(path)
        if answer.status == 404:
            continue
        rules = answer.headers.get("content-security-policy", "")
        if "default-src 'self'" not in rules and "default-src 'none'" not in rules:
            return f"/{path} does not forbid the browser to load things from elsewhere"
        if any(not _leads_here(scene, source) for source in _allowed(rules)):
            return f"/{path} lets the browser turn to somebody else"
    return ""


async def _no_app_told(scene: Scene) -> str:
    if scene.config.webhooks.urls:
        return "webhooks.urls is set: another application is told what happens, and the policy has to say so"
    return ""


async def _app_told(scene: Scene) -> str:
    """What it is told is rows of the ledger as they stand."""
    if not scene.config.webhooks.urls:
        return "webhooks.urls is empty: no other application is told anything, and the policy may say so"
    return await _ledger_closed(scene)


def _allowed(rules: str) -> list[str]:
    """Hosts and schemes in a content security policy; words such as 'self' are none."""
    words = [word for directive in rules.split(";") for word in directive.split()[1:]]
    return [word for word in words if not word.startswith("'")]


def _leads_here(scene: Scene, source: str) -> bool:
    """Whether it is this server, or nothing that is sent."""
    if source in {"data:", "blob:", "mediastream:"}:
        return True
    authority = source.rpartition("://")[2].partition("/")[0]
    return authority in {
        urlsplit(scene.site.url).netloc,
        urlsplit(scene.config.http.public_url).netloc or urlsplit(scene.site.url).netloc,
    }


async def _no_browser_storage(scene: Scene) -> str:
    kept = 0
    for answer in await scene.site.pages():
        if found := _STORAGE.search(answer.text):
            return f"/{answer.path} can store things in the browser ({found[0]})"
        kept += len(_KEPT.findall(answer.text))
    return f"{kept} different things are stored in the browser" if kept > 1 else ""


async def _no_registration(scene: Scene) -> str:
    for answer in await scene.site.pages():
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for kind in _FIELDS.findall(answer.text):
            if (answer.path, kind) != _OWN_RECEIPT:
                return f"/{answer.path} asks for something of type {kind!r}"
    return ""


async def _access(scene: Scene) -> str:
    answer = await scene.site.get("api/receipt")
    if answer.status != 401:
        return f"/api/receipt answers {answer.status} where it should ask for a token"
    page = await scene.site.get("rights")
    return "" if page.status == 200 else "the page /rights is not there"


async def _rights(scene: Scene) -> str:
    for right, method, path in _RIGHTS:
        answer = await scene.site.ask(method, path)
        if answer.status != 401:
            return f"{right} at /{path} answers {answer.status} where it should ask for a token"
    return ""


async def _children(scene: Scene) -> str:
    """Asks to join as a guest who says nothing about age; a token that it would get is thrown away."""
    answer = await scene.site.ask("POST", "api/guest-token", {**_GUEST, "policy": scene.policy.version})
    if answer.status == 403:  # asked for age, or not let in at all
        return ""
    if answer.status == 409:
        return ANOTHER_VERSION
    if answer.status == 429:
        return ASKED_TOO_OFTEN
    return "guests are let in without being asked for their age: set [guests] ask_age"


async def _security(scene: Scene) -> str:
    for path in scene.files:
        try:
            mode = path.stat().st_mode
        except OSError:
            return f"{path.name} cannot be looked at"
        if not stat.S_ISREG(mode) or mode & 0o077:
            return f"{path.name} can be read by others: chmod 600"
    return await _media_not_stored(scene)


async def _change_notice(scene: Scene) -> str:
    page, shown = await scene.site.get("privacy"), await scene.site.get("privacy.json")
    try:
        version = msgspec.json.decode(shown.text)["version"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return "/privacy.json does not tell the version"
    if version != scene.policy.version:
        return ANOTHER_VERSION
    if f'datetime="{scene.policy.revised.isoformat()}"' not in page.text:
        return "/privacy does not tell when it was revised"
    if any(escape(change.what) not in page.text for change in scene.policy.changes):
        return "/privacy does not tell what has changed"
    if 'href="privacy"' not in (await scene.site.get("")).text:
        return "the join page does not lead to it"
    answer = await scene.site.ask("POST", "api/guest-token", {**_GUEST, "policy": "another"})
    if answer.status == 429:
        return ASKED_TOO_OFTEN
    # 403: no guests are let in
    return "" if answer.status in {403, 409} else "guests are let in who were shown another version"


async def _contact_given(scene: Scene) -> str:
    page = await scene.site.get("privacy")
    given = msgspec.json.decode((await scene.site.get("privacy.json")).text)
    missing = page.status != 200 or given.get("contact") != scene.policy.contact
    return "/privacy does not tell whom to write to" if missing else ""


CHECKS: dict[str, Check] = {
    "media_not_stored": Check(
        "the kernel lets the processes that have media write nothing", _media_not_stored
    ),
    "ledger_closed": Check(
        "the ledger takes declared fields only; there is none for content", _ledger_closed
    ),
    "no_addresses": Check(
        "no address is written; the key of pseudonyms, if there are any, is in memory only", _no_addresses
    ),
    "addresses_in_part": Check(
        "addresses are cut (IPv4 /24, IPv6 /48) before anything is written", _addresses_in_part
    ),
    "expiry": Check("each row carries the moment of its deletion; a sweep deletes hourly", _expiry),
    "details": Check("rows about what somebody did carry an earlier moment of their deletion", _details),
    "no_details": Check("no row about what somebody did moment by moment is written", _no_details),
    "looks_noted": Check(
        "commands and console note who looks before anything is shown, in a chained, signed log", _looks_noted
    ),
    "no_cookies": Check(
        "nothing that participants are served sets a cookie; the console of operators has its own",
        _no_cookies,
    ),
    "no_third_parties": Check(
        "all is served from here, and a content security policy forbids anything else; tests look at every "
        "packet of server, pages and an app",
        _no_third_parties,
    ),
    "no_third_parties_but_turn": Check(
        "all is served from here, and a content security policy forbids anything else; who joins is told of "
        "the TURN servers that are configured",
        _no_third_parties_but_turn,
    ),
    "no_app_told": Check("no address to tell anything is configured (webhooks.urls)", _no_app_told),
    "app_told": Check(
        "webhooks are made from rows of the ledger as they stand; what expired or was erased is not there",
        _app_told,
    ),
    "no_browser_storage": Check(
        "the page stores the name, and the version of the policy with it, only when asked",
        _no_browser_storage,
    ),
    "no_registration": Check("joining takes a name and a room", _no_registration),
    "access": Check("signed receipts, with the token that was joined with", _access),
    "rights": Check("erased, corrected and objected to with the token that was joined with", _rights),
    "children": Check("guests confirm their age before a token is made; nothing of it is kept", _children),
    "security": Check("files for the server's user only; relays locked by the kernel", _security),
    "change_notice": Check(
        "the policy is shown with its version and what changed; guests who saw another are asked again",
        _change_notice,
    ),
    "contact_given": Check("the policy is not served without a contact", _contact_given),
}


def private_files(config: Config, ledger: Path | None) -> tuple[Path, ...]:
    """What only the server's user may read. `ledger`: None where a database keeps it."""
    key = Path(config.guarantee.signing_key)
    tls = (Path(config.http.tls_key),) if config.http.tls_key else ()
    return (*((ledger,) if ledger else ()), key, *tls)
