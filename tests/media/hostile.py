"""Files that are meant to harm, or look as if they were. Each is built by code; none is kept.

`FILES` names each with what should become of it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from zipfile import ZIP_DEFLATED, ZipFile

from tests.media import documents
from tests.media.documents import paragraph, pdf, stream

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Hostile:
    build: Callable[[], bytes]
    name: str
    errors: tuple[str, ...] = ()
    """Kinds of ExtractError of which one is raised; empty where the file is read."""
    says: tuple[str, ...] = ()
    """What stands in the text."""
    never: tuple[str, ...] = ()
    """What does not."""
    expect: dict[str, object] = field(default_factory=dict)
    """Further fields of what is measured."""
    limits: dict[str, float] = field(default_factory=dict)


def _zeros(name: str, size: int, **others: str | bytes) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for each, content in others.items():
            archive.writestr(each, content)
        with archive.open(name, "w", force_zip64=True) as member:
            for _ in range(size // MEGABYTE):
                member.write(bytes(MEGABYTE))
    return out.getvalue()


def flat_bomb() -> bytes:
    return _zeros("word/document.xml", 400 * MEGABYTE, **{"[Content_Types].xml": documents.CONTENT_TYPES})


def nested_bomb() -> bytes:
    inner = _zeros("0", 100 * MEGABYTE)
    for level in range(4):
        inner = documents.zipped({f"{level}-{copy}.zip": inner for copy in range(5)})
    return inner


def scattered_bomb() -> bytes:
    members = {f"word/media/{number}.bin": bytes(MEGABYTE) for number in range(600)}
    return documents.word(paragraph("text"), more=members)


def crowded_archive() -> bytes:
    return documents.word(paragraph("text"), more={f"word/{number}": "" for number in range(30_000)})


def huge_picture_in_word() -> bytes:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(4 * MEGABYTE))
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")
    return documents.word(paragraph("A picture follows."), more={"word/media/image1.png": png})


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _one_page(contents: bytes, *more: bytes, page: bytes = b"", media: bytes = b"[0 0 500 700]") -> bytes:
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox %b /Contents 4 0 R %b >>" % (media, page),
            contents,
            *more,
        ]
    )


def page_tree_loop() -> bytes:
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1000000 /Kids [3 0 R 2 0 R] /Parent 3 0 R >>",
            b"<< /Type /Pages /Count 1000000 /Kids [2 0 R 3 0 R] /Parent 2 0 R >>",
        ]
    )


def form_loop() -> bytes:
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /A 5 0 R /B 6 0 R >> >>"
    page = b"/Resources << /XObject << /A 5 0 R >> >>"
    return _one_page(stream(b"/A Do"), stream(b"/A Do /B Do", form), stream(b"/A Do /B Do", form), page=page)


def xref_loop() -> bytes:
    whole = documents.text_pdf(["Round and round"])
    start = whole.rindex(b"xref\n0")
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d /XRefStm %d" % (start, start))


def length_loop() -> bytes:
    return _one_page(b"<< /Length 4 0 R >>\nstream\nBT ET\nendstream")


def endless_stream() -> bytes:
    return _one_page(stream(b"q " * (200 * MEGABYTE)))


def packed_five_times() -> bytes:
    content = b"BT ET " * (100 * MEGABYTE // 6)
    for _ in range(5):
        content = zlib.compress(content, 1)
    filters = b" ".join([b"/FlateDecode"] * 5)
    return _one_page(b"<< /Length %d /Filter [%b] >>\nstream\n%b\nendstream" % (len(content), filters, content))


def huge_picture_in_pdf() -> bytes:
    picture = b"/Type /XObject /Subtype /Image /Width 50000 /Height 50000 /ColorSpace /DeviceRGB /BitsPerComponent 8"
    page = b"/Resources << /XObject << /I 5 0 R >> >>"
    return _one_page(stream(b"500 0 0 700 0 0 cm /I Do"), stream(bytes(MEGABYTE), picture), page=page)


def endless_page() -> bytes:
    return _one_page(stream(b"0 0 9 9 re f"), media=b"[0 0 1e30 1e30]")


def polyglot() -> bytes:
    """A PDF at the front, a Word document at the back: each program sees its own."""
    return documents.text_pdf(["The PDF of the two"]) + documents.word(paragraph("The Word of the two"))


def picture_and_archive() -> bytes:
    return b"GIF89a" + documents.word(paragraph("hidden"))


def claims_64_megabytes() -> bytes:
    whole = bytearray(documents.zipped({"[Content_Types].xml": "", "word/document.xml": bytes(1000)}))
    at = whole.rindex(b"PK\x01\x02")
    struct.pack_into("<I", whole, at + 24, 64 * MEGABYTE)
    struct.pack_into("<I", whole, at + 20, 64 * MEGABYTE)
    return bytes(whole)


def stream_claims_64_megabytes() -> bytes:
    return _one_page(b"<< /Length %d >>\nstream\nBT ET\nendstream" % (64 * MEGABYTE))


SECRET_ENTITY = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def laughs() -> bytes:
    entities = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    body = paragraph("&e9;").replace("&amp;", "&")
    return documents.word(body, prologue=f"<!DOCTYPE a [{entities}]>")


def entity_in_word() -> bytes:
    return documents.word(paragraph("&e;").replace("&amp;", "&"), prologue=SECRET_ENTITY)


def entity_in_svg() -> bytes:
    return f'<?xml version="1.0"?>{SECRET_ENTITY}<svg><text>Label &e;</text></svg>'.encode()


def macros_in_word() -> bytes:
    return documents.word(paragraph("Enable me!"), more={"word/vbaProject.bin": b"Shell calc.exe"})


def macros_in_workbook() -> bytes:
    row = '<row><c t="str"><v>Enable me!</v></c></row>'
    return documents.spreadsheet({"A": row}, more={"xl/vbaProject.bin": b"Shell calc.exe"})


def broken_archive() -> bytes:
    whole = documents.word(paragraph("text" * 1000))
    return whole[: len(whole) * 2 // 3]


def damaged_member() -> bytes:
    whole = bytearray(documents.word(paragraph("text " * 1000)))
    at = whole.index(b"word/document.xml") + len(b"word/document.xml")
    whole[at + 20 : at + 60] = bytes(40)
    return bytes(whole)


def paths_in_names() -> bytes:
    members = {"../../../tmp/cherry-bridge-escaped": "1", "/etc/cherry-bridge": "2", "C:\\windows\\a": "3"}
    return documents.word(paragraph("text"), more=members)


def ten_thousand_pages() -> bytes:
    return documents.text_pdf([f"Page {number}" for number in range(10_000)])


def huge_sheet() -> bytes:
    rows = "".join(f'<row r="{n}"/>' for n in range(2, 1_048_576))
    first, last = '<row r="1"><c r="A1"><v>1</v></c></row>', '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    return documents.spreadsheet({"Sparse": first + last, "Long": first + rows + last})


def full_sheet() -> bytes:
    row = "".join(f'<c t="str"><v>value {n}</v></c>' for n in range(10))
    return documents.spreadsheet({"Full": f"<row>{row}</row>" * 300_000})


def recursive_mail() -> bytes:
    head = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: again\r\nMIME-Version: 1.0\r\n"
    return (head + b"Content-Type: message/rfc822\r\n\r\n") * 3000 + head + b"\r\nthe last"


def nested_parts() -> bytes:
    head = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    return head + parts + b"Content-Type: text/plain\r\n\r\nthe innermost"


def script_in_svg() -> bytes:
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="steal()"><script>steal()</script><style>a{}</style>'
        b"<text>Seen</text><foreignObject><p>Also seen</p></foreignObject></svg>"
    )


def script_in_html() -> bytes:
    return (
        b"<html><head><script>steal(1)</script></head><body onload='steal(2)'><p>Seen</p><script>steal(3)</script >"
        b"<SCRIPT>steal(4)</SCRIPT><template>steal(5)</template><iframe src='javascript:steal(6)'></iframe></body>"
    )


def encrypted_pdf() -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 0 /Kids [] >>",
        b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -3904 /O <%b> /U <%b> >>" % (b"5a" * 32, b"c3" * 32),
    ]
    return pdf(objects, trailer=b"/Encrypt 3 0 R /ID [<00> <00>]")


def encrypted_office() -> bytes:
    """What Office writes around an encrypted file: an OLE container with two streams."""
    names = "EncryptionInfo\0EncryptedPackage\0".encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + names.ljust(512, b"\0") + bytes(4096)


def old_word() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "WordDocument\0".encode("utf-16-le").ljust(512, b"\0")


def wide_old_workbook() -> bytes:
    """One of its cells stands in the last row and column of the format, 65,536 by 256."""
    whole = bytearray(documents.old_workbook())
    at = whole.index(struct.pack("<HHHH", 0x027E, 10, 1, 2))  # the RK record of C2
    struct.pack_into("<HH", whole, at + 4, 65_535, 255)
    return bytes(whole)


def encrypted_archive() -> bytes:
    whole = bytearray(documents.word(paragraph("text")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.rindex(mark)
        whole[at + offset] |= 1
    return bytes(whole)


def turned_names() -> bytes:
    row = "<row><c><v>1</v></c></row>"
    return documents.spreadsheet({"invoice\u202excod.exe": row, "tab\u200b\u2066 two\ufeff": row})


def text_with_nul() -> bytes:
    return b"one\0two\x1b[31m red\x07 line\nnext \xe4\xbd\xa0"


def deep_json() -> bytes:
    return b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_000


def deep_xml() -> bytes:
    return documents.word("<w:sdt>" * 200_000 + "</w:sdt>" * 200_000)


def deep_html() -> bytes:
    return b"<html><body>" + b"<div><table><tr><td>x" * 200_000


def deep_rtf() -> bytes:
    return b"{\\rtf1 " + b"{" * 500_000 + b"the bottom" + b"}" * 500_000


def open_tags() -> bytes:
    return b"<html><body>" + b"<!--" * 200_000 + b"<a " * 200_000


def long_line() -> bytes:
    return b"name,value\n" + b"x," * (50 * MEGABYTE)


def long_word() -> bytes:
    return documents.word(paragraph("".join(f"many words {n} " for n in range(1_200_000))))


FILES: dict[str, Hostile] = {
    "zip bomb, flat": Hostile(flat_bomb, "a.docx", ("bomb",)),
    "zip bomb, nested": Hostile(nested_bomb, "a.zip", ("archive",)),
    "zip bomb, scattered": Hostile(scattered_bomb, "a.docx", ("bomb",)),
    "30,000 members": Hostile(crowded_archive, "a.docx", ("bomb",)),
    "50,000-pixel PNG in docx": Hostile(huge_picture_in_word, "a.docx", says=("A picture follows.",)),
    "50,000-pixel picture in PDF": Hostile(huge_picture_in_pdf, "a.pdf", ("memory", "timeout", "broken", "empty", "")),
    "PDF page tree loop": Hostile(page_tree_loop, "a.pdf", ("broken", "empty")),
    "PDF form loop": Hostile(form_loop, "a.pdf", ("broken", "empty", "timeout", "memory", "")),
    "PDF xref loop": Hostile(xref_loop, "a.pdf", says=("Round and round",)),
    "PDF length loop": Hostile(length_loop, "a.pdf", ("broken", "empty")),
    "PDF endless stream": Hostile(endless_stream, "a.pdf", ("memory", "timeout", "empty", "broken")),
    "PDF packed five times": Hostile(packed_five_times, "a.pdf", ("memory", "timeout", "empty", "broken")),
    "PDF endless page": Hostile(endless_page, "a.pdf", ("broken", "empty", "memory", "")),
    "polyglot PDF and Word": Hostile(polyglot, "a.docx", says=("The PDF of the two",), never=("Word",)),
    "polyglot GIF and Word": Hostile(picture_and_archive, "a.docx", ("picture",)),
    "claims 64 MB, holds 1 kB": Hostile(claims_64_megabytes, "a.docx", ("broken",)),
    "PDF stream claims 64 MB": Hostile(stream_claims_64_megabytes, "a.pdf", ("broken", "empty")),
    "XXE in docx": Hostile(entity_in_word, "a.docx", ("unsafe",)),
    "XXE in SVG": Hostile(entity_in_svg, "a.svg", says=("Label",), never=("root:",), expect={"kind": "svg"}),
    "billion laughs": Hostile(laughs, "a.docx", ("unsafe",)),
    "macros in docm": Hostile(macros_in_word, "a.docm", says=("Enable me!",), expect={"macros": True}),
    "macros in xlsm": Hostile(
        macros_in_workbook, "a.xlsm", says=("Enable me!",), never=("calc",), expect={"macros": True}
    ),
    "PDF called txt": Hostile(lambda: documents.text_pdf(["honest"]), "a.txt", says=("honest",)),
    "picture called pdf": Hostile(lambda: b"\x89PNG\r\n\x1a\n" + bytes(99), "a.pdf", ("picture",)),
    "program called docx": Hostile(lambda: b"MZ\x90\0\3\0\0\0" + bytes(500), "a.docx", ("unsupported",)),
    "broken archive": Hostile(broken_archive, "a.docx", ("broken",)),
    "damaged member": Hostile(damaged_member, "a.docx", ("broken",)),
    "paths in names": Hostile(paths_in_names, "../../a.docx", says=("text",)),
    "10,000 pages": Hostile(
        ten_thousand_pages, "a.pdf", says=("Page 0",), expect={"pages_total": 10_000, "truncated": True}
    ),
    "huge sheet, sparse": Hostile(huge_sheet, "a.xlsx", says=("Sparse", "| 1 |", "Long")),
    "huge sheet, full": Hostile(
        full_sheet, "a.xlsx", says=("## Sheet 1: Full, rows 51 to 100 of 300000", "value 9"), expect={"truncated": True}
    ),
    "mail in mail": Hostile(recursive_mail, "a.eml", says=("Subject: again",)),
    "parts in parts": Hostile(nested_parts, "a.eml", says=("Subject: parts",)),
    "script in SVG": Hostile(script_in_svg, "a.svg", says=("Seen", "Also seen"), never=("steal",)),
    "script in HTML": Hostile(script_in_html, "a.html", says=("Seen",), never=("steal",)),
    "encrypted PDF": Hostile(encrypted_pdf, "a.pdf", ("encrypted",)),
    "encrypted Office": Hostile(encrypted_office, "a.docx", ("encrypted",)),
    "encrypted archive": Hostile(encrypted_archive, "a.docx", ("encrypted",)),
    "XLS, far too wide": Hostile(wide_old_workbook, "a.xls", ("memory",)),
    "Word of 1997": Hostile(old_word, "a.doc", ("legacy",)),
    "names that turn around": Hostile(
        turned_names, "a\u202excod.exe", says=("invoice xcod.exe", "tab two"), never=("\u202e", "\u200b", "\u2066")
    ),
    "NUL and escapes": Hostile(text_with_nul, "a.txt", says=("onetwo[31m red line\nnext 你",), never=("\0", "\x1b")),
    "deep JSON": Hostile(deep_json, "a.json", says=('{"a":{"a":',), expect={"truncated": True}),
    "deep XML": Hostile(deep_xml, "a.docx", ("broken",)),
    "deep HTML": Hostile(deep_html, "a.html", says=("x",)),
    "deep RTF": Hostile(deep_rtf, "a.rtf", says=("the bottom",)),
    "tags that never end": Hostile(open_tags, "a.html", ("empty", "timeout")),
    "line of 100 MB": Hostile(long_line, "a.csv", ("too_large",)),
    "line of 100 MB, let in": Hostile(
        long_line, "a.csv", says=("name,value",), expect={"truncated": True}, limits={"max_bytes": 200_000_000}
    ),
    "paragraph of 22 MB": Hostile(long_word, "a.docx", says=("many words",), expect={"truncated": True}),
}
