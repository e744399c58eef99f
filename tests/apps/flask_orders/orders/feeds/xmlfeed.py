"""Reads the feed; it comes from strangers."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    name: str
    count: int


def read(text: str) -> list[Line]:
    lines = []
    for item in ET.fromstring(text).iter("item"):
        lines.append(Line(item.get("name", ""), int(item.get("count", "1"))))
    return lines
