"""What a token opens, with all its addresses: the answer of `POST /videos/{id}/playback` and of a refresh."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from streaming.addresses import play_folder, playback_addresses, refresh_path, text_path
from streaming.tokens.claims import Claims, Clip, Scope
from streaming.tokens.serializers import PlaybackSerializer
from streaming.tokens.services import MintedToken
from videos.catalog.selectors import PlaybackPolicy
from videos.tracks.selectors import list_playable_tracks

_SCOPE_OF = {"poster_url": Scope.IMAGES, "storyboard_url": Scope.IMAGES, "preview_url": Scope.IMAGES}
_OF_ALL = tuple(_SCOPE_OF)  # show moments of the whole video, so they go with no clip


def describe_playback(
    token: MintedToken, policy: PlaybackPolicy, *, public_url: str, origins: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the answer for a new token; what it does not open has no address.

    `origins` are the sites of which the token has only hashes; where they are not known, no page can be framed by
    them, and `embed_url` is null.
    """
    claims = token.claims
    owner = (policy.project_id, policy.video_id)
    found = playback_addresses(public_url=public_url, token=token.text, policy=policy, origins=origins)
    addresses = {
        name: address if claims.scope & _SCOPE_OF.get(name, Scope.PLAY) else None
        for name, address in found.items()
    }
    if len(claims.origin_hashes) > len(origins):
        addresses["embed_url"] = None
    if claims.clip is not None:
        addresses |= dict.fromkeys(_OF_ALL)
    is_refreshable = claims.session_ends_at_s is not None
    body = {
        "token": token.text,
        **addresses,
        "tracks": describe_tracks(
            policy, claims, folder=public_url + play_folder(token.text, *owner, policy.revision)
        ),
        "clip": _describe_clip(claims.clip),
        "expires_at": token.expires_at,
        "session_id": claims.session.hex(),
        "session_expires_at": token.session_expires_at,
        "refresh_url": public_url + refresh_path(token.text, *owner) if is_refreshable else None,
    }
    return dict(PlaybackSerializer(body).data)


def _describe_clip(clip: Clip | None) -> dict[str, float] | None:
    return None if clip is None else {"start_s": clip.start_ms / 1000, "end_s": clip.end_ms / 1000}


def describe_tracks(policy: PlaybackPolicy, claims: Claims, *, folder: str) -> list[dict[str, Any]]:
    """Return the text tracks that a token opens, with their addresses below `folder`."""
    if Scope.CAPTIONS not in claims.scope:
        return []
    found = list_playable_tracks(policy.video_id, policy.revision)
    return [{**asdict(track), "url": folder + text_path(track.id)} for track in found]
