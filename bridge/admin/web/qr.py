"""A QR code as SVG that stands in a page without a style of its own."""

from __future__ import annotations

from markupsafe import Markup


def qr(text: str) -> Markup:
    """Return the picture that a phone reads `text` from; black on white, whatever the page's colours are."""
    import segno  # it is needed where an invite is made, and nowhere else

    code = segno.make(text, error="m")
    return Markup(code.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr"))  # noqa: S704 # segno writes numbers only
