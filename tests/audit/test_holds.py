"""The auditor finds, by the facts themselves, what holds, hand-overs and splits must never let happen. At any age."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.audit.test_auditor import a_follow_up, an_appointment, codes, quiet  # noqa: F401

PLANTED = {
    "followed_as_though_alive": "UPDATE person SET life_status = 'deceased', deceased_on = '2020-01-01' WHERE id = 1",
    "death_without_hold": """
        UPDATE person SET life_status = 'deceased', deceased_on = '2026-06-02', first_received_at = '2026-01-01Z';
        UPDATE follow_up SET plan_before = '{}', hold_id = 9
    """,
    "lost_pregnancy_without_hold": """
        INSERT INTO pregnancy (mother_id, edd, outcome, ended_on, created_at)
        VALUES (2, '2026-09-01', 'stillbirth', '2026-06-02', '2026-01-01Z')
    """,
    "loss_without_care": "UPDATE hold SET kind = 'bereavement', household_id = 1, person_id = NULL",
    "hold_not_applied": "UPDATE hold SET apply_at = '2026-11-19Z'",
    "hold_not_reviewed": "UPDATE hold SET next_due_at = '2026-11-19Z'",
    "text_under_hold": """
        INSERT INTO household_member (household_id, person_id, role) VALUES (2, 2, 'mother');
        UPDATE hold SET kind = 'protected_identity', person_id = 2;
        UPDATE message SET state = 'delivered', sent_at = '2026-11-19Z'
    """,
    "text_waits_under_hold": """
        UPDATE hold SET kind = 'bereavement', household_id = 1, person_id = NULL, detail = '{"news": false}';
        UPDATE message SET state = 'queued', send_after = '2026-11-19Z'
    """,
    "moved_out_and_nobodys": "UPDATE hold SET kind = 'moved_out'",
    "transfer_nobody_accepted": """
        INSERT INTO handover (id, receiver, accepted_by, accepted_at, way, recorded_by, recorded_at, withdrawn_at,
                              withdrawn_by, withdrawn_reason)
        VALUES (1, 'Leeds', 'Sam', '2026-11-01Z', 'phone', 'person:a', '2026-11-01Z', '2026-11-02Z', 'person:a', 'no');
        UPDATE follow_up SET state = 'closed', closed_reason = 'transfer_accepted', closed_by = 'person:a',
            closed_at = '2026-11-01Z', next_due_at = NULL, handover_id = 1
    """,
    "apart_under_one_roof": """
        INSERT INTO household_member (household_id, person_id, role) VALUES (1, 1, 'child'), (1, 2, 'mother')
    """,
    "filed_with_the_other_side": """
        INSERT INTO household_member (household_id, person_id, role) VALUES (1, 2, 'mother');
        UPDATE follow_up SET household_id = 1
    """,
    "text_to_the_other_side": "UPDATE message SET state = 'delivered', sent_at = '2026-11-19Z'",
    "closed_record_in_view": "UPDATE person SET protected_at = '2026-11-01Z' WHERE id = 1",
}


@pytest.fixture
def family(quiet: Session) -> Session:  # noqa: F811
    """A child with a live follow-up, its mother with a number, a stay in hospital, and a split between the two."""
    an_appointment(quiet)
    a_follow_up(quiet)
    quiet.execute(
        text(
            """
            INSERT INTO person (id, name) VALUES (2, 'Mother');
            INSERT INTO household (id) VALUES (1), (2);
            INSERT INTO hold (id, kind, person_id, reason, set_by, starts_at, review_at, next_due_at)
            VALUES (9, 'in_hospital', 1, 'x', 'person:a', '2026-11-01Z', '2026-12-01Z', '2026-12-01Z');
            INSERT INTO household_split (id, reason, from_household_id, to_household_id, note, done_by, done_at)
            VALUES (1, 'fled', 1, 2, 'x', 'person:a', '2026-11-01Z');
            INSERT INTO split_member VALUES (1, 1, 'leaves'), (1, 2, 'stays');
            INSERT INTO contact_point (id, person_id, number) VALUES (1, 2, '+447700900123');
            INSERT INTO message (id, channel, audience, purpose, urgency, state, dedupe_key, household_id,
                                 contact_point_id, template_code, template_version, created_at, send_after)
            VALUES (1, 'sms', 'family', 'after_miss', 'routine', 'dropped', 'k', 1, 1, 'after_miss', 1, '2026-11-01Z',
                    '2026-11-01Z');
            INSERT INTO message_subject (message_id, follow_up_id) SELECT 1, id FROM follow_up;
            INSERT INTO follow_up_event (follow_up_id, at, event, to_state, actor_kind, actor)
            SELECT id, '2026-11-01Z', 'text_released', 'open', 'person', 'person:a' FROM follow_up;
            """
        )
    )
    return quiet


class TestAuditorOfHolds:
    def test_finds_nothing_where_all_holds(self, family: Session):
        """A hold under review, a household that was split, and a follow-up of one side."""
        assert codes(family) == set()

    @pytest.mark.parametrize("code", PLANTED)
    def test_finds(self, family: Session, code: str):
        """Each of these would put somebody at risk, or let a family be forgotten."""
        family.execute(text(PLANTED[code]))
        assert code in codes(family)
