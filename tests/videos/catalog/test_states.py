from videos.catalog import states


def test_the_moves_of_a_video() -> None:
    assert {status: sorted(moves) for status, moves in states.TRANSITIONS.items()} == {
        "awaiting_upload": ["deleting", "failed", "uploading"],
        "uploading": ["awaiting_upload", "deleting", "failed", "processing"],
        "processing": ["deleting", "failed", "ready"],
        "ready": ["deleting", "processing"],
        "failed": ["deleting", "processing", "uploading"],
        "deleting": [],
    }


def test_a_video_can_be_deleted_at_any_moment() -> None:
    assert all(
        states.DELETING in moves for status, moves in states.TRANSITIONS.items() if status != states.DELETING
    )
