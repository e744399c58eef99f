"""Pictures and documents out of values: SVG charts and PDF. Keeps nothing."""

from longrun.reports.charts import fitness_svg, profile_svg, splits_svg, weeks_svg, year_svg
from longrun.reports.monthly import activity_pdf, band_pdf, monthly_pdf
from longrun.reports.route import route_svg

__all__ = [
    "activity_pdf", "band_pdf", "fitness_svg", "monthly_pdf", "profile_svg", "route_svg",
    "splits_svg", "weeks_svg", "year_svg",
]  # fmt: skip
