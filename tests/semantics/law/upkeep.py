"""What clears the cache of another package's function."""

from law import state


def forget_sizes() -> None:
    state.size.cache_clear()
