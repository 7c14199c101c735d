"""What must always hold of joined records, as questions whose answers should be empty. At any age."""

from models.db.audit_check import Check

CHECKS: tuple[Check, ...] = (
    Check(
        "work_on_a_record_that_is_gone",
        "hazard 12",
        "people whose record was joined with another and that still have appointments, live follow-ups, plans or holds",
        """
        SELECT p.id FROM person p
        WHERE p.merged_into IS NOT NULL AND (
            EXISTS (SELECT FROM appointment a WHERE a.person_id = p.id)
            OR EXISTS (SELECT FROM follow_up f
                       WHERE f.person_id = p.id AND f.state IN ('open', 'backlog', 'seen', 'closing'))
            OR EXISTS (SELECT FROM expected_contact e WHERE e.person_id = p.id AND e.state IN ('planned', 'booked'))
            OR EXISTS (SELECT FROM hold h WHERE h.person_id = p.id AND h.ended_at IS NULL)
            OR EXISTS (SELECT FROM caseload_move v WHERE v.person_id = p.id AND v.state = 'planned')
            OR EXISTS (SELECT FROM person_identifier i WHERE i.person_id = p.id))
        UNION ALL
        SELECT h.id FROM household h
        WHERE h.merged_into IS NOT NULL AND (
            EXISTS (SELECT FROM household_member m WHERE m.household_id = h.id AND m.valid_until IS NULL)
            OR EXISTS (SELECT FROM hold o WHERE o.household_id = h.id AND o.ended_at IS NULL)
            OR EXISTS (SELECT FROM planned_action a WHERE a.household_id = h.id AND a.state = 'open'))
        """,
    ),
    Check(
        "joined_records_in_a_chain",
        "hazard 12",
        "records that lead to one that is gone itself, so that imports lose their way",
        """
        SELECT p.id FROM person p JOIN person k ON k.id = p.merged_into WHERE k.merged_into IS NOT NULL
        UNION ALL
        SELECT h.id FROM household h JOIN household k ON k.id = h.merged_into WHERE k.merged_into IS NOT NULL
        """,
    ),
    Check(
        "record_gone_without_an_act",
        "3.12",
        "people joined with another record of which no act by a person is kept",
        """
        SELECT p.id FROM person p
        WHERE p.merged_into IS NOT NULL AND NOT EXISTS (SELECT FROM record_merge r WHERE r.gone_person_id = p.id)
        """,
    ),
    Check(
        "merge_proposal_nobody_decides",
        "3.2",
        "pairs of records that may be one and about which no person is asked",
        """
        SELECT m.id FROM merge_proposal m
        WHERE m.state = 'open' AND m.raised_at < :settled_by AND NOT EXISTS (
            SELECT FROM alert l WHERE l.dedupe_key = 'alert:merge_proposed:merge_proposal:' || m.id || ':'
              AND l.state = 'open')
        """,
    ),
)
