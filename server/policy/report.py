"""What came of checking a policy, clause by clause."""

from __future__ import annotations

import asyncio
from typing import TypedDict

from server.errors import OperatorError
from server.policy.checks import CHECKS, Scene
from server.policy.document import Clause, ClauseType
from server.policy.falsehoods import untrue
from server.policy.site import Unreachable

CHECK_SECONDS = 60.0


class Row(TypedDict):
    """One clause. `type` is "promise", "permission", "disclaimer", or "false" for a sentence that is not true
    of this server; `control` is what makes a promise so, `check` how that was looked at, `finding` what is
    wrong, empty where it passed."""

    id: str
    type: str
    clause: str
    control: str
    check: str
    passed: bool
    finding: str


async def check(scene: Scene) -> list[Row]:
    """Every clause of the policy, in its order."""
    return [await _row(clause, scene) for clause in scene.policy.clauses]


async def _row(clause: Clause, scene: Scene) -> Row:
    known = CHECKS.get(clause.check)
    kind, finding = clause.type.value, untrue(clause.text, scene.config.metadata.addresses)
    if finding:
        kind = "false"
    elif known is not None:
        finding = await _look(clause.check, scene)
    elif clause.check:
        finding = f"there is no check named {clause.check!r}; there are {', '.join(sorted(CHECKS))}"
    elif clause.type is ClauseType.PROMISE:
        finding = "a promise that nothing checks: name a check, or say it as a permission or a disclaimer"
    return Row(
        id=clause.id,
        type=kind,
        clause=clause.text,
        control=known.control if known else "",
        check=clause.check,
        passed=not finding,
        finding=finding,
    )


async def _look(name: str, scene: Scene) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await CHECKS[name].look(scene)
    except (Unreachable, OperatorError) as error:
        return str(error)
    except TimeoutError:
        return "the check took too long"
