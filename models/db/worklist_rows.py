"""What the list and the case page say of follow-ups: one query for a whole page of them, in the order asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.scope import Scope
from models.domain.ids import AppointmentId, FollowUpId, HouseholdId, PersonId
from models.domain.sending import OUTBOX_SID
from models.domain.words import (
    AppointmentStatus,
    FollowUpState,
    FollowUpTrigger,
    LifeStatus,
    MessageState,
    OutcomeSubtype,
    ReferralState,
)


@dataclass(frozen=True, slots=True)
class ListRow:
    """One follow-up with the names beside it. `text_*` tell of its newest text to the family, if there is one."""

    id: FollowUpId
    state: FollowUpState
    trigger: FollowUpTrigger
    contact_code: str
    pathway_code: str
    pathway_version: int
    miss_count: int
    high_risk: bool
    red_flag: bool
    breach_at: datetime
    opened_at: datetime
    anchor_at: datetime
    step_id: str | None
    step_fired_at: datetime | None
    next_step_id: str | None
    next_due_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    acknowledged_until: datetime | None
    seen_at: datetime | None
    closing_by: str | None
    row_version: int
    team_id: int | None
    team_name: str | None
    owner_name: str | None
    owner_team_name: str | None
    person_id: PersonId
    household_id: HouseholdId | None
    person_name: str | None
    date_of_birth: date | None
    life_status: LifeStatus
    appointment_id: AppointmentId | None
    appointment_status: AppointmentStatus | None
    appointment_subtype: OutcomeSubtype | None
    starts_at: datetime | None
    window_end: date | None
    referral_id: int | None
    referral_service: str | None
    referral_state: ReferralState | None
    hop_due_at: datetime | None  # by when the referral's next hop should be known
    text_state: MessageState | None
    text_block_reason: str | None
    text_sent_at: datetime | None
    text_kept: bool  # in our own outbox: it has not left
    replies_waiting: int
    after_loss: bool  # its plan gave way to the one after a loss
    holds: tuple[str, ...]  # kinds that stand on its subject or household; handed_over once a receiver has them


_WORDS = {
    "state": FollowUpState,
    "trigger": FollowUpTrigger,
    "life_status": LifeStatus,
    "appointment_status": AppointmentStatus,
    "appointment_subtype": OutcomeSubtype,
    "referral_state": ReferralState,
    "text_state": MessageState,
}
_NAMES = [field.name for field in fields(ListRow)]


def rows(session: Session, scope: Scope, ids: Sequence[FollowUpId]) -> list[ListRow]:
    """The follow-ups of `ids` in that order, without those that `scope` doesn't cover or that are gone."""
    if not ids:
        return []
    found = session.execute(_ROWS, {"ids": list(ids)}).mappings()
    by_id = {row["id"]: row for row in found if scope.covers(row["team_id"])}
    return [_list_row(by_id[row_id]) for row_id in ids if row_id in by_id]


def _list_row(row: object) -> ListRow:
    values = {name: row[name] for name in _NAMES}  # type: ignore[index]
    for name, words in _WORDS.items():
        if values[name] is not None:
            values[name] = words(values[name])
    values["holds"] = tuple(values["holds"])
    return ListRow(**values)


_ROWS = text(
    f"""
    SELECT f.id, f.state, f.trigger, f.contact_code, f.pathway_code, f.pathway_version, f.miss_count, f.high_risk,
           f.red_flag, f.breach_at, f.opened_at, f.anchor_at, f.step_id, f.step_fired_at, f.next_step_id,
           f.next_due_at, f.acknowledged_by, f.acknowledged_at, f.acknowledged_until, f.seen_at, f.closing_by,
           f.row_version, f.team_id, team.name AS team_name, owner.name AS owner_name,
           owner_team.name AS owner_team_name, f.person_id, f.household_id, person.name AS person_name,
           person.date_of_birth, person.life_status, f.appointment_id, appointment.status AS appointment_status,
           appointment.subtype AS appointment_subtype, appointment.starts_at,
           expected.window_end, f.referral_id, referral.service AS referral_service, referral.state AS referral_state,
           referral.hop_due_at,
           newest.state AS text_state, newest.block_reason AS text_block_reason, newest.sent_at AS text_sent_at,
           coalesce(newest.provider_sid LIKE '{OUTBOX_SID}%', false) AS text_kept,
           (SELECT count(*) FROM alert WHERE alert.follow_up_id = f.id AND alert.state = 'open'
              AND alert.kind = 'family_reply') AS replies_waiting,
           f.hold_id IS NOT NULL AS after_loss,
           ARRAY(SELECT CASE WHEN k.handover_id IS NULL THEN k.kind ELSE 'handed_over' END FROM hold k
                 WHERE k.person_id = f.person_id AND k.ended_at IS NULL
                 UNION SELECT CASE WHEN k.handover_id IS NULL THEN k.kind ELSE 'handed_over' END FROM hold k
                 WHERE k.household_id = f.household_id AND k.ended_at IS NULL
                 UNION SELECT k.kind FROM household_member w JOIN pregnancy g ON g.mother_id = w.person_id
                 JOIN hold k ON k.pregnancy_id = g.id
                 WHERE w.household_id = f.household_id AND w.valid_until IS NULL AND k.ended_at IS NULL
                 UNION SELECT k.kind FROM household_member w JOIN hold k ON k.person_id = w.person_id
                 WHERE w.household_id = f.household_id AND w.valid_until IS NULL AND k.ended_at IS NULL
                   AND k.kind <> 'moved_out'
                 ORDER BY 1) AS holds
    FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
    JOIN follow_up f ON f.id = wanted.id
    JOIN person ON person.id = f.person_id
    LEFT JOIN team ON team.id = f.team_id
    LEFT JOIN practitioner owner ON owner.id = f.owner_practitioner_id
    LEFT JOIN team owner_team ON owner_team.id = f.owner_team_id
    LEFT JOIN appointment ON appointment.id = f.appointment_id
    LEFT JOIN expected_contact expected ON expected.id = f.expected_contact_id
    LEFT JOIN referral ON referral.id = f.referral_id
    LEFT JOIN LATERAL (
        SELECT message.state, message.block_reason, message.sent_at, message.provider_sid
        FROM message_subject JOIN message ON message.id = message_subject.message_id
        WHERE message_subject.follow_up_id = f.id AND message.audience = 'family'
        ORDER BY message.id DESC LIMIT 1
    ) newest ON true
    """
)
