"""One bar a choice."""

_drawn = []


def draw(result: dict[str, int]) -> str:
    lines = []
    for choice, count in sorted(result.items()):
        lines.append(f"{choice:>5} {'#' * count}")
    _drawn.append(len(lines))
    return "\n".join(lines)


def drawn() -> int:
    return sum(_drawn)
