"""The settings in force as YAML with secrets masked, and the schema that editors complete from."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel, SecretStr

from gilfoyle.lib.config import Config

MASK = "********"


def render_effective(config: Config) -> str:
    """Return all values in force as YAML; a secret is masked, of an address its kind is left."""
    return yaml.safe_dump(_masked(config), sort_keys=False, allow_unicode=True)


def build_schema() -> dict[str, Any]:
    """Return the JSON Schema of settings.yaml."""
    schema = Config.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Gilfoyle settings", **schema}


def _masked(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _masked(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, SecretStr):
        return _mask(value.get_secret_value())
    if isinstance(value, tuple):
        return [_masked(item) for item in value]
    return value if isinstance(value, int | float | str | None) and type(value) in _PLAIN else _plain(value)


_PLAIN = (int, float, str, bool, type(None))


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, int) else str(value)


def _mask(secret: str) -> str:
    kind, separator, _rest = secret.partition("://")
    if separator:
        return f"{kind}://{MASK}"
    return secret if secret in {"", "embedded"} else MASK
