"""Writes what was measured: a Markdown table for people, and a plot of quality over bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

COLOURS = {"Gilfoyle": "#1f6feb", "PeerTube": "#d1242f", "MediaCMS": "#9a6700"}
WIDTH, HEIGHT, MARGIN = 760, 420, 56


@dataclass
class Report:
    """Sections of Markdown, in order."""

    parts: list[str] = field(default_factory=list)

    def heading(self, text: str) -> None:
        self.parts.append(f"## {text}")

    def text(self, text: str) -> None:
        self.parts.append(text)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
        self.parts.append("\n".join(lines))

    @property
    def markdown(self) -> str:
        return "\n\n".join(self.parts) + "\n"

    def into(self, older: str) -> str:
        """Return the Markdown with the sections of an older one that were not measured now, in their places."""
        new, old = _sections(self.markdown), _sections(older)
        merged = {heading: new.get(heading, text) for heading, text in old.items()} | new
        return "\n".join(text.strip("\n") + "\n" for text in merged.values())


def _sections(markdown: str) -> dict[str, str]:
    """Return the text of each section by its heading; what stands before the first by nothing."""
    found: dict[str, str] = {}
    heading = ""
    for line in markdown.splitlines():
        heading = line if line.startswith("## ") else heading
        found[heading] = found.get(heading, "") + line + "\n"
    return found


@dataclass(frozen=True, slots=True)
class Dot:
    """One encode in the plot."""

    who: str
    label: str
    bitrate_bps: float
    vmaf: float


def plot(dots: Sequence[Dot], *, title: str) -> str:
    """Return an SVG of VMAF over bit rate; the dots of one label that are Gilfoyle's are joined to a curve."""
    rates = [math.log2(dot.bitrate_bps) for dot in dots]
    low, high = math.floor(min(rates)), math.ceil(max(rates))
    bottom = math.floor(min(dot.vmaf for dot in dots) / 10) * 10

    def place(dot: Dot) -> tuple[float, float]:
        x = MARGIN + (math.log2(dot.bitrate_bps) - low) / (high - low) * (WIDTH - 2 * MARGIN)
        y = HEIGHT - MARGIN - (dot.vmaf - bottom) / (100 - bottom) * (HEIGHT - 2 * MARGIN)
        return x, y

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="24" font-size="15">{title}</text>',
    ]
    for power in range(low, high + 1):
        x, _ = place(Dot("", "", 2.0**power, bottom))
        lines.append(
            f'<line x1="{x:.0f}" y1="{MARGIN}" x2="{x:.0f}" y2="{HEIGHT - MARGIN}" stroke="#e5e5e5"/>'
        )
        lines.append(
            f'<text x="{x:.0f}" y="{HEIGHT - 36}" text-anchor="middle">{2**power / 1000:.0f} kbit/s</text>'
        )
    for vmaf in range(bottom, 101, 10):
        _, y = place(Dot("", "", 2.0**low, vmaf))
        lines.append(
            f'<line x1="{MARGIN}" y1="{y:.0f}" x2="{WIDTH - MARGIN}" y2="{y:.0f}" stroke="#e5e5e5"/>'
        )
        lines.append(f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{vmaf}</text>')
    for label in dict.fromkeys(dot.label for dot in dots):
        curve = sorted(place(dot) for dot in dots if dot.label == label and dot.who == "Gilfoyle")
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in curve)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS["Gilfoyle"]}"/>')
        lines.append(f'<text x="{curve[-1][0] + 6:.0f}" y="{curve[-1][1] - 4:.0f}">{label}</text>')
    for dot in dots:
        x, y = place(dot)
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[dot.who]}"/>')
    for number, (who, colour) in enumerate(COLOURS.items()):
        x = WIDTH - MARGIN - 300 + number * 105
        lines.append(f'<circle cx="{x}" cy="20" r="4" fill="{colour}"/><text x="{x + 8}" y="24">{who}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
