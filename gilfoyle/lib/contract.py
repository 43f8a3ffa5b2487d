"""What an OpenAPI document promises, line by line, and which promises another one breaks.

A line says one thing: an operation and its statuses and parameters, or of a schema a property, its type, what it may be.
Lines that begin with `needs` are duties of the caller: those must not come to be; all others must not go. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")
NEEDS = "needs "
PREFIX = "/api/v1"
PROBLEM = "application/problem+json"


def read_promises(document: Mapping[str, Any]) -> list[str]:
    """Return all that a document promises, sorted."""
    schemas = document.get("components", {}).get("schemas", {})
    lines = set(_of_operations(document))
    lines.update(f"error {code}" for code in document.get("components", {}).get("examples", {}))
    for name, schema in schemas.items():
        is_sent = name.endswith("Request")
        lines.update(_of_schema(name, schema, is_sent=is_sent))
    sent = _reachable(_bodies(document), schemas)
    for name in sent - {name for name in schemas if name.endswith("Request")}:
        lines.update(_choices(name, schemas[name]))
    return sorted(lines)


def find_breaks(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Return what a client of before would stumble over: promises that went, and duties that came."""
    old, new = set(before), set(after)
    known = {_subject(line) for line in old}
    gone = [f"gone: {line}" for line in old - new if not line.startswith(NEEDS)]
    came = [f"new duty: {line}" for line in new - old if line.startswith(NEEDS) and _subject(line) in known]
    return sorted([*gone, *came])


def _subject(line: str) -> str:
    """Return what a line is about: `POST /videos`, or a schema's name."""
    words = line.removeprefix(NEEDS).split(" ")
    return " ".join(words[:2]) if words[0].lower() in METHODS else words[0].split(".")[0]


def _of_operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, operations in document.get("paths", {}).items():
        for method in METHODS:
            if method in operations:
                subject = f"{method.upper()} {path.removeprefix(PREFIX)}"
                yield from _of_operation(subject, operations[method])


def _of_operation(subject: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"{subject} is {operation['operationId']}"
    for way in operation.get("security", ()):
        for scopes in way.values():
            yield from (f"{NEEDS}{subject} scope {scope}" for scope in scopes)
    for parameter in operation.get("parameters", ()):
        name = f"{parameter['in']} {parameter['name']}"
        yield f"{subject} {name} {_type(parameter.get('schema', {}))}"
        yield from (f"{subject} {name} = {value}" for value in _enum(parameter.get("schema", {})))
        if parameter.get("required"):
            yield f"{NEEDS}{subject} {name}"
    body = operation.get("requestBody", {})
    if body.get("required"):
        yield f"{NEEDS}{subject} body"
    for kind, content in body.get("content", {}).items():
        yield f"{subject} takes {kind} {_type(content.get('schema', {}))}"
    for status, answer in operation.get("responses", {}).items():
        yield f"{subject} {status}"
        for kind, content in answer.get("content", {}).items():
            if kind != PROBLEM:
                yield f"{subject} {status} {kind} {_type(content.get('schema', {}))}"


def _of_schema(path: str, schema: Mapping[str, Any], *, is_sent: bool) -> Iterator[str]:
    yield f"{path} {_type(schema)}"
    needed = schema.get("required", ())
    if is_sent:
        yield from _choices(path, schema)
        yield from (f"{NEEDS}{path}.{name}" for name in needed)
    else:
        yield from (f"{path}.{name} is always there" for name in needed)
    for name, property_ in schema.get("properties", {}).items():
        yield from _of_schema(f"{path}.{name}", property_, is_sent=is_sent)
    if isinstance(schema.get("items"), Mapping) and "properties" in schema["items"]:
        yield from _of_schema(f"{path}[]", schema["items"], is_sent=is_sent)


def _choices(path: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{path} = {value}" for value in _enum(schema))


def _enum(schema: Mapping[str, Any]) -> list[Any]:
    items = schema.get("items", {})
    return [value for one in (schema, items) for value in one.get("enum", ())]


def _type(schema: Mapping[str, Any]) -> str:
    """Return a schema's type in a word or two: its name where it has one."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    for way in ("allOf", "oneOf", "anyOf"):
        if way in schema:
            return " | ".join(sorted(_type(one) for one in schema[way]))
    kind = schema.get("type", "anything")
    words = " | ".join(sorted(kind)) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        words = f"{words} of {_type(schema['items'])}"
    return f"{words} ({schema['format']})" if "format" in schema else words


def _bodies(document: Mapping[str, Any]) -> list[Any]:
    return [
        operation.get("requestBody", {})
        for operations in document.get("paths", {}).values()
        for method, operation in operations.items()
        if method in METHODS
    ]


def _reachable(start: Any, schemas: Mapping[str, Any]) -> set[str]:
    """Return the names of all schemas that something leads to."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting.extend(one.values())
            name = str(one.get("$ref", "")).rsplit("/", 1)[-1]
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
        elif isinstance(one, list):
            waiting.extend(one)
    return found
