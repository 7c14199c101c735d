"""What must always hold (design 3), each as a question to the database whose answer should be empty. At any age.

Written apart from the engine's own queries on purpose: the same mistake twice is less likely.
"""

from models.db import (
    audit_adults,
    audit_attendance,
    audit_holds,
    audit_merges,
    audit_patterns,
    audit_planning,
    audit_prompts,
    audit_sharing,
    audit_staffing,
)
from models.db.audit_check import Check, of_each_follow_up

_LIVE = "f.state IN ('open', 'backlog', 'seen', 'closing')"

CHECKS: tuple[Check, ...] = (
    *audit_staffing.CHECKS,
    Check(
        "appointment_without_follow_up",
        "3.1",
        "appointments missed, not seen, cancelled, declined or without an outcome that have no follow-up",
        """
        SELECT a.id FROM appointment a
        WHERE (a.status IN ('missed', 'arrived_not_seen', 'outcome_due', 'cancelled_by_family', 'cancelled_by_service',
                            'cancelled', 'declined') OR a.subtype = 'child_not_seen')
          AND a.status NOT IN ('void', 'planned', 'booked', 'arrived') AND a.subtype IS DISTINCT FROM 'person_died'
          AND (a.reconsider_at IS NULL OR a.reconsider_at < :settled_by)
          AND NOT EXISTS (SELECT FROM follow_up f WHERE f.appointment_id = a.id)
        """,
    ),
    Check(
        "outcome_overdue_not_looked_at",
        "3.8",
        "appointments that ended, with fresher data in hand, and nobody has looked whether an outcome came",
        """
        SELECT a.id FROM source s JOIN appointment a ON a.source_id = s.id
        WHERE a.outcome_due_at < :settled_by AND a.outcome_due_at < s.as_of
        """,
    ),
    Check(
        "change_not_looked_at",
        "3.1",
        "appointments that came or changed and that the engine has not looked at",
        "SELECT a.id FROM appointment a WHERE a.reconsider_at < :settled_by",
    ),
    Check(
        "overdue_contact_without_follow_up",
        "3.1",
        "expected contacts overdue that have no follow-up, of their own or of an appointment of theirs",
        """
        SELECT e.id FROM expected_contact e
        WHERE e.state = 'overdue' AND NOT EXISTS (SELECT FROM follow_up f WHERE f.expected_contact_id = e.id)
          AND NOT EXISTS (
            SELECT FROM appointment a JOIN follow_up f ON f.appointment_id = a.id
            WHERE a.expected_contact_id = e.id AND f.trigger <> 'corrected')
        """,
    ),
    Check(
        "expected_contact_not_looked_at",
        "3.1",
        "expected contacts past the time to look whether they are booked",
        "SELECT e.id FROM expected_contact e WHERE e.next_due_at < :late_by",
    ),
    Check(
        "referral_without_follow_up",
        "3.1",
        "referrals whose next step is late that have no follow-up",
        """
        SELECT r.id FROM referral r
        WHERE (r.hop_late_at IS NOT NULL OR r.hop_due_at < :late_by)
          AND NOT EXISTS (SELECT FROM follow_up f WHERE f.referral_id = r.id)
        """,
    ),
    Check(
        "family_event_without_follow_up",
        "3.1",
        "family events that should have opened a follow-up and have none",
        """
        SELECT v.id FROM family_event v
        WHERE v.opens_follow_up AND coalesce(v.open_at, v.recorded_at) < :settled_by
          AND NOT EXISTS (SELECT FROM follow_up f WHERE f.family_event_id = v.id)
        """,
    ),
    of_each_follow_up(
        "live_without_due_time_or_owner",
        "3.2",
        "live follow-ups without a next due time, a pathway version or an owner",
        f"""{_LIVE} AND (f.next_due_at IS NULL OR coalesce(f.owner_practitioner_id, f.owner_team_id) IS NULL
          OR (f.pathway_code, f.pathway_version) NOT IN (SELECT v.code, v.version FROM pathway_version v))""",
    ),
    Check(
        "follow_up_overdue_to_advance",
        "3.7",
        "live follow-ups whose due time passed and that the engine has not advanced",
        "SELECT f.id FROM follow_up f WHERE f.next_due_at < :late_by",
    ),
    of_each_follow_up(
        "closed_without_reason",
        "3.3",
        "follow-ups closed without a person, a time or a reason",
        """f.state = 'closed' AND (f.closed_by IS NULL OR f.closed_at IS NULL OR f.closed_reason IS NULL
          OR f.closed_by NOT LIKE 'person:%'
             AND NOT (f.trigger = 'outcome_not_recorded' AND f.closed_by LIKE 'import:%'))""",
    ),
    of_each_follow_up(
        "high_risk_closed_by_one_person",
        "3.3",
        "high-risk follow-ups closed without a second person",
        """f.state = 'closed' AND f.high_risk AND f.trigger <> 'outcome_not_recorded'
          AND (f.closing_by IS NULL OR f.closing_by = f.closed_by)""",
    ),
    Check(
        "thread_lost",
        "3.1",
        "follow-ups that go on in another one that is no longer there to go on in",
        """
        WITH RECURSIVE thread AS (
            SELECT f.id AS start, f.continued_in AS at, 1 AS hops FROM follow_up f WHERE f.continued_in IS NOT NULL
            UNION ALL
            SELECT t.start, f.continued_in, t.hops + 1 FROM thread t JOIN follow_up f ON f.id = t.at
            WHERE f.state = 'continued' AND t.hops < 1000
        )
        SELECT t.start FROM thread t LEFT JOIN follow_up f ON f.id = t.at WHERE f.id IS NULL OR t.hops >= 1000
        """,
    ),
    of_each_follow_up(
        "high_risk_hidden_in_backlog",
        "3.7",
        "children with a high-risk follow-up that stands in the backlog",
        "f.state = 'backlog' AND f.high_risk",
    ),
    Check(
        "alert_of_ended_follow_up",
        "3.2",
        "open alerts of follow-ups that have ended",
        f"""
        SELECT l.id FROM alert l JOIN follow_up f ON f.id = l.follow_up_id
        WHERE l.state = 'open' AND l.next_due_at IS NULL AND NOT ({_LIVE})
        """,
    ),
    Check(
        "alert_overdue",
        "3.9",
        "open alerts past their due time that nobody was told of again",
        "SELECT l.id FROM alert l WHERE l.state = 'open' AND l.next_due_at < :late_by",
    ),
    Check(
        "prompt_overdue",
        "3.2",
        "referral prompts without a decision that were not asked again in time",
        "SELECT p.id FROM referral_prompt p WHERE p.next_due_at < :late_by",
    ),
    Check(
        "indicator_not_looked_at",
        "3.1",
        "scores in the record that no prompt rule has looked at",
        "SELECT i.id FROM indicator i WHERE i.examine_at < :late_by",
    ),
    Check(
        "message_overdue",
        "3.7",
        "texts and e-mails due, or leased to a sender that is gone, that nobody has tried to send",
        """
        SELECT m.id FROM message m WHERE m.state = 'queued' AND m.send_after < :message_late_by
        UNION ALL
        SELECT m.id FROM message m WHERE m.state = 'claimed' AND m.lease_until < :message_late_by
        """,
    ),
    Check(
        "message_never_settled",
        "3.6",
        "messages that left, or may have, and whose fate nobody has asked for in time",
        """
        SELECT m.id FROM message m
        WHERE m.state IN ('sending', 'sent') AND m.settle_due_at < :sending_by
        """,
    ),
    Check(
        "held_text_past_its_time",
        "3.7",
        "texts that waited for a release past their useful time and are still held as if they could go",
        "SELECT m.id FROM message m WHERE m.state = 'held' AND m.not_after < :late_by",
    ),
    Check(
        "reminders_not_looked_at",
        "3.7",
        "appointments to come whose reminders nobody has planned",
        "SELECT a.id FROM appointment a WHERE a.reminders_due_at < :late_by",
    ),
    Check(
        "message_of_unknown_fate_without_person",
        "3.6",
        "family texts of unknown fate that no person was told of",
        """
        SELECT m.id FROM message m
        WHERE m.state = 'unknown' AND m.audience = 'family'
          AND NOT EXISTS (SELECT FROM alert l WHERE l.message_id = m.id)
        """,
    ),
    Check(
        "message_without_subject",
        "3.4",
        "messages that speak for nothing",
        "SELECT m.id FROM message m WHERE NOT EXISTS (SELECT FROM message_subject s WHERE s.message_id = m.id)",
    ),
    Check(
        "text_without_release",
        "3.5",
        "texts after a miss that left without a person's release",
        """
        SELECT m.id FROM message m
        JOIN message_subject s ON s.message_id = m.id JOIN follow_up f ON f.id = s.follow_up_id
        WHERE m.purpose = 'after_miss' AND m.audience = 'family' AND m.sent_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM follow_up_event e WHERE e.follow_up_id = f.id AND e.event = 'text_released')
        """,
    ),
    Check(
        "text_for_unrecorded_outcome",
        "3.8",
        "family texts sent about an appointment whose outcome nobody has recorded",
        """
        SELECT m.id FROM message m
        JOIN message_subject s ON s.message_id = m.id JOIN follow_up f ON f.id = s.follow_up_id
        WHERE m.purpose = 'after_miss' AND m.sent_at IS NOT NULL AND f.trigger = 'outcome_not_recorded' AND f.cycle = 1
        """,
    ),
    Check(
        "child_without_plan",
        "3.1",
        "children under school age in the register for whom no contact was ever planned",
        """
        SELECT p.id FROM person p JOIN household_member h ON h.person_id = p.id AND h.role = 'child'
        WHERE p.content_hash IS NOT NULL AND p.life_status <> 'deceased' AND h.valid_until IS NULL
          AND p.date_of_birth > CAST(:now AS timestamptz) - interval '30 months'
          AND NOT EXISTS (SELECT FROM expected_contact e WHERE e.person_id = p.id)
        """,
    ),
    Check(
        "late_feed_without_alarm",
        "3.8",
        "sources past their rhythm that no person was told of",
        """
        SELECT s.id FROM source s
        WHERE s.next_expected_at < :late_by
          AND NOT EXISTS (SELECT FROM alert l WHERE l.source_id = s.id AND l.kind = 'feed_late' AND l.state = 'open')
        """,
    ),
    Check(
        "no_last_resort_owner",
        "3.2",
        "deployments without a last-resort owner (run `steadfast migrate`)",
        "SELECT 0 WHERE NOT EXISTS (SELECT FROM practitioner WHERE last_resort)",
    ),
    Check(
        "owner_without_address",
        "3.2",
        "owners of live work with neither an account nor an e-mail address: they see nothing of it",
        f"""
        SELECT DISTINCT p.id FROM follow_up f JOIN practitioner p ON p.id = f.owner_practitioner_id
        WHERE {_LIVE} AND p.email IS NULL
          AND NOT EXISTS (SELECT FROM account a WHERE a.practitioner_id = p.id AND a.disabled_at IS NULL)
        """,
        warns_only=True,
    ),
    Check(
        "leaver_holds_work",
        "3.9",
        "people who have left and still have live work in their name",
        f"""
        SELECT DISTINCT p.id FROM follow_up f JOIN practitioner p ON p.id = f.owner_practitioner_id
        WHERE {_LIVE} AND p.active_until < CAST(CAST(:now AS timestamptz) AS date)
        """,
        warns_only=True,
    ),
    Check(
        "team_without_lead",
        "3.2",
        "teams without a team lead: their steps go straight to the last-resort owner",
        "SELECT t.id FROM team t WHERE t.lead_practitioner_id IS NULL AND NOT t.restricted",
        warns_only=True,
    ),
    Check(
        "vanished",
        "3.8",
        "appointments gone from a full extract that no person has settled",
        "SELECT a.id FROM appointment a WHERE a.vanished_at IS NOT NULL",
        warns_only=True,
    ),
    Check(
        "last_resort_without_address",
        "3.2",
        "last-resort owners with neither an account nor an e-mail address",
        """
        SELECT p.id FROM practitioner p WHERE p.last_resort AND p.email IS NULL
          AND NOT EXISTS (SELECT FROM account a WHERE a.practitioner_id = p.id AND a.disabled_at IS NULL)
        """,
        warns_only=True,
    ),
    *audit_patterns.CHECKS,
    *audit_planning.CHECKS,
    *audit_sharing.CHECKS,
    *audit_adults.CHECKS,
    *audit_holds.CHECKS,
    *audit_attendance.CHECKS,
    *audit_merges.CHECKS,
    *audit_prompts.CHECKS,
)
