"""What must hold of losses, holds, hand-overs and people who live apart (hazards 1, 2, 3, 17, 18, 27), at any age.

Asked of the facts themselves, not of the queries that set the holds.
"""

from models.db.audit_check import Check, of_each_follow_up

_LIVE = "f.state IN ('open', 'backlog', 'seen', 'closing')"
_LOST = "('miscarriage', 'stillbirth', 'termination', 'neonatal_death', 'other_end')"
_APART = """
    split_member mine JOIN household_split s ON s.id = mine.split_id AND s.undone_at IS NULL
    JOIN split_member theirs ON theirs.split_id = mine.split_id AND theirs.side <> mine.side
"""

CHECKS: tuple[Check, ...] = (
    Check(
        "followed_as_though_alive",
        "hazard 2",
        "live follow-ups about somebody who has died that still run on the plan of the living",
        f"""
        SELECT f.id FROM person p JOIN follow_up f ON f.person_id = p.id
        LEFT JOIN family_event v ON v.id = f.family_event_id
        WHERE p.life_status = 'deceased' AND {_LIVE} AND f.plan_before IS NULL AND f.opened_at < :settled_by
          AND coalesce(v.kind NOT IN ('bereavement_care', 'moved_out'), true)
          AND NOT EXISTS (SELECT FROM hold h WHERE h.about_person_id = p.id AND h.starts_at >= :settled_by)
        """,
    ),
    Check(
        "gave_way_for_somebody_else",
        "hazard 2",
        "live follow-ups that run on the plan after a loss which was another person's",
        f"""
        SELECT f.id FROM hold h LEFT JOIN pregnancy g ON g.id = h.pregnancy_id JOIN follow_up f ON f.hold_id = h.id
        WHERE {_LIVE} AND coalesce(h.about_person_id, g.mother_id) <> f.person_id
        """,
    ),
    Check(
        "death_without_hold",
        "hazard 2",
        "deaths since the family was first known here for which no hold was ever set",
        """
        SELECT p.id FROM person p
        WHERE p.life_status = 'deceased' AND p.deceased_on > CAST(p.first_received_at AS date)
          AND p.merged_into IS NULL
          AND p.first_received_at < :settled_by AND NOT EXISTS (SELECT FROM hold h WHERE h.about_person_id = p.id)
        """,
    ),
    Check(
        "lost_pregnancy_without_hold",
        "hazard 2",
        "pregnancies that ended in a loss since they were first known here for which no hold was ever set",
        f"""
        SELECT g.id FROM pregnancy g
        WHERE g.outcome IN {_LOST} AND g.ended_on > CAST(g.created_at AS date) AND g.created_at < :settled_by
          AND NOT EXISTS (SELECT FROM hold h WHERE h.pregnancy_id = g.id)
        """,
    ),
    Check(
        "loss_without_care",
        "hazard 2",
        "losses held for which no care for the family was ever recorded",
        """
        SELECT h.id FROM hold h
        WHERE h.kind IN ('bereavement', 'pregnancy_ended') AND h.apply_at IS NULL AND h.starts_at < :settled_by
          AND coalesce(h.ended_how NOT IN ('in_error', 'undone'), true)
          AND coalesce(h.detail ->> 'news', 'true') = 'true'
          AND h.detail ->> 'copied' IS NULL
          AND NOT EXISTS (SELECT FROM family_event v
                          WHERE v.kind = 'bereavement_care' AND CAST(v.detail ->> 'hold' AS bigint) = h.id)
        """,
    ),
    Check(
        "hold_not_applied",
        "hazard 2",
        "holds set whose consequences for plans nobody has drawn",
        "SELECT h.id FROM hold h WHERE h.apply_at < :settled_by",
    ),
    Check(
        "hold_not_reviewed",
        "3.7",
        "holds due for review that nobody was told of",
        "SELECT h.id FROM hold h WHERE h.next_due_at < :late_by",
    ),
    Check(
        "hold_without_review",
        "3.2",
        "holds that stand with no time at which somebody decides, though nobody has accepted the family",
        "SELECT h.id FROM hold h WHERE h.ended_at IS NULL AND h.next_due_at IS NULL AND h.handover_id IS NULL",
    ),
    Check(
        "hold_ended_by_nobody",
        "hazard 2",
        "holds that ended without a person and a reason",
        """
        SELECT h.id FROM hold h
        WHERE h.ended_at IS NOT NULL AND (h.ended_by NOT LIKE 'person:%' OR coalesce(h.ended_reason, '') = '')
        """,
    ),
    Check(
        "text_under_hold",
        "hazard 2",
        "family texts that began to leave while a loss or a protected identity was held",
        """
        SELECT m.id FROM hold h JOIN household_member w
          ON (w.household_id = h.household_id OR w.person_id = h.person_id) AND w.valid_until IS NULL
        JOIN contact_point c ON c.person_id = w.person_id JOIN message m ON m.contact_point_id = c.id
        WHERE h.kind IN ('bereavement', 'protected_identity') AND m.audience = 'family' AND m.sent_at > h.starts_at
          AND m.sent_at < coalesce(h.ended_at, 'infinity')
        UNION
        SELECT m.id FROM hold h JOIN pregnancy g ON g.id = h.pregnancy_id
        JOIN contact_point c ON c.person_id = g.mother_id JOIN message m ON m.contact_point_id = c.id
        WHERE m.audience = 'family' AND m.sent_at > h.starts_at AND m.sent_at < coalesce(h.ended_at, 'infinity')
        """,
    ),
    Check(
        "text_waits_under_hold",
        "3.5",
        "family texts queued for a household in which a loss is held",
        """
        SELECT m.id FROM hold h JOIN message m ON m.household_id = h.household_id
        WHERE h.kind = 'bereavement' AND h.ended_at IS NULL AND h.starts_at < :message_late_by
          AND m.audience = 'family' AND m.state = 'queued' AND m.send_after < :message_late_by
        """,
    ),
    Check(
        "moved_out_and_nobodys",
        "hazard 17",
        "people who moved out, accepted by nobody, whom no live follow-up of a move keeps ours",
        f"""
        SELECT h.id FROM hold h
        WHERE h.kind = 'moved_out' AND h.ended_at IS NULL AND h.handover_id IS NULL AND h.starts_at < :settled_by
          AND NOT EXISTS (
            SELECT FROM family_event v JOIN follow_up f ON f.family_event_id = v.id
            WHERE v.kind = 'moved_out' AND {_LIVE} AND (f.household_id = h.household_id OR f.person_id = h.person_id
              OR f.household_id IN (SELECT w.household_id FROM household_member w
                                    WHERE w.person_id = h.person_id AND w.valid_until IS NULL)))
        """,
    ),
    of_each_follow_up(
        "transfer_nobody_accepted",
        "hazard 17",
        "follow-ups closed as transferred by no acceptance, or by one that was taken back",
        """f.state = 'closed' AND f.closed_reason = 'transfer_accepted'
          AND NOT EXISTS (SELECT FROM handover o WHERE o.id = f.handover_id AND o.withdrawn_at IS NULL)""",
    ),
    Check(
        "apart_under_one_roof",
        "hazard 18",
        "people who live apart by a person's act and are in one household again",
        f"""
        SELECT DISTINCT mine.split_id FROM {_APART}
        JOIN household_member one ON one.person_id = mine.person_id AND one.valid_until IS NULL
        JOIN household_member two ON two.person_id = theirs.person_id AND two.valid_until IS NULL
        WHERE one.household_id = two.household_id AND mine.person_id < theirs.person_id
        """,
    ),
    Check(
        "filed_with_the_other_side",
        "hazard 18",
        "live follow-ups filed under the household of those whom the person lives apart from",
        f"""
        SELECT f.id FROM {_APART}
        JOIN follow_up f ON f.person_id = mine.person_id
        JOIN household_member two ON two.person_id = theirs.person_id AND two.valid_until IS NULL
        WHERE {_LIVE} AND f.household_id = two.household_id
        """,
    ),
    Check(
        "text_to_the_other_side",
        "hazard 1",
        "family texts waiting, or begun since the split, about somebody whom the recipient lives apart from",
        f"""
        SELECT m.id FROM {_APART}
        JOIN contact_point c ON c.person_id = theirs.person_id JOIN message m ON m.contact_point_id = c.id
        JOIN message_subject j ON j.message_id = m.id
        LEFT JOIN follow_up f ON f.id = j.follow_up_id LEFT JOIN appointment a ON a.id = j.appointment_id
        WHERE m.audience = 'family' AND coalesce(f.person_id, a.person_id) = mine.person_id
          AND (m.sent_at > s.done_at OR (m.state = 'queued' AND m.send_after < :message_late_by))
        """,
    ),
    Check(
        "closed_record_in_view",
        "hazard 27",
        "records closed for protection that are filed where more than the named nurse looks",
        f"""
        SELECT p.id FROM person p LEFT JOIN team t ON t.id = p.team_id
        WHERE p.protected_at IS NOT NULL AND NOT coalesce(t.restricted, false)
        UNION
        SELECT f.id FROM person p JOIN follow_up f ON f.person_id = p.id LEFT JOIN team t ON t.id = f.team_id
        WHERE p.protected_at IS NOT NULL AND {_LIVE} AND NOT coalesce(t.restricted, false)
        UNION
        SELECT w.id FROM person p JOIN household_member mine ON mine.person_id = p.id AND mine.valid_until IS NULL
        JOIN household_member w ON w.household_id = mine.household_id AND w.person_id <> p.id AND w.valid_until IS NULL
        WHERE p.protected_at IS NOT NULL
        """,
    ),
    Check(
        "hold_past_review",
        "3.9",
        "holds past the time by which a person should have decided; their texts stay blocked",
        "SELECT h.id FROM hold h WHERE h.ended_at IS NULL AND h.handover_id IS NULL AND h.review_at < :late_by",
        warns_only=True,
    ),
)
