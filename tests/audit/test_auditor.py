"""The auditor finds what the engine would have to drop: each test plants one broken rule and asks."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db.auditor import audit
from models.db.seal import chain_breaks, seal, shares
from models.domain.routes import Route

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_SHIPPED = load_audit_limits(config_dir=None)
_NUMBER = Route("Crisis team", "01632 960 111", "Urgent help", "Day and night")
# A deployment that has entered the numbers of its area.
LIMITS = replace(_SHIPPED, routes=replace(_SHIPPED.routes, default=(_NUMBER,)))


@pytest.fixture
def quiet(session: Session) -> Session:
    """A deployment in which everything that must hold does."""
    session.execute(
        text(
            """
            UPDATE practitioner SET email = 'last@example.org' WHERE last_resort;
            INSERT INTO team (code, name, lead_practitioner_id)
            SELECT 't', 'Team', id FROM practitioner WHERE last_resort;
            INSERT INTO source (id, name, as_of) VALUES (1, 's', '2026-11-20 11:00Z');
            INSERT INTO person (id, name) VALUES (1, 'Child');
            INSERT INTO pattern_look (person_id, looked_at) VALUES (1, 'infinity');
            INSERT INTO pathway_version (code, version, content, content_sha256, effective_from, loaded_at)
            VALUES ('p', 1, '{}', '', '2026-01-01', '2026-01-01Z');
            """
        )
    )
    return session


def an_appointment(session: Session, *, id: int = 1, status: str = "missed", **columns: str) -> None:
    """A stored appointment that ended two days before NOW."""
    extra = "".join(f", {name}" for name in columns)
    values = "".join(f", {value}" for value in columns.values())
    session.execute(
        text(
            f"""
            INSERT INTO appointment (id, source_id, source_ref, content_hash, person_id, contact_code,
                                     starts_at, ends_at,
                                     status, status_by, first_received_at{extra})
            VALUES ({id}, 1, 'r{id}', '', 1, 'HV-1Y', '2026-11-18 09:00Z', '2026-11-18 09:30Z',
                    '{status}', 'import:s', '2026-11-01Z'{values})
            """
        )
    )


def a_follow_up(session: Session, *, appointment: int = 1, trigger_is: str = "missed", **columns: str) -> None:
    """A live follow-up with a due time to come, owned by the last-resort owner."""
    given = {
        "state": "'open'",
        "next_due_at": "'2026-11-21Z'",
        "owner_practitioner_id": "(SELECT id FROM practitioner WHERE last_resort)",
        **columns,
    }
    session.execute(
        text(
            f"""
            INSERT INTO follow_up (appointment_id, trigger, person_id, contact_code, pathway_code, pathway_version,
                                   anchor_at, breach_at, opened_at, {", ".join(given)})
            VALUES ({appointment}, '{trigger_is}', 1, 'HV-1Y', 'p', 1, '2026-11-18Z', '2026-11-18Z', '2026-11-18Z',
                    {", ".join(given.values())})
            """
        )
    )


def codes(session: Session, *, now: datetime = NOW) -> set[str]:
    """The violations found."""
    return {finding.code for finding in audit(session, now, limits=LIMITS).violations}


class TestAuditor:
    def test_finds_nothing_where_all_holds(self, quiet: Session):
        """A missed appointment with its live follow-up is as it must be."""
        an_appointment(quiet)
        a_follow_up(quiet)
        report = audit(quiet, NOW, limits=LIMITS)
        assert report.violations == ()
        assert report.warnings == ()

    def test_warns_before_the_checked_bank_holidays_end(self, quiet: Session):
        """Hazard 20: a holiday nobody entered would delay steps in silence."""
        soon = datetime.combine(LIMITS.holidays_checked_until, NOW.timetz()) - timedelta(days=30)
        assert [finding.code for finding in audit(quiet, soon, limits=LIMITS).warnings] == ["holidays_end_soon"]

    @pytest.mark.parametrize("status", ["missed", "arrived_not_seen", "outcome_due"])
    def test_misses_an_appointment_without_follow_up(self, quiet: Session, status: str):
        """Design 3.1, at any age: this one is years old by the time anybody looks."""
        an_appointment(quiet, status=status)
        report = audit(quiet, NOW + timedelta(days=4000), limits=LIMITS)
        assert ("appointment_without_follow_up", 1, (1,)) in {(f.code, f.count, f.ids) for f in report.violations}

    def test_counts_a_child_not_seen_as_a_miss(self, quiet: Session):
        """An attended visit at which the child was not seen is owed a follow-up (domain.md 2.1)."""
        an_appointment(quiet, status="attended", subtype="'child_not_seen'")
        assert "appointment_without_follow_up" in codes(quiet)

    def test_gives_the_engine_time_to_look(self, quiet: Session):
        """A row that has just come is not yet a violation; a quarter of an hour later it is."""
        an_appointment(quiet, reconsider_at="'2026-11-20 11:59Z'")
        assert codes(quiet) == set()
        assert "change_not_looked_at" in codes(quiet, now=NOW + timedelta(hours=1))

    def test_finds_an_engine_that_stands_still(self, quiet: Session):
        """A due time that passed without anybody advancing it is a violation, not patience (design 3.7)."""
        an_appointment(quiet)
        a_follow_up(quiet, next_due_at="'2026-11-20 11:00Z'")
        assert codes(quiet) == {"follow_up_overdue_to_advance"}

    def test_follows_a_thread_to_its_end(self, quiet: Session):
        """`continued` is fine while it leads to a follow-up that is there."""
        an_appointment(quiet)
        an_appointment(quiet, id=2)
        a_follow_up(quiet, appointment=2)
        later = quiet.execute(text("SELECT id FROM follow_up")).scalar_one()
        a_follow_up(
            quiet, state="'continued'", next_due_at="NULL", continued_in=str(later), owner_practitioner_id="NULL"
        )
        assert codes(quiet) == set()

    def test_reports_two_follow_ups_that_go_on_in_each_other(self, quiet: Session):
        """A circle ends nowhere, so nobody has the child."""
        an_appointment(quiet)
        an_appointment(quiet, id=2)
        a_follow_up(quiet, appointment=1)
        a_follow_up(quiet, appointment=2)
        first, second = quiet.scalars(text("SELECT id FROM follow_up ORDER BY id"))
        turn = text(
            "UPDATE follow_up SET state = 'continued', next_due_at = NULL, continued_in = :other WHERE id = :id"
        )
        quiet.execute(turn, {"id": first, "other": second})
        quiet.execute(turn, {"id": second, "other": first})
        assert codes(quiet) == {"thread_lost"}

    @pytest.mark.parametrize("by", ["engine", "import:epr"])
    def test_refuses_a_closure_by_the_machine(self, quiet: Session, by: str):
        """Nothing but a person closes (design 3.3); only an unrecorded outcome also ends by the record itself."""
        an_appointment(quiet)
        closed = {"state": "'closed'", "next_due_at": "NULL", "closed_at": "'2026-11-19Z'", "closed_reason": "'seen'"}
        with pytest.raises(IntegrityError, match="closed_by_a_person"), quiet.begin_nested():
            a_follow_up(quiet, **closed, closed_by=f"'{by}'")
        a_follow_up(quiet, **closed, closed_by="'person:ann'")
        assert codes(quiet) == set()

    def test_finds_a_text_of_unknown_fate_that_nobody_was_told_of(self, quiet: Session):
        """Design 3.6: still unknown means a person, and the alert is the proof."""
        quiet.execute(
            text(
                """
                INSERT INTO contact_point (id, person_id, number) VALUES (1, 1, '+447700900123');
                INSERT INTO message (id, channel, audience, purpose, urgency, state, dedupe_key, contact_point_id,
                                     template_code, template_version, created_at)
                VALUES (1, 'sms', 'family', 'after_miss', 'routine', 'unknown', 'k', 1, 'x', 1, '2026-11-19Z')
                """
            )
        )
        assert codes(quiet) == {"message_of_unknown_fate_without_person", "message_without_subject"}

    @pytest.mark.parametrize(
        ("state", "column", "code"),
        [("sent", "settle_due_at", "message_never_settled"), ("held", "not_after", "held_text_past_its_time")],
    )
    def test_finds_a_message_that_nobody_looks_at_any_more(self, quiet: Session, state: str, column: str, code: str):
        """Each row that can wait has a due time; past it, by whatever age, the auditor misses it."""
        an_appointment(quiet, status="booked", outcome_due_at="'2026-11-20 11:30Z'")
        quiet.execute(
            text(
                f"""
                INSERT INTO contact_point (id, person_id, number) VALUES (1, 1, '+447700900123');
                INSERT INTO message (id, channel, audience, purpose, urgency, state, dedupe_key, contact_point_id,
                                     template_code, template_version, created_at, send_after, {column})
                VALUES (1, 'sms', 'family', 'reminder_week', 'routine', '{state}', 'k', 1, 'x', 1, '2026-01-19Z',
                        '2026-01-19Z', '2026-01-20Z');
                INSERT INTO message_subject (message_id, appointment_id) VALUES (1, 1);
                """
            )
        )
        assert codes(quiet) == {code}

    def test_finds_reminders_that_nobody_planned(self, quiet: Session):
        """A booked appointment to come is looked at by the planner within minutes."""
        an_appointment(quiet, status="booked", outcome_due_at="'2026-11-20 11:30Z'", reminders_due_at="'2026-11-19Z'")
        assert codes(quiet) == {"reminders_not_looked_at"}

    def test_warns_of_an_owner_who_sees_nothing(self, quiet: Session):
        """An owner with no account or address is a warning, shown and chased (design 3.2)."""
        quiet.execute(text("INSERT INTO practitioner (id, code, name, role) VALUES (902, 'b', 'B', 'health_visitor')"))
        an_appointment(quiet)
        a_follow_up(quiet, owner_practitioner_id="902")
        report = audit(quiet, NOW, limits=LIMITS)
        assert [finding.code for finding in report.warnings] == ["owner_without_address"]
        assert report.violations == ()

    def test_warns_of_teams_whose_red_flag_card_lacks_local_numbers(self, quiet: Session):
        """Hazard 16: as shipped nobody has entered any; numbers of their own or for everybody end it."""
        found = audit(quiet, NOW, limits=_SHIPPED).warnings
        assert [(one.code, one.count) for one in found] == [("team_without_local_numbers", 1)]
        own = replace(_SHIPPED, routes=replace(_SHIPPED.routes, local={"t": (_NUMBER,)}))
        assert audit(quiet, NOW, limits=own).warnings == ()

    def test_says_when_nobody_is_the_last_resort(self, session: Session):
        """A database without its last-resort owner has nobody for what nobody else has."""
        session.execute(text("DELETE FROM practitioner WHERE last_resort"))
        assert codes(session) == {"no_last_resort_owner"}


class TestSeals:
    def entry(self, session: Session, action: str) -> None:
        session.execute(
            text(
                "INSERT INTO audit_entry (at, actor_kind, actor, action, subject) "
                "VALUES ('2026-11-20Z', 'person', 'a', :action, 'team')"
            ),
            {"action": action},
        )
        session.commit()

    def sealed(self, session: Session, count: int) -> int:
        """Seal until `count` are; other tests' transactions on the same server hold each seal back for a while."""
        done = 0
        for _ in range(200):
            done += seal(session, limit=100)
            session.commit()
            if done >= count:
                break
            time.sleep(0.1)
        return done

    def test_cover_what_is_older_than_every_running_transaction(self, engine: Engine):
        """An entry whose transaction is still open holds the seal back: its id may be lower than sealed ones."""
        with Session(engine) as running, Session(engine) as sealing:
            self.entry(sealing, "first")
            running.execute(
                text(
                    "INSERT INTO audit_entry (at, actor_kind, actor, action, subject) "
                    "VALUES ('2026-11-20Z', 'person', 'b', 'open', 'team')"
                )
            )
            self.entry(sealing, "third")
            assert self.sealed(sealing, 1) == 1
            assert seal(sealing, limit=100) == 0
            running.commit()
            assert self.sealed(sealing, 2) == 2

    def test_show_an_entry_changed_behind_their_back(self, engine: Engine, owner_url: str):
        """Whoever owns the tables can switch the trigger off; the chain still tells."""
        from sqlalchemy import create_engine

        with Session(engine) as session:
            self.entry(session, "first")
            self.entry(session, "second")
            assert self.sealed(session, 2) == 2
            assert "audit_trail_changed" not in codes(session)
            owner = create_engine(owner_url)
            with owner.begin() as connection:
                connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER append_only"))
                connection.execute(text("UPDATE audit_entry SET actor = 'somebody else' WHERE action = 'first'"))
            owner.dispose()
            assert "audit_trail_changed" in codes(session)

    def test_of_a_long_trail_are_read_in_turns_that_miss_none(self, engine: Engine, owner_engine: Engine):
        """A scheduled audit has its time; a change anywhere is found when the turns have gone round."""
        with Session(engine) as session:
            for number in range(6):
                self.entry(session, f"entry {number}")
                assert self.sealed(session, 1) == 1
        with Session(owner_engine) as session:
            session.execute(text("ALTER TABLE audit_seal DISABLE TRIGGER append_only"))
            session.execute(text("UPDATE audit_seal SET entries = 2"))
            all_seals = list(session.scalars(text("SELECT id FROM audit_seal ORDER BY id")))
            last = session.scalars(text("SELECT max(to_id) FROM audit_seal")).one()
            found = [chain_breaks(session, share) for share in shares(session, entries=-(-last // 3))]
            session.rollback()
        assert len(all_seals) == 6
        assert len(found) == 3
        assert sorted(seal_id for each in found for seal_id in each) == all_seals
