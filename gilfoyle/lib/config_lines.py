"""All that is wrong in a settings file, each with its line: for who edits one that is not in force yet.

A start stops at the first fault (config.py); this goes on, so that a list of rules is mended in one go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from gilfoyle.lib.config import load_config
from gilfoyle.lib.config_problems import Location
from gilfoyle.lib.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `line`: counted from 1; None where it stands on no line, or what is wrong came from elsewhere."""

    key: str
    problem: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.key} {self.problem}.".strip() + (f" {self.hint}" if self.hint else "")


def find_faults(path: Path | None, environ: Mapping[str, str]) -> list[Fault]:
    """Return what would keep the settings from being taken, in the order of the file; none where they are fine."""
    found: list[tuple[Location, ConfigError]] = []
    try:
        load_config(path, environ, on_fault=lambda location, error: found.append((location, error)))
    except ConfigError as error:
        found = found or [((), error)]  # not even YAML: it names the line itself
    lines = _lines_of(path) if path is not None else {}
    faults = [
        Fault(
            error.key,
            error.problem,
            error.hint,
            _line(lines, location) if error.source == str(path) else None,
        )
        for location, error in found
    ]
    return sorted(faults, key=lambda fault: fault.line or 0)


def _line(lines: Mapping[Location, int], location: Location) -> int | None:
    """Return where a key stands; of one that is missing, where what should have it begins."""
    parts = tuple(part for part in location if part != "[key]")
    return next((lines[parts[:n]] for n in range(len(parts), 0, -1) if parts[:n] in lines), None)


def _lines_of(path: Path) -> dict[Location, int]:
    try:
        # Composing builds no objects at all.
        document = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    lines: dict[Location, int] = {}
    waiting: list[tuple[Location, yaml.Node]] = [((), document)] if document is not None else []
    seen: set[int] = set()
    while waiting:
        location, node = waiting.pop()
        if id(node) in seen:  # an alias, which may also hold itself
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                lines[*location, str(key.value)] = key.start_mark.line + 1
                waiting.append(((*location, str(key.value)), value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                lines[*location, number] = value.start_mark.line + 1
                waiting.append(((*location, number), value))
    return lines
