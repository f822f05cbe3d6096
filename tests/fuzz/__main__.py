"""Fuzzes one target, guided by coverage: `python -m tests.fuzz TARGET DIRECTORY [options of libFuzzer]`.

The directory keeps what was found to be worth mutating. A finding ends the run with its traceback and is
written beside it; give the file to the same command instead of the directory to see it again.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["server", "jwt"]):
    from tests.fuzz.seeds import seeds
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, place, *options = sys.argv[1:]
    target = TARGETS[name]
    logging.disable()
    directory = Path(place)
    if not directory.is_file():
        directory.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds(name)):
            (directory / f"seed-{number}").write_bytes(seed)
    prefix = directory if directory.is_file() else directory.with_name(f"{directory.name}-finding-")
    atheris.Setup([sys.argv[0], str(directory), f"-artifact_prefix={prefix}", *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
