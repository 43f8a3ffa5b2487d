"""`python -m tests.corpus list | make FOLDER [NAME…] | table`: the corpus on the command line."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from tests.corpus.catalogue import SOURCES
from tests.corpus.source import Played
from tests.corpus.table import render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources.md"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description="Sources of every kind.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name all sources, and what becomes of them")
    making = commands.add_parser("make", help="write sources into a folder")
    making.add_argument("folder", type=Path)
    making.add_argument("names", nargs="*", help="of sources; all where none is named")
    commands.add_parser("table", help="write docs/sources.md anew")
    wanted = parser.parse_args(argv)
    if wanted.command == "list":
        for source in SOURCES:
            verdict = "accepted" if isinstance(source.becomes, Played) else source.becomes
            sys.stdout.write(f"{source.name}: {source.about}: {verdict}\n")
    elif wanted.command == "table":
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(render(), encoding="utf-8")
    else:
        make_sources(wanted.folder, wanted.names)
    return 0


def make_sources(folder: Path, names: list[str]) -> None:
    """Write each source (all where none is named) into a folder of its own."""
    for source in SOURCES:
        if not names or source.name in names:
            own = folder / re.sub(r"[^a-z0-9.]+", "-", source.name.lower())
            own.mkdir(parents=True)
            path = source.make(own)
            for other in own.iterdir():
                if other != path:
                    other.unlink()  # what it was made from
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
