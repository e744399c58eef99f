"""The few shapes the charts are made of. Colours are classes: the page's style sheet has them."""

from collections.abc import Iterable, Sequence
from html import escape


def number(value: float) -> str:
    """Return a coordinate as short as it can be: tenths of a pixel are enough."""
    return f"{value:.1f}".removesuffix(".0")


def element(name: str, inside: str = "", /, **attributes: object) -> str:
    """Return an element; `class_` is class, an underscore inside a name is a dash."""
    text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{text}>{inside}</{name}>" if inside else f"<{name}{text}/>"


def text(x: float, y: float, words: str, class_: str = "", anchor: str = "start") -> str:
    """Return words at a place."""
    class_ = f"t {class_}".strip()
    return element("text", escape(words), x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str = "grid") -> str:
    """Return a straight line."""
    return element("line", x1=x1, x2=x2, y1=y1, y2=y2, class_=class_)


def rect(x: float, y: float, wide: float, tall: float, title: str, **more: object) -> str:
    """Return a rectangle that says what it is when somebody points at it."""
    inside = f"<title>{escape(title)}</title>" if title else ""
    return element("rect", inside, x=x, y=y, width=wide, height=tall, **more)


def path(points: Iterable[tuple[float, float]], class_: str, close: str = "") -> str:
    """Return a line through points; `close` is appended to its commands."""
    steps = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return element("path", d=f"M{steps}{close}", class_=class_)


def picture(
    width: float, height: float, title: str, parts: Sequence[str], **attributes: object
) -> str:
    """Return a whole drawing, named for people who cannot see it."""
    box = f"0 0 {number(width)} {number(height)}"
    named = {"class_": "chart", "role": "img", "aria_label": title} | attributes
    inside = f"<title>{escape(title)}</title>{''.join(parts)}"
    return element("svg", inside, xmlns="http://www.w3.org/2000/svg", viewBox=box, **named)


def _value(value: object) -> str:
    return number(value) if isinstance(value, float) else escape(str(value))
