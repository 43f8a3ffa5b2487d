"""All addresses of the house."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

import streaming.urls
import videos.urls
from gilfoyle import health
from gilfoyle.observability.page import public_metrics

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("videos.urls")),
    path("api/v1/", include("processing.urls")),
    path("api/v1/", include(streaming.urls.api_urlpatterns)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
    path("healthz/exposure", health.exposure),
    path("healthz/scheduler", health.scheduler),
    path("metrics", public_metrics),
    path("", include(videos.urls.page_urlpatterns)),
    path("", include("streaming.urls")),
]

handler400 = "gilfoyle.lib.problems.bad_request_page"
handler404 = "gilfoyle.lib.problems.not_found_page"
handler500 = "gilfoyle.lib.problems.fault_page"
