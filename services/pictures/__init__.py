"""Pictures of what reports and pages say: functions from plain data to SVG, the same on a page and as a file."""
