from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

from tests.videos.usage.making import TODAY
from videos.usage.charts import HEIGHT, LEAST, describe_chart, draw_chart
from videos.usage.figures import Series
from videos.usage.measures import REPORTS
from videos.usage.standing_out import Outlier

DAYS = [TODAY - timedelta(days=n) for n in (3, 2, 1, 0)]
SERIES = Series(REPORTS, (0, 1, 1000, 500), {}, (None, None, Outlier(1000, 1, 2), None))
HOSTILE = '<script>"&'


def test_a_chart_is_well_formed_and_each_day_is_told() -> None:
    drawn = ET.fromstring(draw_chart(SERIES, DAYS, {DAYS[1]: ["Strike", HOSTILE]}))  # noqa: S314 - our own
    assert drawn.get("aria-label") == describe_chart(SERIES, DAYS)
    told = [group.findtext("title") for group in drawn]
    assert told == [
        "26 Nov: 0 reports",
        f"27 Nov: 1 report; Strike; {HOSTILE}",
        "28 Nov: 1,000 reports, 1,000 times the usual day (1)",
        "29 Nov: 500 reports",
    ]


def test_bars_have_their_shares_and_what_stands_out_its_colour() -> None:
    html = draw_chart(SERIES, DAYS, {DAYS[0]: ["Strike"]})
    bars = re.findall(r'class="gf-chart-bar( gf-chart-out)?" [^>]*height="(\d+)"', html)
    assert bars == [("", str(LEAST)), (" gf-chart-out", str(HEIGHT)), ("", str(HEIGHT // 2))]
    assert html.count("gf-chart-mark") == html.count("gf-chart-change") == 1
    assert "style=" not in html


def test_a_chart_is_told_in_words() -> None:
    assert describe_chart(SERIES, DAYS) == (
        "Reports a day from 26 Nov to 29 Nov: 1,501 reports, most on 28 Nov (1,000). One stands out."
    )
    nothing = Series(REPORTS, (0, 0, 0, 0), {}, (None,) * 4)
    assert describe_chart(nothing, DAYS).endswith(": none.")
    both = Series(REPORTS, (9, 9), {}, (Outlier(9, 0, 0),) * 2)
    assert describe_chart(both, DAYS[:2]).endswith(" 2 stand out.")
