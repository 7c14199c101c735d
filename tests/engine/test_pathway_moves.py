"""Live follow-ups moved to a newer version of their ladder: the preview, the batches, what is refused, what is kept."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cli import moving
from cli.moving import carry_out, prepare, preview
from config.pathways_loader import pathway_from
from models.db import clock, follow_up_actions, pathway_versions
from models.db.pathway_moves import Which
from models.domain.pathway_move import Ahead, MoveRefused, ahead, moved
from models.domain.words import OwnerRole
from tests.domain.builders import a_miss as facts_of
from tests.domain.builders import replace, rules, step, the
from tests.engine.test_step_times import a_miss, fired
from tests.engine.world import RULES, World, at

CODE = "universal-review"
BEFORE = the(CODE).version
NEWER = BEFORE + 1


def newer(**changes: Any) -> dict[str, Any]:
    """The next version of the review's ladder: the second call means something else, under another id, a day sooner."""
    content = deepcopy(dict(RULES.pathway_contents[CODE, BEFORE]))
    content |= {"version": NEWER, "retired_steps": ["second-call"], **changes}
    for one in content["steps"]:
        if one["id"] == "second-call":
            one |= {"id": "second-contact", "title": "Second contact", "owner": "team_lead"}
            one["due"] = {"from": "start", "plus": {"working_days": 1, "at": "09:00"}}
    return json.loads(json.dumps(content))  # type: ignore[no-any-return]


@pytest.fixture
def moving_world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world with the next version stored, and its clock for the command."""
    with Session(world.engine) as session, session.begin():
        pathway_versions.load(session, [newer()], now=world.now)
    monkeypatch.setattr(clock, "now", lambda _: world.now)
    return world


def the_move(world: World, mapping: Mapping[str, str | None] | None = None) -> moving.Move:
    said = {"second-call": "second-contact"} if mapping is None else mapping
    return prepare(world.engine, Which(CODE, NEWER, None), said, world.rules)


def run(world: World, mapping: Mapping[str, str | None] | None = None) -> tuple[int, int]:
    return carry_out(world.engine, the_move(world, mapping), by="person:Ann", why="Signed by the board")


class TestFacts:
    """The pure part: which steps are kept, and what comes next."""

    NEW = pathway_from(newer())
    OLD = the(CODE)

    def at_the_second_call(self):
        _, facts = step(facts_of("2026-06-08 12:00"), self.OLD, at("2026-06-08 12:00"))
        held = replace(facts, acknowledged_until=at("2026-06-10 17:00"))
        _, facts = step(held, self.OLD, at("2026-06-10 09:00"))
        return facts

    def test_keep_what_is_done_under_the_id_that_takes_its_place(self):
        """The second call was made: the second contact is not asked for again."""
        facts = moved(self.at_the_second_call(), self.OLD, self.NEW, {"second-call": "second-contact"})
        assert (facts.step_id, set(facts.done)) == ("second-contact", {"phone-same-day", "second-contact"})

    def test_have_nothing_in_hand_where_nothing_takes_its_place(self):
        """The next step finds its people; nobody is left with a step that is none any more."""
        facts = moved(self.at_the_second_call(), self.OLD, self.NEW, {"second-call": None})
        assert (facts.step_id, facts.step_fired_at, facts.acknowledged_until) == (None, None, None)

    def test_stay_with_the_role_they_had_gone_up_to(self):
        """A step that went up to the team lead is the lead's, though the new step's way up begins with her."""
        facts = replace(self.at_the_second_call(), step_raised_to=2)  # practitioner, duty, team lead
        assert moved(facts, self.OLD, self.NEW, {"second-call": "second-contact"}).step_raised_to == 0
        same = replace(facts, step_id="phone-same-day")
        assert moved(same, self.OLD, self.NEW, {"second-call": None}).step_raised_to == 2

    def test_say_what_comes_next(self):
        """At once what the new version wanted yesterday; else when the old one would."""
        _, facts = step(facts_of("2026-06-08 12:00"), self.OLD, at("2026-06-08 12:00"))
        facts = replace(facts, acknowledged_until=at("2026-06-12 17:00"))
        given = {"now": at("2026-06-09 12:00"), "calendar": rules().calendar}
        assert ahead(facts, self.OLD, **given) == Ahead("second-call", at("2026-06-10 09:00"), OwnerRole.PRACTITIONER)
        assert ahead(facts, self.NEW, **given) == Ahead("second-contact", None, OwnerRole.TEAM_LEAD)


class TestPreview:
    def test_shows_each_group_with_next_step_due_time_and_owner_before_and_after(self, moving_world: World):
        """Three routine and one high-risk follow-up: two groups; nothing has changed."""
        world = moving_world
        for _ in range(3):
            a_miss(world)
        a_miss(world, high_risk=True)
        before = world.rows("SELECT * FROM follow_up ORDER BY id")
        found = preview(world.engine, the_move(world))
        assert sorted(found.groups.values()) == [1, 3]
        (routine,) = [group for group, count in found.groups.items() if count == 3]
        assert (routine.version, routine.state, routine.step, routine.step_after) == (
            BEFORE, "open", "phone-same-day", "phone-same-day",
        )  # fmt: skip
        assert world.rows("SELECT * FROM follow_up ORDER BY id") == before

    def test_says_which_steps_need_a_word(self, moving_world: World):
        """A step that live follow-ups have behind them and the new version lacks."""
        world = moving_world
        a_miss(world)
        world.until(at("2026-06-10 09:00"))
        world.advance()
        assert preview(world.engine, the_move(world, {})).unmapped == {"second-call": 1}

    def test_looks_at_no_other_ladder_and_no_ended_one(self, moving_world: World):
        """Live ones of this ladder's older versions alone."""
        world = moving_world
        a_miss(world, contact_code="HV-NBV")
        ended = a_miss(world)
        world.run(
            "UPDATE follow_up SET state = 'closed', closed_by = 'person:a', closed_at = :now, closed_reason = 'seen',"
            " next_due_at = NULL WHERE appointment_id = :id",
            now=world.now, id=ended,
        )  # fmt: skip
        assert preview(world.engine, the_move(world)).groups == {}


class TestMoving:
    def test_puts_live_ones_on_the_newer_version_and_says_so_in_each_story(self, moving_world: World):
        """Who, from which version, why; the ladder goes on by the new one."""
        world = moving_world
        appointment = a_miss(world)
        assert run(world) == (1, 0)
        found = world.follow_up(appointment)
        assert (found.pathway_version, found.step_id, found.state) == (NEWER, "phone-same-day", "open")
        (event,) = world.rows("SELECT actor, detail FROM follow_up_event WHERE event = 'pathway_moved'")
        assert (event.actor, event.detail["from_version"], event.detail["to_version"]) == ("person:Ann", BEFORE, NEWER)
        assert ("person:Ann", "pathway_moved", "Signed by the board") in world.rows(
            "SELECT actor, action, why FROM audit_entry"
        )
        world.until(at("2026-06-09 09:00"))
        world.advance()
        assert ("second-contact", at("2026-06-09 09:00")) in fired(world, appointment)

    def test_twice_moves_nothing_the_second_time(self, moving_world: World):
        """Safe to run again."""
        a_miss(moving_world)
        assert run(moving_world) == (1, 0)
        assert run(moving_world) == (0, 0)
        assert moving_world.one("SELECT count(*) FROM follow_up_event WHERE event = 'pathway_moved'") == 1

    def test_does_not_ask_again_for_what_was_done(self, moving_world: World):
        """The second call was asked for on Wednesday; the second contact in its place is done with it."""
        world = moving_world
        appointment = a_miss(world)
        world.until(at("2026-06-10 09:00"))
        world.advance()
        run(world)
        world.advance()
        assert [step for step, _ in fired(world, appointment)] == ["phone-same-day", "second-call"]

    def test_of_a_retired_step_without_a_word_is_refused(self, moving_world: World):
        """Naming the step; and a step that the new version lacks can't take its place."""
        world = moving_world
        a_miss(world)
        world.until(at("2026-06-10 09:00"))
        world.advance()
        with pytest.raises(MoveRefused, match="has no step second-call"):
            run(world, {})
        with pytest.raises(MoveRefused, match=f"second-try: no step of universal-review version {NEWER}"):
            the_move(world, {"second-call": "second-try"})
        assert world.one(f"SELECT count(*) FROM follow_up WHERE pathway_version = {NEWER}") == 0

    def test_stopped_half_way_leaves_batches_moved_and_the_rest_for_the_next_run(
        self, moving_world: World, monkeypatch: pytest.MonkeyPatch
    ):
        """Each batch is its own transaction: what stands after a batch that failed is whole."""
        world = moving_world
        monkeypatch.setattr(moving, "BATCH", 2)
        for _ in range(3):
            a_miss(world)
        late = a_miss(world)
        done = '{"second-call": ["2026-06-08T10:00:00+00:00", 1]}'
        world.run(
            "UPDATE follow_up SET steps_done = steps_done || CAST(:done AS jsonb) WHERE appointment_id = :id",
            done=done, id=late,
        )  # fmt: skip
        with pytest.raises(MoveRefused):
            run(world, {})
        assert world.one(f"SELECT count(*) FROM follow_up WHERE pathway_version = {NEWER}") == 2
        assert world.one("SELECT count(*) FROM follow_up_event WHERE event = 'pathway_moved'") == 2
        assert run(world) == (2, 0)

    def test_leaves_those_that_somebody_else_is_at_and_says_how_many(self, moving_world: World):
        """No giant lock, and no waiting for one."""
        world = moving_world
        busy = a_miss(world)
        a_miss(world)
        with Session(world.engine) as other:
            follow_up_actions.lock(other, world.follow_up(busy).id, world.follow_up(busy).row_version)  # type: ignore[attr-defined]
            assert run(world) == (1, 1)
        assert run(world) == (1, 0)

    def test_to_a_version_that_is_not_stored_is_refused(self, world: World):
        """Load it first."""
        with pytest.raises(MoveRefused, match="pathways load"):
            the_move(world)

    def test_ends_what_was_said_of_a_steps_time(self, moving_world: World):
        """It was said of the plan it was on."""
        world = moving_world
        a_miss(world)
        world.add(
            "step_time", follow_up_id=world.one("SELECT id FROM follow_up"), cycle=1, step_id="second-call",
            of_lease=False, change="earlier", state="in_force", due_at=world.now, planned_for=world.now,
            high_risk=False, asked_by="person:a", asked_at=world.now, decided_by="person:a", decided_at=world.now,
        )  # fmt: skip
        run(world)
        assert world.rows("SELECT state FROM step_time") == [("lapsed",)]

    def test_leaves_the_backlog_where_it_was(self, moving_world: World):
        """Its triage is not asked for anew for having been moved."""
        world = moving_world
        appointment = a_miss(world)
        due = at("2026-06-20 09:00")
        world.run("UPDATE follow_up SET state = 'backlog', next_due_at = :due", due=due)
        run(world)
        found = world.follow_up(appointment)
        assert (found.pathway_version, found.state, found.next_due_at) == (NEWER, "backlog", due)
