"""The auditor finds what planning would have to drop: each test takes away what the engine did, and asks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db.audit_planning import CHECKS
from models.db.auditor import AuditReport, audit
from tests.engine.register import Register, a_child, a_mother, at

OURS = {check.code for check in CHECKS}
LIMITS = load_audit_limits(config_dir=None)


@pytest.fixture
def trust(engine: Engine) -> Register:
    """A pregnancy due on 1 March 2027 and a baby, on Monday 7 September 2026, an hour after they came in."""
    made = Register(engine, now=at("2026-09-07 12:00"))
    made.people(a_mother(), a_child("C1", "2026-09-01", family="H2"))
    made.later(hours=1)
    return made


def report(trust: Register) -> AuditReport:
    with Session(trust.engine) as session:
        return audit(session, trust.now, limits=LIMITS)


def violations(trust: Register) -> set[str]:
    return {finding.code for finding in report(trust).violations} & OURS


class TestPlanning:
    def test_that_was_done_is_clean(self, trust: Register):
        """Nothing to say."""
        assert violations(trust) == set()

    def test_of_a_pregnancy_that_planning_never_saw_is_missed(self, trust: Register):
        """No time to look at it was ever set."""
        trust.run("UPDATE pregnancy SET next_due_at = NULL")
        assert violations(trust) == {"pregnancy_without_plan"}

    def test_that_stands_still_at_a_pregnancy_is_missed(self, trust: Register):
        """Its time has come and gone."""
        trust.until(at("2027-03-15 10:00"))
        assert "pregnancy_not_looked_at" in violations(trust)

    def test_that_asked_nobody_for_an_outcome_is_missed(self, trust: Register):
        """Two weeks past the EDD, looked at, and no event for it."""
        trust.until(at("2027-03-17 10:00"))
        trust.run("UPDATE pregnancy SET next_due_at = NULL")
        assert "pregnancy_outcome_not_asked" in violations(trust)
        trust.run("UPDATE pregnancy SET next_due_at = :now", now=trust.now)
        trust.detect()
        assert "pregnancy_outcome_not_asked" not in violations(trust)

    def test_of_no_visit_after_hospital_is_missed(self, trust: Register):
        """The baby left an hour ago."""
        flag = trust.flag("C1", "neonatal_inpatient")
        trust.unflag(flag)
        trust.run("DELETE FROM plan_mark")
        trust.later(hours=1)
        assert violations(trust) == {"discharge_without_visit"}
        baby = trust.person("C1")
        trust.run("INSERT INTO plan_mark (person_id, marked_at) VALUES (:id, :now)", id=baby, now=trust.now)
        assert violations(trust) == set()  # it is being planned this moment
        trust.detect()
        trust.now += timedelta(hours=1)
        assert violations(trust) == set()


class TestParity:
    def test_nobody_has_told_is_a_warning_where_midwifery_is_planned(self, trust: Register):
        """From 24 weeks on, before the first contact that a first birth alone has."""
        planning = replace(LIMITS.planning.planning, services=frozenset({"midwifery"}))
        limits = replace(LIMITS, planning=replace(LIMITS.planning, planning=planning))
        for now, warned in (("2026-11-08 12:00", False), ("2026-11-09 12:00", True)):
            with Session(trust.engine) as session:
                found = audit(session, at(now), limits=limits)
            assert ("parity_unknown" in {one.code for one in found.warnings}) == warned
        assert "parity_unknown" not in {one.code for one in report(trust).warnings}
