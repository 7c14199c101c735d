"""docs/pathways.md says what the shipped rules do."""

from config import pathways_doc


class TestPathwaysPage:
    def test_is_not_stale(self):
        """Run `python -m config.pathways_doc` after a change of the rules."""
        assert pathways_doc.TARGET.read_text(encoding="utf-8") == pathways_doc.render(pathways_doc.shipped_rules())
