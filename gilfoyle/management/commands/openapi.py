from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.generators import SchemaGenerator

from gilfoyle.lib.contract import find_breaks, read_promises

DOCUMENT = Path("docs/openapi.yaml")
PROMISES = Path("docs/openapi-promises.txt")
MOST_SHOWN = 40
RENEW = "python manage.py openapi --write"


class Command(BaseCommand):
    help = (
        "Compare the API of this code with the document that was published (docs/openapi.yaml) and with what that "
        "promised (docs/openapi-promises.txt), or write both anew. Exit code 1: they differ. "
        "Examples: manage.py openapi; manage.py openapi --write; manage.py openapi --write --break"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write both files anew")
        parser.add_argument(
            "--break",
            action="store_true",
            dest="breaks",
            help="also where promises are broken; say so in CHANGELOG.md",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="with --write: write nothing, say what would be"
        )
        parser.add_argument("--json", action="store_true", help="answer as JSON")
        parser.add_argument("--folder", type=Path, default=settings.BASE_DIR, help="where docs/ is")

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        wanted = {DOCUMENT: render_document(document), PROMISES: render_promises(document)}
        stale = [str(path) for path, text in wanted.items() if _read(folder / path) != text]
        breaks = find_breaks(_read(folder / PROMISES).splitlines(), wanted[PROMISES].splitlines())
        if options["json"]:
            self.stdout.write(json.dumps({"stale": stale, "breaks": breaks}))
        else:
            self.stdout.write(
                "\n".join([*breaks[:MOST_SHOWN], *(f"stale: {path}" for path in stale)])
                or "Nothing has changed."
            )
        if breaks and not (options["write"] and options["breaks"]):
            message = f"{len(breaks)} promises of the API would be broken. If that must be: {RENEW} --break"
            raise CommandError(message)
        if stale and not options["write"]:
            message = f"The API is not the documented one. If that is meant: {RENEW}"
            raise CommandError(message)
        if not options["dry_run"]:
            for path in stale:
                (folder / path).parent.mkdir(exist_ok=True)
                (folder / path).write_text(wanted[Path(path)], encoding="utf-8")


class _Dumper(yaml.CSafeDumper):
    """Writes texts of several lines as such."""


def _write_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _write_text)


def render_document(document: dict[str, Any]) -> str:
    """Return the document as YAML, the same on every machine."""
    plain = json.loads(json.dumps(document, default=str))
    text: str = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return f"# Written by `{RENEW}`; not by hand.\n{text}"


def render_promises(document: dict[str, Any]) -> str:
    """Return a line for each promise."""
    return "\n".join(read_promises(document)) + "\n"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
