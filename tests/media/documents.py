"""Ordinary documents, built by hand as the usual programs write them."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_SLIDE = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_SHEET = (
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def relations(*targets: tuple[str, str]) -> str:
    """Relationships with the ids rId1, rId2 and so on, of (type, target)."""
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{_TYPES}/{type}" Target={quoteattr(target)}/>'
        for number, (type, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


# PDF


def pdf(objects: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """Number the objects from 1; the first is the catalogue."""
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, 2)
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R %b >>\n" % (len(objects) + 1, trailer))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    return b"<< /Length %d /Filter /FlateDecode %b >>\nstream\n%b\nendstream" % (len(packed), entries, packed)


def text_pdf(pages: Sequence[str]) -> bytes:
    """Each page shows its lines; Chinese ones in a font that readers are expected to have."""
    first = 5
    kids = b" ".join(b"%d 0 R" % (first + 2 * index) for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(pages), kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [<< /Type "
        b"/Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) "
        b"/Supplement 4 >> /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox "
        b"[-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> >>] >>",
    ]
    for index, page in enumerate(pages):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> "
            b"/Contents %d 0 R >>" % (first + 2 * index + 1)
        )
        objects.append(stream(b"".join(_shown(line, 800 - 14 * row) for row, line in enumerate(page.split("\n")))))
    return pdf(objects)


def _shown(line: str, height: int) -> bytes:
    if line.isascii():
        shown = b"(%b)" % line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode()
        return b"BT /F1 11 Tf 40 %d Td %b Tj ET\n" % (height, shown)
    return b"BT /F2 11 Tf 40 %d Td <%b> Tj ET\n" % (height, line.encode("utf-16-be").hex().encode())


def scanned_pdf(pages: int, *, mark: bytes = b"") -> bytes:
    """Each page is one picture: light grey, with a dark bar whose height tells the page. `mark` is written over it."""
    first = 3
    kids = b" ".join(b"%d 0 R" % (first + 3 * index) for index in range(pages))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count %d /Kids [%b] >>" % (pages, kids)]
    for index in range(pages):
        at = first + 3 * index
        rows = b"".join((b"\x20" if row // 20 == index else b"\xd0") * 100 for row in range(140))
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 700] /Contents %d 0 R "
            b"/Resources << /XObject << /I %d 0 R >> "
            b"/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>" % (at + 1, at + 2),
            stream(b"q 500 0 0 700 0 0 cm /I Do Q BT /F 9 Tf 20 20 Td (%b) Tj ET" % mark),
            stream(
                rows,
                b"/Type /XObject /Subtype /Image /Width 100 /Height 140 /ColorSpace /DeviceGray /BitsPerComponent 8",
            ),
        ]
    return pdf(objects)


# Office


def word(body: str, *, more: Mapping[str, str | bytes] | None = None, prologue: str = "") -> bytes:
    """`body` is WordprocessingML, see `paragraph` and `word_table`; `more` are further members."""
    return zipped(
        {
            "[Content_Types].xml": CONTENT_TYPES,
            "word/_rels/document.xml.rels": relations(("styles", "styles.xml"), ("footnotes", "footnotes.xml")),
            "word/styles.xml": f'<w:styles {_WORD}><w:style w:type="paragraph" w:styleId="1">'
            f'<w:name w:val="heading 1"/></w:style><w:style w:type="paragraph" w:styleId="L"><w:name '
            f'w:val="List Bullet"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>',
            "word/footnotes.xml": f'<w:footnotes {_WORD}><w:footnote w:id="-1" w:type="separator"><w:p/></w:footnote>'
            f'<w:footnote w:id="1"><w:p><w:r><w:t>The note.</w:t></w:r></w:p></w:footnote></w:footnotes>',
            "word/document.xml": f"{prologue}<w:document {_WORD}><w:body>{body}</w:body></w:document>",
        }
        | dict(more or {})
    )


def paragraph(text: str, *, style: str = "", item: bool = False, note: int = 0) -> str:
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if item:
        properties += '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr>'
    reference = f'<w:r><w:footnoteReference w:id="{note}"/></w:r>' if note else ""
    half = len(text) // 2  # runs break anywhere
    runs = "".join(f'<w:r><w:t xml:space="preserve">{escape(run)}</w:t></w:r>' for run in (text[:half], text[half:]))
    return f"<w:p><w:pPr>{properties}</w:pPr>{runs}{reference}</w:p>"


def word_table(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def spreadsheet(
    sheets: Mapping[str, str], *, strings: Sequence[str] = (), more: Mapping[str, str | bytes] = {}
) -> bytes:
    """`sheets` are rows of SpreadsheetML by name. Style 1 of a cell is a date, 2 a percentage, 3 a time."""
    names = list(sheets)
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>' for number, name in enumerate(names, 1)
    )
    parts = [("worksheet", f"worksheets/sheet{number}.xml") for number, _ in enumerate(names, 1)]
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": CONTENT_TYPES,
        "xl/workbook.xml": f"<workbook {_SHEET}><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(
            *parts, ("sharedStrings", "/xl/sharedStrings.xml"), ("styles", "styles.xml")
        ),
        "xl/sharedStrings.xml": f"<sst {_SHEET}>{shared}</sst>",
        "xl/styles.xml": f'<styleSheet {_SHEET}><numFmts count="1">'
        f'<numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m"/></numFmts>'
        f'<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>'
        f'<xf numFmtId="10"/><xf numFmtId="20"/></cellXfs></styleSheet>',
    }
    for (_, part), rows in zip(parts, sheets.values(), strict=True):
        members[f"xl/{part}"] = f"<worksheet {_SHEET}><sheetData>{rows}</sheetData></worksheet>"
    return zipped(members | dict(more or {}))


def slides(pages: Sequence[tuple[str, str, str]]) -> bytes:
    """Of (title, text, notes)."""
    ids = "".join(f'<p:sldId id="{255 + number}" r:id="rId{number}"/>' for number, _ in enumerate(pages, 1))
    members = {
        "[Content_Types].xml": CONTENT_TYPES,
        "ppt/presentation.xml": f"<p:presentation {_SLIDE}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            *(("slide", f"slides/slide{number}.xml") for number, _ in enumerate(pages, 1))
        ),
    }
    for number, (title, text, notes) in enumerate(pages, 1):
        members[f"ppt/slides/slide{number}.xml"] = _shapes("sld", ("title", title), ("body", text), ("sldNum", "99"))
        if notes:
            members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(
                ("notesSlide", f"../notesSlides/notesSlide{number}.xml")
            )
            members[f"ppt/notesSlides/notesSlide{number}.xml"] = _shapes("notes", ("body", notes), ("sldNum", "99"))
    return zipped(members)


def _shapes(root: str, *shapes: tuple[str, str]) -> str:
    drawn = "".join(
        f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{type}"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r>'
        f"<a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>"
        for type, text in shapes
    )
    return f"<p:{root} {_SLIDE}><p:cSld><p:spTree>{drawn}</p:spTree></p:cSld></p:{root}>"


# Books and open documents


def epub(chapters: Sequence[tuple[str, str]]) -> bytes:
    """Of (title, text). The members stand in the other order than the spine."""
    items = "".join(
        f'<item id="c{number}" href="text/c%20{number}.xhtml" media-type="application/xhtml+xml"/>'
        for number, _ in enumerate(chapters, 1)
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number, _ in enumerate(chapters, 1))
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>',
        "OPS/book.opf": f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>",
    }
    for number, (title, text) in reversed(list(enumerate(chapters, 1))):
        members[f"OPS/text/c {number}.xhtml"] = (
            '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head>'
            f"<title>{escape(title)}</title><style>p {{ color: red }}</style></head>"
            f"<body><p>{escape(text)}</p></body></html>"
        )
    return zipped(members)


def opendocument(body: str, kind: str = "text") -> bytes:
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": '<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b"><office:body>'
            f"<office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
        }
    )


# XLS, which no well-kept library writes any more: made by xlwt 1.3. Sheet 旧表 has A1 日期, C1 金额, A2 the first of
# May 2003, C2 12.5 and A5 true; sheet Second has x|y in A1.
_OLD_WORKBOOK = (
    "c-rk)O=uHA6#i!1G(V*IYpS$L4F#*#_8?xow5x*l)Kc}Jh@fq=sMIDBJQxwJ)_@>_;zdOdg?jK(_2U0QZ-PSoIS7J~DB{7Bpx~j+`sVGfO=E=y"
    "G?232GH+(yytnf*@6DUZzM6{W$L}^5P=;<SLDBT1u7oG3_?=D!G;W%z>C`?dri+?_-$#zD^Wbs)ORw^w@^=9eceH0jfsa)7;t2ZEDI-xuY+)M)"
    "gtDPaXcT)A*Qtci#CFA)4l!+DdYfgRFx|wQ3rxF6HZS&IO7CmmXvgtx*~()fq5}6>=RI@QqY=+l9G|)<ELjgWXATV<uCaj@Er<z_OM8rzkx~6H"
    "ZXy6=37sP&oylY#adP(rewYd1yR)yKCR~1X`2xiMIhXJK3*SdhEazXA8ZZiTzfi%PLlDa}H6q0q<KVd*1^Ek)wY7H|L+Mm<8Y?Kdg9~YVHdY>>"
    ">h+}?SBP`$L^hz(Jg0@ooU~BSn<Ypzi7>aLyk#O})%2}zZ+Zv&^?l44<)gqlFjgt+VB)mWAmtE`ut97=J8P_CdWPS+oZHPz<0MISTYsb7*fz#8"
    "XL+=Z=Gnk_tFJC;uc3DC>-GmNxlj69YESkQj>jk8>Emdn11w4U>KQ|a=n&VgDm>JkTG*-O1JkBI(u_|=Y}-xyR19NAZ7f2RsnwIz6Sll4lRqf~"
    "%!}bsue5tg{(OTaukqT=%6p`bdFqYbGKPD~5K3~hsD{tPZ(6H96Z85^N${#-zEySM!i5VLE?l@+WDtB+wXWiteKA)TN3Z=|XNF4A{Y<iGu>)y("
    "j?!Pstw>RwLAIj!SqhJE-X#{O<9shv*hRBvFpNRAW4Pk@rHj8P{XGj-jQqPTRO$T1O6>g4^Zx?G`v0K"
)


def old_workbook() -> bytes:
    return zlib.decompress(base64.b85decode(_OLD_WORKBOOK))
