"""Every attack, by group."""

from __future__ import annotations

from types import ModuleType

from server.verify.attack import Attack
from server.verify.attacks import files, inherited, kept, libraries, machine, network, processes


def _of(module: ModuleType) -> list[Attack]:
    return [value for value in vars(module).values() if isinstance(value, Attack)]


ATTACKS: tuple[Attack, ...] = tuple(
    found
    for module in (files, inherited, kept, processes, network, machine, libraries)
    for found in _of(module)
)
