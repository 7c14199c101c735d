"""What holds for every ladder, every follow-up and every moment."""

# ruff: noqa: DTZ001  bounds of a strategy that adds the zone

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.ladder_facts import RaiseAlert, Why, after, dump_done, load_done
from models.domain.words import FollowUpState, FollowUpTrigger, OwnerRole
from tests.domain.builders import a_miss, acknowledged, rules, step

PATHWAYS = sorted(rules().pathways.values(), key=lambda pathway: pathway.code)
LIVE = [FollowUpState.OPEN, FollowUpState.BACKLOG, FollowUpState.SEEN, FollowUpState.CLOSING]
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC))


@st.composite
def follow_ups(draw):
    started = draw(MOMENTS)
    born = (started - timedelta(days=draw(st.integers(0, 900)))).date()
    return replace(
        a_miss("2026-11-02 10:00"),
        state=draw(st.sampled_from(LIVE)),
        trigger=draw(st.sampled_from(list(FollowUpTrigger))),
        contact_code=draw(st.sampled_from(["HV-NBV", "HV-6W", "MW-16W"])),
        high_risk=draw(st.booleans()),
        miss_count=draw(st.integers(1, 4)),
        started_at=started,
        opened_at=started + timedelta(hours=draw(st.integers(0, 100))),
        unseen_since=draw(st.sampled_from([None, started - timedelta(days=20), started])),
        date_of_birth=draw(st.sampled_from([None, born])),
        window_end=draw(st.sampled_from([None, born + timedelta(days=56)])),
        booked_until=draw(st.sampled_from([None, started + timedelta(days=3), started + timedelta(days=40)])),
        edd=draw(st.sampled_from([None, started.date() + timedelta(days=20), started.date() + timedelta(days=120)])),
        faster=draw(st.booleans()),
        pattern_at=draw(st.sampled_from([None, started + timedelta(hours=4), started + timedelta(days=4)])),
    )


@st.composite
def walks(draw):
    """A follow-up, its pathway, and a life of late and early looks with or without anybody answering."""
    looks = draw(st.lists(st.tuples(st.integers(0, 60 * 24 * 9), st.booleans()), min_size=1, max_size=12))
    return draw(follow_ups()), draw(st.sampled_from(PATHWAYS)), looks


class TestDecision:
    @settings(max_examples=300, deadline=None)
    @given(walk=walks())
    def test_always_leaves_a_later_due_time_and_never_closes(self, walk):
        """Design 3.2 and 3.3, for every ladder, cause and risk, whether somebody answers or not."""
        facts, pathway, looks = walk
        now = facts.opened_at
        for minutes, answers in looks:
            now += timedelta(minutes=minutes)
            decision, facts = step(facts, pathway, now)
            assert decision.next_due_at is not None
            assert decision.next_due_at > now
            assert decision.next_step_id is not None
            assert decision.state is facts.state
            if answers:
                facts = acknowledged(facts, pathway, now)

    @settings(max_examples=200, deadline=None)
    @given(walk=walks())
    def test_says_a_thing_once(self, walk):
        """Asked again at the same moment it has nothing to add, and the same next due time."""
        facts, pathway, looks = walk
        now = facts.opened_at
        for minutes, _ in looks:
            now += timedelta(minutes=minutes)
            first, facts = step(facts, pathway, now)
            again, facts = step(facts, pathway, now)
            assert again.actions == ()
            assert again.next_due_at == first.next_due_at

    @settings(max_examples=200, deadline=None)
    @given(walk=walks())
    def test_gives_every_alert_a_key_of_its_own(self, walk):
        """Step and occurrence never come twice: the key of an alert or message is built from them."""
        facts, pathway, looks = walk
        now, keys = facts.opened_at, set()
        for minutes, _ in looks:
            now += timedelta(minutes=minutes)
            decision, facts = step(facts, pathway, now)
            for action in decision.actions:
                if isinstance(action, RaiseAlert):
                    assert (action.step_id, action.occurrence) not in keys
                    keys.add((action.step_id, action.occurrence))

    @settings(max_examples=200, deadline=None)
    @given(walk=walks())
    def test_never_tells_one_role_of_two_steps_at_once_however_late(self, walk):
        """Design 3.7: late steps collapse. One other alert may be the step in hand, coming back or going up."""
        facts, pathway, looks = walk
        now = facts.opened_at
        for minutes, _ in looks:
            now += timedelta(minutes=minutes)
            decision, facts = step(facts, pathway, now)
            fired = [action for action in decision.actions if isinstance(action, RaiseAlert)]
            owners = [pathway.step(action.step_id).terms(high_risk=False).owner for action in fired]
            due = [owner for action, owner in zip(fired, owners, strict=True) if action.why is Why.DUE]
            if not facts.high_risk:
                assert len(due) == len(set(due))
            assert len(fired) - len(due) <= 1

    @settings(max_examples=200, deadline=None)
    @given(facts=follow_ups(), pathway=st.sampled_from(PATHWAYS), weeks=st.integers(3, 60))
    def test_fires_one_step_only_when_all_are_late(self, facts, pathway, weeks):
        """The engine was off for weeks: one alert a follow-up, the rest recorded as passed."""
        facts = replace(facts, state=FollowUpState.OPEN, booked_until=None, date_of_birth=None, window_end=None)
        decision, _ = step(facts, pathway, facts.opened_at + timedelta(weeks=weeks))
        assert sum(isinstance(action, RaiseAlert) for action in decision.actions) <= 1

    @settings(max_examples=100, deadline=None)
    @given(facts=follow_ups(), pathway=st.sampled_from(PATHWAYS))
    def test_always_ends_its_chain_at_somebody(self, facts, pathway):
        """A step that reaches nobody goes up at once; the last resort is always there."""
        decision, _ = step(facts, pathway, facts.opened_at)
        for action in decision.actions:
            if isinstance(action, RaiseAlert):
                assert action.role_chain[-1] is OwnerRole.LAST_RESORT

    @settings(max_examples=100, deadline=None)
    @given(facts=follow_ups(), pathway=st.sampled_from(PATHWAYS))
    def test_survives_being_stored(self, facts, pathway):
        """What is done goes to the row as JSON and comes back the same."""
        decision, _ = step(facts, pathway, facts.opened_at + timedelta(days=9))
        stored = after(facts, decision)
        assert load_done(dump_done(stored.done)) == dict(stored.done)

    def test_has_nothing_for_what_has_ended(self):
        """A closed follow-up, or one that goes on elsewhere, has no due time."""
        for state in (FollowUpState.CLOSED, FollowUpState.CONTINUED):
            decision, _ = step(replace(a_miss("2026-11-02 10:00"), state=state), PATHWAYS[0], datetime.now(UTC))
            assert (decision.actions, decision.next_due_at) == ((), None)
