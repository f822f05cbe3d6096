"""A log line of ours is a constant text: what is filled in goes through the journal, which looks at it."""

from __future__ import annotations

import ast
from pathlib import Path

SERVER = Path(__file__).parents[2] / "server"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = {"logger", "_log", "log", "_logger", "logging"}


def _faults(source: str) -> list[str]:
    """Calls whose text is put together before, and loggers that the journal would take for a library's."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of = node.func.value
        if not (isinstance(of, ast.Name) and of.id in LOGGERS):
            continue
        if node.func.attr in LEVELS or node.func.attr == "log":
            text = node.args[1] if node.func.attr == "log" else node.args[0]
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                faults.append(f"line {node.lineno}: no constant text")
        if of.id == "logging" and node.func.attr == "getLogger":
            name = node.args[0] if node.args else None
            ours = (isinstance(name, ast.Name) and name.id == "__name__") or (
                isinstance(name, ast.Constant) and str(name.value).split(".")[0] == "offrecord"
            )
            if not ours:
                faults.append(f"line {node.lineno}: a logger of another name")
    return faults


def test_every_line_has_a_constant_text() -> None:
    # What is planted to be found, and what attacks, logs on purpose.
    files = [path for path in SERVER.rglob("*.py") if "verify" not in path.relative_to(SERVER).parts]
    faults = {str(path.relative_to(SERVER)): found for path in files if (found := _faults(path.read_text()))}
    assert faults == {}


def test_faults_are_seen() -> None:
    assert _faults('logger.info(f"{name} joined")\nlogger.log(3, "a" + name)\nlogger.info("%s" % name)') == [
        "line 1: no constant text",
        "line 2: no constant text",
        "line 3: no constant text",
    ]
    assert _faults('logging.getLogger("aiohttp")\nlogging.getLogger()') == [
        "line 1: a logger of another name",
        "line 2: a logger of another name",
    ]
    assert _faults('logger.info("%s joined", name)\nlogging.getLogger(__name__)') == []
