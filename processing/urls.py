from __future__ import annotations

from django.urls import path

from processing.jobs.views import VideoCancel, VideoJob, VideoReprocess

urlpatterns = [
    path("videos/<str:video_id>/job", VideoJob.as_view()),
    path("videos/<str:video_id>/cancel", VideoCancel.as_view()),
    path("videos/<str:video_id>/reprocess", VideoReprocess.as_view()),
]
