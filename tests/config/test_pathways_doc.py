"""docs/pathways.md and its drawings say what the shipped rules do."""

from xml.etree import ElementTree

import pytest

from config import pathways_doc

RULES = pathways_doc.shipped_rules()
DRAWINGS = pathways_doc.drawings(RULES)
SVG = "{http://www.w3.org/2000/svg}"


class TestPathwaysPage:
    def test_is_not_stale(self):
        """Run `python -m config.pathways_doc` after a change of the rules."""
        assert pathways_doc.TARGET.read_text(encoding="utf-8") == pathways_doc.render(RULES)

    def test_shows_every_ladder_and_its_drawing(self):
        """A ladder that the page leaves out would be one that nobody signs knowingly."""
        page = pathways_doc.TARGET.read_text(encoding="utf-8")
        for code in {pathway.code for pathway in RULES.pathways.values()}:
            assert f"(`{code}`, version" in page
            assert f"(images/pathways/{code}.svg)" in page


class TestDrawing:
    def test_is_not_stale_and_there_is_none_of_a_ladder_that_is_gone(self):
        """Run `python -m config.pathways_doc` after a change of the rules."""
        stored = {path.name: path.read_text(encoding="utf-8") for path in pathways_doc.IMAGES.glob("*.svg")}
        assert stored == DRAWINGS

    @pytest.mark.parametrize("name", sorted(DRAWINGS))
    def test_says_every_step_with_its_owner_in_text(self, name):
        """Nothing is said by colour alone, and whoever has it read out hears it all."""
        pathway = next(one for one in RULES.pathways.values() if f"{one.code}.svg" == name)
        root = ElementTree.fromstring(DRAWINGS[name])
        said = root.findtext(f"{SVG}desc") or ""
        shown = " ".join(element.text or "" for element in root.iter(f"{SVG}text"))
        for step in (*pathway.steps, pathway.until_seen):
            assert step.title in said
            assert all(word in shown for word in step.title.split())
        assert root.get("role") == "img"
        assert root.find(f"{SVG}title") is not None

    @pytest.mark.parametrize("name", sorted(DRAWINGS))
    def test_keeps_every_line_within_its_card_and_every_card_within_the_picture(self, name):
        """By the width of a wide letter: a reader's own font may be wider than ours."""
        root = ElementTree.fromstring(DRAWINGS[name])
        width, height = int(root.get("width", 0)), int(root.get("height", 0))
        cards = [
            tuple(int(card.get(part, 0)) for part in ("x", "y", "width", "height"))
            for card in root.iter(f"{SVG}rect")
            if card.get("rx") == "4"
        ]
        assert cards
        assert all(x + wide <= width and y + high <= height for x, y, wide, high in cards)
        for text in root.iter(f"{SVG}text"):
            x, y = int(text.get("x", 0)), int(text.get("y", 0))
            for left, top, wide, high in cards:
                if left < x < left + wide and top < y < top + high:
                    assert x + 6.9 * len(text.text or "") <= left + wide
