"""Processes that a relay started, or that stayed in its session: none is expected, and none is locked."""

from __future__ import annotations

from pathlib import Path

from server.workers.proc import PROC, InspectionError, names, read


def count(pid: int, proc: Path = PROC) -> int:
    """Descendants, and others of the session that a relay is started with. Raises InspectionError.

    A child that left its parent and the session is not found: only code from before the lock can do that.
    """
    parents: dict[int, int] = {}
    found: set[int] = set()
    for name in names(proc):
        if not name.isdecimal():
            continue
        try:
            # State, parent, group, session; the name before them may hold anything (proc(5), /proc/PID/stat).
            words = read(proc / name / "stat").rpartition(")")[2].split()
            parents[int(name)] = int(words[1])
            session = int(words[3])
        except (InspectionError, IndexError, ValueError):
            continue  # ended meanwhile
        if session == pid and int(name) != pid:
            found.add(int(name))
    for one, parent in parents.items():
        above = parent
        seen = {one}
        while above in parents and above != pid and above not in seen:
            seen.add(above)
            above = parents[above]
        if above == pid:
            found.add(one)
    return len(found)
