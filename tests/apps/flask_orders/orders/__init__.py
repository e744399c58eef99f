"""A counter where orders are taken."""
