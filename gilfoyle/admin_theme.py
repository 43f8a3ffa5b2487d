"""The admin's looks: its name, one accent colour, its navigation. Data for the theme, read by settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

from gilfoyle import __version__


def _static(name: str) -> Callable[[HttpRequest], str]:
    return lambda request: static(name)  # noqa: ARG005 - the theme passes it


def _may_view(model: str) -> Callable[[HttpRequest], bool]:
    app, name = model.split(".")
    return lambda request: bool(
        request.user.has_perm(f"{app}.view_{name}") or request.user.has_perm(f"{app}.change_{name}")
    )


def _link(title: str, icon: str, model: str) -> dict[str, Any]:
    address = reverse_lazy(f"admin:{model.replace('.', '_')}_changelist")
    return {"title": title, "icon": icon, "link": address, "permission": _may_view(model)}


def _page(title: str, icon: str, name: str) -> dict[str, Any]:
    """Link a page for those who see how the machine is set up."""
    address = reverse_lazy(f"admin:{name}")
    return {"title": title, "icon": icon, "link": address, "permission": _may_view("processing.step")}


def _is_at(model: str, *, but: str) -> Callable[[HttpRequest], bool]:
    """Mark a link on all pages of its model but one, which has a link of its own."""

    def is_there(request: HttpRequest) -> bool:
        name = request.resolver_match.url_name if request.resolver_match else None
        return bool(name) and str(name).startswith(f"{model}_") and name != f"{model}_{but}"

    return is_there


NAVIGATION: list[dict[str, Any]] = [
    {"items": [{"title": "Dashboard", "icon": "space_dashboard", "link": reverse_lazy("admin:index")}]},
    {
        "title": "Videos",
        "separator": True,
        "items": [
            _link("Videos", "smart_display", "videos.video"),
            _link("Review", "gavel", "videos.case"),
            _link("Matches", "fingerprint", "videos.fingerprintmatch"),
            _link("Hash lists", "playlist_add_check", "videos.hashlist"),
            _link("Standing out", "monitoring", "videos.dailyuse"),
        ],
    },
    {
        "title": "Coming in",
        "separator": True,
        "items": [
            _link("Uploads", "upload_file", "videos.upload"),
            _link("Imports", "cloud_download", "videos.import"),
            _link("Upload addresses", "add_link", "videos.uploadgrant"),
        ],
    },
    {
        "title": "Work",
        "separator": True,
        "items": [
            {
                "title": "Failures",
                "icon": "error",
                "link": reverse_lazy("admin:processing_job_failures"),
                "permission": _may_view("processing.job"),
            },
            {
                **_link("Jobs", "rule_settings", "processing.job"),
                "active": _is_at("processing_job", but="failures"),
            },
            _link("Steps", "footprint", "processing.step"),
        ],
    },
    {
        "title": "Machine",
        "separator": True,
        "items": [
            _page("Storage", "hard_drive", "storage"),
            _page("Checks", "troubleshoot", "checks"),
            _page("Settings", "tune", "settings"),
        ],
    },
    {
        "title": "Access",
        "separator": True,
        "items": [
            _link("Projects", "folder_open", "videos.project"),
            _link("API keys", "key", "videos.apikey"),
            _link("Signing keys", "signature", "streaming.signingkey"),
            _link("Webhooks", "webhook", "videos.webhookendpoint"),
            _link("Deliveries", "outgoing_mail", "videos.delivery"),
            _link("Audit", "history_edu", "videos.auditentry"),
            _link("Users", "person", "auth.user"),
            _link("Groups", "group", "auth.group"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Gilfoyle",
    "SITE_HEADER": "Gilfoyle",
    "SITE_SUBHEADER": f"Private video backend · {__version__}",
    "SITE_URL": None,
    "SITE_ICON": _static("gilfoyle/mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": _static("gilfoyle/mark.svg")},
    ],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "gilfoyle.control_room.working.fill_dashboard",
    "STYLES": [_static("gilfoyle/admin.css")],
    "SCRIPTS": [_static("gilfoyle/admin.js")],
    "ACCOUNT": {
        "navigation": [
            {"title": "API documentation", "link": "/api/docs/"},
            {"title": "Second factor", "link": reverse_lazy("admin:two_factor")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ]
    },
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": NAVIGATION},
    "COLORS": {
        # Ultramarine; 600 stands under white text with a contrast of more than 4.5.
        "primary": {
            "50": "oklch(97% .014 268)",
            "100": "oklch(93.8% .03 269)",
            "200": "oklch(88% .06 270)",
            "300": "oklch(80% .105 271)",
            "400": "oklch(70.5% .155 272)",
            "500": "oklch(61.5% .2 270)",
            "600": "oklch(53.5% .225 268)",
            "700": "oklch(47.5% .215 267)",
            "800": "oklch(41% .18 267)",
            "900": "oklch(36% .14 268)",
            "950": "oklch(26% .1 270)",
        },
    },
}
