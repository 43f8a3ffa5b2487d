"""The documentation as tests read it: what stands in code, where, and what a page links to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.embedded import ROOT

MARKDOWN = MarkdownIt("commonmark").enable("table")
INLINE = "inline"


@dataclass(frozen=True, slots=True)
class Code:
    """What stands in code on a page. `language`: of a block, the first word after its fence; of code in a line, `inline`.

    `address`: of a block, page, heading and language, as in `docs/api.md#errors/sh`; of the second one `…/sh/2`.
    `file`: the name that stands behind the language, if any.
    """

    path: Path
    line: int
    language: str
    text: str
    address: str = ""
    file: str = ""

    def at(self, offset: int = 0) -> str:
        """Return file and line, as editors open them."""
        return f"{self.path}:{self.line + offset}"

    def commands(self) -> Iterator[tuple[int, str]]:
        """Yield what is typed, each with its offset in lines: without prompts and comments, in one line."""
        typed, begins = "", 0
        for offset, line in enumerate(self.text.splitlines()):
            if not typed:
                begins = offset
                if self.language == "console" and not line.startswith("$ "):
                    continue  # what is answered
                line = line.removeprefix("$ ")  # noqa: PLW2901 - the line without its prompt
            typed += line.strip().removesuffix("\\") + " "
            if not line.endswith("\\"):
                yield begins, re.split(r"(?:^|\s)#\s", typed)[0].strip()
                typed = ""


@dataclass(frozen=True, slots=True)
class Link:
    path: Path
    line: int
    target: str


@dataclass(frozen=True, slots=True)
class Page:
    path: Path
    codes: tuple[Code, ...]
    links: tuple[Link, ...]
    anchors: frozenset[str]


@cache
def pages() -> tuple[Page, ...]:
    """Return README.md and all pages of docs/."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return tuple(_read(path) for path in found if "node_modules" not in path.parts)


def codes(*languages: str) -> list[Code]:
    """Return what stands in code in one of these languages, on all pages."""
    return [code for page in pages() for code in page.codes if code.language in languages]


def blocks() -> dict[str, Code]:
    """Return all blocks of code of all pages by their addresses."""
    return {code.address: code for page in pages() for code in page.codes if code.address}


def block(address: str) -> Code:
    """Return a block of code; a test that takes it so is the one that tries it (test_blocks.py)."""
    found = blocks()
    page = address.partition("#")[0]
    near = ", ".join(other for other in found if other.startswith(f"{page}#")) or "none"
    assert address in found, f"There is no block {address}; on this page there are: {near}"
    return found[address]


def all_of(pattern: str) -> list[Code]:
    """Return all blocks whose addresses are so, for pages that are compared whole: `*` stands for anything."""
    return [code for address, code in blocks().items() if fnmatchcase(address, pattern)]


def _read(path: Path) -> Page:
    tokens = MARKDOWN.parse(path.read_text(encoding="utf-8"))
    name = path.relative_to(ROOT)
    return Page(
        path=name,
        codes=tuple(_codes(name, tokens)),
        links=tuple(
            Link(name, token.map[0] + 1 if token.map else 0, str(child.attrs["href" if child.type == "link_open" else "src"]))
            for token in tokens
            for child in token.children or ()
            if child.type in {"link_open", "image"}
        ),
        anchors=frozenset(
            _slug(tokens[index + 1].content) for index, token in enumerate(tokens) if token.type == "heading_open"
        ),
    )  # fmt: skip


def _codes(path: Path, tokens: list[Token]) -> Iterator[Code]:
    line, heading = 1, ""
    seen: Counter[str] = Counter()

    def block(token: Token, line: int, language: str, file: str) -> Code:
        kind = f"{path}#{heading}/{language}"
        seen[kind] += 1
        number = f"/{seen[kind]}" if seen[kind] > 1 else ""
        return Code(path, line, language, token.content, f"{kind}{number}", file)

    for index, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else line
        if token.type == "heading_open":
            heading = _slug(tokens[index + 1].content)
        elif token.type == "fence":
            language, _, file = (token.info.strip() or "text").partition(" ")
            yield block(token, line + 1, language, file)
        elif token.type == "code_block":
            yield block(token, line, "indented", "")
        for child in token.children or ():
            if child.type == "code_inline":
                yield Code(path, line, INLINE, child.content)


def _slug(heading: str) -> str:
    """Return the anchor of a heading, as the repository's readers and the built pages have it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
