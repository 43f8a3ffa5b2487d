"""The admin's form of a new signing key."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
)

from streaming.tokens.key_services import NewKey
from streaming.tokens.models import SigningKey
from streaming.tokens.public_keys import MAX_PEM_LENGTH, PublicKeyRefused, read_public_key
from streaming.tokens.scope_words import SCOPE_WORDS, scope_of_words

SCOPES_EXPLAINED = {
    "media": "manifests and segments",
    "images": "poster, storyboard, preview",
    "text": "subtitles and captions",
}


class SigningKeyForm(forms.ModelForm[SigningKey]):
    """A consumer's public key, and what its tokens may be at most."""

    pem = forms.CharField(
        label="Public key",
        max_length=MAX_PEM_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5, "spellcheck": "false", "class": "font-mono"}),
        help_text="PEM of an Ed25519 or P-256 key: openssl pkey -in private.pem -pubout. Never the private key.",
    )
    scopes = forms.MultipleChoiceField(
        label="Opens at most",
        choices=[(word, f"{word}: {SCOPES_EXPLAINED[word]}") for word in SCOPE_WORDS],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        initial=list(SCOPE_WORDS),
    )

    class Meta:
        model = SigningKey
        fields = ("project", "label", "max_ttl_s", "max_session_s")
        labels = {
            "max_ttl_s": "Longest life of a token, in seconds",
            "max_session_s": "Longest session, in seconds",
        }
        help_texts = {"label": "Who signs with it, for example the name of a service."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        playback = settings.GILFOYLE.playback
        self._bound("max_ttl_s", 1, playback.max_ttl_s, initial=min(3600, playback.max_ttl_s))
        self._bound("max_session_s", 0, playback.max_session_s, initial=0)
        self.fields["max_session_s"].help_text += " 0: its tokens can't be exchanged for later ones."

    def _bound(self, name: str, least: int, most: int, *, initial: int) -> None:
        self.fields[name] = forms.IntegerField(
            min_value=least,
            max_value=most,
            initial=initial,
            label=self.fields[name].label,
            widget=UnfoldAdminIntegerFieldWidget,
            help_text=f"At most {most:,} (playback.{name}).",
        )

    def clean_pem(self) -> tuple[str, str]:
        try:
            return read_public_key(self.cleaned_data["pem"])
        except PublicKeyRefused as refused:
            raise forms.ValidationError(str(refused)) from None

    def new_key(self) -> NewKey:
        """Return what was entered."""
        given = self.cleaned_data
        algorithm, public_key = given["pem"]
        return NewKey(
            algorithm=algorithm,
            public_key=public_key,
            label=given["label"],
            scope_mask=scope_of_words(given["scopes"]),
            max_ttl_s=given["max_ttl_s"],
            max_session_s=given["max_session_s"],
        )
