"""What must always hold of planning, asked by other queries than the planner's. At any age."""

from datetime import datetime, timedelta

from models.db.audit_check import Check
from models.db.family_reviews import scores_json
from models.domain.audit_limits import PlanningLimits
from models.domain.words import PlannedService
from models.domain.working_time import add_months

_A_DAY = timedelta(days=1)  # a look on a working day may come before the day itself, never after


def parameters(limits: PlanningLimits, now: datetime) -> dict[str, object]:
    """What the checks below ask with, beside the moments of every check."""
    planning, review, today = limits.planning, limits.family_review, now.date()
    reviews, visits = (rule.service in planning.services for rule in (review, planning.discharge))
    return {
        "outcome_asked_by": today - planning.pregnancy.outcome_asked_after - _A_DAY,
        "outcome_recall_days": planning.pregnancy.outcome_recall_until.days,
        "review_contact": review.contact_code,
        "review_flags": sorted(review.flags) if reviews else [],
        "review_scores": scores_json(review.scores if reviews else ()),
        "preschool_since": add_months(today, -review.preschool_until_months),
        "stay_flag": planning.discharge.flag if visits else "",
        "stay_contact": planning.discharge.contact_code,
        "discharged_since": now - timedelta(days=planning.discharge.recall_days),
        "plans_by_parity": PlannedService.MIDWIFERY in planning.services,
        "parity_needed_by": today - planning.pregnancy.parity_needed_by,
    }


_OPEN = "g.outcome IN ('unknown', 'continuing')"
# Whoever was marked a moment ago is being planned.
_SETTLED = "NOT EXISTS (SELECT FROM plan_mark k WHERE k.person_id = {person} AND k.marked_at >= :settled_by)"

CHECKS: tuple[Check, ...] = (
    Check(
        "plan_not_looked_at",
        "3.1",
        "people whose plan had to be looked at again and was not",
        "SELECT DISTINCT k.person_id AS id FROM plan_mark k WHERE k.marked_at < :settled_by",
    ),
    Check(
        "pregnancy_not_looked_at",
        "3.1",
        "pregnancies past the time to look whether their outcome is known, or their dates moved",
        "SELECT g.id FROM pregnancy g WHERE g.next_due_at < :late_by",
    ),
    Check(
        "pregnancy_outcome_not_asked",
        "3.1",
        "pregnancies well past their due date, with neither a birth nor an outcome, that nobody was asked about",
        f"""
        SELECT g.id FROM pregnancy g JOIN person p ON p.id = g.mother_id
        WHERE {_OPEN} AND p.life_status <> 'deceased' AND g.edd < CAST(:outcome_asked_by AS date)
          AND CAST(g.created_at AS date) <= g.edd + CAST(:outcome_recall_days AS int)
          AND p.merged_into IS NULL AND {_SETTLED.format(person="g.mother_id")}
          AND NOT EXISTS (SELECT FROM family_event v WHERE v.person_id = g.mother_id
                          AND v.kind = 'pregnancy_outcome_unknown' AND v.recorded_at > g.created_at)
        """,
    ),
    Check(
        "pregnancy_without_plan",
        "3.1",
        "pregnancies that go on, which planning has never seen: nobody will ask for their outcome either",
        f"""
        SELECT g.id FROM pregnancy g JOIN person p ON p.id = g.mother_id
        WHERE {_OPEN} AND p.life_status <> 'deceased' AND g.created_at < :settled_by AND g.next_due_at IS NULL
          AND p.merged_into IS NULL
          AND g.edd > CAST(CAST(:now AS timestamptz) AS date) AND {_SETTLED.format(person="g.mother_id")}
        """,
    ),
    Check(
        "family_review_missing",
        "3.1",
        "households where a pre-school child lives with an adult with a mental-health indicator, without a next review",
        """
        WITH threshold AS (
            SELECT * FROM jsonb_to_recordset(CAST(:review_scores AS jsonb)) AS t (instrument text, total int, item int)
        ), told AS (
            SELECT f.person_id, f.set_at AS since FROM flag f WHERE f.code = ANY(CAST(:review_flags AS text[]))
            UNION ALL
            SELECT i.person_id, i.received_at FROM indicator i JOIN threshold t ON t.instrument = upper(i.instrument)
            JOIN household_member m ON m.person_id = i.person_id AND m.valid_until IS NULL
                 AND m.role NOT IN ('child', 'unborn')
            WHERE i.total >= t.total OR i.self_harm_item >= t.item
        ), home AS (
            SELECT DISTINCT m.household_id FROM told
            JOIN household_member m ON m.person_id = told.person_id AND m.valid_until IS NULL AND m.lives_with <> 'no'
            JOIN person p ON p.id = told.person_id AND p.life_status <> 'deceased'
            WHERE told.since < :settled_by
        )
        SELECT h.household_id AS id FROM home h
        WHERE EXISTS (
            SELECT FROM household_member c JOIN person p ON p.id = c.person_id
            WHERE c.household_id = h.household_id AND c.role = 'child' AND c.valid_until IS NULL
              AND c.valid_from < :settled_by AND p.life_status <> 'deceased'
              AND p.date_of_birth > CAST(:preschool_since AS date)
              AND NOT EXISTS (SELECT FROM school_handover s WHERE s.person_id = p.id AND s.withdrawn_at IS NULL))
          AND NOT EXISTS (SELECT FROM household_member m JOIN plan_mark k ON k.person_id = m.person_id
                          WHERE m.household_id = h.household_id AND m.valid_until IS NULL
                            AND k.marked_at >= :settled_by)
          AND NOT EXISTS (
            SELECT FROM expected_contact e
            WHERE e.household_id = h.household_id AND e.whole_family AND e.contact_code = :review_contact
              AND (e.state IN ('planned', 'booked') OR e.next_due_at >= :settled_by
                   OR e.state = 'overdue' AND (
                      EXISTS (SELECT FROM follow_up f WHERE f.expected_contact_id = e.id AND f.state <> 'closed')
                      OR EXISTS (SELECT FROM appointment a JOIN follow_up f ON f.appointment_id = a.id
                                 WHERE a.expected_contact_id = e.id AND f.state <> 'closed'))))
        """,
    ),
    Check(
        "discharge_without_visit",
        "3.1",
        "babies who left hospital lately and have no visit planned",
        f"""
        SELECT f.id FROM flag f JOIN person p ON p.id = f.person_id
        WHERE f.code = :stay_flag AND f.ended_at < :settled_by AND f.ended_at > :discharged_since
          AND p.life_status <> 'deceased' AND p.merged_into IS NULL AND {_SETTLED.format(person="p.id")}
          AND NOT EXISTS (SELECT FROM flag again WHERE again.person_id = f.person_id AND again.code = f.code
                          AND again.ended_at IS NULL)
          AND NOT EXISTS (SELECT FROM expected_contact e WHERE e.person_id = f.person_id
                          AND e.contact_code = :stay_contact AND e.first_received_at >= f.ended_at - interval '1 day')
        """,
    ),
    Check(
        "parity_unknown",
        "hazard 28",
        "pregnancies at 24 weeks or later whose parity nobody has told: contacts for a first birth are not planned",
        f"""
        SELECT g.id FROM pregnancy g JOIN person p ON p.id = g.mother_id AND p.merged_into IS NULL
        WHERE :plans_by_parity AND {_OPEN} AND g.nulliparous NOT IN ('yes', 'no')
          AND g.edd BETWEEN CAST(CAST(:now AS timestamptz) AS date) AND CAST(:parity_needed_by AS date)
        """,
        warns_only=True,
    ),
)
