"""What must always hold of sharing and of discharges, each as a question whose answer should be empty. At any age."""

from models.db.audit_check import Check

CHECKS: tuple[Check, ...] = (
    Check(
        "adult_miss_without_decision",
        "4",
        "missed contacts of adults that nobody decides about: not told, not held, not refused, not needless by a rule",
        """
        SELECT a.id FROM appointment a
        WHERE a.status = 'missed' AND a.contact_code = ANY(CAST(:told_contacts AS text[]))
          AND (a.subject_role IS NULL OR a.subject_role <> 'child')
          AND (a.subtype IS NULL OR a.subtype NOT IN ('person_died', 'deferred'))
          AND (a.reconsider_at IS NULL OR a.reconsider_at < :settled_by)
          AND NOT EXISTS (SELECT FROM disclosure d WHERE d.appointment_id = a.id AND d.state <> 'withdrawn')
        """,
    ),
    Check(
        "disclosure_overdue",
        "4",
        "questions whether another service is told, past the time when they are told, asked about or freed from a hold",
        "SELECT d.id FROM disclosure d WHERE d.next_due_at < :late_by",
    ),
    Check(
        "question_without_person",
        "3.2",
        "questions whether another service is told that wait for a person and that no person has been asked",
        """
        SELECT d.id FROM disclosure d
        WHERE d.state = 'asked' AND NOT EXISTS (
            SELECT FROM alert l WHERE l.state = 'open' AND l.dedupe_key IN (
                'alert:disclosure_due:appointment:' || d.appointment_id || ':',
                'alert:disclosure_due:discharge:' || d.discharge_id || ':'))
        """,
    ),
    Check(
        "question_of_the_dead",
        "4",
        "questions whether another service is told of a missed contact, still open though the adult has died",
        """
        SELECT d.id FROM disclosure d JOIN hold h ON h.about_person_id = d.person_id
        WHERE d.state IN ('waiting', 'asked', 'held') AND d.appointment_id IS NOT NULL
          AND h.ended_at IS NULL AND h.apply_at IS NULL AND h.starts_at < :settled_by
        """,
    ),
    Check(
        "question_ended_by_no_death",
        "4",
        "missed contacts that nobody has to be told of because the adult has died, of adults who have not",
        """
        SELECT d.id FROM disclosure d JOIN person p ON p.id = d.person_id JOIN appointment a ON a.id = d.appointment_id
        WHERE d.why_not = 'person_died' AND p.life_status <> 'deceased' AND a.status = 'missed'
          AND (a.reconsider_at IS NULL OR a.reconsider_at < :settled_by)
        """,
    ),
    Check(
        "shared_with_nobody",
        "4",
        "disclosures that say they were made and name nobody who was told",
        """
        SELECT d.id FROM disclosure d
        WHERE d.state = 'shared' AND NOT EXISTS (SELECT FROM disclosure_recipient r WHERE r.disclosure_id = d.id)
        """,
    ),
    Check(
        "shared_without_ground",
        "4",
        "disclosures by the machine for which no agreement of the two services stood at that time",
        """
        SELECT d.id FROM disclosure d LEFT JOIN sharing_agreement s ON s.id = d.agreement_id
        WHERE d.state = 'shared' AND d.decided_by = 'engine'
          AND (s.id IS NULL OR s.from_service <> d.from_service OR s.to_service <> d.to_service
               OR s.signed_at > d.decided_at OR s.ended_at < d.decided_at
               OR s.valid_until < CAST(d.decided_at AS date) - 1)
        """,
    ),
    Check(
        "discharged_before_others_were_told",
        "4",
        "discharges settled before health visitor and GP had received the question",
        """
        SELECT x.id FROM discharge x
        WHERE x.state = 'discharged' AND (
            NOT EXISTS (SELECT FROM disclosure d WHERE d.discharge_id = x.id AND d.to_service = x.gp_service
                        AND d.received_at <= x.settled_at)
            OR (x.visitor_needed AND NOT EXISTS (
                SELECT FROM disclosure d WHERE d.discharge_id = x.id AND d.to_service = x.visitor_service
                  AND d.received_at <= x.settled_at)))
        """,
    ),
    Check(
        "discharge_overdue",
        "4",
        "proposed discharges not asked about again in time, or families not looked at again after one",
        "SELECT x.id FROM discharge x WHERE x.next_due_at < :late_by",
    ),
    Check(
        "sharing_agreement_lapsed",
        "4",
        "agreements to share that have lapsed and that nobody has renewed or ended: a person is asked each time",
        """
        SELECT s.id FROM sharing_agreement s
        WHERE s.ended_at IS NULL AND s.valid_until < CAST(CAST(:now AS timestamptz) AS date)
        """,
        warns_only=True,
    ),
)
