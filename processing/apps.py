from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ProcessingConfig(AppConfig):
    name = "processing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("processing.subscribers")
        import_module("processing.checks")
