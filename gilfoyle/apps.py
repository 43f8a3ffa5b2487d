from __future__ import annotations

import gc

import dramatiq
from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_logged_in
from django.db.backends.signals import connection_created
from django.db.models import signals  # noqa: TID251 - of tables that are there, and of rows that are Django's own

from gilfoyle.lib.queue import make_broker
from gilfoyle.lib.store_marks import ask_before_storing
from gilfoyle.lib.transactions import watch_connection
from gilfoyle.lib.wrapped_keys import prove_before_wrapping


class GilfoyleAdminConfig(AdminConfig):
    default_site = "gilfoyle.admin_site.GilfoyleAdminSite"


class GilfoyleConfig(AppConfig):
    """The roof; it sets the broker, once, for web and workers alike, and hears what Django does to accounts and roles."""

    name = "gilfoyle"

    def ready(self) -> None:
        from gilfoyle.installation import secret_key, stores  # noqa: PLC0415 - models must be loaded first
        from gilfoyle.staff import freshness, groups, outside  # noqa: PLC0415 - models must be loaded first

        prove_before_wrapping(secret_key.prove)
        ask_before_storing(stores.require_root)
        dramatiq.set_broker(make_broker(settings.BROKER_URL))
        connection_created.connect(watch_connection, dispatch_uid="gilfoyle.lib.transactions")
        signals.post_migrate.connect(groups.make_groups_after_migrate, dispatch_uid="gilfoyle.staff.groups")
        for model in outside.LOOKED_AT:
            signals.pre_save.connect(outside.look_before, model, dispatch_uid="gilfoyle.staff.before")
            signals.post_save.connect(outside.tell_saved, model, dispatch_uid="gilfoyle.staff.saved")
            signals.post_delete.connect(outside.tell_deleted, model, dispatch_uid="gilfoyle.staff.deleted")
        for pairs in outside.PAIRS:
            signals.m2m_changed.connect(outside.tell_pairs, pairs, dispatch_uid="gilfoyle.staff.pairs")
        user_logged_in.connect(freshness.note_sign_in, dispatch_uid="gilfoyle.staff.freshness")
        gc.freeze()  # all that is there by now stays until the end
        gc.enable()
