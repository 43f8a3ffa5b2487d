from __future__ import annotations

import pytest
from django.test import Client

from tests.admin_pages import client_of
from tests.videos.moderation.pages import user_of


@pytest.fixture
def reviewer(db: None) -> Client:
    return client_of(user_of("reviewer"))


@pytest.fixture
def senior(db: None) -> Client:
    return client_of(user_of("senior_reviewer"))
