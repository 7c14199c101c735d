"""Words to families are neutral, short, approved by name, and invite no answer that gets lost."""

from pathlib import Path

import pytest
import yaml

from config import messages_loader
from models.domain.segments import Segments, segments

SHIPPED = Path(messages_loader.__file__).parent


def findings(tmp_path: Path, text: str, **entry: object) -> list[str]:
    """Lint a trust's own file with one template."""
    whole = {"version": 1, "level": "neutral", "source": "test", "approved_by": None, "approved_on": None, "text": text}
    folder = tmp_path / "messages"
    folder.mkdir()
    content = {"language": "xx", "templates": {"reminder": whole | entry}}
    (folder / "xx.yaml").write_text(yaml.safe_dump(content))
    return [str(finding) for finding in messages_loader.lint((SHIPPED, tmp_path))]


NEUTRAL = "NHS: reminder of an appointment on {date}, {time}. To change it please call {call_back_number}."


class TestLinter:
    def test_passes_what_is_shipped_and_a_neutral_text(self, tmp_path: Path) -> None:
        assert findings(tmp_path, NEUTRAL) == []

    @pytest.mark.parametrize(
        "words",
        ["your baby", "your child's", "Health visitor", "the midwife", "antenatal", "Pregnancy", "mental health",
         "safeguarding", "https://x", "www.x.uk", "you missed", "did not attend", "immunisations", "the clinic"],
    )  # fmt: skip
    def test_refuses_a_neutral_text_that_tells_a_reader_something(self, tmp_path: Path, words: str) -> None:
        """Hazard 1: no service, child, reason or link; hazard 26: no blame."""
        [finding] = findings(tmp_path, f"{NEUTRAL} {words}")
        assert "neutral words" in finding

    @pytest.mark.parametrize("words", ["Reply 2", "Text back", "Answer C", "STOP ends it", "say YES"])
    def test_refuses_to_invite_an_answer_that_gets_lost(self, tmp_path: Path, words: str) -> None:
        assert findings(tmp_path, f"{NEUTRAL} {words}")

    @pytest.mark.parametrize(
        ("words", "fault"),
        [
            ("NHS: appointment on {date}.", "call_back_number"),
            (NEUTRAL + " {child_name}", "placeholders"),
            (NEUTRAL + " {date.year}", "placeholders"),
            (NEUTRAL + " Or 0800 123456", "number of its own"),
            (NEUTRAL + " ŵ", "GSM-7"),
            (NEUTRAL + " thank you" * 10, "at most 160"),
        ],
    )
    def test_refuses_what_does_not_fit(self, tmp_path: Path, words: str, fault: str) -> None:
        [finding] = findings(tmp_path, words)
        assert fault in finding


class TestApproval:
    def test_words_nobody_approved_are_not_used(self, tmp_path: Path) -> None:
        findings(tmp_path, NEUTRAL)
        rules = messages_loader.load((tmp_path,))
        words = rules.words("reminder", "xx")
        assert words is not None
        assert words.language == "en"


class TestStaffWords:
    def test_name_nobody(self, tmp_path: Path) -> None:
        (tmp_path / "messages").mkdir()
        staff = yaml.safe_load((SHIPPED / "messages" / "staff.yaml").read_text())
        staff["staff_alert"]["text"] += "{child_name}"
        (tmp_path / "messages" / "staff.yaml").write_text(yaml.safe_dump(staff))
        [finding] = messages_loader.lint((SHIPPED, tmp_path))
        assert "nothing identifying" in str(finding)


class TestHours:
    @pytest.mark.parametrize("hours", [{"opens": "07:30", "closes": "19:30"}, {"opens": "08:30", "closes": "20:30"}])
    def test_are_never_before_eight_or_after_twenty(self, tmp_path: Path, hours: dict[str, str]) -> None:
        (tmp_path / "messages").mkdir()
        gate = yaml.safe_load((SHIPPED / "messages" / "gate.yaml").read_text())
        (tmp_path / "messages" / "gate.yaml").write_text(yaml.safe_dump(gate | {"allowed_hours": hours}))
        assert len(messages_loader.lint((SHIPPED, tmp_path))) == 1


class TestSegments:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("", Segments("gsm7", 0, 1)),
            ("a" * 160, Segments("gsm7", 160, 1)),
            ("a" * 161, Segments("gsm7", 161, 2)),
            ("€" * 80, Segments("gsm7", 160, 1)),
            ("ŵ" * 70, Segments("ucs2", 70, 1)),
            ("ŵ" * 71, Segments("ucs2", 71, 2)),
            ("🙂" * 35, Segments("ucs2", 70, 1)),
        ],
    )
    def test_count_as_the_carriers_count(self, body: str, expected: Segments) -> None:
        assert segments(body) == expected
