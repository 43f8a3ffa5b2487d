"""Reasons and codes are closed sets that hold all there are, and nothing that a viewer sent."""

import ast
from pathlib import Path

import pytest

from gilfoyle.lib.storage_faults import ObjectMissing, StorageFault
from streaming import errors, metrics
from streaming.addresses import VideoAddress
from streaming.answers import log_problem
from streaming.errors import PlaybackRefused, PlaybackUnavailable, TokenInvalid
from streaming.revocations.denials import KINDS
from tests.counted import counting
from tests.embedded import ROOT
from videos.catalog.models import IMAGE_KINDS
from videos.catalog.states import RESTRICTIONS, STATUSES

REASONED = {"TokenInvalid", "VideoNotReady", "MediaNotFound", "VideoRestricted", "PlaybackForbidden"}


def literal_reasons() -> set[str]:
    """Return what the code gives as reasons, as far as it stands there."""
    found = set()
    for path in (ROOT / "streaming").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REASONED and node.args:
                first = node.args[0]
                found |= {first.value} if isinstance(first, ast.Constant) else set()
            if (
                isinstance(node, ast.keyword)
                and node.arg == "reason"
                and isinstance(node.value, ast.Constant)
            ):
                found.add(node.value.value)
    return {reason for reason in found if isinstance(reason, str)}


def test_every_reason_has_its_own_name() -> None:
    computed = {*(f"revoked_{kind}" for kind in KINDS), *IMAGE_KINDS, *STATUSES, *RESTRICTIONS} - {"none"}
    missing = (literal_reasons() | computed) - set(metrics.REASONS)
    assert missing == set()
    assert len(literal_reasons()) > 30


def test_every_code_has_its_own_name() -> None:
    refusals = {
        one.code
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, PlaybackRefused)
    } - {PlaybackRefused.code}
    assert refusals | {PlaybackUnavailable.code, StorageFault.code, ObjectMissing.code} <= set(metrics.CODES)


@pytest.mark.parametrize("project_id", ["prj_any", "p" * 22])
def test_who_asks_is_in_no_label(tmp_path: Path, project_id: str) -> None:
    with counting(tmp_path) as counted:
        for number in range(20):
            video = VideoAddress(f'tok"en{number}', project_id, f"vid_{number}", None)
            log_problem(TokenInvalid("signature"), video)
            log_problem(TokenInvalid(f"203.0.113.{number}"), video)
        assert counted.labels("gilfoyle_playback_refusals_total") == {
            ("token_invalid", "signature"),
            ("token_invalid", "other"),
        }
