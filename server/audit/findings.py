"""What an audit finds, from a server's answers alone. PURE.

Each finding says what was demanded and what there is; nothing the server says of itself is taken for good
where it can be worked out: the level follows from the checks, not from the word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server.audit.manifest import Manifest, packages_by_name
from server.control.messages import Level
from server.guarantee.check import LEVELS, Told, ToldRelay, Verdict, check, missing, shown_level
from server.guarantee.software import Package
from server.guarantee.statement import LEVEL_NAMES, PackageJson
from server.guarantee.words import NO_RELAY, reason

_VERDICTS = {
    Verdict.MALFORMED: "The answer holds no signed statement.",
    Verdict.WRONG_ALGORITHM: "The statement is not signed with Ed25519.",
    Verdict.WRONG_TYPE: "What is signed is not a statement.",
    Verdict.UNKNOWN_KEY: "The server tells no key of the name that the statement is signed under.",
    Verdict.BAD_SIGNATURE: "The signature is wrong: the statement was changed, or another key signed it.",
    Verdict.WRONG_VERSION: "The statement is of a version not known here: use the audit of its release.",
    Verdict.WRONG_NONCE: "The statement answers another question: it is old, or somebody else's.",
    Verdict.TOO_LONG: "The statement claims to be valid for longer than one may be.",
    Verdict.EXPIRED: "The statement has expired, or the clocks differ by more than a minute.",
    Verdict.NOT_YET_VALID: "The statement is from the future, or the clocks differ by more than a minute.",
    Verdict.VALID: "Signed with Ed25519, made for this question, and of now.",
}
MOST_NAMED = 5
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """`held` is None for what is told and not demanded."""

    name: str
    held: bool | None
    says: str


@dataclass(frozen=True, slots=True)
class Audit:
    """All of it. `statement` is what was signed, empty where it was not signed rightly."""

    findings: tuple[Finding, ...]
    statement: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether all is as demanded."""
        return all(finding.held is not False for finding in self.findings)


def audit(
    answer: object, jwks: object, nonce: str, now: float, *, demanded: Level, manifest: Manifest | None
) -> Audit:
    """`answer` and `jwks` are parsed JSON of the server, `nonce` is what was asked with, `now` seconds since
    the epoch."""
    fields = dict(answer) if isinstance(answer, dict) else {}
    compact = fields.pop("jws", "")
    checked = check(compact if isinstance(compact, str) else "", jwks, nonce, now)
    signature = Finding("statement", checked.verdict is Verdict.VALID, _VERDICTS[checked.verdict])
    told = checked.told
    if told is None or checked.verdict is not Verdict.VALID:
        return Audit((signature,), {})
    findings = [signature, _unsigned(fields, checked.claims), *_level(told, demanded), _files(told)]
    findings += _against(manifest, told) if manifest is not None else [_NO_MANIFEST]
    return Audit(tuple(findings), checked.claims)


_NO_MANIFEST = Finding(
    "manifest", None, "Digests were not compared: give the manifest of the release with --manifest."
)


def _unsigned(fields: Mapping[str, object], signed: Mapping[str, object]) -> Finding:
    """Who reads the JSON without checking must not be told something else."""
    differing = sorted(name for name in {*fields, *signed} if fields.get(name) != signed.get(name))
    if differing:
        return Finding("same content", False, f"The JSON beside the signature differs: {_some(differing)}.")
    return Finding("same content", True, "The JSON beside the signature says the same.")


def _level(told: Told, demanded: Level) -> Iterator[Finding]:
    level = shown_level(told)
    words = f"The evidence shows {LEVEL_NAMES[level]}; the server says {told['level']}"
    yield Finding("level", level >= demanded, f"{words}; {LEVEL_NAMES[demanded]} or better is demanded.")
    if LEVELS[told["level"]] > level:
        yield Finding("claim", False, "The server claims more than its evidence shows.")
    if not told["relays"]:
        yield Finding("relays", False, NO_RELAY)
    for relay in told["relays"]:
        yield _relay(relay, told["iat"], demanded)


def _relay(relay: ToldRelay, iat: int, demanded: Level) -> Finding:
    name = f"relay {relay['relay']}"
    lacking = sorted(missing(relay, iat))
    if lacking:
        words = " ".join(reason(one) for one in lacking[:MOST_NAMED])
        more = f" And {len(lacking) - MOST_NAMED} more." if len(lacking) > MOST_NAMED else ""
        return Finding(name, None if demanded is not Level.FULL else False, words + more)
    return Finding(name, True, f"All {len(relay['checks'])} checks are shown to hold.")


def _files(told: Told) -> Finding:
    changed = told["software"]["changed_at"]
    if changed is not None:
        return Finding(
            "files", False, f"The server's files have changed on disk since it started: {changed}."
        )
    return Finding("files", True, "By its own word, the server's files are those that it was started from.")


def _against(manifest: Manifest, told: Told) -> Iterator[Finding]:
    """Digests are the server's own word: they find a mistake or a mix-up, not a liar."""
    software = told["software"]
    yield _same("version", told["server"]["version"], manifest.version)
    yield _same("code", software["code"], manifest.code)
    platform = manifest.platforms.get(software["platform"])
    if platform is None:
        yield Finding("platform", False, f"The manifest has nothing for {software['platform']}.")
        return
    yield _same("extension", software["extension"], platform.extension)
    wrong = sorted(str(relay["relay"]) for relay in told["relays"] if relay["filters"] != platform.filters)
    if wrong:
        yield Finding("filters", False, f"Relays whose filters are not those of the release: {_some(wrong)}.")
    else:
        yield Finding("filters", True, "Every relay has the system call filters of the release.")
    yield _packages(software["packages"], packages_by_name(platform))


def _same(name: str, told: str, expected: str) -> Finding:
    if told == expected:
        return Finding(name, True, f"As in the manifest: {told}.")
    return Finding(name, False, f"The server has {told}, the manifest {expected}.")


def _packages(told: list[PackageJson], expected: Mapping[str, Package]) -> Finding:
    named = {one["name"]: Package(one["name"], one["version"], one["digest"]) for one in told}
    differing = sorted(name for name in {*named, *expected} if named.get(name) != expected.get(name))
    if differing:
        return Finding("packages", False, f"Packages that are not those of the release: {_some(differing)}.")
    return Finding("packages", True, f"All {len(named)} packages are those of the release.")


def _some(names: list[str]) -> str:
    """The first of them; a server chooses how many there are, and what they are called."""
    shown = ", ".join(name[:LONGEST_NAME] for name in names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
