"""What a log line can hold: numbers, closed words, identifiers of our own. Nothing that anybody said."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server import ids
from server.control.messages import Level
from server.errors import ClientError, OperatorError, RelayError, RelayFault
from server.journal import WITHHELD, Journal


class Written:
    """A journal whose lines can be read."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.journal = Journal(as_json=as_json)
        self.output = io.StringIO()
        self.journal.handler.setStream(self.output)

    def logger(self, name: str) -> logging.Logger:
        logger = logging.Logger(name)
        logger.addHandler(self.journal.handler)
        return logger

    def lines(self) -> list[str]:
        return self.output.getvalue().splitlines()


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.mark.parametrize(
    "name", ["aiohttp.server", "aiohttp.websocket", "asyncio", "sqlalchemy", "some.library"]
)
def test_of_a_library_only_the_place_is_kept(name: str, written: Written) -> None:
    logger = written.logger(name)
    try:
        raise ValueError("GET /rtc?access_token=eyJhbGci")
    except ValueError:
        logger.exception("Error handling request from %s", "192.0.2.7")
    logger.warning("peer 192.0.2.7 sent eyJhbGci")
    text = written.output.getvalue()
    assert "192.0.2.7" not in text
    assert "eyJhbGci" not in text
    assert "ValueError at test_journal.py:" in text


def test_our_own_exceptions_are_reduced_too(written: Written) -> None:
    try:
        raise KeyError("ada")
    except KeyError:
        written.logger("server.rooms").exception("room %s broke", ids.room_sid(), stack_info=True)
    text = written.output.getvalue()
    assert "ada" not in text
    assert "KeyError at test_journal.py:" in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (7, "7"),
        (0.5, "0.5"),
        (None, "None"),
        (True, "True"),
        (RelayFault.DIED, "died"),
        (Level.FULL, "full"),
        (ValueError, "ValueError"),
        ("RM_2345abc", "RM_2345abc"),
        ("PA_2345abc", "PA_2345abc"),
        (OperatorError("choose another port"), "choose another port"),
        (RelayError("it died"), "it died"),
    ],
)
def test_what_names_nobody_is_shown(value: object, shown: str, written: Written) -> None:
    written.logger("server.rooms").info("it is %s", value)
    assert written.output.getvalue().endswith(f"INFO server.rooms it is {shown}\n")
    assert written.journal.withheld == 0


@pytest.mark.parametrize(
    "value",
    [
        "ada",
        "RM_ ada",
        "PA_2345\nada",
        b"ada",
        ["ada"],
        {"name": "ada"},
        ("ada",),
        ValueError("ada"),
        ClientError("ada"),
        object(),
    ],
)
def test_any_other_value_is_withheld_and_counted(value: object, written: Written) -> None:
    written.logger("server.rooms").info("it is %s, of %d", value, 2)
    assert written.output.getvalue().endswith(f"INFO server.rooms it is {WITHHELD}, of 2\n")
    assert written.journal.withheld == 1


def test_values_by_name_are_looked_at_too(written: Written) -> None:
    written.logger("offrecord.relays").info("%(who)s of %(count)d", {"who": "ada", "count": 2})
    assert written.lines()[0].endswith(f"{WITHHELD} of 2")
    assert written.journal.withheld == 1


def test_a_text_that_is_no_text_is_withheld(written: Written) -> None:
    written.logger("server.rooms").info(ValueError("ada"))
    assert written.lines()[0].endswith(WITHHELD)


def test_json_is_one_object_a_line() -> None:
    written = Written(as_json=True)
    logger = written.logger("server.rooms")
    sid = ids.room_sid()
    logger.info("room %s opened", sid)
    logger.warning("a\nb %s", "ada")
    first, second = (json.loads(line) for line in written.lines())
    assert first.keys() == {"time", "level", "logger", "message", "text"}
    assert first["time"].endswith("Z")
    assert (first["level"], first["logger"]) == ("info", "server.rooms")
    assert (first["message"], first["text"]) == (f"room {sid} opened", "room %s opened")
    assert second["message"] == f"a\nb {WITHHELD}"


_anything = st.recursive(
    st.text(min_size=3) | st.binary(min_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
)


@given(value=_anything)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_text_and_nothing_that_holds_one_is_shown(value: Any) -> None:
    """But identifiers of the server's own form, which nobody else makes up."""
    written = Written(as_json=True)
    record = logging.LogRecord("server.rooms", logging.INFO, "", 0, "it is %s.", (value,), None)
    written.journal.handler.handle(record)
    (line,) = written.lines()
    assert json.loads(line)["message"] == f"it is {WITHHELD}."


def test_an_open_journal_writes_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    journal = Journal()
    journal.open()
    logging.getLogger("server.rooms").info("%s", "ada")
    logging.getLogger("aiohttp.server").error("ada")
    assert "ada" not in capsys.readouterr().err
    assert journal.withheld == 1
