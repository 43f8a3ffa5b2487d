"""Tells the audit which settings are others than at the last start; secrets are masked, as `config show` masks them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import SecretStr

from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from gilfoyle.settings_report import MASK, render_effective
from videos.audit.models import ONLY_ROW, AuditSettings
from videos.audit.services import record

LONGEST_VALUE = 200
MOST_TOLD = 40
_PURPOSE = b"gilfoyle-audit-settings-v1\0"


@atomic
def note_settings(config: Config, *, root_secret: bytes) -> tuple[str, ...]:
    """Compare the settings with those of the last start, and record the keys that differ; returns them."""
    now = {key: _described(key, value, root_secret) for key, value in list_values(config)}
    row = AuditSettings.objects.select_for_update().filter(pk=ONLY_ROW).first()
    before: Mapping[str, Any] = row.values if row is not None else {}
    AuditSettings.objects.update_or_create(pk=ONLY_ROW, defaults={"values": now})
    if row is None:  # the first start: nothing was changed
        return ()
    changed = tuple(sorted(key for key in {*before, *now} if before.get(key) != now.get(key)))
    if changed:
        told = {
            key: {"from": _shown(before.get(key)), "to": _shown(now.get(key))} for key in changed[:MOST_TOLD]
        }
        data = {"keys": list(changed), "values": told}
        record("settings.changed", object_type="settings", object_id="", data=data)
    return changed


def list_values(config: Config) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, secrets in clear: for comparing alone."""
    secrets = dict(_flat(config.model_dump(mode="python")))
    for key, shown in _flat(yaml.safe_load(render_effective(config))):
        yield key, (shown, secrets.get(key))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, one in value.items():
            yield from _flat(one, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _described(key: str, value: tuple[Any, Any], root_secret: bytes) -> dict[str, str]:
    """Return what is kept of a value: as it is shown, and of one that is masked a digest that tells it from others."""
    shown, real = value
    text = json.dumps(shown, default=str)[:LONGEST_VALUE]
    if MASK not in text:
        digest = hashlib.sha256(json.dumps(shown, default=str).encode()).hexdigest()
        return {"shown": text, "digest": digest[:16]}
    message = _PURPOSE + f"{key}\0{_clear(real)}".encode()
    return {"shown": text, "digest": hmac.digest(root_secret, message, hashlib.sha256).hex()[:16]}


def _clear(value: Any) -> str:
    """Return a value with the secrets that it is, or holds."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.dumps(value, default=_clear) if isinstance(value, Mapping | list | tuple) else str(value)


def _shown(kept: Any) -> str:
    return str(kept["shown"]) if kept else ""
