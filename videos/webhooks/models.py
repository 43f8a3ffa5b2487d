"""Where webhooks go, and each that is sent: the row is the work and its truth."""

from __future__ import annotations

import re

from django.db import models
from django.utils import timezone

from gilfoyle.lib import ids
from videos.access.models import Project
from videos.webhooks import states
from videos.webhooks.event_types import wants

URL_LENGTH = 2048
MAX_DESCRIPTION = 200
_LABELS = [(one, one.capitalize()) for one in states.STATUSES]


class WebhookEndpoint(models.Model):
    """An address that a project's events are sent to."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_endpoint_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.TextField(max_length=URL_LENGTH)
    description = models.CharField(max_length=MAX_DESCRIPTION, blank=True, default="")
    event_types = models.JSONField(default=list, help_text="Which events; empty: all.")
    disabled_at = models.DateTimeField(
        null=True, help_text="While set, nothing is sent, and nothing kept to be."
    )
    disabled_reason = models.CharField(
        max_length=8,
        blank=True,
        default="",
        choices=[(one, one.capitalize()) for one in states.REASONS],
    )
    failures = models.PositiveIntegerField(default=0, help_text="Failed tries since the last success.")
    failing_since = models.DateTimeField(null=True, help_text="The first of them.")
    held_until = models.DateTimeField(null=True, help_text="Nothing is sent before.")
    last_claimed_at = models.DateTimeField(null=True, help_text="When it last had its turn.")
    held_at = models.DateTimeField(null=True, help_text="When that was last put off.")
    removed_at = models.DateTimeField(
        null=True,
        db_index=True,
        help_text="While set, it is shown nowhere, and goes once its deliveries have.",
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "webhook endpoint"
        indexes = (models.Index(fields=("project", "-created_at", "-id"), name="endpoint_newest"),)

    def __str__(self) -> str:
        return self.description or self.shown_url

    @property
    def shown_url(self) -> str:
        """Where to, without the path and the query: with many receivers either is the secret."""
        scheme, divider, rest = self.url.partition("://")
        server, *path = re.split(r"(?=[/?#])", rest, maxsplit=1)
        return f"{scheme}{divider}{server}{'/…' if path and path != ['/'] else ''}"

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None

    def hears(self, event_type: str) -> bool:
        """Tell whether it is told of such events."""
        return wants(self.event_types, event_type)


class EndpointSecret(models.Model):
    """A key that what is sent to an endpoint is signed with, wrapped; the latest, and those that it replaces for a while."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_endpoint_secret_id, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="secrets")
    wrapped = models.BinaryField(help_text="Of use with the root secret alone.")
    expires_at = models.DateTimeField(
        null=True, db_index=True, help_text="null: until another takes its place."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.id


class Delivery(models.Model):
    """One event for one endpoint, born with what happened. It is sent under a lease; `attempt` is the fencing number."""

    id = models.CharField(
        primary_key=True,
        max_length=22,
        default=ids.new_delivery_id,
        editable=False,
        help_text="The webhook-id, the same at each try.",
    )
    # Not checked by the database: an endpoint that goes meanwhile must not undo the event's transaction.
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False
    )
    # No foreign key: an event's transaction, which holds a video, must not wait for who holds the project.
    project_id = models.CharField(max_length=12)
    event_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64, help_text="What it is about.")
    body = models.TextField(help_text="What is sent, to the letter; empty once it was forgotten.")
    status = models.CharField(max_length=9, choices=_LABELS, default=states.WAITING)
    attempt = models.PositiveIntegerField(default=0, help_text="How often it was claimed.")
    tries = models.PositiveIntegerField(
        default=0, help_text="Of the schedule, since it was born or replayed."
    )
    ready_at = models.DateTimeField(default=timezone.now, help_text="Not to be claimed before.")
    lease_owner = models.CharField(max_length=64, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=64, blank=True, default="", help_text="Of the last try.")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="delivery_newest"),
            models.Index(fields=("endpoint", "-created_at", "-id"), name="delivery_of_endpoint"),
            models.Index(fields=("endpoint", "status", "ready_at"), name="delivery_next"),
            models.Index(fields=("status", "ready_at"), name="delivery_due"),
            models.Index(fields=("status", "lease_expires_at"), name="delivery_lost"),
            models.Index(fields=("status", "finished_at"), name="delivery_over"),
            models.Index(fields=("subject_id", "project_id"), name="delivery_of_subject"),
            models.Index(fields=("project_id", "id"), name="delivery_of_project"),
        )

    def __str__(self) -> str:
        return self.id


class DeliveryAttempt(models.Model):
    """One try, and how the receiver answered."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    response_status = models.PositiveSmallIntegerField(null=True, help_text="null: there was no answer.")
    response_body = models.TextField(blank=True, default="", help_text="How it begins.")
    error = models.CharField(max_length=64, blank=True, default="", help_text="Empty: it was taken.")
    message = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("delivery", "number"), name="attempt_once"),)

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.number}"
