"""Which process is the running server: the one that listens on the port for pages, WebSocket and API."""

from __future__ import annotations

from pathlib import Path

from server.errors import OperatorError

_LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp (proc(5))


def process_listening_on(port: int, proc: Path = Path("/proc")) -> int:
    """Its process id. Raises OperatorError where there is none, or it cannot be told."""
    sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _inodes(proc, table, port)}
    if not sockets:
        raise OperatorError(f"nothing listens on port {port} here: name another with --http-port, or --pid")
    for entry in proc.iterdir():
        if entry.name.isdigit() and _has_one_of(entry, sockets):
            return int(entry.name)
    raise OperatorError(
        f"port {port} is of a process of another user: run this as the server's user, or as root"
    )


def _inodes(proc: Path, table: str, port: int) -> list[str]:
    """Of sockets that listen on the port, in this network namespace."""
    try:
        lines = (proc / "net" / table).read_text().splitlines()[1:]
    except OSError:
        return []
    fields = [line.split() for line in lines]
    wanted = f":{port:04X}"
    return [each[9] for each in fields if each[1].endswith(wanted) and each[3] == _LISTENING]


def _has_one_of(entry: Path, sockets: set[str]) -> bool:
    try:
        return any(str(each.readlink()) in sockets for each in (entry / "fd").iterdir())
    except OSError:  # of another user, or gone meanwhile
        return False
