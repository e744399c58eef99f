"""Pictures and documents out of values: SVG charts, the monthly PDF. Keeps nothing."""

from longrun.reports.charts import profile_svg, splits_svg, weeks_svg
from longrun.reports.monthly import monthly_pdf
from longrun.reports.route import route_svg

__all__ = ["monthly_pdf", "profile_svg", "route_svg", "splits_svg", "weeks_svg"]
