"""Asks everything, and tells it as lines for a person or as JSON."""

from __future__ import annotations

import asyncio
import sys

import msgspec
from rich.console import Console
from rich.markup import escape

from server.config import Config
from server.control.messages import Level
from server.doctor import checks, trials
from server.doctor.finding import CANNOT_SERVE, LOWER_LEVEL, Finding, Report, Verdict, summary
from server.doctor.host import read_host

_COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.MISSING: "red"}


async def examine(config: Config, *, dev: bool) -> Report:
    """All findings. A relay is tried only where the system has what a birth needs."""
    findings = checks.check_host(read_host(), config)
    findings += checks.check_configuration(config, dev=dev)
    findings += trials.check_certificate(config)
    findings += trials.check_turn(config)
    findings += trials.check_ports(config)
    level = Level.NONE
    if sys.platform == "linux":
        findings += await trials.check_firewall(config)
        level, born = await trials.check_birth(config)
        findings += born
    return summary(level, findings)


def main(config: Config, *, dev: bool, json: bool) -> int:
    """The exit code: 0 when `full` is possible, 1 for a lower level, 2 when nothing can be served."""
    report = asyncio.run(examine(config, dev=dev))
    if json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        _print(report)
    return report.exit


def _print(report: Report) -> None:
    console = Console(highlight=False)
    for finding in report.findings:
        console.print(_line(finding), soft_wrap=True)
        if finding.do:
            console.print(f"         [dim]{escape(finding.do)}[/dim]", soft_wrap=True)
    console.print(_conclusion(report))


def _line(finding: Finding) -> str:
    colour = _COLOURS[finding.verdict]
    return f"[{colour}]{finding.verdict:<8}[/{colour}] [bold]{finding.subject}[/bold]: {escape(finding.says)}"


def _conclusion(report: Report) -> str:
    if report.exit == CANNOT_SERVE:
        return "The server cannot serve here as it is."
    if report.exit == LOWER_LEVEL:
        return f"This host reaches level {report.level}, not full."
    return "This host reaches level full."
