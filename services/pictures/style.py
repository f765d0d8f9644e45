"""The colours of pictures, light and dark, as one sheet for pages and for files that stand alone."""

from __future__ import annotations

import base64
import hashlib
from typing import Literal

Tone = Literal[
    "ink", "quiet", "rule", "paper", "none", "low", "mid", "high", "amber", "red", "kept", "changed", "other"
]

#: Tone -> on a light and on a dark page. Ink on every one of them has a contrast of at least 4.5 : 1.
PALETTE: dict[Tone, tuple[str, str]] = {
    "ink": ("#1b2733", "#e6ebf0"),
    "quiet": ("#52606d", "#a9b6c3"),
    "rule": ("#7b8794", "#75828f"),
    "paper": ("#ffffff", "#12181f"),
    "none": ("#eef1f4", "#222b34"),
    "low": ("#e3eefa", "#17304a"),
    "mid": ("#c6ddf3", "#1d4166"),
    "high": ("#a4c8ea", "#275583"),
    "amber": ("#ffd27a", "#6b4a00"),
    "red": ("#f5a39c", "#832822"),
    "kept": ("#a8d8b4", "#1f5634"),
    "changed": ("#c6ddf3", "#1d4166"),
    "other": ("#d9cdf0", "#4a3a7a"),
}


def _build_style() -> str:
    light = "".join(f"--picture-{tone}:{colours[0]};" for tone, colours in PALETTE.items())
    dark = "".join(f"--picture-{tone}:{colours[1]};" for tone, colours in PALETTE.items())
    fills = "".join(f".pf-{tone}{{fill:var(--picture-{tone})}}" for tone in PALETTE)
    strokes = "".join(f".ps-{tone}{{stroke:var(--picture-{tone})}}" for tone in PALETTE)
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}{fills}{strokes}"


#: What a page's sheet holds, and a file's own `style` element.
STYLE = _build_style()


def hash_style(style: str) -> str:
    """The source of a Content Security Policy that allows exactly this text of a `style` element."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"'sha256-{digest}'"
