"""Weather from a few stations."""
