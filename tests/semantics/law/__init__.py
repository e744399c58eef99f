"""A small application that does, once each, what the law of the seam speaks of."""
