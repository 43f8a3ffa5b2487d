from __future__ import annotations

from django.apps import AppConfig


class VideosConfig(AppConfig):
    name = "videos"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the rooms that hear of a video's news."""
        import videos.chapters.subscribers  # noqa: PLC0415 - models must be loaded first
        import videos.fingerprints.subscribers  # noqa: PLC0415 - the same
        import videos.imports.subscribers  # noqa: PLC0415 - the same
        import videos.moderation.subscribers  # noqa: PLC0415 - the same
        import videos.tracks.subscribers  # noqa: PLC0415 - the same
        import videos.uploads.subscribers  # noqa: PLC0415 - the same
        import videos.usage.subscribers  # noqa: PLC0415 - the same
        import videos.webhooks.subscribers  # noqa: F401, PLC0415 - the same
