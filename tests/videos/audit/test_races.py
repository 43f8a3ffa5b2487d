"""Many who record at once: one chain, without hole or fork."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from videos.audit.checking import verify_chain
from videos.audit.models import AuditEntry
from videos.audit.services import link_entries, record

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, DEEDS = 6, 10


def _do(number: int) -> None:
    try:
        for deed in range(DEEDS):
            with transaction.atomic():
                record("case.decided", object_type="case", object_id=f"cas_{number}_{deed}")
                transaction.set_rollback(deed % 3 == 0)
    finally:
        connection.close()


def test_who_record_at_once_make_one_chain() -> None:
    before = AuditEntry.objects.count()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_do, range(THREADS)))
    link_entries()
    kept = THREADS * sum(deed % 3 != 0 for deed in range(DEEDS))
    assert AuditEntry.objects.count() - before == kept
    seqs = list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
    verdict = verify_chain(folder=None)
    assert (verdict.findings, verdict.count) == ([], len(seqs))
