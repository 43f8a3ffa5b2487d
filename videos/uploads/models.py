"""Transfers of sources, what has arrived of them, and the permissions to make them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from videos.access.models import ApiKey, Project
from videos.catalog.models import Video
from videos.uploads import states


class UploadGrant(models.Model):
    """What an address allows that uploads without an API key. Its secret is derived (grants.py) and stands in no row."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_grant_id, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="upload_grants")
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.CASCADE, null=True, help_text="Who gave it; it ends with this key."
    )
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="The administrator who gave it, where no key did; it ends with the account.",
    )
    max_size_bytes = models.BigIntegerField()
    max_duration_s = models.FloatField(null=True, help_text="null: as long as the settings allow.")
    containers = models.JSONField(default=list, help_text="Empty: all that the settings allow.")
    allowed_origins = models.JSONField(default=list, help_text="Whose pages may use it.")
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(
        null=True,
        help_text="When it was noted that its file is there. Uploads are the truth: this finds addresses without one soon.",
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "upload address"
        verbose_name_plural = "upload addresses"
        indexes = (
            models.Index(fields=("-created_at",), name="upload_grant_newest"),
            models.Index(
                fields=("-created_at",),
                name="upload_grant_revoked",
                condition=models.Q(revoked_at__isnull=False),
            ),
            models.Index(
                fields=("-created_at",),
                name="upload_grant_unused",
                condition=models.Q(arrived_at__isnull=True, revoked_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.id

    @property
    def limits(self) -> dict[str, Any]:
        """What it limits of the film itself, which is known only once it is there."""
        limits = {"max_duration_s": self.max_duration_s, "containers": self.containers}
        return {name: value for name, value in limits.items() if value}


class Upload(models.Model):
    """A transfer under way or ended. `lease_expires_at` moves while bytes arrive; past it, it is abandoned."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_upload_id, editable=False)
    kind = models.CharField(
        max_length=10, choices=[(kind, kind) for kind in states.KINDS], default=states.SINGLE
    )
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, related_name="uploads", help_text="null: its video's."
    )
    video = models.ForeignKey(
        Video,
        on_delete=models.CASCADE,
        null=True,
        related_name="uploads",
        help_text="null: a part of a file that will name its video when it is put together.",
    )
    grant = models.ForeignKey(
        UploadGrant,
        on_delete=models.CASCADE,
        null=True,
        related_name="uploads",
        help_text="null: by API key.",
    )
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.SET_NULL,
        null=True,
        related_name="uploads",
        help_text="Whose it is, also where it comes by an address that the key gave; null: none's.",
    )
    way = models.CharField(
        max_length=10, choices=[(w, w) for w in states.WAYS], default=states.TUS, help_text="How it comes in."
    )
    status = models.CharField(
        max_length=10, choices=[(s, s) for s in states.STATUSES], default=states.RECEIVING
    )
    length_bytes = models.BigIntegerField(null=True, help_text="null: not told yet.")
    offset_bytes = models.BigIntegerField(default=0)
    reserved_bytes = models.BigIntegerField(
        default=0, help_text="What of the project's bytes is kept for it until it has ended."
    )
    sha256 = models.CharField(max_length=64, blank=True, default="")
    arrived_sha256 = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="What it hashed to on its way here; empty: it came in several requests.",
    )
    finish_tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often somebody began to make a source of it."
    )
    metadata = models.TextField(blank=True, default="", help_text="The header Upload-Metadata as it came.")
    concat = models.TextField(blank=True, default="", help_text="The header Upload-Concat as it came.")
    parts = models.JSONField(default=list, help_text="Ids of the uploads that this one is put together from.")
    writer = models.CharField(
        max_length=22, blank=True, default="", help_text="The one connection whose bytes count now."
    )
    writer_expires_at = models.DateTimeField(null=True, help_text="Past it, the writer is taken for dead.")
    is_terminated = models.BooleanField(
        default=False, help_text="Its client has ended it and may not see it any more."
    )
    lease_expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    ended_code = models.CharField(
        max_length=64, blank=True, default="", help_text="Why it ended without having arrived."
    )

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("-created_at",), name="upload_newest"),
            models.Index(fields=("status", "-created_at"), name="upload_status_newest"),
            # The admin asks for many addresses at once what came by each.
            models.Index(fields=("grant", "status"), name="upload_of_grant"),
            models.Index(fields=("way", "-created_at"), name="upload_way_newest"),
            models.Index(fields=("status", "lease_expires_at"), name="upload_abandoned"),
            models.Index(fields=("kind", "lease_expires_at"), name="upload_spent_parts"),
            models.Index(fields=("length_bytes", "sha256"), name="upload_same_bytes"),
            models.Index(fields=("project", "status"), name="upload_of_project"),
            models.Index(fields=("api_key", "status"), name="upload_of_key"),
        )

    def __str__(self) -> str:
        return self.id


class UploadPiece(models.Model):
    """What one writer has stored of an upload: so many bytes of an object are durable, whatever else lies behind them."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="pieces")
    name = models.CharField(max_length=22)
    start_bytes = models.BigIntegerField()
    size_bytes = models.BigIntegerField()
    is_sealed = models.BooleanField(
        default=False, help_text="Its writer did not let go of it and may yet write: nobody else adds to it."
    )

    is_encrypted = models.BooleanField(
        default=False, help_text="Stored encrypted, under its upload's key (piece_keys.py)."
    )

    class Meta:
        ordering = ("start_bytes",)
        constraints = (
            models.UniqueConstraint(fields=("upload", "start_bytes"), name="piece_once_per_start"),
        )

    def __str__(self) -> str:
        return f"{self.upload_id} from {self.start_bytes}"


class DirectUpload(models.Model):
    """What an upload straight to the bucket has there: parts, and then the object that they were put together to.

    The row outlives its upload until nothing of an upload that was given up is left in the bucket.
    """

    upload = models.OneToOneField(Upload, on_delete=models.SET_NULL, null=True, related_name="direct")
    name = models.CharField(max_length=255, help_text="The object that the parts become.")
    store_id = models.TextField(
        blank=True, default="", help_text="What the store calls the transfer. Empty: not begun yet."
    )
    is_staged = models.BooleanField(
        default=False, help_text="It is no source's name: what it becomes is copied before it is relied on."
    )
    part_size_bytes = models.BigIntegerField()
    wanted_sha256 = models.CharField(
        max_length=64, blank=True, default="", help_text="What the client says the file hashes to."
    )
    is_joining = models.BooleanField(default=False, help_text="Its client says that all parts are there.")
    named = models.JSONField(
        null=True,
        help_text="Its parts as its client named them then, by number and entity tag, until they are one object.",
    )
    is_stored = models.BooleanField(default=False, help_text="The parts are one object, of the right size.")
    is_settled = models.BooleanField(
        default=False, help_text="It became a source and was hashed, or will never be: nothing is left to do."
    )
    active_at = models.DateTimeField(
        default=timezone.now, help_text="When its client last had parts signed for, or looked at those there."
    )
    nudged_at = models.DateTimeField(null=True, help_text="When a worker was last told of it.")
    remove_at = models.DateTimeField(null=True, help_text="When the bucket is next looked at for leftovers.")
    is_visited = models.BooleanField(default=False, help_text="It was looked at for leftovers once.")

    class Meta:
        indexes = (
            models.Index(
                fields=("nudged_at",), name="direct_unsettled", condition=models.Q(is_settled=False)
            ),
            # There is a row for each upload that came so, and the sweep asks every two seconds.
            models.Index(
                fields=("id",),
                name="direct_joining",
                condition=models.Q(is_joining=True, is_settled=False),
            ),
            models.Index(
                fields=("remove_at",), name="direct_leftovers", condition=models.Q(remove_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.name
