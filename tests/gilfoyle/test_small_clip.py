import io

import av

from gilfoyle.small_clip import FRAMES_A_SECOND, SECONDS, make_small_clip


def test_it_is_a_film_with_sound_that_moves() -> None:
    with av.open(io.BytesIO(make_small_clip()), "r") as clip:
        frames = [frame.to_image().tobytes() for frame in clip.decode(video=0)]
        clip.seek(0)
        samples = sum(frame.samples for frame in clip.decode(audio=0))
    assert samples > 47_000 * SECONDS
    assert len(set(frames)) == len(frames) == SECONDS * FRAMES_A_SECOND
