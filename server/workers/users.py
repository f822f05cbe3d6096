"""Whose a process is, seen from outside of the user namespace it may be in. PURE.

A number other than 0 is no proof of an ordinary user: `unshare --user` shows root as nobody, and a
namespace may call root anything.
"""

from __future__ import annotations

from collections.abc import Iterable

ROOT = 0


def seen_outside(user: int, user_map: str) -> int | None:
    """The user one namespace further out, which for most is the machine's own.

    `user_map` is /proc/PID/uid_map, user_namespaces(7): lines of inside, outside and count. None where the
    namespace has no such user: then the kernel shows a placeholder, which could be anybody.
    """
    for line in user_map.splitlines():
        inside, outside, count = map(int, line.split())
        if inside <= user < inside + count:
            return outside + user - inside
    return None


def least_trusted(users: Iterable[int], user_map: str) -> int:
    """ROOT if any of a process's users (real, effective, saved, file system) is, or may be, root in its
    namespace or outside; else the largest of them. Raises ValueError for a map that is none."""
    known = list(users)
    for user in known:
        if user == ROOT or not seen_outside(user, user_map):
            return ROOT
    return max(known, default=ROOT)
