"""Charts of results, as text."""

from polls.charts.bars import draw, drawn

__all__ = ["draw", "drawn"]
