"""Polls with a chart."""
