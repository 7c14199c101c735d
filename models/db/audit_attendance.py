"""What must always hold of corrections and declines, as questions whose answers should be empty. At any age."""

from models.db.audit_check import Check, of_each_follow_up

_THREAD = "f.trigger IN ('missed', 'cancelled', 'never_booked', 'overdue', 'declined')"

CHECKS: tuple[Check, ...] = (
    Check(
        "two_ladders_for_one_contact",
        "3.1",
        "contacts of a person with two live follow-ups that climb, so that two people are told of one thread",
        f"""
        SELECT max(f.id) AS id FROM follow_up f
        WHERE f.state IN ('open', 'seen', 'closing') AND {_THREAD} AND f.opened_at < :settled_by
          AND NOT EXISTS (SELECT FROM person p WHERE p.id = f.person_id AND p.threads_due_at IS NOT NULL)
        GROUP BY f.person_id, f.contact_code HAVING count(*) > 1
        """,
    ),
    Check(
        "threads_not_looked_at",
        "3.1",
        "people whose records changed and whose threads the engine has not put in order",
        "SELECT p.id FROM person p WHERE p.threads_due_at < :late_by",
    ),
    Check(
        "counts_more_misses_than_there_are",
        "3.1",
        "follow-ups that say more misses in a row than their thread holds",
        """
        WITH RECURSIVE thread AS (
            SELECT f.id AS member, f.continued_in AS at, 1 + f.earlier_misses AS misses, 1 AS hops
            FROM follow_up f WHERE f.continued_in IS NOT NULL
            UNION ALL
            SELECT t.member, f.continued_in, t.misses, t.hops + 1 FROM thread t JOIN follow_up f ON f.id = t.at
            WHERE f.state = 'continued' AND t.hops < 1000
        ), held AS (SELECT at, sum(misses) AS misses FROM thread GROUP BY at)
        SELECT f.id FROM follow_up f LEFT JOIN held h ON h.at = f.id
        WHERE f.miss_count > 1 AND f.state IN ('open', 'backlog', 'seen', 'closing') AND f.trigger <> 'family_event'
          AND f.miss_count > 1 + f.earlier_misses + coalesce(h.misses, 0)
        """,
    ),
    Check(
        "follow_up_of_another_person",
        "hazard 12",
        "follow-ups of an appointment that was put right to be another person's, still on the first one",
        """
        SELECT f.id FROM appointment_event e
        JOIN appointment a ON a.id = e.appointment_id JOIN follow_up f ON f.appointment_id = a.id
        WHERE e.detail ->> 'person_was' <> '' AND f.person_id <> a.person_id
          AND (a.reconsider_at IS NULL OR a.reconsider_at < :settled_by)
        """,
    ),
    Check(
        "seen_by_what_was_no_visit",
        "3.3",
        "follow-ups that wait to be closed as seen on the evidence of an appointment that no longer shows it",
        """
        SELECT f.id FROM follow_up f
        JOIN appointment a ON a.id = CAST(substr(f.seen_evidence, 13) AS bigint)
        WHERE f.seen_evidence ~ '^appointment [0-9]+$' AND f.state IN ('seen', 'closing')
          AND a.status NOT IN ('attended', 'attended_late')
          AND (a.reconsider_at IS NULL OR a.reconsider_at < :settled_by)
        """,
    ),
    of_each_follow_up(
        "decline_without_its_answers",
        "3.1",
        "follow-ups of a declined contact without a row for who declined, why, and who last saw the child",
        """f.trigger = 'declined' AND f.state IN ('open', 'backlog', 'seen', 'closing')
          AND NOT EXISTS (SELECT FROM decline d WHERE d.follow_up_id = f.id AND d.withdrawn_at IS NULL)""",
    ),
    Check(
        "decline_closed_incomplete",
        "3.3",
        "declines closed as reviewed though something of them was never written down",
        """
        SELECT d.follow_up_id AS id FROM decline d JOIN follow_up f ON f.id = d.follow_up_id
        WHERE f.closed_reason = 'declined_reviewed' AND d.withdrawn_at IS NULL AND d.completed_at IS NULL
        """,
    ),
    of_each_follow_up(
        "cancellation_nobody_asks_about",
        "3.2",
        "cancellations by nobody knows whom, followed up, about which no person was asked",
        """f.how = 'by_unknown' AND f.trigger = 'cancelled' AND f.state = 'open' AND f.opened_at < :settled_by
          AND NOT EXISTS (
            SELECT FROM alert l WHERE l.follow_up_id = f.id AND l.kind = 'cancellation_unexplained')""",
    ),
)
