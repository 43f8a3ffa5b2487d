"""The settings in force as YAML with secrets masked, and the schema that editors complete from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from gilfoyle.lib.config import Config

MASK = "********"


def render_effective(config: Config) -> str:
    """Return all values in force as YAML; a secret is masked, of an address its kind is left."""
    return yaml.safe_dump(_masked(config), sort_keys=False, allow_unicode=True)


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
    return to_jsonable_python(value)  # paths, networks, sizes: as settings.yaml has them


def _mask(secret: str) -> str:
    kind, separator, _rest = secret.partition("://")
    if separator:
        return f"{kind}://{MASK}"
    return secret if secret in {"", "embedded"} else MASK
