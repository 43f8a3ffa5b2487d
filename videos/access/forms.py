"""The admin's forms of projects and keys: new ones, and what they may use."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator
from pydantic import ByteSize, TypeAdapter, ValidationError
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from videos.access.keys import SCOPES
from videos.access.limits import NAMES
from videos.access.models import ApiKey, Project
from videos.access.services import MOST_BYTES, MOST_COUNT
from videos.access.use_panel import BYTES, NO_LIMIT, size_as_written

SCOPE_WORDS = {
    "videos:read": "Read videos, renditions and jobs",
    "videos:write": "Create, edit, delete, cancel",
    "uploads:write": "Upload sources",
    "playback:sign": "Make playback tokens",
    "keys:write": "Say who else may sign them",
    "moderation:read": "See reports, decisions and what is restricted",
    "moderation:write": "Report, restrict its own videos, appeal",
    "creators:read": "Export all that is kept of one of its users",
    "creators:write": "Erase one of its users everywhere",
    "webhooks:read": "See webhook endpoints and what was sent to them",
    "webhooks:write": "Say where webhooks are sent to",
}
ENCRYPTED, CLEAR = "Encrypted", "In the clear"
ENCRYPTION_EXPLAINED = "For videos that are processed from now on. Encrypted ones play by HLS alone; docs/encryption.md has the whole of it."
LIMITS_EXPLAINED = "What clients are answered at a limit is told in docs/limits.md."
SIZES: TypeAdapter[ByteSize] = TypeAdapter(ByteSize)


class ProjectForm(forms.ModelForm[Project]):
    """A new project's name, under the rules of the service that makes it."""

    class Meta:
        model = Project
        fields = ("name",)
        widgets = {"name": UnfoldAdminTextInputWidget}


class SizeField(forms.CharField):
    """Bytes, written with a unit (`500 GB`, `2 TiB`) or without."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value).removesuffix(BYTES).strip()
        if not text:
            return None
        try:
            size_bytes = int(SIZES.validate_python(text))
        except (ValidationError, OverflowError):
            size_bytes = -1
        if not 0 <= size_bytes <= MOST_BYTES:
            message = "Write a number of bytes, with a unit or without: 500 GB, 2 TiB, 1000000."
            raise forms.ValidationError(message)
        return size_bytes

    def prepare_value(self, value: Any) -> Any:
        return size_as_written(value) if isinstance(value, int) else value


class LimitsForm(forms.ModelForm[Any]):
    """What is shared by the forms of limits: empty is as elsewhere said, and rows are changed by services."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.IntegerField):
                field.validators.append(MaxValueValidator(MOST_COUNT))

    def limits(self) -> dict[str, int | None]:
        """Return what was entered."""
        return {name: self.cleaned_data[name] for name in self.fields if name in NAMES}


class ProjectLimitsForm(LimitsForm):
    """What a project may use."""

    max_stored_bytes = SizeField(label="Stored", required=False, widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = Project
        fields = NAMES
        labels = {
            "max_minutes_a_month": "Minutes processed in a month",
            "max_uploads_at_once": "Unfinished uploads",
            "max_encodes_at_once": "Processed at once",
            "max_requests_a_minute": "Requests in a minute",
        }
        widgets = dict.fromkeys(labels, UnfoldAdminIntegerFieldWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() & set(NAMES):  # who may only look has fewer
            field = self.fields[name]
            default = int(getattr(settings.GILFOYLE.limits, name))
            words = size_as_written(default) if name == "max_stored_bytes" else f"{default:,}"
            field.help_text = f"Empty: as the settings say ({words if default else NO_LIMIT}). 0: no limit."


class ProjectSettingsForm(ProjectLimitsForm):
    """All that can be said of a project: what it may use, and whether its segments are encrypted."""

    encryption = forms.ChoiceField(
        required=False, widget=UnfoldAdminSelectWidget, label="Renditions and pictures"
    )

    class Meta(ProjectLimitsForm.Meta):
        fields = (*NAMES, "encryption")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        config, field = settings.GILFOYLE, self.fields["encryption"]
        by_default = ENCRYPTED if config.playback.encryption else CLEAR
        choices = [("", f"As the settings say ({by_default.lower()})"), ("on", ENCRYPTED), ("off", CLEAR)]
        field.choices = choices  # type: ignore[attr-defined]  # typed as any field
        if config.storage.is_public:
            field.help_text = "Encrypted whatever is chosen here: others can read the store's objects."


class KeyLimitsForm(LimitsForm):
    """What a key may use of its project's limits."""

    max_stored_bytes = SizeField(
        label="Stored",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Of the videos whose sources it brings.",
    )

    class Meta:
        model = ApiKey
        fields = ("max_stored_bytes", "max_uploads_at_once", "max_requests_a_minute")
        labels = {
            "max_uploads_at_once": "Unfinished uploads",
            "max_requests_a_minute": "Requests in a minute",
        }
        widgets = dict.fromkeys(labels, UnfoldAdminIntegerFieldWidget)


class ApiKeyForm(forms.ModelForm[ApiKey]):
    """What a new key is for and what it may do."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {SCOPE_WORDS[scope]}") for scope in SCOPES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        initial=list(SCOPES),
        help_text="What the key may do. Give each service only what it needs.",
    )

    class Meta:
        model = ApiKey
        fields = ("project", "label", "scopes", "expires_at")
        help_texts = {"expires_at": "Empty: it works until it is revoked. Times are UTC."}
