"""Placeholder replaced by the owner of this package."""
