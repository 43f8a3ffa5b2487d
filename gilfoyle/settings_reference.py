"""docs/settings.md: every key with what it takes, its default and what it is for, out of the schema and settings.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from gilfoyle.lib.config import ENVIRONMENT

RENEW = "manage.py config reference --write"
INTRODUCTION = """\
# Settings

<!-- Written by `{renew}`; not by hand. -->

Every key of `settings.yaml`, with its default. Without the file the defaults hold, and they are good ones: write down what
you change, and nothing else. The environment wins over the file. What is wrong stops the start, and says which key, what
was wanted and what was found.

```console
$ manage.py config check       # is the file right?
$ manage.py config show        # what is in force, with the environment applied; secrets are masked
$ manage.py config schema      # a JSON Schema, for completion in editors
```

Sizes take units (`500MB`, `2GiB`); relative folders start where `manage.py` is. `GILFOYLE_SETTINGS` names another file.
"""
_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "`true` or `false`",
    "object": "a section",
    "null": "`null`",
}
_BOUNDS = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "more than"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "less than"),
)

Keys = tuple[str, ...]


def render_reference(schema: Mapping[str, Any], manual: str) -> str:
    """Return the page. `schema`: that of settings.yaml; `manual`: the text of the file that has every key and its comment."""
    comments = dict(keys_with_comments(manual))
    values = yaml.safe_load(manual)
    variables = {keys: name for name, keys in ENVIRONMENT.items()}
    parts = [INTRODUCTION.format(renew=RENEW)]
    for keys, field in _fields(schema, schema):
        title = f"{'#' * 2 if len(keys) == 1 else '#' * 3} {'.'.join(keys)}"
        facts = [] if _is_section(field) else [f"Takes {_takes(field, schema)}."]
        if not _is_section(field):
            facts.append(_stated(_default(keys, values)))
        if keys in variables:
            facts.append(f"Environment: `{variables[keys]}`.")
        entry = _entry_of(field, schema)
        parts += [title, " ".join(facts), _prose(comments.get(keys, ""), field), _entry_keys(entry, schema)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def keys_with_comments(manual: str) -> Iterator[tuple[Keys, str]]:
    """Yield every key of a settings file with the comment right above it; not what is inside of lists."""
    parents: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in manual.splitlines():
        stripped = line.strip()
        if not stripped:
            comment = []
        elif stripped.startswith("#"):
            comment.append(stripped.removeprefix("#").strip())
        elif not stripped.startswith("- "):
            indent = len(line) - len(line.lstrip())
            parents = [
                *(parent for parent in parents if parent[0] < indent),
                (indent, stripped.split(":")[0]),
            ]
            yield tuple(name for _indent, name in parents), "\n".join(comment)
            comment = []


def _fields(
    node: Mapping[str, Any], schema: Mapping[str, Any], above: Keys = ()
) -> Iterator[tuple[Keys, Any]]:
    for name, stated in node.get("properties", {}).items():
        field = _resolved(stated, schema)
        yield (*above, name), field
        if _is_section(field):
            yield from _fields(field, schema, (*above, name))


def _resolved(field: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(field)
    while "$ref" in found:
        found = {**schema["$defs"][str(found.pop("$ref")).rpartition("/")[2]], **found}
    return found


def _is_section(field: Mapping[str, Any]) -> bool:
    return "properties" in field


def _takes(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return what a value must be, in words."""
    field = _resolved(field, schema)
    if "enum" in field or "const" in field:
        return "one of " + ", ".join(f"`{one}`" for one in field.get("enum", [field.get("const")]))
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_takes(one, schema) for one in field["anyOf"]))
    kind = field.get("type", "")
    if kind == "array":
        items = _resolved(field.get("items", {}), schema)
        several = (
            "entries with keys of their own"
            if _is_section(items)
            else f"entries, each {_takes(items, schema)}"
        )
        return f"a list of {several}" + (", not empty" if field.get("minItems") else "")
    if kind == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"keys of your own, each with {_takes(field['additionalProperties'], schema)}"
    bounds = [f"{words} {field[bound]:.15g}" for bound, words in _BOUNDS if bound in field]
    return _WORDS.get(kind, "a value") + (f", {' and '.join(bounds)}" if bounds else "")


def _stated(default: str) -> str:
    return f"Default:{default}" if default.startswith("\n") else f"Default: {default}."


def _default(keys: Keys, values: Any) -> str:
    """Return the default as the manual writes it: with units, where it has some."""
    for key in keys:
        values = values[key]
    if values in ("", None, [], {}):
        return {"": "empty", "None": "`null`"}.get(str(values), "none")
    if isinstance(values, list) and isinstance(values[0], dict):
        rows = "\n".join(f"- {_flow(row)}" for row in values)
        return f"\n\n```yaml\n{rows}\n```\n"
    return f"`{_flow(values) if isinstance(values, list | dict | bool) else values}`"


def _flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000
    )
    return text.strip().removesuffix("...").strip()


def _prose(comment: str, field: Mapping[str, Any]) -> str:
    """Return a comment as Markdown: one paragraph, choices as a list where each begins a line, pages as links."""
    lines = [line for line in comment.splitlines() if not line.startswith("Environment: ")]
    begins = [re.match(r'("\*"|[a-z0-9_]+): (?=\S)', line) for line in lines]
    choices = _choices(field)
    starts = [found[1] if found and found[1] in choices else "" for found in begins]
    if sum(map(bool, starts)) < 2:
        starts = ["" for _line in lines]
    text = ""
    for line, start in zip(lines, starts, strict=True):
        text += f"\n- `{start}`: {line[len(start) + 2 :]}" if start else f" {line}"
    escaped = re.sub(r"(?<!`)([*<])", r"\\\1", text.strip(" "))
    linked = re.sub(r"\bdocs/([\w-]+\.md)", r"[\1](\1)", escaped)
    return linked.replace("\n- ", "\n\n- ", 1)


def _choices(field: Mapping[str, Any]) -> set[str]:
    return {str(one).lower() for one in field.get("enum", ())} | (
        {"true", "false"} if field.get("type") == "boolean" else set()
    )


def _entry_of(field: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    return _resolved(field.get("items", {}), schema) if field.get("type") == "array" else {}


def _entry_keys(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return the keys of a list's entries as a list, those of their sections too."""
    found = []
    for keys, field in _fields(entry, schema):
        if not _is_section(field):
            said = str(field.get("description", ""))
            found.append(f"- `{'.'.join(keys)}`: {_takes(field, schema)}. {said}".rstrip())
    return "\n".join(found)
