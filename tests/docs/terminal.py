"""A terminal in which tests type what pages show, as their readers do: all of it in one shell, one command after the other.

What a page leaves open is filled in as a reader fills it in: what is `given` (a key, the address of the server), and an id
or secret that it writes as `vid_…` is the last one of its kind that was answered.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.embedded import ROOT
from tests.house.pages import Code

ENDED = "--ended--"
KINDS = r"\b(vid|upl|upg|whe|gfk|whsec)_(?=[A-Za-z0-9+/=]{6})[A-Za-z0-9+/=_-]+"


@dataclass(frozen=True, slots=True)
class Typed:
    """A command of a page, and what the page shows as its answer, if anything."""

    command: str
    answer: str


def typed_in(code: Code) -> Iterator[Typed]:
    """Yield the commands of a block: of `console` those behind a prompt, else all of it as one."""
    if code.language != "console":
        yield Typed(code.text, "")
        return
    for part in re.split(r"^\$ ", code.text, flags=re.MULTILINE)[1:]:
        lines = part.rstrip("\n").split("\n")
        length = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\"))
        answer = "\n".join(line for line in lines[length:] if line and not line.startswith("# "))
        yield Typed("\n".join(lines[:length]), answer)


class Terminal:
    """A bash that goes on for as long as the block does; what is typed must end with 0."""

    def __init__(
        self, folder: Path, *, given: Mapping[str, str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.given = dict(given)
        for name, target in (
            (".venv", Path(sys.prefix)),
            ("manage.py", ROOT / "manage.py"),
            ("docs", ROOT / "docs"),
        ):
            if not (folder / name).exists():
                (folder / name).symlink_to(target)
        path = f"{folder / '.venv/bin'}:/usr/local/bin:/usr/bin:/bin"
        self._last: dict[str, str] = {}
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env={**(environment or {}), "PATH": path, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.type('set -o pipefail; manage.py() { .venv/bin/python manage.py "$@"; }')

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bash.kill()
        self._bash.communicate()

    def type(self, command: str) -> str:
        """Type a command; returns all that it printed."""
        filled = self.fill(command)
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{filled}\nprintf '\\n%s\\n' \"{ENDED} $?\"\n")
        self._bash.stdin.flush()
        said = ""
        for line in self._bash.stdout:
            if line.startswith(ENDED):
                break
            said += line
        else:
            raise AssertionError(f"The shell ended at: {filled}\n{said}")
        assert line.split() == [ENDED, "0"], f"{filled}\n{said}{line}"
        self._last |= {found[1]: found[0] for found in re.finditer(KINDS, said)}
        return said.removesuffix("\n")

    def type_block(self, code: Code) -> list[str]:
        """Type all commands of a block; returns what each printed, which has the shape of what the page shows."""
        said = []
        for typed in typed_in(code):
            said.append(self.type(typed.command))
            if typed.answer:
                expect_shape(typed.answer, said[-1])
        return said

    def fill(self, text: str) -> str:
        for shown, meant in self.given.items():
            text = text.replace(shown, meant)
        return re.sub(r"\b([a-z]+)_…", lambda found: self._last.get(found[1], found[0]), text)


def expect_shape(shown: str, answered: str) -> None:
    """Expect what a page shows of an answer in the answer: its fields in their order, with the same values but for what is open.

    Open is what has a `…` in it, and `, …` at the end stands for further fields.
    """
    parts = [re.escape(part) for part in re.sub(r",?\s*…\s*(?=\}$)", "…", shown.strip()).split("…")]
    pattern = ".*".join(parts)
    assert re.search(
        re.sub(r"127\\\.0\\\.0\\\.1:\d+", r"127\\.0\\.0\\.1:\\d+", pattern), answered, re.DOTALL
    ), f"The page shows\n{shown}\nand the answer is\n{answered}"


def read_json(said: str) -> Any:
    """Return the one JSON object of what was printed."""
    (found,) = read_objects(said)
    return found


def read_objects(said: str) -> list[Any]:
    """Return the JSON objects of what was printed; curl prints them one right after the other."""
    found, at = [], said.find("{")
    while at >= 0:
        one, end = json.JSONDecoder().raw_decode(said, at)
        found.append(one)
        at = said.find("{", end)
    return found


def plain_environment() -> dict[str, str]:
    """Return what programs need of this process's environment, and nothing that tells of a Gilfoyle."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
