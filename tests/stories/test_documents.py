"""Stories of documents: a long PDF read from the front and on demand, a spreadsheet, a text in GBK, a scan, trouble."""

from __future__ import annotations

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.media.documents import text_pdf, zipped
from tests.platform import Platform, SharedFile

PAGES = [
    f"Page {number} tells of the number {number * 7919}." + "\nA further line of it." * 40 for number in range(1, 301)
]


def report() -> SharedFile:
    return SharedFile("file", "report.pdf", "application/pdf", text_pdf(PAGES))


def asked(gateway: GatewayEmulator, back: int = -1) -> str:
    """All that was sent to the model with the last question, or one before."""
    return str(gateway.requests[back].messages[-1]["content"])


async def test_a_long_pdf_is_read_from_the_front_and_on(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer("A report.")
    [bubble] = await bot.ask("" if platform.channel == "feishu" else "What is this?", files=[report()])
    assert bubble.text.startswith("A report.")
    assert "report.pdf has 300 pages; I read 1–" in bubble.text
    last = int(bubble.text.partition("I read 1–")[2].partition(".")[0])
    assert 40 < last < 200
    sent = asked(gateway)
    assert "[Document report.pdf, pages 1 to " in sent
    assert f"the number {last * 7919}." in sent and f"the number {(last + 1) * 7919}." not in sent
    label = next(label for label in bubble.buttons if label != "Regenerate")
    before = len(bot.bubbles())
    await platform.press(bubble.id, label)
    await bot.answer(before)
    assert f"the number {(last + 1) * 7919}." in asked(gateway)
    before, requests = len(bot.bubbles()), len(gateway.requests)
    await platform.press(bubble.id, label)  # a further answer stands by now
    assert (await bot.answer(before))[-1].text == "That is not the last answer any more."
    assert len(gateway.requests) == requests
    gateway.answer("So it says.")
    await bot.ask("/page 300")
    assert f"the number {300 * 7919}." in asked(gateway) and "pages 300 to 300 of 300" in asked(gateway)
    assert "has no more than 300 pages" in (await bot.ask("/page 301-400"))[-1].text
    await bot.ask("And in short?")
    history = str(gateway.requests[-1].messages)
    assert f"the number {300 * 7919}." in history, "what was read last is still there"
    assert history.count("[Document report.pdf") + history.count("[document: report.pdf]") == 3


async def test_a_spreadsheet_and_a_text_in_gbk(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    table = SharedFile("file", "prices.csv", "text/csv", "名称,价格\n樱桃,12\n".encode("gb18030"))
    await bot.ask("", files=[table])
    assert "樱桃,12" in asked(gateway)
    notes = SharedFile("file", "notes.txt", "text/plain", "今天的会议改到下午三点，请大家准时参加。".encode("gbk"))
    await bot.ask("", files=[notes])
    assert "今天的会议改到下午三点" in asked(gateway)


async def test_what_cannot_be_read_gets_a_sentence(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    archive = SharedFile("file", "all.zip", "application/zip", zipped({"a.bin": b"\x00" * 100}))
    [bubble] = await bot.ask("", files=[archive])
    assert "all.zip" in bubble.text and "archive" in bubble.text
    broken = SharedFile("file", "bad`.pdf", "application/pdf", b"%PDF-1.7\n1 0 obj")
    [bubble] = await bot.ask("", files=[broken])
    assert "I cannot open bad.pdf; it may be damaged." in bubble.text
    assert gateway.requests == []


async def test_a_document_is_read_once_through_a_kill(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer("It is a report about numbers. " * 20, tokens_per_second=20)
    await platform.say("", files=[report()])
    await until(lambda: bot.bubbles() and "numbers" in bot.bubbles()[-1].text, "the answer to begin")
    await bot.kill()
    gateway.answer("It is a report.")
    await bot.start()
    await until(lambda: bot.bubbles()[-1].text.startswith("It is a report.\n"), "the answer")
    assert len(bot.bubbles()) == 1
    assert platform.downloads == 1
