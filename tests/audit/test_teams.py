"""How far a team has gone live: by a named person, never to texts before the ladders are signed."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import teams
from models.domain.words import TeamStage

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def team(session: Session) -> Session:
    """One team in shadow, with a number to ring, and one ladder nobody has signed."""
    session.execute(
        text(
            """
            INSERT INTO team (code, name, call_back_number) VALUES ('north', 'North', '+441632960001');
            INSERT INTO pathway_version (code, version, content, content_sha256, effective_from, loaded_at)
            VALUES ('p', 1, '{}', '', '2026-01-01', '2026-01-01Z')
            """
        )
    )
    return session


class TestStages:
    def test_begin_in_shadow_and_are_raised_by_a_named_person(self, team: Session):
        """The trail says who, from what, to what."""
        assert [line.stage for line in teams.list_(team)] == ["shadow"]
        teams.set_stage(team, code="north", stage=TeamStage.STAFF, by="A. Manager", now=NOW)
        assert [(line.stage, line.stage_set_by) for line in teams.list_(team)] == [("staff", "A. Manager")]
        entry = team.execute(text("SELECT actor, action, detail FROM audit_entry")).one()
        assert tuple(entry) == ("A. Manager", "set_stage", {"from": "shadow", "to": "staff"})

    def test_do_not_reach_texts_while_a_ladder_is_unsigned(self, team: Session):
        """Unsigned pathways block texts (design 4); the refusal names them."""
        with pytest.raises(teams.StageRefused, match="p version 1"):
            teams.set_stage(team, code="north", stage=TeamStage.TEXTS, by="A. Manager", now=NOW)
        team.execute(text("UPDATE pathway_version SET signed_by = 'CSO', signed_at = '2026-02-01Z'"))
        teams.set_stage(team, code="north", stage=TeamStage.TEXTS, by="A. Manager", now=NOW)
        assert [line.stage for line in teams.list_(team)] == ["texts"]

    def test_are_refused_to_nobody_and_to_unknown_teams(self, team: Session):
        """An anonymous decision is none."""
        with pytest.raises(teams.StageRefused):
            teams.set_stage(team, code="north", stage=TeamStage.STAFF, by=" ", now=NOW)
        with pytest.raises(LookupError, match="south"):
            teams.set_stage(team, code="south", stage=TeamStage.STAFF, by="A. Manager", now=NOW)
