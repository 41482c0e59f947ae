import re
from importlib import resources

import pytest

CSS = resources.files("harness.reporting.page").joinpath("report.css").read_text(encoding="utf-8")
COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\);", CSS)
}
TONES = ["falsified", "flaky", "not_measured", "vacuous", "unbound", "corroborated"]
PAIRS = [
    *(("on-badge", tone) for tone in TONES),
    *((tone, "panel") for tone in TONES),
    *((text, ground) for text in ("text", "quiet") for ground in ("page", "panel")),
]


def luminance(colour):
    """Relative luminance of an sRGB colour, as WCAG 2 defines it."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(text, ground, theme):
    """Every pair of text and ground that the page uses has a contrast of 4.5 at least, light and dark."""
    lighter, darker = sorted((luminance(COLOURS[text][theme]), luminance(COLOURS[ground][theme])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_every_colour_is_one_of_those_that_were_compared():
    """No rule below the palette names a colour of its own."""
    assert set(COLOURS) == {"page", "panel", "line", "text", "quiet", "on-badge", *TONES}
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", CSS.partition("font:")[2])
