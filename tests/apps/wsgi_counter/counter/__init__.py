"""Counts visits and ranks them."""
