"""Watches a whole application at the boundaries that seams would have. Nothing is remote here.

A command is started with an environment that makes it, and every Python process it starts,
tell in a journal what crossed each boundary: types and counts, never values.
"""

from seamline.observe.joining import join_learning, learning_environment
from seamline.observe.journal import Learned, gather

__all__ = [
    "Learned",
    "gather",
    "join_learning",
    "learning_environment",
]
