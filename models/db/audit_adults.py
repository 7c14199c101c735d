"""What must always hold of the question who else cares for a child, as questions whose answer should be empty."""

from models.db.audit_check import Check

CHECKS: tuple[Check, ...] = (
    Check(
        "carers_question_overdue",
        "domain.md 5",
        "households whose open question, who else cares for the baby, was not put again in time",
        """
        SELECT q.household_id AS id FROM carers_question q JOIN household h ON h.id = q.household_id
        WHERE q.next_due_at < :late_by AND h.merged_into IS NULL
        """,
    ),
    Check(
        "changed_household_not_asked",
        "domain.md 5",
        "households that an adult joined after the answer, and that nobody has been asked about since",
        """
        SELECT q.household_id AS id FROM carers_question q
        WHERE q.occasion IS NULL AND EXISTS (
            SELECT FROM household_member m WHERE m.household_id = q.household_id AND m.valid_until IS NULL
              AND m.role NOT IN ('child', 'unborn') AND m.valid_from > q.answered_at AND m.valid_from < :late_by)
        """,
    ),
    Check(
        "carers_answer_lost",
        "3.11",
        "households whose question does not stand as the last answer says",
        """
        SELECT q.household_id AS id FROM carers_question q
        LEFT JOIN LATERAL (SELECT c.answer FROM carers_answer c WHERE c.household_id = q.household_id
                           ORDER BY c.id DESC LIMIT 1) AS newest ON true
        WHERE q.answer <> coalesce(newest.answer, 'not_asked')
        """,
    ),
)
