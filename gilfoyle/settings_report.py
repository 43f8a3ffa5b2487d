"""The settings in force as YAML with secrets masked, and the schema that editors complete from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from gilfoyle.lib.config import Config
from gilfoyle.lib.config_problems import hide_credentials

MASK = "********"


def render_effective(config: Config) -> str:
    """Return all values in force as YAML; a secret is masked, of an address its kind is left."""
    return yaml.safe_dump(_masked(config), sort_keys=False, allow_unicode=True)


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of settings.yaml with its value in force, as it may be shown, and what it is for."""

    key: tuple[str, ...]
    shown: str
    words: str

    @property
    def path(self) -> str:
        return ".".join(self.key)


def list_settings(config: Config) -> Iterator[Setting]:
    """Yield every key in the order of settings.yaml; secrets are masked."""
    yield from _settings(config, (), "")


def _settings(value: Any, key: tuple[str, ...], words: str) -> Iterator[Setting]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _settings(getattr(value, name), (*key, name), field.description or "")
    elif isinstance(value, Mapping) and any(isinstance(one, BaseModel) for one in value.values()):
        for name, one in value.items():
            yield from _settings(one, (*key, str(name)), words)
    else:
        yield Setting(key, _in_one_line(_masked(value)), words)


def _in_one_line(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, str):
        return value
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").strip()


def build_schema() -> dict[str, Any]:
    """Return the JSON Schema of settings.yaml."""
    schema = Config.model_json_schema(mode="validation", schema_generator=_Schema)
    return {"$schema": _Schema.schema_dialect, **schema, "title": "Gilfoyle settings"}


class _Schema(GenerateJsonSchema):
    """Pydantic's schema, but an address that is no secret by itself keeps its default."""

    def default_schema(self, schema: Any) -> Any:
        default = schema.get("default")
        if isinstance(default, SecretStr):
            return {**super().default_schema(schema), "default": default.get_secret_value()}
        return super().default_schema(schema)


def _masked(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _masked(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, SecretStr):
        return _mask(value.get_secret_value())
    if isinstance(value, Mapping):
        return {str(key): _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    plain = to_jsonable_python(value)  # paths, networks, sizes: as settings.yaml has them
    return hide_credentials(plain) if isinstance(plain, str) else plain


def _mask(secret: str) -> str:
    kind, separator, _rest = secret.partition("://")
    if separator:
        return f"{kind}://{MASK}"
    return secret if secret in {"", "embedded"} else MASK
