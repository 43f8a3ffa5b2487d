from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.test import RequestFactory

from videos.audit.links import entries_address, entries_link, may_read


def test_a_link_leads_to_the_entries_of_a_thing() -> None:
    assert entries_address(object_id="vid_1&x") == "/admin/videos/auditentry/?object_id=vid_1%26x"
    assert str(entries_link("<b>", project_id="p1")) == (
        '<a class="gf-link" href="/admin/videos/auditentry/?project_id=p1">&lt;b&gt;</a>'
    )


@pytest.mark.django_db
def test_only_who_may_read_the_audit_is_led_there() -> None:
    request = RequestFactory().get("/admin/")
    request.user = AnonymousUser()
    assert not may_read(request)
    user = User.objects.create_user("auditor", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    request.user = User.objects.get(pk=user.pk)
    assert may_read(request)
