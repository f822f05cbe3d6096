"""Every attack, by group."""

from __future__ import annotations

from types import ModuleType

from server.verify.attack import Attack
from server.verify.attacks import files, host, inherited, kept, libraries, machine, network, processes, shown


def _of(module: ModuleType) -> list[Attack]:
    return [value for value in vars(module).values() if isinstance(value, Attack)]


ATTACKS: tuple[Attack, ...] = tuple(
    found
    for module in (files, inherited, kept, shown, processes, network, machine, libraries, host)
    for found in _of(module)
)
