"""A family event gets exactly one follow-up, on the ladder of its kind, whoever records it and however often."""

from datetime import timedelta

from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db import family_events
from models.db.auditor import audit
from models.db.family_events import NewFamilyEvent
from models.domain import dedupe
from models.domain.words import FamilyEventKind
from tests.engine.world import World


def record(world: World, child: int, *, household: int | None = None, **given: object) -> dict[str, int]:
    """Record a pattern found for a child, twice the same one being one event."""
    event = NewFamilyEvent(
        kind=FamilyEventKind.PATTERN,
        dedupe_key=dedupe.family_event(FamilyEventKind.PATTERN, child, "R1", 7),
        person_id=child,
        household_id=household,
        team_id=None,
        happened_at=world.now - timedelta(hours=1),
        recorded_by="engine",
        **given,  # type: ignore[arg-type]
    )
    with Session(world.engine) as session, session.begin():
        return family_events.record_many(session, [event], now=world.now)


class TestFamilyEvent:
    def test_opens_one_follow_up_with_its_childs_practitioner(self, world: World):
        child = world.child()
        recorded = record(world, child)
        assert record(world, child) == {}
        assert world.detect().events == 1
        assert world.detect().events == 0
        world.advance()
        (row,) = world.rows("SELECT * FROM follow_up")
        assert (row.family_event_id, row.trigger, row.contact_code, row.pathway_code, row.state) == (
            *recorded.values(),
            "family_event",
            "EVENT-PATTERN",
            "pattern",
            "open",
        )
        told = [(alert.step_id, alert.practitioner_id) for alert in world.told(kind="step")]
        assert told == [("look-at-the-whole", world.lead), ("look-at-the-whole", world.visitor)]

    def test_goes_to_the_practitioner_it_names(self, world: World):
        colleague = world.staff("health_visitor")
        record(world, world.child(), practitioner_id=colleague)
        world.detect()
        world.advance()
        assert [alert.practitioner_id for alert in world.told(kind="step")] == [world.lead, colleague]

    def test_taken_in_by_a_live_follow_up_opens_none(self, world: World):
        record(world, world.child(), opens_follow_up=False)
        assert world.detect().events == 0
        assert world.rows("SELECT * FROM follow_up") == []

    def test_without_its_follow_up_is_missed_by_the_auditor(self, world: World):
        record(world, world.child())
        world.later(hours=3)
        with Session(world.engine) as session:
            found = audit(session, world.now, limits=load_audit_limits(config_dir=None))
        assert [finding.code for finding in found.violations] == ["family_event_without_follow_up"]
