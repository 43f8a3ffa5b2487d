"""Videos and what is made of them. Statuses are changed by `services.py` alone."""

from __future__ import annotations

from fractions import Fraction

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from videos.access.models import Project
from videos.catalog import states
from videos.segment_index import SegmentRun

IMAGE_KINDS = ("poster", "storyboard", "preview")


def _labelled(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value.replace("_", " ").capitalize()) for value in values]


class Video(models.Model):
    """The resource: one source and everything made from it."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_video_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="videos")
    title = models.CharField(max_length=255, blank=True, default="")
    description = models.TextField(max_length=5000, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True, help_text="An object of the consumer's own.")
    external_id = models.CharField(
        max_length=255, blank=True, default="", help_text="The consumer's id of this video."
    )
    creator_id = models.CharField(
        max_length=255, blank=True, default="", help_text="The consumer's id of its user."
    )
    poster_at_s = models.FloatField(
        null=True, blank=True, help_text="Seconds from the beginning; empty: a good picture is chosen."
    )

    status = models.CharField(
        max_length=16, choices=_labelled(states.STATUSES), default=states.AWAITING_UPLOAD, editable=False
    )
    playable = models.BooleanField(default=False, editable=False)
    progress = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Percent of the work done."
    )
    restriction = models.CharField(
        max_length=10, choices=_labelled(states.RESTRICTIONS), default="none", editable=False
    )
    # What viewers must have, or must not be, while it plays: what its restrictions come to (terms.py).
    needs_age = models.BooleanField(default=False, db_default=False, editable=False)
    embedding_off = models.BooleanField(default=False, db_default=False, editable=False)
    blocked_countries = models.CharField(
        max_length=1000, blank=True, default="", db_default="", editable=False, help_text="As in DE FR."
    )
    legal_hold = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="While set, nothing of it is deleted."
    )
    failure_code = models.CharField(max_length=64, blank=True, default="", editable=False)
    failure_message = models.CharField(max_length=500, blank=True, default="", editable=False)
    revision = models.CharField(max_length=16, default=ids.new_revision, editable=False)

    next_revision = models.CharField(
        max_length=16,
        blank=True,
        default="",
        editable=False,
        help_text="Being made, to take the place of the one that plays.",
    )

    source_upload_id = models.CharField(max_length=22, blank=True, default="", editable=False)
    source_size_bytes = models.BigIntegerField(null=True, editable=False)
    source_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    source_version = models.CharField(
        max_length=16, blank=True, default="", editable=False, help_text="Empty: stored as it was uploaded."
    )
    source_is_sealed = models.BooleanField(
        default=False, editable=False, help_text="Stored encrypted, under the key that has its object's name."
    )
    source_limits = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="What its upload allowed, where less than the settings.",
    )
    source_cleaning = models.JSONField(
        default=dict, blank=True, editable=False, help_text="What was removed from it, or why nothing was."
    )
    source_facts = models.JSONField(default=dict, blank=True, editable=False)
    duration_s = models.FloatField(null=True, editable=False)
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    frame_rate = models.CharField(max_length=24, blank=True, default="", editable=False)
    stored_bytes = models.BigIntegerField(default=0, editable=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    uploaded_at = models.DateTimeField(null=True, editable=False)
    playable_at = models.DateTimeField(null=True, editable=False)
    ready_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("project", "-created_at", "-id"), name="video_newest"),
            models.Index(fields=("project", "status", "-created_at"), name="video_by_status"),
            # The project last: the admin looks for them in all projects.
            models.Index(fields=("creator_id", "project", "-created_at"), name="video_of_creator"),
            models.Index(fields=("external_id", "project"), name="video_of_external_id"),
            models.Index(fields=("status", "-created_at"), name="video_status_newest"),
            models.Index(fields=("-created_at", "-id"), name="video_newest_of_all"),
            models.Index(fields=("restriction", "-created_at"), name="video_restricted"),
            # Few by far: what does not play, what failed last.
            models.Index(
                fields=("project", "-created_at", "-id"),
                name="video_not_playable",
                condition=models.Q(playable=False),
            ),
            models.Index(
                fields=("-updated_at",), name="video_failed_last", condition=models.Q(status=states.FAILED)
            ),
            # What the sweep looks for that encrypts what came in the clear.
            models.Index(
                fields=("status",),
                name="video_source_as_it_came",
                condition=models.Q(source_is_sealed=False, source_version="")
                & models.Q(status__in=(states.FAILED, states.READY)),
            ),
            # What a project stores is summed from the index alone, for each upload that begins.
            # By status, so that the dashboard counts from it, too.
            models.Index(fields=("project", "status", "stored_bytes"), name="video_bytes_by_status"),
        )

    def __str__(self) -> str:
        return self.title or self.id


class Rendition(models.Model):
    """One encoded version: codec and size, in one revision of a video."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_rendition_id, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="renditions")
    revision = models.CharField(max_length=16)
    name = models.CharField(max_length=16)
    kind = models.CharField(max_length=5, choices=[("video", "Video"), ("audio", "Audio")])
    codec = models.CharField(max_length=64, help_text="RFC 6381 codec string.")
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    frame_rate = models.CharField(max_length=24, blank=True, default="")
    channels = models.PositiveSmallIntegerField(null=True)
    language = models.CharField(max_length=35, blank=True, default="")
    role = models.CharField(max_length=16, default="main", help_text="What a sound is for.")
    audio_track = models.PositiveSmallIntegerField(default=0, help_text="Which of the source's sounds it is.")
    timescale = models.PositiveIntegerField(help_text="Ticks of a second.")
    bandwidth_cap_bps = models.PositiveIntegerField(default=0)
    is_complete = models.BooleanField(default=False)
    is_stopgap = models.BooleanField(
        default=False, help_text="Only offered until what is encoded is complete."
    )
    target_duration_s = models.PositiveSmallIntegerField(
        null=True, help_text="No segment is longer; null: as the first."
    )
    withheld_reason = models.CharField(
        max_length=500, blank=True, default="", help_text="Why players are not told of it."
    )
    quality = models.JSONField(default=dict, help_text="What was found when it was compared with the plan.")
    # Not rows of their own: a rendition is whole once it has so many runs, and these are not.
    growing_runs = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="The segments so far of chunks that are being encoded, by the first one's number.",
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("video", "revision", "name"), name="rendition_once_per_revision"),
        )
        # Few, and gone soon: what the sweep looks for that removes them.
        indexes = (
            models.Index(fields=("video",), name="rendition_stopgap", condition=models.Q(is_stopgap=True)),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def frame_rate_fraction(self) -> Fraction | None:
        return Fraction(self.frame_rate) if self.frame_rate else None

    def grown(self, first_number: int) -> SegmentRun | None:
        """Return what there is of a chunk that is being encoded."""
        facts = self.growing_runs.get(str(first_number))
        if facts is None:
            return None
        lists = (tuple(facts[name]) for name in ("durations", "sizes", "key_frame_sizes"))
        return SegmentRun(first_number, facts["start_ticks"], *lists)

    def list_grown(self) -> list[SegmentRun]:
        """Return what there is of all such chunks."""
        return [run for number in self.growing_runs if (run := self.grown(int(number)))]

    def grow(self, run: SegmentRun) -> None:
        """Note what there is by now of a chunk that is being encoded; not saved."""
        facts = {
            "start_ticks": run.start_ticks,
            "durations": list(run.durations),
            "sizes": list(run.sizes),
            "key_frame_sizes": list(run.key_frame_sizes),
        }
        self.growing_runs = {**self.growing_runs, str(run.first_number): facts}


class RenditionRun(models.Model):
    """The segments that one chunk added to a rendition; `first_number` and the sums make the segment index."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_run_id, editable=False)
    rendition = models.ForeignKey(Rendition, on_delete=models.CASCADE, related_name="runs")
    chunk_index = models.PositiveIntegerField()
    first_number = models.PositiveIntegerField()
    start_ticks = models.BigIntegerField()
    durations = models.JSONField(help_text="Ticks of each segment.")
    sizes = models.JSONField(help_text="Bytes of each segment.")
    key_frame_sizes = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Bytes of each to the end of its key frame; 0: it begins with none. Empty: nobody looked.",
    )
    quality = models.JSONField(default=dict, help_text="What a sample of it showed.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("rendition", "chunk_index"), name="run_once_per_chunk"),
        )

    def __str__(self) -> str:
        return f"{self.rendition_id} chunk {self.chunk_index}"

    def as_run(self) -> SegmentRun:
        return SegmentRun(
            self.first_number,
            self.start_ticks,
            tuple(self.durations),
            tuple(self.sizes),
            tuple(self.key_frame_sizes),
        )


class ImageSet(models.Model):
    """Pictures made from a video: its poster, its storyboard, its preview."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_image_set_id, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="image_sets")
    revision = models.CharField(max_length=16)
    kind = models.CharField(max_length=10, choices=_labelled(IMAGE_KINDS))
    version = models.PositiveIntegerField(
        default=0, help_text="Which of several: a new poster is a new version."
    )
    replaced_version = models.PositiveIntegerField(
        default=0, help_text="The one before, which is still stored."
    )
    replaced_size_bytes = models.BigIntegerField(default=0, help_text="What the one before takes.")
    facts = models.JSONField(default=dict, help_text="A poster's formats; a storyboard's tiles.")
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("video", "revision", "kind"), name="image_set_once_per_revision"),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.video_id}"


class PastRevision(models.Model):
    """A revision that no new player is told of, and which is removed after a while."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="past_revisions")
    revision = models.CharField(max_length=16, primary_key=True)
    was_played = models.BooleanField(default=True, help_text="False: it never came to play.")
    since = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.revision


class ContentKey(models.Model):
    """The key of a revision's segments, wrapped (content_keys.py). Whether they are encrypted, `EncryptedRevision` says."""

    revision = models.CharField(max_length=16, primary_key=True)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="content_keys")
    wrapped = models.BinaryField(help_text="Of use with the root secret alone.")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.revision


class EncryptedRevision(models.Model):
    """A revision whose segments and pictures are stored encrypted: so they stay, also where the key was lost.

    A database that is restored without its keys would else take what is unreadable for what is in the clear.
    """

    revision = models.CharField(max_length=16, primary_key=True)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="encrypted_revisions")

    def __str__(self) -> str:
        return self.revision


class SpareSource(models.Model):
    """An object that is to be removed: beside a video's source, about to be stored or replaced, or left of an upload.

    The row comes before the object, and goes after it: whatever dies between, nothing is forgotten.
    """

    name = models.CharField(primary_key=True, max_length=255)
    video_id = models.CharField(max_length=22)
    remove_at = models.DateTimeField(db_index=True)
    is_doomed = models.BooleanField(
        default=False, help_text="Its removal has begun: it can no longer become a source."
    )

    class Meta:
        indexes = (models.Index(fields=("video_id",), name="spare_source_of_video"),)

    def __str__(self) -> str:
        return self.name


class SourceKey(models.Model):
    """What a stored source is encrypted with, itself encrypted (source_keys.py). Whoever deletes the row deletes the source.

    A table of its own, so that it can be backed up apart, and for a shorter time than all else.
    """

    name = models.CharField(primary_key=True, max_length=255, help_text="The object's.")
    video_id = models.CharField(max_length=22, db_index=True)
    wrapped = models.BinaryField(max_length=128)

    def __str__(self) -> str:
        return self.name


class PurgedVideo(models.Model):
    """A video that is gone with its row: a writer that slept through that may yet store something under its name."""

    video_id = models.CharField(primary_key=True, max_length=22)
    project_id = models.CharField(max_length=22)
    visits = models.PositiveSmallIntegerField(default=0, help_text="How often what came late was looked for.")
    next_visit_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.video_id
