from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from videos.access.views import Account
from videos.catalog.views import VideoDetail, VideoList, VideoRenditions
from videos.chapters.views import VideoChapters
from videos.imports.views import VideoImport
from videos.moderation.strike_views import Strikes
from videos.moderation.views import (
    AppealDetail,
    AppealList,
    DecisionDetail,
    DecisionList,
    ReportDetail,
    ReportList,
    VideoHistory,
    VideoRestriction,
)
from videos.privacy.views import CreatorErase, CreatorExport
from videos.tracks.views import TrackDetail, TrackList
from videos.uploads.companion_views import (
    CompanionComplete,
    CompanionPart,
    CompanionUpload,
    CompanionUploads,
)
from videos.uploads.direct_views import (
    DirectUploadComplete,
    DirectUploadDetail,
    DirectUploadParts,
    DirectUploads,
    GrantedDirectUploadComplete,
    GrantedDirectUploadDetail,
    GrantedDirectUploadParts,
    GrantedDirectUploads,
)
from videos.uploads.grant_views import UploadGrantDetail, UploadGrants
from videos.uploads.granted_views import GrantedEndpoint, GrantedUpload
from videos.uploads.page_views import upload_page
from videos.uploads.tus_views import TusEndpoint, TusEndpointSlash, TusUpload
from videos.uploads.views import VideoSource
from videos.usage.views import Usage, VideoUsage
from videos.webhooks.views import (
    DeliveryDetail,
    DeliveryList,
    DeliveryReplay,
    WebhookDetail,
    WebhookList,
    WebhookReplay,
    WebhookSecret,
    WebhookTest,
)


class GrantToken(StringConverter):
    """What has the shape of an upload address's secret, and no upload's id has."""

    regex = r"upg_[^/]+"


class CreatorId(StringConverter):
    """A consumer's own id of somebody, in which anything may stand, also a slash."""

    regex = r"[\s\S]+"


register_converter(GrantToken, "grant")
register_converter(CreatorId, "creator")

urlpatterns = [
    path("account", Account.as_view()),
    path("videos", VideoList.as_view()),
    path("videos/<str:video_id>", VideoDetail.as_view()),
    path("videos/<str:video_id>/source", VideoSource.as_view()),
    path("videos/<str:video_id>/import", VideoImport.as_view()),
    path("videos/<str:video_id>/renditions", VideoRenditions.as_view()),
    path("videos/<str:video_id>/chapters", VideoChapters.as_view()),
    path("videos/<str:video_id>/usage", VideoUsage.as_view()),
    path("videos/<str:video_id>/restriction", VideoRestriction.as_view()),
    path("videos/<str:video_id>/history", VideoHistory.as_view()),
    path("reports", ReportList.as_view()),
    path("reports/<str:report_id>", ReportDetail.as_view()),
    path("decisions", DecisionList.as_view()),
    path("decisions/<str:decision_id>", DecisionDetail.as_view()),
    path("creators/<creator:creator_id>/erase", CreatorErase.as_view()),
    path("creators/<creator:creator_id>/export", CreatorExport.as_view()),
    path("strikes", Strikes.as_view()),
    path("appeals", AppealList.as_view()),
    path("appeals/<str:appeal_id>", AppealDetail.as_view()),
    path("webhooks", WebhookList.as_view()),
    path("webhooks/<str:endpoint_id>", WebhookDetail.as_view()),
    path("webhooks/<str:endpoint_id>/secret", WebhookSecret.as_view()),
    path("webhooks/<str:endpoint_id>/test", WebhookTest.as_view()),
    path("webhooks/<str:endpoint_id>/replay", WebhookReplay.as_view()),
    path("webhooks/<str:endpoint_id>/deliveries", DeliveryList.as_view()),
    path("webhooks/<str:endpoint_id>/deliveries/<str:delivery_id>", DeliveryDetail.as_view()),
    path("webhooks/<str:endpoint_id>/deliveries/<str:delivery_id>/replay", DeliveryReplay.as_view()),
    path("usage", Usage.as_view()),
    path("uploads/tus", TusEndpoint.as_view()),
    path("uploads/tus/", TusEndpointSlash.as_view()),
    path("uploads/tus/<grant:token>", GrantedEndpoint.as_view()),
    path("uploads/tus/<grant:token>/<str:upload_id>", GrantedUpload.as_view()),
    path("uploads/tus/<str:upload_id>", TusUpload.as_view()),
    path("uploads/direct", DirectUploads.as_view()),
    path("uploads/direct/<grant:token>", GrantedDirectUploads.as_view()),
    path("uploads/direct/<grant:token>/<str:upload_id>", GrantedDirectUploadDetail.as_view()),
    path("uploads/direct/<grant:token>/<str:upload_id>/parts", GrantedDirectUploadParts.as_view()),
    path("uploads/direct/<grant:token>/<str:upload_id>/complete", GrantedDirectUploadComplete.as_view()),
    path("uploads/direct/<grant:token>/s3/multipart", CompanionUploads.as_view()),
    path("uploads/direct/<grant:token>/s3/multipart/<str:upload_id>", CompanionUpload.as_view()),
    path("uploads/direct/<grant:token>/s3/multipart/<str:upload_id>/complete", CompanionComplete.as_view()),
    path(
        "uploads/direct/<grant:token>/s3/multipart/<str:upload_id>/<str:part_number>",
        CompanionPart.as_view(),
    ),
    path("uploads/direct/<str:upload_id>", DirectUploadDetail.as_view()),
    path("uploads/direct/<str:upload_id>/parts", DirectUploadParts.as_view()),
    path("uploads/direct/<str:upload_id>/complete", DirectUploadComplete.as_view()),
    path("uploads", UploadGrants.as_view()),
    path("uploads/<str:grant_id>", UploadGrantDetail.as_view()),
    path("videos/<str:video_id>/tracks", TrackList.as_view()),
    path("videos/<str:video_id>/tracks/<str:track_id>", TrackDetail.as_view()),
]

page_urlpatterns = [path("upload/<grant:token>", upload_page, name="upload_page")]
