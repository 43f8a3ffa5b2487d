from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from gilfoyle.lib.config import Config
from gilfoyle.settings_trail import list_values, note_settings
from videos.audit.models import AuditEntry, AuditSettings

pytestmark = pytest.mark.django_db
SECRET = b"s" * 48


def changed(config: Config, section: str, **values: Any) -> Config:
    return config.model_copy(update={section: getattr(config, section).model_copy(update=values)})


def test_the_first_start_and_one_like_it_change_nothing(settings: Any) -> None:
    for _ in range(2):
        assert note_settings(settings.GILFOYLE, root_secret=SECRET) == ()
    assert not AuditEntry.objects.exists()


def test_what_differs_is_told(settings: Any) -> None:
    note_settings(settings.GILFOYLE, root_secret=SECRET)
    other = changed(settings.GILFOYLE, "server", threads=9, allowed_hosts=("a.example",))
    assert note_settings(other, root_secret=SECRET) == ("server.allowed_hosts", "server.threads")
    entry = AuditEntry.objects.get()
    assert entry.verb == "settings.changed"
    assert entry.data == {
        "keys": ["server.allowed_hosts", "server.threads"],
        "values": {
            "server.allowed_hosts": {"from": "[]", "to": '["a.example"]'},
            "server.threads": {"from": "8", "to": "9"},
        },
    }


def test_of_a_secret_it_is_told_that_it_changed(settings: Any) -> None:
    one = changed(settings.GILFOYLE, "broker", url=SecretStr("redis://:hunter22@host/0"))
    other = changed(settings.GILFOYLE, "broker", url=SecretStr("redis://:swordfish@host/0"))
    note_settings(one, root_secret=SECRET)
    assert note_settings(other, root_secret=SECRET) == ("broker.url",)
    kept = str(AuditEntry.objects.get().data) + str(AuditSettings.objects.get().values)
    assert "hunter22" not in kept
    assert "swordfish" not in kept


def test_networks_and_what_lists_hold_are_compared(settings: Any) -> None:
    def importing(**values: str) -> Config:
        bucket = {"bucket": "films", **values}
        return Config.model_validate({"imports": {"private_networks": ["10.0.0.0/8"], "buckets": [bucket]}})

    note_settings(importing(secret_access_key="hunter22"), root_secret=SECRET)
    told = note_settings(importing(secret_access_key="swordfish"), root_secret=SECRET)
    assert told == ("imports.buckets",)
    assert "swordfish" not in str(AuditEntry.objects.get().data) + str(AuditSettings.objects.get().values)


def test_every_key_is_compared(settings: Any) -> None:
    keys = [key for key, _ in list_values(settings.GILFOYLE)]
    assert len(keys) == len(set(keys))
    assert {"server.secret_key", "safety.audit_retention_days", "encoding.ladder"} <= set(keys)


def test_all_of_it_changed_still_fits(settings: Any) -> None:
    note_settings(settings.GILFOYLE, root_secret=SECRET)
    row = AuditSettings.objects.get()
    row.values = {key: {"shown": "x" * 200, "digest": ""} for key in row.values}
    row.save()
    assert len(note_settings(settings.GILFOYLE, root_secret=SECRET)) > 50
