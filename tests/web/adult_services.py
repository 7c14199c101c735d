"""A perinatal mental health team on the pages' tests, and a mother's session with it that was missed."""

from datetime import timedelta

from sqlalchemy import Engine, text

from models.db.tables import Appointment, Practitioner, Team
from models.domain.words import AccountRole
from tests.web.families import World
from workers.detect import detect_all


def a_perinatal_team(world: World) -> int:
    """Team Kingfisher with Dr Vale; logins: nora of the health visitors, pim who leads the perinatal team."""
    team = world.teams["pmh"] = world._add(Team, code="pmh", name="Kingfisher", stage="staff")
    world.staff["clinician"] = world._add(
        Practitioner, code="clinician", name="Dr Vale", role="pmh_clinician", team_id=team
    )
    world.account("nora", role=AccountRole.HEALTH_VISITOR)
    world.account("pim", role=AccountRole.TEAM_LEAD, teams=("pmh",))
    return team


def an_agreement(world: World) -> None:
    """Signed for three months from perinatal mental health to health visiting."""
    world.session.execute(
        text(
            "INSERT INTO sharing_agreement (from_service, to_service, signed_by, signed_at, valid_until)"
            " VALUES ('perinatal_mental_health', 'health_visiting', 'Sam', :now, :until)"
        ),
        {"now": world.now, "until": world.now.date() + timedelta(days=90)},
    )


def a_missed_session(world: World, engine: Engine, family: dict[str, int]) -> None:
    """The mother's therapy session ended two hours ago, missed; the engine has looked."""
    world._add(
        Appointment, source_id=world.source, source_ref=f"PMH{family['mother']}", content_hash=b"x",
        person_id=family["mother"], subject_role="mother", household_id=family["household"],
        contact_code="PMH-THERAPY", mode="clinic", practitioner_id=world.staff["clinician"],
        team_id=world.teams["pmh"], location="Kingfisher clinic", starts_at=world.now - timedelta(hours=3),
        ends_at=world.now - timedelta(hours=2), status="missed", status_by="import:SystmOne",
        reason="therapy refused", first_received_at=world.now - timedelta(days=3), reconsider_at=world.now,
    )  # fmt: skip
    world.session.commit()
    detect_all(engine, world.rules, now=lambda _: world.now, wait=False)
