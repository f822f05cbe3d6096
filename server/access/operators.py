"""Named operators: a role and a password each, in `operators.json` of a directory of its own.

Of a password only the Argon2id hash is kept (RFC 9106, its second recommended option: 64 MiB, three passes).
Where nobody is named, anybody who can run the commands may, under any name: they could read the ledger's
file as well.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from server.access.entry import OPERATOR_PATTERN, Asked
from server.access.private import PrivateDirectory
from server.access.roles import Role, may_see
from server.errors import OperatorError

FILE = "operators.json"
SETTING = "[console] operators"
MOST_OPERATORS = 1000
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1024
"""Characters. A long one would only cost time to hash."""
_LARGEST_FILE = 1024 * 1024
_MEMORY_KIB, _PASSES, _LANES = 64 * 1024, 3, 4
# Several hashes of several lanes at once wait for each other's threads for ever in OpenSSL (seen with 4.0.3).
_one_at_a_time = threading.Lock()
# Of no password: what a guess at a name that nobody has is compared with, at the same cost.
_NOBODY = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}$" + "A" * 22 + "$" + "A" * 43


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: Role
    password: str
    """As Argon2's reference encodes it: `$argon2id$v=19$…`."""

    def __repr__(self) -> str:
        """The hash never prints."""
        return f"<Operator {self.role}>"


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is now. `mark` changes with their password: who signed in before must do so again."""

    role: Role
    mark: str


class Operators:
    """The book of them. Every method opens, locks and closes it; all of them block."""

    def __init__(self, directory: Path) -> None:
        self._directory = PrivateDirectory(directory, SETTING)

    def roles(self) -> dict[str, Role]:
        """By name. Raises OperatorError for a book that cannot be read, or that others can."""
        with self._directory.locked(create=False) as there:
            return {name: one.role for name, one in sorted(self._read().items())} if there else {}

    def add(self, name: str, role: Role, password: str) -> None:
        """Raises OperatorError for a name that is taken or not plain, or a password that is too short."""
        check_name(name)
        hashed = _hash(password)
        with self._changing() as book:
            if name in book:
                raise OperatorError(f"there is an operator {name} already")
            if len(book) == MOST_OPERATORS:
                raise OperatorError(f"there are {MOST_OPERATORS} operators already")
            book[name] = Operator(role, hashed)

    def remove(self, name: str) -> None:
        """Raises OperatorError for somebody who is not there."""
        with self._changing() as book:
            _known(book, name)
            del book[name]

    def set_role(self, name: str, role: Role) -> None:
        """Raises OperatorError for somebody who is not there."""
        with self._changing() as book:
            book[name] = msgspec.structs.replace(_known(book, name), role=role)

    def set_password(self, name: str, password: str) -> None:
        """Raises OperatorError for somebody who is not there, or a password that is too short."""
        hashed = _hash(password)
        with self._changing() as book:
            book[name] = msgspec.structs.replace(_known(book, name), password=hashed)

    def authenticate(self, name: str, password: str) -> Role | None:
        """The role, if name and password fit. Takes as long for a name that is not there: one hash."""
        with self._directory.locked(create=False) as there:
            book = self._read() if there else {}
        one = book.get(name)
        hashed = _NOBODY if one is None else one.password
        if len(password) > LONGEST_PASSWORD:
            return None
        try:
            with _one_at_a_time:
                Argon2id.verify_phc_encoded(password.encode("utf-8", "surrogatepass"), hashed)
        except InvalidKey:
            return None
        return None if one is None else one.role

    def standing(self, name: str) -> Standing | None:
        """None for somebody who is not there. Raises OperatorError as `roles`."""
        with self._directory.locked(create=False) as there:
            one = self._read().get(name) if there else None
        if one is None:
            return None
        return Standing(one.role, hashlib.sha256(f"{one.role}\0{one.password}".encode()).hexdigest())

    def check(self, name: str, asked: Asked) -> Role | None:
        """The role of this operator; None where nobody is named.

        Raises OperatorError if operators are named, and this is none, or their role may not do that.
        As long as no admin is named, each of them may name others: nobody locks themselves out.
        """
        roles = self.roles()
        if not roles:
            return None
        if name not in roles:
            raise OperatorError(f"{name} is no operator of this server: `offrecord operator list` names them")
        if asked is Asked.OPERATORS and Role.ADMIN not in roles.values():
            return roles[name]
        if not may_see(roles[name], asked):
            raise OperatorError(f"{name} is {roles[name]}, who may not do that ({asked})")
        return roles[name]

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Operator]]:
        with self._directory.locked(create=True):
            book = self._read()
            yield book
            self._directory.replace(FILE, iter([msgspec.json.encode(book)]), shred=True)

    def _read(self) -> dict[str, Operator]:
        content = self._directory.read(FILE, _LARGEST_FILE)
        try:
            return {} if content is None else msgspec.json.decode(content, type=dict[str, Operator])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._directory.refused(f"holds an {FILE} that is damaged") from None


def check_name(name: str) -> None:
    """Raises OperatorError unless `name` can stand in the access log."""
    if not re.fullmatch(OPERATOR_PATTERN, name):
        raise OperatorError("the operator's name is at most 64 letters, digits, '.', '_', '@' and '-'")


def _known(book: dict[str, Operator], name: str) -> Operator:
    if name not in book:
        raise OperatorError(f"there is no operator {name}")
    return book[name]


def _hash(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise OperatorError(f"a password has {SHORTEST_PASSWORD} characters at least")
    made = Argon2id(
        salt=secrets.token_bytes(16), length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB
    )
    with _one_at_a_time:
        return made.derive_phc_encoded(password.encode("utf-8", "surrogatepass"))
