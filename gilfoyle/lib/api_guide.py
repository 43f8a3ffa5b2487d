"""The front matter of the OpenAPI document: what holds for all calls, and what each group of them is about."""

from __future__ import annotations

DESCRIPTION = """\
The private video backend that you run yourself: upload, processing and streaming.

**Authentication.** `Authorization: Bearer <API key>`. Each call names the scope that its key needs. Calls by an upload
address need no key: the address is the permission.

**Errors** are `application/problem+json` (RFC 9457). Go by `code`, which is stable; `title` and `hint` are for people.
What belongs to another project answers 404.

**Lists** come in pages, newest first: follow `next` until it is null.

**Repeating.** Calls that create take an `Idempotency-Key`: the same request under the same key creates nothing again.

**Limits.** 429 tells by `Retry-After` when to try again; `RateLimit` tells in every answer what is left.

The start page is docs/api.md.
"""
LICENSE = {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"}
SERVERS = [{"url": "/", "description": "The server that gave you this document."}]
TAGS = [
    {"name": "videos", "description": "What there is: create, list, read, edit and delete videos; their renditions."},
    {"name": "uploads", "description": "Sources on their way in: by PUT, tus, from a URL, or straight to a bucket."},
    {"name": "processing", "description": "The work on a video: follow it, begin it anew, stop it."},
    {"name": "text tracks", "description": "Subtitles, captions and descriptions of a video."},
    {"name": "chapters", "description": "Named parts of a video, as players show them."},
    {"name": "playback", "description": "Permissions to play: make them, explain them, take them back."},
    {"name": "signing keys", "description": "Keys with which your backend signs playback tokens itself."},
    {"name": "moderation", "description": "Unsafe use: reports, decisions, restrictions, appeals, strikes."},
    {"name": "creators", "description": "Privacy requests of your users: export and erasure."},
    {"name": "webhooks", "description": "What happens, told to your backend by signed requests; what was sent, and again."},
    {"name": "usage", "description": "Plays, watched minutes, stored bytes and processed minutes."},
    {"name": "account", "description": "The API key that asks: its project, scopes, limits and use."},
]  # fmt: skip
