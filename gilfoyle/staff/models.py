"""Rows about the staff beside Django's own: second factors, and how often somebody tried in vain."""

from __future__ import annotations

import hmac
from binascii import unhexlify

from django.conf import settings
from django.db import models
from django_otp.plugins.otp_totp.models import TOTPDevice

_DOMAIN = b"gilfoyle-staff-totp-v1\0"
SECRET_BYTES = 20  # RFC 4226 wants 160 bits


class StaffTotp(TOTPDevice):
    """An authenticator app. Its secret is derived from the row and the root secret: who has the rows alone has none."""

    class Meta:
        proxy = True
        verbose_name = "second factor"

    @property
    def bin_key(self) -> bytes:
        """The secret, as the package asks for it."""
        salt = unhexlify(self.key.encode())
        return hmac.digest(settings.GILFOYLE_ROOT_SECRET, _DOMAIN + salt, "sha256")[:SECRET_BYTES]


class SignInTries(models.Model):
    """Tries in vain, of a name (as a keyed hash, whether there is such an account or not) or of all together."""

    subject = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)
    since = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "gilfoyle"
        verbose_name = "tries in vain"
        verbose_name_plural = "tries in vain"

    def __str__(self) -> str:
        return f"{self.failures} in vain"
