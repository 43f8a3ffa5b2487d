"""One wrong setting as one line for its operator: where it stands, what was wanted, what was found, what to do.

Values of secrets are never repeated.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from gilfoyle.lib.errors import ConfigError

Location = tuple[str | int, ...]
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")

# What the validator's kinds of error mean to somebody who edits a YAML file.
_WANTED: Mapping[str, str] = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text (put it in quotes)",
    "tuple_type": "must be a list",
    "path_type": "must be a path",
    "byte_size": "must be a size in bytes, or with a unit such as 500MB or 2GiB",
    "byte_size_unit": "must be a size in bytes, or with a unit such as 500MB or 2GiB",
    "model_type": "must be a section with keys below it",
    "model_attributes_type": "must be a section with keys below it",
    "missing": "is missing",
}
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("must be at least", "ge"),
    "greater_than": ("must be more than", "gt"),
    "less_than_equal": ("must be at most", "le"),
    "less_than": ("must be less than", "lt"),
}
_UNKNOWN = frozenset({"extra_forbidden", "invalid_key"})
_LONGEST_SHOWN = 80


def explain_problem(
    error: Any, root: type[BaseModel], path: Path | None, sources: Mapping[tuple[str, ...], str]
) -> ConfigError:
    """Build the ConfigError for one entry of pydantic's `errors()`; `sources` names keys not from the file."""
    location: Location = error["loc"]
    key = ".".join(str(part) for part in location if part != "[key]")
    names = tuple(part for part in location if isinstance(part, str))
    source = sources.get(names) or (str(path) if path else "settings")
    if error["type"] in _UNKNOWN:
        return ConfigError(source, key, "is not a known key", hint=_nearest_key(root, location))
    field, wanted = _field_at(root, names), _wanted(error)
    if wanted.startswith(f"{key}."):  # a check across keys names the one to change itself
        key, wanted = wanted.split(" ", 1)
    return ConfigError(source, key, wanted + _found(error, field), hint=_hint(field))


def list_keys(root: type[BaseModel], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key below `root`: sections, then what is in them; not inside of lists."""
    for name, field in root.model_fields.items():
        yield (*prefix, name)
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from list_keys(model, (*prefix, name))


def _wanted(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"{words} {context[bound]:.12g}"
    if kind == "literal_error":
        return f"must be one of {str(context['expected']).replace(' or ', ', ')}"
    if kind == "too_short":
        return f"must have at least {context['min_length']} entry"
    if kind in _WANTED:
        return _WANTED[kind]
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}"


def hide_credentials(text: str) -> str:
    """Return a text in which addresses have no name and password before their host: some setting may be given with them."""
    return _CREDENTIALS.sub("********@", text)


def _found(error: Any, field: FieldInfo | None) -> str:
    value = error["input"]
    if error["type"] == "missing" or isinstance(value, BaseModel | dict) or is_secret(field):
        return ""
    if value is None:
        return ", found nothing"
    shown = hide_credentials(repr(value))
    return f", found {shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + '…'}"


def _hint(field: FieldInfo | None) -> str:
    return str(field.description) if field is not None and field.description else ""


def is_secret(field: FieldInfo | None) -> bool:
    """Tell whether the field's value must not be shown."""
    return field is not None and field.annotation is SecretStr


def _nearest_key(root: type[BaseModel], location: Location) -> str:
    name = str(location[-1] if location[-1] != "[key]" else location[-2])
    elsewhere = [".".join(keys) for keys in list_keys(root) if keys[-1] == name]
    if elsewhere:
        return f"Did you mean `{elsewhere[0]}`?"
    model = _model_at(root, location[:-1])
    known = list(model.model_fields) if model else []
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean `{near[0]}`?" if near else f"Known keys here: {', '.join(sorted(known))}."


def _model_at(root: type[BaseModel], location: Location) -> type[BaseModel] | None:
    model: Any = root
    for part in location:
        if isinstance(part, str):
            field = model.model_fields.get(part) if _is_model(model) else None
            model = _row_model(field.annotation) if field is not None else None
    return model if _is_model(model) else None


def _row_model(annotation: Any) -> Any:
    """Return the model itself, or that of a list's entries."""
    return next((part for part in get_args(annotation) if _is_model(part)), annotation)


def _field_at(root: type[BaseModel], names: tuple[str, ...]) -> FieldInfo | None:
    model = _model_at(root, names[:-1]) if names else None
    return model.model_fields.get(names[-1]) if model else None


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
