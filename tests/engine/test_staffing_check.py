"""The weekly check of staffing: what it finds, whom it tells, that it tells once a team; who is on duty at night."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db import out_of_hours
from models.db.auditor import audit
from models.db.follow_up_rows import NotAllowed
from models.domain.words import AccountRole, RouteKind
from tests.engine.test_step_times import a_miss
from tests.engine.world import World, at
from workers.staffing_check import check

ALL_WEEK = [(day, 0, 1440) for day in range(1, 8)]
NIGHTS = [(day, since, until) for day in range(1, 6) for since, until in ((0, 540), (1020, 1440))]


@pytest.fixture
def staffed(world: World) -> World:
    """A trust in which everybody can be reached and every role is held: nothing to find."""
    world.run("UPDATE practitioner SET email = code || '@example.nhs.uk'")
    for role in ("duty", "admin"):
        world.staff(role, email=f"{role}@example.nhs.uk")
    route(world, hours=ALL_WEEK, tested="2026-06-01")
    return world


def route(world: World, *, hours: list[tuple[int, int, int]], tested: str | None, team: int | None = None) -> int:
    """A route by telephone, staffed at these hours."""
    with Session(world.engine) as session, session.begin():
        found = out_of_hours.add_route(
            session, team_id=team, label="On call", kind=RouteKind.PHONE, reaches="+441632960999", hours=hours,
            by="person:ann", now=world.now,
        )  # fmt: skip
        if tested is not None:
            on = date.fromisoformat(tested)
            out_of_hours.record_test(session, route_id=found, by="person:ann", on=on, now=world.now)
    return found


def found(world: World) -> dict[str, int]:
    """What the check finds, by kind, over all teams."""
    with Session(world.engine) as session, session.begin():
        check(session, world.rules, world.now)
    counts: dict[str, int] = {}
    for alert in world.told(kind="staffing_gap"):
        for kind, count in alert.detail["gaps"].items():
            counts[kind] = counts.get(kind, 0) + count
    return counts


class TestFindings:
    def test_are_none_where_everybody_can_be_reached(self, staffed: World):
        """And nobody is told that all is well."""
        assert found(staffed) == {}

    def test_have_whoever_holds_work_and_can_t_be_reached(self, staffed: World):
        """No account and no address; with an account, all is well."""
        a_miss(staffed)
        staffed.run("UPDATE practitioner SET email = NULL WHERE id = :id", id=staffed.visitor)
        assert found(staffed) == {"unreachable": 1}
        staffed.add(
            "account", username="visitor", password_hash="x", role="health_visitor", created_at=staffed.now,
            created_by="t", practitioner_id=staffed.visitor,
        )  # fmt: skip
        assert found(staffed) == {}

    def test_have_whoever_is_alerted_and_never_answers(self, staffed: World):
        """Five alerts in four weeks and none acknowledged; one acknowledged is an answer."""
        for number in range(5):
            staffed.add(
                "alert", kind="family_reply", urgency="routine", dedupe_key=f"k{number}", state="overtaken",
                practitioner_id=staffed.visitor, raised_at=staffed.now - timedelta(days=number), ended_at=staffed.now,
            )  # fmt: skip
        assert found(staffed) == {"never_answers": 1}
        staffed.run("UPDATE alert SET acknowledged_at = :now WHERE dedupe_key = 'k3'", now=staffed.now)
        assert found(staffed) == {}

    def test_have_leave_that_nobody_covers(self, staffed: World):
        """Nobody named, no duty, no lead: both are away as well. With a cover who is there, it is none."""
        child = staffed.child()
        assert child
        span = {"since": at("2026-06-15 09:00"), "until": at("2026-06-19 17:00")}
        staffed.away(staffed.visitor, **span)  # type: ignore[arg-type]
        assert found(staffed) == {}
        duty = staffed.one("SELECT id FROM practitioner WHERE role = 'duty'")
        staffed.away(duty, cover=staffed.visitor, **span)  # type: ignore[arg-type]
        staffed.away(staffed.lead, cover=duty, **span)  # type: ignore[arg-type]
        assert found(staffed) == {"no_cover": 2}
        staffed.run("UPDATE absence SET cover_practitioner_id = :c", c=staffed.staff("health_visitor", email="c@x.y"))
        assert found(staffed) == {}

    def test_have_no_leave_that_is_too_far_off_or_called_off(self, staffed: World):
        """A fortnight ahead is looked at; what was called off never begins."""
        staffed.child()
        staffed.run("UPDATE practitioner SET active_until = '2026-06-01' WHERE role IN ('duty', 'team_lead')")
        base = found(staffed)
        staffed.away(staffed.visitor, since=at("2026-08-01 09:00"), until=at("2026-08-05 17:00"))
        assert found(staffed) == base

    def test_have_roles_that_ladders_need_and_nobody_has(self, staffed: World):
        """The trust's named nurse has left: one gap of the trust's, for the head of service."""
        staffed.run("UPDATE practitioner SET active_until = '2026-06-01' WHERE id = :id", id=staffed.nurse)
        assert found(staffed) == {"empty_role": 1}
        (alert,) = staffed.told(kind="staffing_gap")
        assert (alert.team_id, alert.practitioner_id) == (None, staffed.head)

    def test_have_leavers_who_still_hold_work(self, staffed: World):
        """A caseload in their name is work too."""
        staffed.child()
        staffed.run("UPDATE practitioner SET active_until = '2026-06-01' WHERE id = :id", id=staffed.visitor)
        assert found(staffed) == {"leaver_holds_work": 1}

    def test_have_teams_without_a_lead(self, staffed: World):
        """It goes to the head of service, who has to name one."""
        staffed.run("UPDATE practitioner SET active_until = '2026-06-01' WHERE id = :id", id=staffed.lead)
        counts = found(staffed)
        assert counts["no_lead"] == 1
        assert staffed.told(kind="staffing_gap", team_id=staffed.team)[0].practitioner_id == staffed.head

    @pytest.mark.parametrize(
        ("hours", "tested", "expected"),
        [
            ([*NIGHTS, (6, 0, 1440), (7, 0, 1440)], "2026-06-01", 0),
            (NIGHTS, "2026-06-01", 1),
            (ALL_WEEK, None, 1),
            (ALL_WEEK, "2026-01-01", 1),
        ],
        ids=["nights and weekends", "no weekend", "never tested", "tested too long ago"],
    )
    def test_have_nights_without_anybody(self, world: World, hours, tested, expected):
        """A route that nobody has tried of late is none."""
        route(world, hours=hours, tested=tested)
        assert found(world).get("out_of_hours", 0) == expected


class TestTelling:
    def test_is_one_alert_a_team_however_many_gaps(self, world: World):
        """To its lead, with counts and no names, due within three working days."""
        world.child()
        a_miss(world)
        found(world)
        (alert,) = world.told(kind="staffing_gap", team_id=world.team)
        assert (alert.practitioner_id, alert.next_due_at) == (world.lead, at("2026-06-11 17:00"))
        assert set(alert.detail) == {"gaps", "never_answers"}
        assert "Pat" not in str(alert.detail)

    def test_twice_tells_nobody_twice_and_settled_gaps_end_it(self, staffed: World):
        """A standing alert: the next week's check brings it up to date, or ends it."""
        staffed.run("UPDATE practitioner SET active_until = '2026-06-01' WHERE id = :id", id=staffed.nurse)
        found(staffed)
        staffed.later(days=7)
        found(staffed)
        assert staffed.one("SELECT count(*) FROM alert WHERE kind = 'staffing_gap'") == 1
        staffed.run("UPDATE practitioner SET active_until = NULL WHERE id = :id", id=staffed.nurse)
        found(staffed)
        assert staffed.told(kind="staffing_gap") == []

    def test_unsettled_goes_up(self, staffed: World):
        """Nobody's silence ends it."""
        staffed.run("UPDATE team SET lead_practitioner_id = :id", id=staffed.lead)
        staffed.run("UPDATE practitioner SET active_until = '2026-06-01' WHERE role = 'admin'")
        found(staffed)
        staffed.until(at("2026-06-11 17:01"))
        staffed.reconcile()
        assert staffed.told(kind="staffing_gap")[0].times_raised == 2


class TestSilence:
    def test_of_the_check_is_noticed_by_the_auditor(self, staffed: World):
        """A check that has not run for over a week is a violation, not calm."""
        limits = load_audit_limits(config_dir=None)

        def codes() -> set[str]:
            with Session(staffed.engine) as session:
                return {one.code for one in audit(session, staffed.now, limits=limits).violations}

        staffed.run("UPDATE team SET created_at = :then", then=staffed.now - timedelta(days=30))
        assert "staffing_check_silent" in codes()
        staffed.run("INSERT INTO tick (name, succeeded_at) VALUES ('staffing', :now)", now=staffed.now)
        assert "staffing_check_silent" not in codes()
        staffed.later(days=9)
        assert "staffing_check_silent" in codes()


class TestSigningTheGap:
    def sign(self, world: World, *, days: int = 14, reason: str = "On call begins in July", role=AccountRole.TEAM_LEAD):
        with Session(world.engine) as session, session.begin():
            out_of_hours.sign_gap(
                session, team_id=world.team, until=world.now + timedelta(days=days), reason=reason,
                account=world.person_at_page(role=role), rules=world.rules.staffing, now=world.now,
            )  # fmt: skip

    def test_is_a_named_managers_and_ends(self, world: World):
        """Until then the weekly check says nothing; afterwards it does again. It stays on record."""
        self.sign(world)
        assert "out_of_hours" not in found(world)
        world.later(days=15)
        assert found(world)["out_of_hours"] == 1
        assert world.rows("SELECT signed_by FROM duty_gap") == [("person:ann",)]
        assert ("person:ann", "duty_gap.signed") in world.rows("SELECT actor, action FROM audit_entry")

    @pytest.mark.parametrize(
        "given", [{"days": 29}, {"days": 0}, {"reason": " "}, {"role": AccountRole.HEALTH_VISITOR}]
    )
    def test_too_long_without_reason_or_by_another_role_is_refused(self, world: World, given):
        """Four weeks at most."""
        with pytest.raises(NotAllowed):
            self.sign(world, **given)

    def test_can_t_be_undone_or_changed(self, world: World):
        """Append-only, by the database."""
        self.sign(world)
        with pytest.raises(DBAPIError), Session(world.engine) as session:
            session.execute(text("UPDATE duty_gap SET until_at = until_at + interval '1 year'"))

    def test_slows_no_ladder_down(self, world: World):
        """A high-risk step fires at night, signed or not, on duty or not."""
        self.sign(world)
        appointment = a_miss(world, high_risk=True)
        due = world.follow_up(appointment).next_due_at
        world.until(due)
        world.advance()
        assert world.follow_up(appointment).owner_practitioner_id == world.lead
