"""What the documentation shows in code is so: commands can be typed, calls are there, settings are taken, links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from pydantic import ValidationError

from gilfoyle.lib.config import ENVIRONMENT, Config
from gilfoyle.lib.config_problems import list_keys
from tests.documented import shape_of
from tests.embedded import ROOT
from tests.house.pages import INLINE, Code, codes, pages
from tests.services import require_service

LANGUAGES = {
    "console", "sh", "text", "indented", "json", "yaml", "python", "js", "html", "swift", "kotlin", "http", "{toctree}", INLINE
}  # fmt: skip
TYPED = ("console", "sh", "indented", "text", INLINE)
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
NOT_OURS = {"/pins/{cid}"}  # of IPFS Cluster
NOT_SETTINGS = {"upload.fingerprint"}  # an option of tus-js-client
PAGES = ("/play/", "/embed/", "/report/", "/oembed", "/healthz/")  # not of the API
FOLDERS = ("gilfoyle", "videos", "processing", "streaming", "tests", "docs", "docker", "deploy", ".ci")


def test_each_block_says_in_what_language_it_is() -> None:
    assert [
        f"{code.at(-1)}: {code.language}" for code in codes_of_blocks() if code.language not in LANGUAGES
    ] == []


def codes_of_blocks() -> list[Code]:
    return [code for page in pages() for code in page.codes if code.language != INLINE]


# Commands


def test_commands_of_manage_py_can_be_typed() -> None:
    wrong = [
        f"{code.at(offset)}: manage.py {line}: {why}"
        for code, offset, line in shown_commands()
        if (why := why_not_typed(line, is_whole=code.language != INLINE))
    ]
    assert not wrong, "\n".join(wrong)


def shown_commands() -> Iterator[tuple[Code, int, str]]:
    """Yield what follows `manage.py` and its doubles in a container, as far as it is one command."""
    start = (
        r"(?:manage\.py|entrypoint\.sh|docker compose [^\n]*?(?:run --rm|exec) web) +([a-z_]+(?: [^\n]*)?)"
    )
    for code in codes(*TYPED):
        for offset, line in code.commands():
            for found in re.finditer(start, line):
                shown = re.split(r" {2,}|[;)]|&&| > | \|\s", found[1])[0]
                if not shown.startswith("/"):
                    yield code, offset, shown.strip()


def why_not_typed(line: str, *, is_whole: bool) -> str:
    """Return what is wrong with a command, else nothing. `is_whole`: it can be typed as it stands, but for its CAPITALS."""
    name, *given = shlex.split(line.replace("…", "").replace("\\|", "|"))
    if name not in get_commands():
        return "there is no such command"
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    if is_whole and not re.search(r"\b[A-Z][A-Z_]+\b|…|\[|\|", line):
        try:
            parser.parse_args(given)
        except Exception as error:  # noqa: BLE001 - Django's parser raises its own
            return str(error)
        return ""
    choices, options = known_of(parser)
    unknown = [
        word for word in given if word.startswith("--") and word.strip("[]").partition("=")[0] not in options
    ]
    words = [word for word in given if not word.startswith("-") and re.fullmatch(r"[a-z_|]+", word)]
    if choices and words and (given[0] == words[0]):
        unknown += [word for word in words[0].split("|") if word and word not in choices]
    return f"it does not know {', '.join(unknown)}" if unknown else ""


def known_of(parser: Any) -> tuple[set[str], set[str]]:
    """Return the words that a command takes first, and its options, with those of its subcommands."""
    choices: set[str] = set()
    options: set[str] = set()
    for action in parser._actions:
        options |= set(action.option_strings)
        if not action.option_strings and action.choices and not choices:
            choices = {str(choice) for choice in action.choices}
        if isinstance(action.choices, dict):
            for child in action.choices.values():
                options |= known_of(child)[1]
    return choices, options


def test_targets_of_make_are_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    wrong = [
        f"{code.at(offset)}: make {found[1]}"
        for code in codes("console", "sh", INLINE)
        for offset, line in code.commands()
        if (found := re.match(r"(?:[A-Z_]+=\S* )*make (?:[A-Z_]+=\S* )*([a-z-]+)\b", line))
        if found[1] not in targets
    ]
    assert not wrong, "\n".join(wrong)


def test_shells_read_what_is_for_them() -> None:
    require_service("bash", present=shutil.which("bash") is not None)
    wrong = []
    for code in codes("sh"):
        read = subprocess.run(["bash", "-n"], input=code.text, capture_output=True, text=True, check=False)
        if read.returncode:
            wrong.append(f"{code.at()}: {read.stderr}")
    assert not wrong, "\n".join(wrong)


# Calls


@cache
def document() -> Any:
    return yaml.load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Return by address, without the names of its parts, each method's operation."""
    return {
        shape_of(path.removeprefix("/api/v1")): {
            method.upper(): operation for method, operation in found.items()
        }
        for path, found in document()["paths"].items()
    }


def test_calls_of_the_api_are_there() -> None:
    wrong = [
        f"{code.at(offset)}: {method} {address}: {why}"
        for code, offset, method, address, body in shown_calls()
        if (why := why_not_called(method, address, body))
    ]
    assert not wrong, "\n".join(wrong)


def shown_calls() -> Iterator[tuple[Code, int, str, str, str]]:
    """Yield method, address below /api/v1, and body of each call that curl makes, or that the text names."""
    for code in codes(*TYPED):
        for offset, line in code.commands():
            if "curl " in line:
                if address := re.search(r"(?:\$API|/api/v1)(/[^\s\"')|;]*)", line):
                    body = re.search(r"(?:-d|--data) '([^']*)'", line)
                    yield code, offset, method_of(line), address[1], body[1] if body else ""
                continue
            named = re.match(rf"({'|'.join(VERBS)}) (/[\w/{{}}…?=&<>:-]+)(?:\s+(\{{.*\}}))?", line)
            if named and not named[2].startswith(PAGES) and named[2].partition("?")[0] not in NOT_OURS:
                yield code, offset, named[1], named[2].removeprefix("/api/v1"), named[3] or ""


def method_of(line: str) -> str:
    """Return the method of a call by curl, as curl itself comes to it."""
    if said := re.search(r"(?:-\w*X|--request) ?([A-Z]+)", line):
        return said[1]
    ways = ((r" (-T|--upload-file) ", "PUT"), (r" (-d|--data\S*) ", "POST"), (r" -\w*I\b", "HEAD"))
    return next((method for option, method in ways if re.search(option, line)), "GET")


def why_not_called(method: str, address: str, body: str) -> str:
    path, _, query = address.partition("?")
    if "…" in path.replace("_…", "") or path == "/uploads/tus" or path.startswith("/uploads/tus/"):
        return ""  # tus is no OpenAPI: tests/videos/uploads/conformance.py has its addresses
    shape = shape_of(re.sub(r"\$\w+|\b[a-z]+_(?:…|[A-Za-z0-9]{6,})|\bvid_\w+", "{id}", path))
    found = operations().get(shape)
    if found is None:
        return "there is no such address"
    operation = found.get(method)
    if operation is None:
        return f"it takes {', '.join(found)}"
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    unknown = [
        name for name in re.findall(r"(\w+)=", query) if name not in known and not name.startswith("metadata")
    ]
    unknown += [name for name in given_fields(body) if name not in fields_of(operation)]
    return f"it does not know {', '.join(unknown)}" if unknown else ""


def given_fields(body: str) -> list[str]:
    try:
        read = json.loads(re.sub(r",? ?…", "", body)) if body else {}
    except ValueError:
        return []  # put together by the shell
    return list(read)


def fields_of(operation: Any) -> set[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema.get("properties", ()))


# Settings


def test_settings_that_are_shown_are_taken() -> None:
    wrong = []
    for code in codes("yaml"):
        try:
            shown = yaml.safe_load(code.text)
            if isinstance(shown, dict) and set(shown) & set(Config.model_fields):
                Config.model_validate(shown)
        except (yaml.YAMLError, ValidationError) as error:
            wrong.append(f"{code.at()}: {error}")
    assert not wrong, "\n".join(wrong)


def test_keys_of_settings_are_there() -> None:
    keys = {".".join(one) for one in list_keys(Config)}
    sections = "|".join(Config.model_fields)
    wrong = [
        f"{code.at()}: {found[1]}"
        for code in codes(INLINE)
        if (found := re.fullmatch(rf"((?:{sections})\.[a-z0-9_.]+[a-z0-9])(?::.*|=.*| .*)?", code.text))
        if found[1] not in keys and not is_no_key(found[1])
    ]
    assert not wrong, "\n".join(wrong)


def is_no_key(name: str) -> bool:
    """Tell whether it is a file, an event or an entry of the audit (code has those in quotes), or a key within a list."""
    is_file = name.endswith((".py", ".md", ".sqlite3", ".pgdump"))
    return is_file or name in NOT_SETTINGS or f'"{name}"' in all_code() or name.startswith("storage.others.")


def test_variables_are_read_by_something() -> None:
    known = {*ENVIRONMENT, *re.findall(r"GILFOYLE_[A-Z0-9_]+", all_code())}
    wrong = [
        f"{code.at()}: {name}"
        for page in pages()
        for code in page.codes
        for name in re.findall(r"\bGILFOYLE_[A-Z0-9_]*[A-Z0-9]\b", code.text)
        if name not in known and not name.startswith("GILFOYLE_STORE_")
    ]
    assert not wrong, "\n".join(wrong)


@cache
def all_code() -> str:
    """Return what reads variables: code, the tests' own set-up, images and the shell."""
    found = [
        path
        for folder in FOLDERS
        if folder != "tests"
        for path in (ROOT / folder).rglob("*")
        if is_code(path)
    ]
    return "\n".join(
        path.read_text(encoding="utf-8") for path in [*found, ROOT / "manage.py", ROOT / "Makefile"]
    )


def is_code(path: Path) -> bool:
    return (
        path.is_file()
        and "node_modules" not in path.parts
        and (path.suffix in {".py", ".sh", ".example"} or path.name == "run")
    )


# Files, other languages


def test_files_that_are_named_are_there() -> None:
    made_by_operators = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    wrong = [
        f"{code.at()}: {found[1]}"
        for code in codes(INLINE)
        if (
            found := re.fullmatch(rf"((?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*-]*)(?:: .*)?", code.text)
        )
        if not any(ROOT.glob(found[1])) and f"/{found[1]}" not in made_by_operators
    ]
    assert not wrong, "\n".join(wrong)


def test_json_can_be_read() -> None:
    wrong = []
    for code in codes("json"):
        try:
            json.loads(re.sub(r", ?…(?=\s*[}\]])", "", code.text))
        except ValueError as error:
            wrong.append(f"{code.at()}: {error}")
    assert not wrong, "\n".join(wrong)


def test_python_can_be_read() -> None:
    wrong = []
    for code in codes("python"):
        try:
            compile(code.text, str(code.path), "exec")
        except SyntaxError as error:
            wrong.append(f"{code.at((error.lineno or 1) - 1)}: {error.msg}")
    assert not wrong, "\n".join(wrong)


def test_javascript_can_be_read(tmp_path: Path) -> None:
    require_service("node", present=shutil.which("node") is not None)
    wrong = []
    for number, code in enumerate(codes("js")):
        file = tmp_path / f"{number}.mjs"
        file.write_text(code.text, encoding="utf-8")
        read = subprocess.run(["node", "--check", str(file)], capture_output=True, text=True, check=False)
        if read.returncode:
            wrong.append(f"{code.at()}: {read.stderr}")
    assert not wrong, "\n".join(wrong)


def test_links_lead_somewhere() -> None:
    anchors = {page.path: page.anchors for page in pages()}
    wrong = []
    for link in (link for page in pages() for link in page.links):
        target, _, anchor = link.target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (ROOT / link.path.parent / target).resolve() if target else ROOT / link.path
        if not path.exists():
            wrong.append(f"{link.path}:{link.line}: {link.target}: there is no such file")
        elif anchor and path.suffix == ".md" and anchor not in anchors.get(path.relative_to(ROOT), ()):
            wrong.append(f"{link.path}:{link.line}: {link.target}: there is no such heading")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("doctro", "there is no such command"),
        ("usage --jsn", "it does not know --jsn"),
        ("staff lst", "it does not know lst"),
        ("config show | check | reference", ""),
    ],
)
def test_a_slip_in_a_command_is_seen(line: str, why: str) -> None:
    assert why_not_typed(line, is_whole=False) == why


def test_every_page_stands_in_the_index() -> None:
    """Without it `make docs` fails."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8").splitlines()
    names = [
        str(page.path.relative_to("docs").with_suffix("")) for page in pages() if page.path.parts[0] == "docs"
    ]
    assert [name for name in names if name not in {*index, "index"}] == []
