"""Reports as pages and pictures: what the sentences say, with tables and a picture; of the redacted report alone."""

from services.report_pages.drawings import DRAWINGS, draw_report
from services.report_pages.page import (
    HTML_POLICY,
    SVG_POLICY,
    ReportPage,
    ReportParts,
    build_report_page,
    render_html,
    render_parts,
    render_svg,
)

__all__ = [
    "DRAWINGS",
    "HTML_POLICY",
    "SVG_POLICY",
    "ReportPage",
    "ReportParts",
    "build_report_page",
    "draw_report",
    "render_html",
    "render_parts",
    "render_svg",
]
