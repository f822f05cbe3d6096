"""Named operators: passwords that are kept as hashes, roles, and who may see what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.access.entry import Asked, Reason
from server.access.operators import FILE, Operators
from server.access.reading import Accessor, reading
from server.access.roles import MAY_SEE, Role, may_see
from server.config import Config, Console, Guarantee, Metadata
from server.errors import OperatorError

PASSWORD = "correct horse battery"


@pytest.fixture
def operators(tmp_path: Path) -> Operators:
    return Operators(tmp_path / "operators")


def test_every_role_is_decided_for_everything() -> None:
    assert set(MAY_SEE) == set(Role)
    seen = {role: {asked for asked in Asked if may_see(role, asked)} for role in Role}
    everything, of_people = set(Asked), {Asked.SUBJECT, Asked.HOLD, Asked.HELD}
    assert seen == {
        Role.VIEWER: everything - of_people - {Asked.BACKUP, Asked.OPERATORS, Asked.ACCESS_LOG},
        Role.PRIVACY_OFFICER: everything - {Asked.OPERATORS},
        Role.ADMIN: everything - of_people,
    }


def test_a_password_opens_and_another_does_not(operators: Operators) -> None:
    operators.add("grace", Role.PRIVACY_OFFICER, PASSWORD)
    assert operators.authenticate("grace", PASSWORD) is Role.PRIVACY_OFFICER
    assert operators.authenticate("grace", PASSWORD + ".") is None
    assert operators.authenticate("grace", "") is None
    assert operators.authenticate("alan", PASSWORD) is None
    operators.set_password("grace", PASSWORD[::-1])
    assert operators.authenticate("grace", PASSWORD) is None
    assert operators.authenticate("grace", PASSWORD[::-1]) is Role.PRIVACY_OFFICER
    operators.remove("grace")
    assert operators.authenticate("grace", PASSWORD[::-1]) is None


def test_only_a_hash_is_kept_and_only_its_owner_reads_it(operators: Operators, tmp_path: Path) -> None:
    operators.add("grace", Role.VIEWER, PASSWORD)
    file = tmp_path / "operators" / FILE
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    content = file.read_text()
    assert PASSWORD not in content
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in content
    file.parent.chmod(0o755)
    with pytest.raises(OperatorError, match="chmod 700"):
        operators.roles()


@pytest.mark.parametrize(
    ("name", "password", "says"),
    [
        ("grace", PASSWORD, "already"),
        ("gr ace", PASSWORD, "letters, digits"),
        ("alan", "short", "12 characters"),
        ("alan", "x" * 1025, "12 characters"),
    ],
)
def test_who_cannot_be_added(operators: Operators, name: str, password: str, says: str) -> None:
    operators.add("grace", Role.VIEWER, PASSWORD)
    with pytest.raises(OperatorError, match=says):
        operators.add(name, Role.ADMIN, password)
    assert operators.roles() == {"grace": Role.VIEWER}


def test_somebody_who_is_not_there(operators: Operators) -> None:
    for change in (
        operators.remove,
        lambda name: operators.set_password(name, PASSWORD),
        lambda name: operators.set_role(name, Role.ADMIN),
    ):
        with pytest.raises(OperatorError, match="there is no operator alan"):
            change("alan")


def test_admins_name_operators_and_where_there_is_none_each_of_them_does(operators: Operators) -> None:
    operators.check("anybody", Asked.OPERATORS)
    operators.add("grace", Role.VIEWER, PASSWORD)
    operators.check("grace", Asked.OPERATORS)
    operators.add("alan", Role.ADMIN, PASSWORD)
    operators.check("alan", Asked.OPERATORS)
    with pytest.raises(OperatorError, match="grace is viewer, who may not do that"):
        operators.check("grace", Asked.OPERATORS)
    operators.set_role("grace", Role.ADMIN)
    operators.check("grace", Asked.OPERATORS)
    assert operators.authenticate("grace", PASSWORD) is Role.ADMIN


def test_a_damaged_book_is_not_taken_for_an_empty_one(operators: Operators, tmp_path: Path) -> None:
    operators.add("grace", Role.VIEWER, PASSWORD)
    (tmp_path / "operators" / FILE).write_text('{"grace": {"role": "owner", "password": ""}}')
    with pytest.raises(OperatorError, match="damaged"):
        operators.check("grace", Asked.SESSIONS)


def test_reading_keeps_to_names_and_roles(operators: Operators, tmp_path: Path) -> None:
    config = Config(
        metadata=Metadata(access_log=str(tmp_path / "access")),
        guarantee=Guarantee(signing_key=str(tmp_path / "key.pem")),
        console=Console(operators=str(tmp_path / "operators")),
    )

    def look(name: str, asked: Asked) -> None:
        with reading(config, Accessor(name, Reason.SUPPORT, 0), asked):
            pass

    look("anybody", Asked.SUBJECT)
    operators.add("grace", Role.VIEWER, PASSWORD)
    look("grace", Asked.SESSIONS)
    with pytest.raises(OperatorError, match="grace is viewer, who may not do that"):
        look("grace", Asked.SUBJECT)
    with pytest.raises(OperatorError, match="anybody is no operator"):
        look("anybody", Asked.SESSIONS)


def test_guesses_at_once_come_to_an_end(operators: Operators) -> None:
    """Hashes of several lanes at once would wait for each other's threads for ever."""
    operators.add("grace", Role.VIEWER, PASSWORD)
    with ThreadPoolExecutor(4) as pool:
        guesses = [pool.submit(operators.authenticate, "grace", PASSWORD) for _ in range(8)]
        assert [guess.result() for guess in guesses] == [Role.VIEWER] * 8
