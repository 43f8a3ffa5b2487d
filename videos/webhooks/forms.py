"""The admin's form of a new webhook endpoint."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from gilfoyle.lib.errors import Refusal
from videos.webhooks.endpoints import find_receiver
from videos.webhooks.event_types import CHOICES, EVENT_TYPES
from videos.webhooks.models import MAX_DESCRIPTION, URL_LENGTH, WebhookEndpoint


class EndpointForm(forms.ModelForm[WebhookEndpoint]):
    """Where to send what."""

    url = forms.CharField(
        max_length=URL_LENGTH,
        label="Address",
        widget=UnfoldAdminTextInputWidget,
        help_text="As in https://example.com/webhooks.",
    )
    description = forms.CharField(
        max_length=MAX_DESCRIPTION, required=False, widget=UnfoldAdminTextInputWidget, help_text="For people."
    )
    event_types = forms.MultipleChoiceField(
        choices=[(name, f"{name}: {EVENT_TYPES[name]}".replace("`", "")) for name in CHOICES],
        required=False,
        label="Events",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: all, also those that there will be one day.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("project", "url", "description", "event_types")

    def clean_url(self) -> str:
        """Raises: ValidationError for what nothing may be sent to."""
        url = str(self.cleaned_data["url"])
        try:
            find_receiver(url, webhooks=settings.GILFOYLE.webhooks)
        except Refusal as refusal:
            raise forms.ValidationError(refusal.message) from None
        return url

    def clean_description(self) -> Any:
        """Raises: ValidationError."""
        text = str(self.cleaned_data["description"])
        if text and not text.isprintable():
            message = "Printable characters only."
            raise forms.ValidationError(message)
        return text
