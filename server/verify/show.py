"""A verification as people read it."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from server.verify.layers import Layer
from server.verify.report import Limit, Matrix, Open, Recorder, Report, Stranger
from server.verify.wire import Line


def plain(name: str) -> str:
    return name.replace("_", " ")


def listing(names: list[tuple[str, str]]) -> None:
    """Every attack by its name, for `--only`."""
    table = _table("attack", "group")
    for name, group in names:
        table.add_row(name, group)
    Console().print(table)


def report(found: Report, lines: list[Line]) -> None:
    console = Console()
    console.print(f"A disposable relay, level [bold]{found.level}[/bold]")
    console.print(_attacks(lines))
    if found.matrix is not None:
        _print_matrix(console, found.matrix)
    console.print(
        f"{found.tried} tried, {found.control_worked} work without the lock, "
        f"{found.blocked} of these are blocked, {len(found.open)} are open."
    )
    for closed_by, names in _open_by_measure(found.open).items():
        console.print(f"  open, {closed_by}: {', '.join(names)}")
    if found.planted:
        console.print("\n[bold]Planted recorders[/bold], each in a relay that carries a call")
        console.print(_recorders(found.planted))
        working = [one for one in found.planted if one.found_unlocked]
        console.print(
            f"{len(found.planted)} planted, {len(working)} record without the lock, "
            f"{sum(one.caught for one in working)} of these are caught."
        )
    if found.strangers:
        console.print("\n[bold]A locked relay that sends to a stranger[/bold]")
        console.print(_strangers(found.strangers))
    _print_list(
        console,
        "Narrow, not closed: what one simple sender got through, and a better one gets more",
        [(one.subject, _limit(one)) for one in found.limits],
    )
    _print_list(
        console,
        "Not demonstrable: these fail without the lock too, which proves nothing",
        [(plain(silent.attack), silent.reason) for silent in found.not_demonstrable],
    )
    _print_list(
        console,
        "Untested here, and not counted as blocked",
        [(plain(one.subject), one.reason) for one in found.untested],
    )


def _print_list(console: Console, heading: str, items: list[tuple[str, str]]) -> None:
    if items:
        console.print(f"\n[bold]{heading}[/bold]")
    for subject, text in items:
        console.print(f"  {subject}: {text}", highlight=False)


def _limit(one: Limit) -> str:
    rate = f"{one.bits_per_second:.0f} bit/s, " if one.bits_per_second is not None else ""
    measure = f"; closed by: {one.closed_by.text}; here: {one.closed_by.state}" if one.closed_by else ""
    return f"{rate}{one.how}: {one.note}{measure}"


def _table(*headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    return table


def _attacks(lines: list[Line]) -> Table:
    table = _table("attack", "without the lock", "with the lock")
    group = ""
    for line in lines:
        if line.skipped:
            continue
        if line.group != group:
            group = line.group
            table.add_section()
            table.add_row(f"[bold]{group}[/bold]")
        locked = ""
        if line.locked is not None:
            locked = f"[red]{line.locked.how}[/red]" if line.locked.worked else line.locked.how
        table.add_row(plain(line.attack), line.control.how, locked)
    return table


def _recorders(planted: list[Recorder]) -> Table:
    table = _table("recorder", "without the lock", "with the lock")
    for one in planted:
        control = "recorded" if one.found_unlocked else one.control
        locked = one.locked if one.caught else "[red]recorded[/red]"
        table.add_row(one.what, control, locked)
    return table


def _strangers(tried: list[Stranger]) -> Table:
    table = _table("attempt", "without the host firewall", "with it")
    for one in tried:
        table.add_row(one.what, one.control, f"[red]{one.guarded}[/red]" if one.reached else "refused")
    return table


def _open_by_measure(found: list[Open]) -> dict[str, list[str]]:
    """Names of the attacks by what closes them."""
    grouped: dict[str, list[str]] = {}
    for one in found:
        known = one.closed_by
        heading = (
            f"known; closed by: {known.text}; here: {known.state}" if known else "[red]NOT DOCUMENTED[/red]"
        )
        grouped.setdefault(heading, []).append(plain(one.attack))
    return grouped


_LETTERS = {
    Layer.PIPES: "P",
    Layer.STAGE_0: "0",
    Layer.LIMITS: "M",
    Layer.IDENTITY: "U",
    Layer.LANDLOCK: "L",
    Layer.SECCOMP: "S",
    Layer.INSPECTION: "I",
    Layer.NOT_DUMPABLE: "D",
}


def _print_matrix(console: Console, matrix: Matrix) -> None:
    """A letter per layer that stops the attack by itself; bold where no other layer would."""
    table = _table("attack", "layers")
    table.columns[0].no_wrap = True
    for row in matrix.attacks:
        cells = (
            f"[bold]{letter}![/bold]"
            if layer in row.only_stopped_by
            else f"{letter if layer in row.alone_stopped else '·'} "
            for layer, letter in _LETTERS.items()
        )
        table.add_row(plain(row.attack), "".join(cells))
    legend = ", ".join(f"{letter} {layer}" for layer, letter in _LETTERS.items())
    console.print(
        f"[bold]Layers[/bold] that stop an attack alone: {legend}. ! means that nothing else would."
    )
    console.print(table)
    summary = _table("layer", "alone stops", "stopped by no other")
    for layer in matrix.layers:
        summary.add_row(
            layer.layer,
            f"{layer.alone_stops} of {len(matrix.attacks)}",
            ", ".join(map(plain, layer.without_it_open)) or "-",
        )
    console.print(summary)
