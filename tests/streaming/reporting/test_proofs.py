import pytest

from streaming.addresses import VideoAddress
from streaming.reporting.proofs import FORM_LIFE_S, is_proven, make_proof

HERE = VideoAddress("t" * 50, "m4x0q7c2h9ab", "vid_3kTmvU1qQx0aZpLr7e")
SECRET, NOW = b"s" * 32, 1_800_000_000


def proven(text: str, address: VideoAddress = HERE, *, now_s: float = NOW, secret: bytes = SECRET) -> bool:
    return is_proven(text, address, now_s=now_s, root_secret=secret)


def test_a_form_of_here_counts_for_a_while() -> None:
    proof = make_proof(HERE, now_s=NOW, root_secret=SECRET)
    assert proven(proof)
    assert proven(proof, now_s=NOW + FORM_LIFE_S - 1)
    assert not proven(proof, now_s=NOW + FORM_LIFE_S)
    assert not proven(proof, now_s=NOW - 2)


@pytest.mark.parametrize(
    "text",
    ["", "1", f"{NOW}.", f"{NOW}.{'0' * 64}", f"-1.{'0' * 64}", f"{NOW}.{'é' * 64}", "\x00", "9" * 5000],
)
def test_nothing_else_counts(text: str) -> None:
    assert not proven(text)


def test_it_is_bound_to_token_video_time_and_server() -> None:
    proof = make_proof(HERE, now_s=NOW, root_secret=SECRET)
    made, digest = proof.split(".")
    assert not proven(f"{int(made) + 1}.{digest}")
    assert not proven(f"0{made}.{digest}") or int(f"0{made}") == NOW
    assert not proven(proof, VideoAddress("u" * 50, HERE.project_id, HERE.video_id))
    assert not proven(proof, VideoAddress(HERE.token, HERE.project_id, "vid_" + "0" * 18))
    assert not proven(proof, secret=b"o" * 32)
