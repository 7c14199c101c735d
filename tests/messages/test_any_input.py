"""Whatever a provider or a family sends is kept or refused, never a crash. Fuzzed."""

from uuid import uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from config.twilio_signature import validate_twilio_signature
from models.db import inbound, receipts
from models.db.inbound import InboundText
from models.domain.replies import meaning
from models.domain.segments import segments
from tests.messages.builders import NOON
from tests.messages.scenario import rules

RULES = rules()
WORDS = st.text(st.characters(codec="utf-8"), max_size=400)
FORMS = st.dictionaries(WORDS | st.sampled_from(["MessageStatus", "ErrorCode", "MessageSid"]), WORDS, max_size=8)
ONE_DATABASE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TestAnyForm:
    @ONE_DATABASE
    @given(FORMS)
    def test_of_a_status_report_is_kept(self, session: Session, form: dict[str, str]) -> None:
        receipts.record_status(session, attempt=uuid4(), fields=form, now=NOON, codes=RULES.codes, answer_by=NOON)

    @ONE_DATABASE
    @given(WORDS.filter(bool), WORDS, WORDS)
    @example("SM\x00", "\x00", "\x00")
    def test_of_a_text_from_outside_is_kept(self, session: Session, sid: str, number: str, body: str) -> None:
        inbound.receive(
            session,
            InboundText(provider_sid=sid, from_number=number, to_number=number, body=body),
            words=RULES.replies.words,
            answer_by=NOON,
            answer_at_most_every=RULES.replies.answer_at_most_every,
            now=NOON,
        )

    @given(WORDS, st.dictionaries(WORDS, st.lists(WORDS, max_size=3), max_size=4), WORDS | st.none())
    def test_without_our_token_is_refused(self, url: str, form: dict[str, list[str]], signature: str | None) -> None:
        assert not validate_twilio_signature(url, form, signature, "token")

    @given(st.text())
    def test_of_words_has_a_meaning_and_a_length(self, body: str) -> None:
        assert meaning(body, RULES.replies.words)
        assert segments(body.encode("utf-8", "replace").decode()).count >= 1
