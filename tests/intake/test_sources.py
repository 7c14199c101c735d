"""What a source's data mean: declared by a named person, checked, kept in the audit trail."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from models.db import sources
from tests.intake.conftest import NOW, an_appointment


class TestDeclaring:
    def test_every_setting_is_stored_with_who_and_when(self, session: Session, rows_of):
        """And shown by the list."""
        values = {
            "rhythm": "daily",
            "extent": "full",
            "authoritative_for": "attendance",
            "go_live_on": "2026-11-01",
            "empty_values": "subject_deceased_on:alive, pregnancy_outcome:continuing",
            "sends_own_reminders": "yes",
            "owner": "last-resort",
        }
        sources.set_(session, name="systmone", values=values, by="Ann Lead", now=NOW)
        session.commit()
        (line,) = sources.list_(session)
        assert (line.rhythm_minutes, line.extent, line.authoritative_for) == (1440, "full", ["attendance"])
        assert (line.go_live_on, line.sends_own_reminders, line.owner) == (date(2026, 11, 1), True, "last-resort")
        assert line.empty_values == {"subject_deceased_on": "alive", "pregnancy_outcome": "continuing"}
        assert (line.declared_by, line.declared_at) == ("Ann Lead", NOW)
        assert rows_of("SELECT actor, action, detail->'now'->>'extent' FROM audit_entry") == [
            ("Ann Lead", "source.declared", "full")
        ]

    def test_all_faults_are_told_at_once(self, session: Session):
        """With what was expected."""
        wrong = {"rhythm": "often", "extent": "some", "colour": "red", "empty_values": "status:missed"}
        with pytest.raises(ValueError, match=r"rhythm.*extent.*colour.*empty_values"):
            sources.set_(session, name="x", values=wrong, by="Ann", now=NOW)

    def test_nobody_declares_nothing(self, session: Session):
        """A name and at least one setting are needed."""
        with pytest.raises(ValueError, match="--by"):
            sources.set_(session, name="x", values={"rhythm": "daily"}, by=" ", now=NOW)
        with pytest.raises(ValueError, match="KEY=VALUE"):
            sources.set_(session, name="x", values={}, by="Ann", now=NOW)

    def test_an_unknown_owner_is_refused(self, session: Session):
        """An owner is somebody of the staff file."""
        with pytest.raises(LookupError, match="owner is 'nobody'"):
            sources.set_(session, name="x", values={"owner": "nobody"}, by="Ann", now=NOW)

    def test_a_delivery_sets_when_the_next_is_due(self, session: Session, load, rows_of):
        """By the rhythm, from when it came."""
        sources.set_(session, name="systmone", values={"rhythm": "4h"}, by="Ann", now=NOW)
        session.commit()
        load([an_appointment()])
        assert rows_of("SELECT next_expected_at, health FROM source") == [(NOW + timedelta(hours=4), "fresh")]

    def test_a_rhythm_declared_after_the_first_delivery_counts_from_it(self, session: Session, load, rows_of):
        """A source with a rhythm always has a time by which the next is due."""
        load([an_appointment()])
        sources.set_(session, name="systmone", values={"rhythm": "1d"}, by="Ann", now=NOW)
        session.commit()
        assert rows_of("SELECT next_expected_at FROM source") == [(NOW + timedelta(days=1),)]

    def test_one_that_never_sends_anything_is_expected_from_when_its_rhythm_was_declared(
        self, session: Session, rows_of
    ):
        """Else nobody would notice that its first data never came. Declaring something else moves nothing."""
        sources.set_(session, name="systmone", values={"rhythm": "1d"}, by="Ann", now=NOW)
        sources.set_(session, name="systmone", values={"extent": "full"}, by="Ann", now=NOW + timedelta(hours=9))
        session.commit()
        assert rows_of("SELECT next_expected_at FROM source") == [(NOW + timedelta(days=1),)]

    def test_a_rhythm_taken_back_expects_nothing(self, session: Session, load, rows_of):
        """A source sent by hand from now on raises no alarm."""
        sources.set_(session, name="systmone", values={"rhythm": "1d"}, by="Ann", now=NOW)
        session.commit()
        load([an_appointment()])
        sources.set_(session, name="systmone", values={"rhythm": "none"}, by="Ann", now=NOW)
        session.commit()
        assert rows_of("SELECT next_expected_at FROM source") == [(None,)]
