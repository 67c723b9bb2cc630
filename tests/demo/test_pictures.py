"""Demo models that see and draw, asked as the bridge asks."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bridge.demo import DemoGateway
from bridge.errors import PicturesRefused
from bridge.events import Picture, TextDelta
from bridge.gateway import Gateway
from bridge.types import ChatMessage, Media, ModelId, Text
from bridge.types import Image as ImagePart
from tests.media.samples import photo

PHOTO = photo(320, 200)
QUESTION = ChatMessage("user", (ImagePart(Media("d", "image/jpeg")), Text("What do you see?")))


async def answered(model: str, *messages: ChatMessage) -> tuple[str, list[Picture]]:
    async with DemoGateway(pace=0) as demo, Gateway(demo.url) as gateway:
        await gateway.models()
        text, pictures = "", []
        completion = gateway.stream(ModelId.parse(model), messages, pictures={"d": ("image/jpeg", PHOTO)})
        async for event in completion.events():
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, Picture):
                pictures.append(event)
        return text, pictures


@pytest.mark.parametrize("model", ["demo:guide", "claude:demo-sonnet"])
async def test_a_picture_is_described(model: str) -> None:
    text, _ = await answered(model, QUESTION)
    assert "a picture of 320 × 200 pixels. Most of it is " in text
    assert any(colour in text for colour in ("red", "blue"))


async def test_a_picture_is_drawn() -> None:
    text, [picture] = await answered("demo:painter", ChatMessage.user("Draw a blue square, please."))
    assert text.strip() == "Here you are, a blue square:"
    assert (picture.mime, picture.alt) == ("image/png", "blue square")
    drawn = Image.open(io.BytesIO(picture.data))
    assert drawn.getpixel((120, 120)) == (40, 90, 200) and drawn.getpixel((5, 5)) == (255, 255, 255)
    text, [picture] = await answered("demo:painter", ChatMessage.user("画一个红色的圆"))
    assert picture.alt == "红色的圆" and "data:" not in text


async def test_the_poet_takes_words_alone() -> None:
    with pytest.raises(PicturesRefused):
        await answered("demo:poet", QUESTION)
    text, _ = await answered("demo:poet", QUESTION, ChatMessage.assistant("A flag."), ChatMessage.user("The sea."))
    assert text
