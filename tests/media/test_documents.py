"""Ordinary documents arrive as the text that a person would read in them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from bridge.media.documents import Extracted, ExtractError, ExtractLimits, extract, extraction
from tests.media import documents
from tests.media.documents import paragraph

Read = Callable[..., Awaitable[Extracted]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    async def run(
        content: bytes, name: str = "a", *, mime: str = "", pages: range | None = None, **limits: float
    ) -> Extracted:
        file = tmp_path / "content"
        file.write_bytes(content)
        return await extract(file, name=name, mime=mime, limits=ExtractLimits(**limits), pages=pages)  # type: ignore[arg-type]  # from keywords

    return run


async def test_a_book_of_300_pages_is_read_from_the_front(read: Read) -> None:
    book = documents.text_pdf([f"Line one of leaf {n}\n" + "words and words " * 5 for n in range(1, 301)])
    front = await read(book, "book.pdf", max_chars=5000)
    assert (front.kind, front.unit, front.pages_total, front.truncated) == ("pdf", "page", 300, True)
    assert front.pages_read.start == 1 and 20 < front.pages_read.stop < 60
    assert front.text.startswith("## Page 1\n\nLine one of leaf 1\n")
    assert len(front.text) <= 5000

    onward = await read(book, "book.pdf", max_chars=5000, pages=range(front.pages_read.stop, 301))
    assert onward.text.startswith(f"## Page {front.pages_read.stop}\n\nLine one of leaf {front.pages_read.stop}\n")

    some = await read(book, "book.pdf", pages=range(299, 400))
    assert some.pages_read == range(299, 301) and not some.truncated
    assert "leaf 300" in some.text

    with pytest.raises(ExtractError) as past:
        await read(book, "book.pdf", pages=range(301, 310))
    assert (past.value.kind, past.value.pages_total) == ("past_end", 300)


async def test_a_chinese_pdf_is_read(read: Read) -> None:
    found = await read(documents.text_pdf(["第一章 天气\n今天天气不错，我们去公园。"]), "天气.pdf")
    assert found.text == "## Page 1\n\n第一章 天气\n今天天气不错，我们去公园。"
    assert found.scanned == ()


async def test_scanned_pages_come_as_pictures(read: Read) -> None:
    found = await read(documents.scanned_pdf(7), "scan.pdf", max_pictures=3)
    assert found.pages_read == range(1, 4) and found.truncated and found.pages_total == 7
    assert len(found.scanned) == 3
    assert all(picture.startswith(b"\xff\xd8\xff") for picture in found.scanned)
    onward = await read(documents.scanned_pdf(7), "scan.pdf", max_pictures=3, pages=range(6, 8))
    assert onward.pages_read == range(6, 8) and len(onward.scanned) == 2 and not onward.truncated
    assert len(set(found.scanned + onward.scanned)) == 5, "each page is another picture"


async def test_a_scanner_s_mark_is_no_text(read: Read) -> None:
    found = await read(documents.scanned_pdf(5, mark=b"Scanned with CamScanner"), "scan.pdf", max_pictures=2)
    assert found.pages_read == range(1, 3) and len(found.scanned) == 2 and found.truncated
    assert found.text.count("Scanned with CamScanner") == 2


async def test_word_keeps_headings_lists_tables_and_notes(read: Read) -> None:
    body = (
        paragraph("季度报告", style="1")
        + paragraph("收入增长。", note=1)
        + paragraph("苹果", item=True)
        + paragraph("梨", style="L")
        + documents.word_table([["城市", "人口|万"], ["北京", "2189"], ["上海", "2487"]])
    )
    found = await read(documents.word(body), "报告.docx")
    assert found.kind == "word" and found.unit == "" and not found.truncated and not found.macros
    assert found.text == (
        "# 季度报告\n\n收入增长。[^1]\n\n- 苹果\n- 梨\n\n"
        "| 城市 | 人口\\|万 |\n| --- | --- |\n| 北京 | 2189 |\n| 上海 | 2487 |\n\n[^1]: The note."
    )


async def test_a_long_text_is_read_in_parts(read: Read) -> None:
    body = "".join(paragraph(f"{n}. " + "word " * 30) for n in range(400))
    front = await read(documents.word(body), "long.docx", max_chars=10_000)
    assert front.unit == "part" and front.truncated and front.pages_read == range(1, 3)
    rest = await read(documents.word(body), "long.docx", pages=range(3, 1000))
    whole = await read(documents.word(body), "long.docx")
    assert front.text + rest.text == whole.text
    assert whole.pages_total == rest.pages_total == front.pages_total and not whole.truncated


async def test_a_workbook_keeps_sheets_dates_and_columns(read: Read) -> None:
    book = documents.spreadsheet(
        {
            "Sales": '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>'
            '<row r="2"><c r="A2" s="1"><v>45292</v></c><c r="C2" s="2"><v>0.125</v></c></row>'
            '<row r="9"><c r="A9" s="3"><v>0.75</v></c><c r="C9"><f>1+1</f><v>2</v></c></row>'
            '<row r="12"><c r="A12"><f>SUM(A1:A2)</f></c></row>',
            "空": "",
            "Rest": '<row><c t="inlineStr"><is><t>in|line</t></is></c><c t="b"><v>1</v></c><c><v>0.1</v></c></row>',
        },
        strings=["Day", "Share"],
    )
    found = await read(book, "book.xlsx")
    assert (found.kind, found.unit, found.pages_total, found.pages_read) == ("spreadsheet", "sheet", 3, range(1, 4))
    assert found.text == (
        "## Sheet 1: Sales\n\n| Day | Share |\n| --- | --- |\n| 2024-01-01 | 12.5% |\n| 18:00:00 | 2 |\n"
        "| =SUM(A1:A2) |  |\n\n"
        "## Sheet 2: 空\n\n## Sheet 3: Rest\n\n| in\\|line | TRUE | 0.1 |\n| --- | --- | --- |"
    )
    only = await read(book, "book.xlsx", pages=range(3, 4))
    assert only.text.startswith("## Sheet 3: Rest") and "Sales" not in only.text


async def test_a_long_sheet_is_read_in_parts(read: Read) -> None:
    rows = '<row r="2"><c r="B2" t="str"><v>Name</v></c></row>' + "".join(
        f'<row r="{n}"><c r="B{n}" t="str"><v>name {n}</v></c></row>' for n in range(3, 1001)
    )
    book = documents.spreadsheet({"Long": rows, "Short": '<row r="1"><c r="A1"><v>7</v></c></row>'})
    front = await read(book, "long.xlsx", max_chars=3000)
    assert (front.unit, front.pages_total, front.truncated) == ("part", 21, True)
    assert front.text.startswith("## Sheet 1: Long, rows 1 to 50 of 1000\n\n| Name |\n| --- |\n| name 3 |")
    onward = await read(book, "long.xlsx", max_chars=3000, pages=range(front.pages_read.stop, 100))
    first = (front.pages_read.stop - 1) * 50 + 1
    assert onward.text.startswith(
        f"## Sheet 1: Long, rows {first} to {first + 49} of 1000\n\n| Name |\n| --- |\n| name {first} |"
    )
    whole = await read(book, "long.xlsx")
    assert [n for n in range(3, 1001) if f"| name {n} |" not in whole.text] == []
    assert whole.text.endswith("## Sheet 2: Short\n\n| 7 |\n| --- |") and not whole.truncated


async def test_a_workbook_of_excel_97_is_read(read: Read) -> None:
    found = await read(documents.old_workbook(), "old.xls")
    assert (found.kind, found.unit, found.pages_total, found.macros) == ("spreadsheet", "sheet", 2, False)
    assert found.text == (
        "## Sheet 1: 旧表\n\n| 日期 | 金额 |\n| --- | --- |\n| 2003-05-01 | 12.5 |\n| TRUE |  |\n\n"
        "## Sheet 2: Second\n\n| x\\|y |\n| --- |"
    )


async def test_slides_come_with_titles_and_notes(read: Read) -> None:
    deck = documents.slides([("Opening", "Welcome", "Smile first"), ("", "Second", "")])
    found = await read(deck, "deck.pptx")
    assert (found.kind, found.unit, found.pages_total) == ("slides", "slide", 2)
    assert found.text == "## Slide 1: Opening\n\nWelcome\n\nNotes: Smile first\n\n## Slide 2\n\nSecond"


async def test_a_book_is_read_by_its_spine(read: Read) -> None:
    book = documents.epub([("Dawn", "It began."), ("Dusk", "It ended.")])
    found = await read(book, "book.epub")
    assert (found.kind, found.unit, found.pages_total) == ("epub", "chapter", 2)
    assert found.text == "## Chapter 1: Dawn\n\nIt began.\n\n## Chapter 2: Dusk\n\nIt ended."


async def test_open_document_text_and_sheet(read: Read) -> None:
    text = "<text:h text:outline-level='2'>Plan</text:h><text:p>One<text:tab/>two</text:p>"
    found = await read(documents.opendocument(text), "plan.odt")
    assert (found.kind, found.text) == ("opendocument", "## Plan\n\nOne\ttwo")
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    empty = '<table:table-cell table:number-columns-repeated="16000"/>'
    sheet = (
        f"<table:table table:name='T'><table:table-row>{cell.format('a')}{cell.format('b')}</table:table-row>"
        f"<table:table-row table:number-rows-repeated='1000000'>{empty}</table:table-row></table:table>"
    )
    found = await read(documents.opendocument(sheet, "spreadsheet"), "t.ods")
    assert found.text == "## T\n\n| a | b |\n| --- | --- |"


async def test_mail_names_its_attachments(read: Read) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Zhang San <zhang@example.com>", "li@example.com", "会议纪要"
    mail.set_content("请看附件。\n", charset="gb18030")
    mail.add_alternative("<p>请看<b>附件</b>。</p>", subtype="html")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="纪要.pdf")
    found = await read(mail.as_bytes(), "message")
    assert found.kind == "mail"
    assert found.text == (
        "From: Zhang San <zhang@example.com>\nTo: li@example.com\nSubject: 会议纪要\nAttachments: 纪要.pdf"
        "\n\n请看附件。"
    )


async def test_html_becomes_markdown(read: Read) -> None:
    page = (
        "<!DOCTYPE html><html><head><title>Menu</title><style>b{}</style></head><body><h1>Today</h1><script>alert(1)"
        "</script><p>Soup   of\n the <b>day</b>.<ul><li>bread<li>butter</ul><table><tr><th>Dish<th>Price"
        "<tr><td>Soup<td>3 €</table><pre>a\n  b</pre></body></html>"
    )
    found = await read(page.encode(), "menu.html")
    assert found.kind == "html"
    assert found.text == (
        "# Menu\n\n# Today\n\nSoup of the day.\n\n- bread\n- butter\n\n| Dish | Price |\n| --- | --- |\n| Soup | 3 € |"
        "\n\na\n  b"
    )


async def test_rich_text_is_read(read: Read) -> None:
    rich = rb"{\rtf1\ansi\ansicpg936{\fonttbl\f0\fswiss Arial;}\f0\pard Plain \b bold\b0\par \'c4\'e3\'ba\'c3\par}"
    found = await read(rich, "a.rtf")
    assert (found.kind, found.text.split("\n")[:2]) == ("rtf", ["Plain bold", "你好"])


TEXTS = {
    "utf-8": "naïve 你好",
    "utf-8-sig": "with a mark 你好",
    "utf-16": "Notepad's Unicode 你好",
    "utf-16-le": "without a mark",
    "gb18030": "姓名，年龄\n张三，30\n",
    "big5": "今天天氣不錯，我們去公園散步吧。",
    "shift_jis": "今日は天気がいいので、公園へ。",
    "euc-jp": "今日は天気がいいので、公園へ散歩に行きましょう。",
    "euc-kr": "오늘은 날씨가 좋으니 공원에 갑시다.",
    "latin-1": "Übergröße für Äpfel, el niño comió piñas en la montaña",
    "cp1251": "Сегодня хорошая погода, пойдём гулять в парк.",
}


@pytest.mark.parametrize("encoding", TEXTS)
async def test_text_is_read_in_any_encoding(read: Read, encoding: str) -> None:
    found = await read(TEXTS[encoding].encode(encoding), "note.txt")
    assert (found.kind, found.text) == ("text", TEXTS[encoding].strip("\n"))


async def test_code_with_one_chinese_comment_is_read(read: Read) -> None:
    code = "def main():\n    pass\n" * 2000 + "# 这里是一个中文注释，说明函数的用途\n"
    found = await read(code.encode("gb18030"), "main.py", max_chars=200_000)
    assert found.text == code.strip("\n")


async def test_text_about_formats_is_text(read: Read) -> None:
    for text in (
        "BMW and BM",
        "BZhang wrote",
        "A PDF begins with %PDF-1.7, as follows",
        "MZ is a DOS program",
        "From: me",
    ):
        assert (await read(text.encode(), "note.txt")).kind == "text"


async def test_a_pdf_behind_junk_is_a_pdf(read: Read) -> None:
    found = await read(b"HTTP/1.1 200 OK\r\n\r\n" + documents.text_pdf(["found"]), "a.pdf")
    assert (found.kind, "found" in found.text) == ("pdf", True)


async def test_csv_and_json_stay_as_they_are(read: Read) -> None:
    found = await read(b"a;b\r\n1;2\r\n", "t.csv")
    assert (found.kind, found.text) == ("csv", "a;b\n1;2")
    found = await read(b'{"a": [1, 2]}', "t", mime="application/json")
    assert (found.kind, found.text) == ("json", '{"a": [1, 2]}')


async def test_text_starts_within_a_moment(read: Read) -> None:
    """150 ms is the aim on a machine at rest; this bound also holds on a busy one."""
    await read(b"warm", "a.txt")
    began = time.perf_counter()
    await read(b"text", "a.txt")
    assert time.perf_counter() - began < 10


async def test_nothing_of_our_environment_reaches_the_child(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    assert (await read(b"text", "a.txt")).text == "text"


TAKEN_OVER = """
import os, runpy, socket, sys
child, step, secret, port = sys.argv[1:]
child = runpy.run_path(child)
child["skip_package_faces"]()
from bridge.media.documents.confine import confine
if step == "lock_down":
    child["lock_down"]()
if not confine(["/"] if step == "lock_down" else [sys.prefix, sys.base_prefix]):  # the first asks whether it can
    sys.exit("cannot")
attempts = {
    "read": lambda: open(secret),
    "write": lambda: open(secret + ".new", "w"),
    "execute": lambda: os.execv(sys.executable, [sys.executable]),
    "connect": lambda: socket.create_connection(("127.0.0.1", int(port))),
    "import": lambda: __import__("wave"),
}
for name, attempt in attempts.items():
    try:
        attempt()
        print(name)
    except PermissionError:
        pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock")
@pytest.mark.parametrize("step", ["confine", "lock_down"])
async def test_a_child_that_is_taken_over_reaches_nothing(tmp_path: Path, step: str) -> None:
    secret = tmp_path / ".env"
    secret.write_text("BRIDGE_GATEWAY_KEY=secret")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    arguments = [str(extraction._CHILD), step, str(secret), str(server.sockets[0].getsockname()[1])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TAKEN_OVER, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await process.communicate()
    server.close()
    if errors.strip() == b"cannot":
        pytest.skip("this kernel has no Landlock")
    assert out.decode().split() == ["import"], errors.decode()


GONE_WRONG = {
    "endless": ("while True: os.write(1, b'x' * 65536)", "broken"),
    "no answer": ("pass", "broken"),
    "half an answer": ('os.write(1, b\'{"sizes": [5], "kind": "text"}\\nhal\')', "broken"),
    "negative sizes": ('os.write(1, b\'{"sizes": [9, -5], "kind": "text"}\\nfour\')', "broken"),
    "strange kind": ('os.write(1, b\'{"error": "<b>", "total": 0, "detail": ""}\\n\')', "broken"),
    "aborted": ("os.abort()", "memory"),
    "exited": ("sys.exit(3)", "broken"),
    "deaf": ("time.sleep(60)", "timeout"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="ends by signals")
@pytest.mark.parametrize("case", GONE_WRONG)
async def test_a_child_gone_wrong_is_an_error(
    read: Read, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, kind = GONE_WRONG[case]
    child = tmp_path / "child.py"
    child.write_text(f"import os, sys, time\n{code}\n")
    monkeypatch.setattr(extraction, "_CHILD", child)
    with pytest.raises(ExtractError) as raised:
        await asyncio.wait_for(read(b"text", "a.txt", seconds=1), 20)
    assert raised.value.kind == kind


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the child in /proc")
async def test_a_cancelled_reading_leaves_no_child(read: Read) -> None:
    task = asyncio.ensure_future(read(b"x" * 3_000_000 + b"\xff", "a.txt", seconds=60))
    while not (children := _children()):
        await asyncio.sleep(0.001)
    os.kill(children[0], signal.SIGSTOP)  # a child that hangs
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _children()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the child in /proc")
async def test_a_child_that_hangs_is_ended_in_time(read: Read) -> None:
    task = asyncio.ensure_future(read(b"text", "a.txt", seconds=0.5))
    while not (children := _children()):
        await asyncio.sleep(0.001)
    os.kill(children[0], signal.SIGSTOP)
    with pytest.raises(ExtractError, match="timeout"):
        await task
    assert not _children()


def _children() -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = status.read_bytes().split(b"\0")
            parent = int((status.parent / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == os.getpid() and any(word.endswith(b"documents/child.py") for word in words):
            found.append(int(status.parent.name))
    return found
