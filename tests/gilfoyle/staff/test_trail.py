import pytest
from django.contrib.auth.models import User

from gilfoyle.staff.trail import by_themselves, note
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def test_what_happened_is_recorded_by_the_account_s_number() -> None:
    user = User.objects.create_user("secret-name", is_staff=True)
    note("staff.role_set", user=user, role="auditor", by=by_themselves(user))
    note("staff.sign_in_failed", user=None, at="password")
    entries = {entry.verb: entry for entry in AuditEntry.objects.all()}
    changed, failed = entries["staff.role_set"], entries["staff.sign_in_failed"]
    assert (changed.object_type, changed.object_id, changed.data) == (
        "staff",
        str(user.pk),
        {"role": "auditor"},
    )
    assert (changed.actor_kind, changed.actor_id) == ("staff", str(user.pk))
    assert (failed.object_id, failed.actor_kind) == ("", "system")
    assert "secret-name" not in str(list(AuditEntry.objects.values()))
