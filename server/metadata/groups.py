"""Groups of people that are large enough to be shown. PURE.

A group of fewer people than the minimum is never shown by itself. Nor may it be what is missing from the
total: what is not shown always holds two groups or more, and at least as many people as the minimum; where
the small ones are fewer, the smallest of the large ones is hidden with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """`count` of something, that `people` different people did."""

    name: str
    count: int
    people: int


@dataclass(frozen=True, slots=True)
class Shown:
    """`groups` by count, largest first; `others` is how much the hidden ones count together, 0 for none.

    None of it where all people together are fewer than the minimum: `enough` is False.
    """

    enough: bool
    groups: tuple[tuple[str, int], ...] = ()
    others: int = 0


def small(groups: Sequence[Group], least: int) -> list[str]:
    """The names of groups with fewer than `least` people."""
    return [group.name for group in groups if group.people < least]


def fold(groups: Sequence[Group], least: int, people_in_small: int) -> Shown:
    """`people_in_small` is how many different people the small groups have together."""
    hidden = [group for group in groups if group.people < least]
    large = sorted(
        (group for group in groups if group.people >= least), key=lambda one: (-one.count, one.name)
    )
    if hidden and (people_in_small < least or len(hidden) < 2):
        if not large:
            return Shown(enough=False)
        hidden.append(large.pop())
    return Shown(
        enough=bool(groups),
        groups=tuple((group.name, group.count) for group in large),
        others=sum(group.count for group in hidden),
    )
