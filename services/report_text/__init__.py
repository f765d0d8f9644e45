"""Reports as text for people: sentences by need, a screen of lines, the names of the time asked about."""

from services.report_text.renderers import RENDERERS, ReportText, describe_report, render_report

__all__ = ["RENDERERS", "ReportText", "describe_report", "render_report"]
