"""`Idempotency-Key` on calls that create: a decorator for their handlers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from gilfoyle.lib.schema import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from gilfoyle.lib.transactions import atomic
from videos.access.authentication import project_of
from videos.access.idempotency import Claim, claim_key, keep_answer, release_key, renew_claim
from videos.access.idempotency_keys import MAX_LENGTH, KeptKey, read_key

HandlerT = TypeVar("HandlerT", bound=Callable[..., Response])
PARAMETER = OpenApiParameter(
    IDEMPOTENCY_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        f"A text of 1 to {MAX_LENGTH} letters, digits and `._~:+/=@-`, best a random UUID, new for each thing to "
        "create. The same request under the same key creates nothing again, and gets the first answer once more. "
        "A request that was refused leaves its key free."
    ),
)
_CLAIM = "_idempotency_claim"


def takes_idempotency_key(handler: HandlerT) -> HandlerT:
    """Let a handler take the header: all of it becomes one transaction with the answer that is kept."""

    def whole(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return answer_once(request, lambda: handler(view, request, *args, **kwargs))

    return _under_key(handler, whole)


def takes_idempotency_key_itself(handler: HandlerT) -> HandlerT:
    """The same for a handler that moves bytes first, and then calls `answer_once` for the rest."""
    return _under_key(handler, handler)


def _under_key(documented: HandlerT, handler: Callable[..., Response]) -> HandlerT:
    @wraps(documented)
    def handle(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        text = read_key(request.headers.get(IDEMPOTENCY_HEADER))
        if text is None:
            return handler(view, request, *args, **kwargs)
        project = project_of(request)
        key = KeptKey.of(text, project_id=project.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)
        taken = claim_key(
            project_id=project.pk,
            key=key,
            fingerprint=key.fingerprint(_told_by(request)),
            ttl_s=settings.GILFOYLE.api.idempotency_ttl_s,
        )
        if not isinstance(taken, Claim):
            return _replay(taken)
        setattr(request, _CLAIM, taken)
        try:
            return handler(view, request, *args, **kwargs)
        except BaseException:  # whatever it was: nothing was created
            release_key(claim=taken)
            raise

    return cast("HandlerT", extend_schema(parameters=[PARAMETER])(handle))


def answer_once(request: Request, create: Callable[[], Response]) -> Response:
    """Create and answer; under an Idempotency-Key in one transaction with keeping the answer.

    Raises: IdempotencyKeyInUse, and what `create` raises.
    """
    claim = getattr(request, _CLAIM, None)
    if claim is None:
        return create()
    return _create_and_keep(claim, create)


@atomic
def _create_and_keep(claim: Claim, create: Callable[[], Response]) -> Response:
    response = create()
    keep_answer(claim=claim, answer=_pack(response))
    return response


def stay_at_work(request: Request) -> None:
    """Say that a request is at work still, so that its key is held for longer; outside of any transaction.

    Raises: IdempotencyKeyInUse where another one has taken it over.
    """
    claim = getattr(request, _CLAIM, None)
    if claim is not None:
        renew_claim(claim=claim)


def _told_by(request: Request) -> Iterator[bytes]:
    """Give what makes two requests the same: method, address, and what the body says, however it is written."""
    yield (request.method or "").encode()
    yield request.get_full_path().encode()
    data = request.data
    if isinstance(data, QueryDict):  # a form: its boundary is another one each time
        for name in sorted(data):
            for value in data.getlist(name):
                yield name.encode(errors="surrogatepass")
                yield from _form_value(value)
        return
    try:
        yield json.dumps(data, sort_keys=True).encode()
    except RecursionError:
        message = "The JSON body is nested too deeply."
        raise ParseError(message) from None


def _form_value(value: Any) -> Iterator[bytes]:
    if not isinstance(value, UploadedFile):
        yield b"text"
        yield str(value).encode(errors="surrogatepass")
        return
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    yield b"file"
    yield digest.digest()


def _pack(response: Response) -> bytes:
    headers = {name: value for name, value in response.items() if name != "Content-Type"}
    answer = {"status": response.status_code, "headers": headers, "data": response.data}
    return bytes(JSONRenderer().render(answer))


def _replay(packed: bytes) -> Response:
    answer = json.loads(packed)
    headers = {**answer["headers"], REPLAYED_HEADER: "true"}
    return Response(answer["data"], status=answer["status"], headers=headers)
