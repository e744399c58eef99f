"""Quick pages, and documents that burn a core while they are made."""
