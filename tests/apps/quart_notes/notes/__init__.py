"""Notes that are kept and counted."""
