"""Every command that docs/operations.md and the commands' own help show is one that can be typed."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from tests.embedded import ROOT

DOCUMENT = ROOT / "docs" / "operations.md"
WITH_EXAMPLES = (
    "backup",
    "restore",
    "status",
    "retry",
    "cancel",
    "reprocess",
    "usage",
    "worker",
    "sign_token",
    "purge",
    "canary",
)
TYPED = re.compile(r"^ {2,4}manage\.py (\S.*?)(?: {2,}.*)?$", re.MULTILINE)


def load(name: str) -> Any:
    return load_command_class(get_commands()[name], name)


def shown() -> Iterator[str]:
    yield from TYPED.findall(DOCUMENT.read_text(encoding="utf-8"))
    for name in WITH_EXAMPLES:
        yield from TYPED.findall(load(name).create_parser("manage.py", name).epilog)


@pytest.mark.parametrize("line", sorted(set(shown())))
def test_it_can_be_typed(line: str) -> None:
    name, *arguments = shlex.split(line)
    load(name).create_parser("manage.py", name).parse_args(arguments)


def test_each_command_shows_examples_and_is_in_the_document() -> None:
    lines = [line.split()[0] for line in TYPED.findall(DOCUMENT.read_text(encoding="utf-8"))]
    for name in WITH_EXAMPLES:
        assert name in lines
        assert len(TYPED.findall(load(name).create_parser("manage.py", name).epilog)) >= 2
