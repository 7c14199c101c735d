"""What sharing rests on: signed agreements, and an auditor that misses what nobody decided about."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db import sharing_agreements
from models.db.auditor import audit
from tests.engine.adult_services import HV, Services, told_by_five, violations
from tests.engine.world import at
from workers.sharing import share_due


@pytest.fixture
def world(engine: Engine) -> Services:
    """Monday 8 June 2026, noon."""
    return Services(engine, now=at("2026-06-08 12:00"))


class TestAnAgreement:
    def test_is_signed_once_ended_by_name_and_each_act_is_kept(self, world: Services):
        world.sign()
        with pytest.raises(sharing_agreements.AgreementRefused, match="end it first"):
            world.sign()
        with Session(world.engine) as session, session.begin():
            sharing_agreements.end(
                session, from_service="perinatal_mental_health", to_service=HV, by="Sam", now=world.now
            )
        world.sign()
        acts = [row.action for row in world.rows("SELECT action FROM audit_entry ORDER BY id")]
        assert acts == ["sharing_agreement_signed", "sharing_agreement_ended", "sharing_agreement_signed"]

    @pytest.mark.parametrize(
        ("by", "until", "says"), [(" ", date(2027, 1, 1), "nobody"), ("Sam", date(2026, 6, 7), "past")]
    )
    def test_needs_a_name_and_an_end_to_come(self, world: Services, by: str, until: date, says: str):
        with Session(world.engine) as session, pytest.raises(sharing_agreements.AgreementRefused, match=says):
            sharing_agreements.sign(
                session, from_service="perinatal_mental_health", to_service=HV, by=by, valid_until=until,
                now=world.now, today=world.now.date(),
            )  # fmt: skip


class TestTwoEnginesAtOnce:
    def test_tell_once_and_after_a_crash_once(self, world: Services):
        """The first claim holds the row; rolled back, the next one does the whole of it."""
        world.sign()
        world.missed(world.family())
        world.detect()
        world.until(at("2026-06-08 17:00"))
        with Session(world.engine) as crashed:
            assert share_due(crashed, world.rules, world.now) == 1
        with Session(world.engine) as one, Session(world.engine) as other:
            assert share_due(one, world.rules, world.now) == 1
            assert share_due(other, world.rules, world.now) == 0
            one.commit()
            other.commit()
        world.cycle()
        assert len(world.cards()) == 1
        assert world.one("SELECT count(*) FROM disclosure_recipient") == 1


class TestTheAuditor:
    def test_finds_a_miss_of_any_age_that_nobody_decided_about(self, world: Services):
        old = {"ends_at": at("2019-01-07 12:00"), "first_received_at": at("2019-01-01 12:00")}
        world.missed(world.family(), **old)
        world.detect()
        assert "adult_miss_without_decision" not in violations(world)
        world.missed(world.family(), **old, reconsider_at=None)  # nothing looks at it
        assert "adult_miss_without_decision" in violations(world)

    def test_finds_a_deadline_that_nothing_kept(self, world: Services):
        world.missed(world.family())
        world.detect()
        world.later(days=2)
        assert "disclosure_overdue" in violations(world)

    def test_finds_one_told_to_nobody(self, world: Services):
        world.missed(world.family())
        world.detect()
        world.run(
            "UPDATE disclosure SET state = 'shared', what = 'x', purpose = 'x', legal_basis = 'x', next_due_at = NULL,"
            " decided_by = 'person:ann', decided_at = now() WHERE to_service = 'health_visiting'"
        )
        assert "shared_with_nobody" in violations(world)

    def test_finds_a_question_that_no_person_has(self, world: Services):
        world.missed(world.family())
        told_by_five(world)
        assert "question_without_person" not in violations(world)
        world.run("UPDATE alert SET state = 'done', ended_at = now() WHERE kind = 'disclosure_due'")
        assert "question_without_person" in violations(world)

    def test_warns_of_an_agreement_that_has_lapsed(self, world: Services):
        world.sign(until=date(2026, 6, 8))
        world.later(days=2)
        with Session(world.engine) as session:
            found = audit(session, world.now, limits=load_audit_limits(config_dir=None))
        assert "sharing_agreement_lapsed" in [finding.code for finding in found.warnings]
