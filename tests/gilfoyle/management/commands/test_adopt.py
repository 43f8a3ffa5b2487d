from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from gilfoyle.installation.facts import find_fact
from gilfoyle.installation.secret_key import require_secret, secret_id
from tests.sealing import make_sealed_video, set_sealing
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
OTHER = b"another secret, in the place of one that was lost"


def test_a_lost_secret_is_replaced_and_the_audit_says_so(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    require_secret(settings.GILFOYLE_ROOT_SECRET)
    set_sealing(settings, "always")
    make_sealed_video(settings, b"a film")
    settings.GILFOYLE_ROOT_SECRET = OTHER
    with pytest.raises(CommandError, match="opens no key of sources") as refused:
        call_command("adopt", "secret")
    assert refused.value.returncode == 2
    call_command("adopt", "secret", "--even-so")
    assert f"The secret key {secret_id(OTHER)} is this installation's" in capsys.readouterr().out
    assert find_fact("secret") == secret_id(OTHER)
    entry = AuditEntry.objects.get(verb="installation.adopted")
    assert (entry.object_type, entry.data) == ("secret", {"even_so": True})


def test_rows_that_were_put_back_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="must be a moment as 2026-11-30T03:00:00Z"):
        call_command("adopt", "rows", "--as-of", "at three")
    call_command("adopt", "rows", "--as-of", "2026-11-30T03:00:00")
    assert (
        "Spared for 14 days. gc removes nothing that came after 2026-11-30T03:00:00"
        in capsys.readouterr().out
    )
    assert AuditEntry.objects.get(verb="backup.restored").data["is_by_hand"]
