"""What is known of banned material, what is kept of each upload to recognise it, and what was recognised."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from videos.catalog.models import Video

SHA256, MD5, DCT256, PDQ = "sha256", "md5", "dct256", "pdq"
KINDS = (SHA256, MD5, DCT256, PDQ)
ALGORITHM = "dct256-1"  # another number where hashes of before can't be compared any more
HASH_BYTES = 32
EXACT_KINDS = (SHA256, MD5)
HOLD, FLAG = "hold", "flag"
ACTIONS = (HOLD, FLAG)
HOUSE, IMPORTED = "house", "import"
PENDING, TRUE, FALSE = "pending", "true", "false"
VERDICTS = (PENDING, TRUE, FALSE)


def _labelled(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value.capitalize()) for value in values]


class HashList(models.Model):
    """Banned material from one origin, and what follows where it is recognised."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_hash_list_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    origin = models.CharField(max_length=10, choices=_labelled((HOUSE, IMPORTED)), default=IMPORTED)
    action = models.CharField(max_length=10, choices=_labelled(ACTIONS), default=HOLD)
    within_bits = models.PositiveSmallIntegerField(
        default=48, help_text="Of 256; in so many may two pictures differ that are called the same."
    )
    least_share = models.FloatField(
        default=0.3, help_text="So much of the video, or of the ban, must be found in the other (0 to 1)."
    )
    enabled = models.BooleanField(default=True)
    version = models.BigIntegerField(
        default=0, editable=False, help_text="Of the bank, when it was last switched on."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class BlockedFingerprint(models.Model):
    """One banned thing: a hash of a whole file, or the hashes of a video's pictures in all views."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_ban_id, editable=False)
    hash_list = models.ForeignKey(HashList, on_delete=models.PROTECT, related_name="bans")
    kind = models.CharField(max_length=8, choices=[(kind, kind.upper()) for kind in KINDS])
    digest = models.CharField(max_length=64, help_text="Of the file; of pictures: of their hashes together.")
    hashes = models.BinaryField(null=True, help_text="32 bytes a picture; encrypted (sealing.py).")
    moments = models.BinaryField(null=True, help_text="When each is shown, in thirds of a second.")
    hash_count = models.PositiveIntegerField(default=0)
    video_id = models.CharField(max_length=22, blank=True, default="", help_text="Of ours; it may be gone.")
    project_id = models.CharField(
        max_length=22, blank=True, default="", help_text="Looked for in this project alone; empty: in all."
    )
    reference = models.CharField(
        max_length=200, blank=True, default="", help_text="What the list says of it."
    )
    version = models.BigIntegerField(help_text="Of the bank, when this row was last changed.")
    unreadable_at = models.DateTimeField(
        null=True,
        help_text="When its hashes could not be opened; it is compared with nothing until they can.",
    )
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("hash_list", "kind", "digest", "project_id"), name="ban_once_per_list"
            ),
        )
        indexes = (
            models.Index(fields=("kind", "digest"), name="ban_by_digest"),
            models.Index(fields=("version",), name="ban_by_version"),
            models.Index(fields=("video_id",), name="ban_of_video", condition=~models.Q(video_id="")),
            models.Index(
                fields=("unreadable_at",),
                name="ban_unreadable",
                condition=models.Q(unreadable_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.reference or self.video_id or self.digest[:12]}"


class BankState(models.Model):
    """One row: the number that every change of lists and bans raises, so that processes know what they have not seen."""

    version = models.BigIntegerField(default=0)
    search_until = models.DateTimeField(null=True, help_text="Somebody searches the library until then.")
    search_owner = models.CharField(
        max_length=32, blank=True, default="", help_text="Who searches it, and alone may go on or end."
    )

    def __str__(self) -> str:
        return f"bank version {self.version}"


class VideoFingerprint(models.Model):
    """What is kept of a video's source, so that it is found when something is banned later. It goes with the video."""

    video = models.OneToOneField(
        Video, on_delete=models.CASCADE, primary_key=True, related_name="fingerprint"
    )
    upload_id = models.CharField(max_length=22)
    sha256 = models.CharField(
        max_length=64, blank=True, default="", db_index=True, help_text="Of the file as it was uploaded."
    )
    md5 = models.CharField(max_length=32, blank=True, default="", help_text="Only where a list asks for it.")
    hashes = models.BinaryField(
        null=True, help_text="32 bytes for each third of a second; encrypted (sealing.py)."
    )
    algorithm = models.CharField(max_length=16, blank=True, default="")
    computed_at = models.DateTimeField(null=True)
    searched_version = models.BigIntegerField(
        default=0, db_index=True, help_text="Of the bank that it was compared with."
    )
    unreadable_at = models.DateTimeField(
        null=True,
        help_text="When its hashes could not be opened; they are compared with nothing until they can.",
    )

    class Meta:
        indexes = (
            models.Index(
                fields=("unreadable_at",),
                name="fingerprint_unreadable",
                condition=models.Q(unreadable_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.video_id


class FingerprintMatch(models.Model):
    """A video that was recognised as something banned; whether it is that, a person says."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_match_id, editable=False)
    video_id = models.CharField(max_length=22, db_index=True, help_text="It may be gone.")
    project_id = models.CharField(max_length=22)
    upload_id = models.CharField(max_length=22)
    ban = models.ForeignKey(BlockedFingerprint, on_delete=models.PROTECT, related_name="matches")
    kind = models.CharField(max_length=8)
    action = models.CharField(max_length=10, choices=_labelled(ACTIONS))
    algorithm = models.CharField(max_length=16, blank=True, default="")
    video_share = models.FloatField(default=1, help_text="Of the video, that was found in what is banned.")
    ban_share = models.FloatField(default=1, help_text="Of what is banned, that was found in the video.")
    frames = models.PositiveIntegerField(default=0)
    at_s = models.FloatField(default=0, help_text="Where in the video it begins.")
    ban_at_s = models.FloatField(default=0, help_text="Where in what is banned that is.")
    least_bits = models.PositiveSmallIntegerField(default=0)
    was_searched = models.BooleanField(default=False, help_text="Found in the library, after a later ban.")
    verdict = models.CharField(max_length=8, choices=_labelled(VERDICTS), default=PENDING)
    judged_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "match"
        verbose_name_plural = "matches"
        constraints = (
            models.UniqueConstraint(fields=("video_id", "upload_id", "ban"), name="match_once_per_upload"),
        )
        indexes = (models.Index(fields=("verdict", "-created_at"), name="match_by_verdict"),)

    def __str__(self) -> str:
        return self.id
