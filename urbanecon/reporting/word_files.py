"""Word files that open cleanly and are the same bytes every time."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from urbanecon.atomic import writing

if TYPE_CHECKING:
    from docx.document import Document

AUTHORS = "The urbanecon authors"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Date that every document bears: the day it was made would change its bytes."""

ORDER = {
    "tcPr": ("cnfStyle", "tcW", "gridSpan", "hMerge", "vMerge", "tcBorders", "shd", "noWrap",
             "tcMar", "textDirection", "tcFitText", "vAlign", "hideMark"),
    "tcBorders": ("top", "start", "left", "bottom", "end", "right"),
    "tblPr": ("tblStyle", "tblpPr", "tblOverlap", "bidiVisual", "tblStyleRowBandSize",
              "tblStyleColBandSize", "tblW", "jc", "tblCellSpacing", "tblInd", "tblBorders",
              "shd", "tblLayout", "tblCellMar", "tblLook"),
    "pPr": ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "widowControl", "spacing",
            "ind", "jc"),
}  # fmt: skip
"""Order of children that the schema of WordprocessingML asks for (ECMA-376 part 1, 17.3-17.4)."""


def write_docx(path: Path, document: Document, caption: str) -> None:
    """Write a rendered table as a Word file with `caption` above it.

    The renderer repeats some properties and puts others out of the order the
    schema asks for, which strict readers refuse: they are merged and sorted.
    """
    _add_caption(document, caption)
    for tag in ORDER:
        for element in document.element.iter(_qualified(tag)):
            _mend(element, tag)
    _fix_properties(document)
    buffer = BytesIO()
    document.save(buffer)
    with writing(path) as temporary:
        temporary.write_bytes(_same_every_time(buffer.getvalue()))


def _add_caption(document: Document, caption: str) -> None:
    paragraph = document.add_paragraph(caption, style="Caption")
    paragraph.paragraph_format.keep_with_next = True
    document.tables[0]._element.addprevious(paragraph._element)


def _mend(element: Any, tag: str) -> None:
    """Keep one child of each name, the last one's attributes winning, in schema order."""
    merged: dict[str, Any] = {}
    for child in list(element):
        name = child.tag
        element.remove(child)
        if name in merged and len(child):
            for grandchild in list(child):
                merged[name].append(grandchild)
        elif name not in merged or child.attrib:
            merged[name] = child
    rank = {_qualified(name): i for i, name in enumerate(ORDER[tag])}
    for name in sorted(merged, key=lambda name: rank.get(name, len(rank))):
        element.append(merged[name])


def _qualified(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{tag}"))


def _fix_properties(document: Document) -> None:
    properties = document.core_properties
    properties.author = properties.last_modified_by = AUTHORS
    properties.created = properties.modified = properties.last_printed = EPOCH
    properties.revision = 1
    properties.comments = ""


def _same_every_time(content: bytes) -> bytes:
    """Rewrite the archive with one date for all its members."""
    buffer = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            member = zipfile.ZipInfo(name, EPOCH.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, source.read(name))
    return buffer.getvalue()
