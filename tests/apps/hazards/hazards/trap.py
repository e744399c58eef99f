"""Must never be executed by whoever only reads the source."""

import os

if "HAZARDS_TRAP" in os.environ:
    with open(os.environ["HAZARDS_TRAP"], "w") as marker:
        marker.write("executed")


def harmless(text: str) -> str:
    for _ in range(2):
        text = text[::-1]
    return text
