"""Readings, by station."""

from weather.stations.readings import Reading, UnknownStation, of, record

__all__ = ["Reading", "UnknownStation", "of", "record"]
