from __future__ import annotations

from django.urls import path

from videos.access.views import Account
from videos.catalog.views import VideoDetail, VideoList, VideoRenditions
from videos.imports.views import VideoImport
from videos.tracks.views import TrackDetail, TrackList
from videos.uploads.tus_views import TusEndpoint, TusEndpointSlash, TusUpload
from videos.uploads.views import VideoSource

urlpatterns = [
    path("account", Account.as_view()),
    path("videos", VideoList.as_view()),
    path("videos/<str:video_id>", VideoDetail.as_view()),
    path("videos/<str:video_id>/source", VideoSource.as_view()),
    path("videos/<str:video_id>/import", VideoImport.as_view()),
    path("videos/<str:video_id>/renditions", VideoRenditions.as_view()),
    path("uploads/tus", TusEndpoint.as_view()),
    path("uploads/tus/", TusEndpointSlash.as_view()),
    path("uploads/tus/<str:upload_id>", TusUpload.as_view()),
    path("videos/<str:video_id>/tracks", TrackList.as_view()),
    path("videos/<str:video_id>/tracks/<str:track_id>", TrackDetail.as_view()),
]
