"""The package that burns: a document of many tables."""

from fpdf import FPDF

_PAGES = 6
_ROWS = 40
_COLUMNS = 8


def render(title: str) -> bytes:
    """Return a PDF."""
    document = FPDF()
    document.set_font("helvetica", size=8)
    for page in range(_PAGES):
        document.add_page()
        document.cell(0, 8, f"{title}, page {page}", new_x="LMARGIN", new_y="NEXT")
        with document.table() as table:
            for row in range(_ROWS):
                line = table.row()
                for column in range(_COLUMNS):
                    line.cell(str(row * column))
    return bytes(document.output())
