"""What has left this project under a version stays as it was: a database that holds it refuses anything else."""

from config import released


class TestReleasedLadders:
    def test_are_not_changed_under_their_version(self):
        """Whoever changes a ladder writes its next version; `python -m config.released` writes down what has left."""
        assert released.changed(released.released(), released.shipped()) == []

    def test_are_all_written_down(self):
        """One that nobody wrote down could be changed unnoticed once databases hold it."""
        written = released.released()
        shipped = {(code, version) for code, versions in released.shipped().items() for version in versions}
        assert {(code, version) for code, version in shipped if version not in written.get(code, {})} == set()

    def test_are_told_apart_by_what_they_hold(self):
        """The comparison bites: another content under a version that is written down is named."""
        written = released.released()
        other = {"universal-review": {2: "other"}, "not-yet-released": {1: "anything"}}
        assert released.changed(written, other) == ["universal-review version 2"]
