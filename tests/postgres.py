"""A real PostgreSQL for tests: an ordinary user's, in a temporary directory, behind a Unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{directory}'
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 16MB
max_connections = 30
log_min_messages = fatal
"""
DURABLE = """
listen_addresses = ''
unix_socket_directories = '{directory}'
shared_buffers = 256MB
max_wal_size = 4GB
log_min_messages = fatal
"""
"""As one that is used: for measurements."""
RULES = """
local all secretive scram-sha-256
local all all trust
"""
EMPTIED = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""
COMMAND_SECONDS = 25


def programs() -> Path | None:
    """Where `initdb` and its companions are; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3])
    return versions[-1].parent if versions else None


class Cluster:
    """Running from construction until `remove`. Its owner is the superuser `offrecord`."""

    def __init__(self, bin_directory: Path, settings: str = SETTINGS) -> None:
        self._bin = bin_directory
        self._user = "postgres" if os.geteuid() == 0 else None  # root may not run it
        self._made = 0
        self._free: list[str] = []
        self.directory = Path(tempfile.mkdtemp(prefix="offrecord-pg-"))
        self.data = self.directory / "data"
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        try:
            self._run(
                "initdb", "-D", str(self.data), "-U", "offrecord", "-E", "UTF8", "--locale=C", "--no-sync"
            )
            with (self.data / "postgresql.conf").open("a") as conf:
                conf.write(settings.format(directory=self.directory))
            (self.data / "pg_hba.conf").write_text(RULES)
            self.start()
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise

    def start(self) -> None:
        log = str(self.directory / "log")
        self._run("pg_ctl", "-D", str(self.data), "-l", log, "-w", "-t", str(COMMAND_SECONDS), "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", str(COMMAND_SECONDS), "-m", mode, "stop")

    def remove(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self.stop("immediate")
        shutil.rmtree(self.directory)

    def database(self) -> str:
        """An empty one. Returns its URL."""
        if self._free:
            return self.url(self._free.pop())
        self._made += 1
        name = f"ledger{self._made}"
        self.sql(f"CREATE DATABASE {name}", "postgres")
        return self.url(name)

    def give_back(self, name: str) -> None:
        """Whoever is still connected is not any more; all that is in it goes. Cheaper than another one."""
        self.sql(EMPTIED, name)
        self._free.append(name)

    def url(self, name: str, user: str = "offrecord") -> str:
        return f"postgresql://{user}@/{name}?host={self.directory}"

    def sql(self, statement: str, name: str) -> str:
        """What `psql` prints of it, unadorned."""
        return self._run(
            "psql", "-h", str(self.directory), "-U", "offrecord", "-d", name, "-qAt", "-c", statement
        ).strip()

    def on_disk(self, name: str) -> bytes:
        """Every file of a database, after what is in memory has been written."""
        self.sql("CHECKPOINT", name)
        oid = self.sql("SELECT oid FROM pg_database WHERE datname = current_database()", name)
        parts = []
        for path in (self.data / "base" / oid).iterdir():
            with suppress(FileNotFoundError):  # the last of a table that was written anew
                parts.append(path.read_bytes())
        return b"".join(parts)

    def _run(self, program: str, *arguments: str) -> str:
        # Not a pipe of ours for the server that pg_ctl leaves behind: nobody would see its end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(self._bin / program), *arguments],
                cwd="/",
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_SECONDS,
                check=False,
            )
            output.seek(0)
            said = output.read()
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, program, said)
        return said
