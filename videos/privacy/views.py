"""`/creators/{id}/erase` and `/export`: what the commands of these names do, for a consumer and its own creators."""

from __future__ import annotations

import tempfile
import zipfile
from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.schema import refusals
from videos.access.authentication import project_of
from videos.access.once import answer_once, stay_at_work, takes_idempotency_key_itself
from videos.access.permissions import HasScope
from videos.privacy.creators import creator_of
from videos.privacy.erasing import erase_for_consumer, erase_on_trial
from videos.privacy.exporting import ZipStore, export_creator
from videos.privacy.serializers import ErasureInputSerializer, ErasureSerializer
from videos.privacy.traces import find_own_words

IN_MEMORY_BYTES = 8 * 1024 * 1024


class CreatorErase(APIView):
    permission_classes = [HasScope.of("creators:write")]

    @takes_idempotency_key_itself
    @extend_schema(
        operation_id="erase_creator",
        summary="Erase one of your users everywhere",
        description=(
            "A request to be forgotten. It can't be taken back, so `confirm` must be the id once more. Videos are deleted: "
            "nothing of them plays from this moment on, and their files are gone within minutes. What the person reported "
            "or appealed loses who it was and what was written; decisions and freezes go on under a pseudonym. A video "
            "under a legal hold stays and is named in `held`. The answer comes once all is done, and is the receipt by "
            "which the operator of the server can prove it; with very many videos that takes a while. Whatever broke it "
            "off: send it again, each step that was done stays done, and the receipt names what was left to do. What is "
            "looked at for a severe reason keeps its words until it is decided; what the person wrote there is counted as "
            "`kept_for_review`. With `dry_run` nothing is changed, and `confirm` is "
            "not needed. docs/privacy.md has the whole of it."
        ),
        request=ErasureInputSerializer,
        responses={
            200: ErasureSerializer,
            **refusals(
                {
                    400: "`invalid_input`: `confirm` is not the id of the address.",
                    422: "`invalid_input`: there can be no such id.",
                    409: "`creator_under_review`: an open case for a severe reason is about this creator, or came to be meanwhile.",
                }
            ),
        },
        tags=["creators"],
    )
    def post(self, request: Request, creator_id: str) -> Response:
        creator = creator_of(project_of(request), creator_id)
        given = ErasureInputSerializer(data=request.data, context={"creator_id": creator.id})
        given.is_valid(raise_exception=True)
        is_trial = given.validated_data["dry_run"]
        # Step by step, and the answer kept after the last: not one transaction for all of a creator's videos.
        receipt = (
            erase_on_trial(creator, for_consumer=True)
            if is_trial
            else erase_for_consumer(creator, at_work=lambda: stay_at_work(request))
        )
        told = receipt.to_json() | {"is_dry_run": is_trial}
        told["named_in"], told["named_in_has_more"] = ([], False) if is_trial else find_own_words(creator)
        return answer_once(request, lambda: Response(ErasureSerializer(told).data, status=status.HTTP_200_OK))


class CreatorExport(APIView):
    permission_classes = [HasScope.of("creators:read")]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002 - DRF's signature
        del force
        # Errors are JSON and the answer is a zip, whichever of the two a client says to accept.
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="export_creator",
        summary="Read all that is kept of one of your users, as a zip",
        description=(
            "A request for information: a file of JSON for each table, and `manifest.json` with their SHA-256s. What others "
            "wrote of the person, and who reported, is left out; so are keys, and what moderation keeps to itself (cases, rules, "
            "what was recognised, who decided). The uploaded files are not in it: the operator "
            "of the server adds them (`manage.py export_creator --with-files`). Of somebody who is unknown here it holds "
            "nothing but the manifest."
        ),
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, description="The zip."),
            **refusals({422: "`invalid_input`: there can be no such id."}),
        },
        tags=["creators"],
    )
    def get(self, request: Request, creator_id: str) -> FileResponse:
        creator = creator_of(project_of(request), creator_id)
        file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by the answer, once it is sent
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            export_creator(creator, ZipStore(archive), with_files=False, for_consumer=True)
        file.seek(0)
        name = f"creator-{creator.pseudonym}.zip"
        answer = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
        answer["Cache-Control"] = "no-store"
        return answer
