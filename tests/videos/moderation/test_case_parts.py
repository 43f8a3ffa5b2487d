"""What people wrote is shown as text."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils.html import escape

from tests.admin_pages import HOSTILE, is_escaped, list_of, page
from tests.videos.moderation.making import make_case, make_playing
from tests.videos.moderation.pages import QUEUE
from videos.moderation.models import Case

pytestmark = pytest.mark.django_db


def test_reports_are_shown_as_text(reviewer: Client) -> None:
    case = make_case(
        make_playing(title=HOSTILE, creator_id=HOSTILE), comment=HOSTILE, evidence=[HOSTILE], at_s=7.0
    )
    Case.objects.update(unkept_reports=12)
    html = reviewer.get(page("videos_case", case.pk)).content.decode()
    assert is_escaped(html)
    assert "And 12 more by the public form" in html
    assert 'aria-label="Play at 0:07">at 0:07<' in html  # what is seen is what is heard
    narrowed = f"{list_of('videos_video')}?{urlencode({'q': HOSTILE})}"
    assert escape(narrowed) in html
    assert is_escaped(reviewer.get(QUEUE).content.decode())
