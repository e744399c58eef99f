"""The most visited first; equal ones share a rank."""

_largest = 0


def rank(counts: dict[str, int]) -> list[tuple[int, str]]:
    global _largest
    ranked: list[tuple[int, str]] = []
    last = place = 0
    for index, (path, count) in enumerate(sorted(counts.items(), key=lambda i: (-i[1], i[0])), 1):
        place = place if count == last else index
        last = count
        ranked.append((place, path))
    _largest = max(_largest, len(ranked))
    return ranked


def largest() -> int:
    return _largest
