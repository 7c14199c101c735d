"""What must always hold of who has the work (design 3.9), as questions whose answer should be empty. At any age.

Written apart from the engine's own queries on purpose: the same mistake twice is less likely.
"""

from models.db.audit_check import Check

_LIVE = "f.state IN ('open', 'backlog', 'seen', 'closing')"
_AWAY_SINCE = """
    SELECT FROM absence a WHERE a.practitioner_id = p.id AND a.called_off_at IS NULL
      AND greatest(a.starts_at, a.recorded_at) < :late_by AND a.ends_at > :now
"""

CHECKS: tuple[Check, ...] = (
    Check(
        "work_waits_for_somebody_away",
        "3.9",
        "live follow-ups in the name of somebody who is away or has left, and that nobody else was told of",
        f"""
        SELECT f.id FROM follow_up f JOIN practitioner p ON p.id = f.owner_practitioner_id
        WHERE {_LIVE} AND NOT p.last_resort AND (
            p.active_until < CAST(:late_by AS timestamptz)::date - 1 OR EXISTS ({_AWAY_SINCE}))
        """,
    ),
    Check(
        "staff_change_not_looked_at",
        "3.9",
        "practitioners who went away or left, and whose work nobody has looked at",
        "SELECT p.id FROM practitioner p WHERE p.look_at < :late_by",
    ),
    Check(
        "absence_nobody_will_look_at",
        "3.9",
        "absences to come at whose beginning nobody is going to look at the work",
        """
        SELECT a.id FROM absence a JOIN practitioner p ON p.id = a.practitioner_id
        WHERE a.called_off_at IS NULL AND a.starts_at > :now AND coalesce(p.look_at > a.starts_at, true)
        """,
    ),
    Check(
        "caseload_move_not_applied",
        "3.9",
        "families whose caseload was to move by now, and has not",
        "SELECT m.id FROM caseload_move m WHERE m.due_at < :late_by",
    ),
    Check(
        "more_time_asked_of_nobody",
        "3.2",
        "questions for more time for a step that no team lead was asked",
        """
        SELECT t.id FROM step_time t
        WHERE t.state = 'asked' AND t.asked_at < :late_by AND NOT EXISTS (
            SELECT FROM alert l
            WHERE l.follow_up_id = t.follow_up_id AND l.kind = 'step_extension' AND l.state = 'open')
        """,
    ),
    Check(
        "more_time_nobody_agreed_to",
        "3.2",
        "high-risk steps with more time than their ladder gives, without a team lead's name",
        """
        SELECT t.id FROM step_time t
        WHERE t.state = 'in_force' AND t.high_risk AND t.due_at > t.planned_for AND t.agreed_by IS NULL
        """,
    ),
    Check(
        "agency_silent_unchallenged",
        "3.2",
        "agencies that did not answer in time, and whose silence nobody was told of",
        """
        SELECT c.id FROM agency_contact c WHERE c.reply_due_at < :late_by
        UNION ALL
        SELECT c.id FROM agency_contact c
        WHERE c.challenge_raised_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM alert l WHERE l.follow_up_id = c.follow_up_id AND l.kind = 'challenge')
        """,
    ),
    Check(
        "routine_alert_untold",
        "hazard 13",
        "routine alerts that were in no e-mail to anybody, though whoever has them has an address and is alerted",
        """
        WITH unmailed AS MATERIALIZED (
            SELECT l.id, l.practitioner_id, l.team_id FROM alert l
            WHERE l.state = 'open' AND l.urgency = 'routine' AND l.acknowledged_at IS NULL AND l.raised_at < :untold_by
              AND NOT EXISTS (SELECT FROM message_subject s WHERE s.alert_id = l.id)
        )
        SELECT l.id FROM unmailed l JOIN practitioner p ON p.id = l.practitioner_id
        LEFT JOIN team t ON t.id = coalesce(l.team_id, p.team_id)
        WHERE p.email LIKE '%@%'
          AND (t.id IS NULL OR t.stage <> 'shadow' AND coalesce(t.stage_set_at < :untold_by, true))
        """,
    ),
    Check(
        "staffing_check_silent",
        "hazard 4",
        "weekly checks of staffing that have not run (`steadfast worker --lane engine`)",
        """
        SELECT 0 WHERE EXISTS (SELECT FROM team WHERE created_at < :staffing_by)
          AND NOT EXISTS (SELECT FROM tick WHERE name = 'staffing' AND succeeded_at >= :staffing_by)
        """,
    ),
    Check(
        "untested_route_without_signature",
        "hazard 16",
        "teams that are live without a tested route out of hours, for which no manager has signed",
        """
        SELECT t.id FROM team t
        WHERE t.stage <> 'shadow'
          AND NOT EXISTS (
            SELECT FROM contact_route r JOIN staffed_hours h ON h.route_id = r.id AND h.ended_at IS NULL
            WHERE (r.team_id = t.id OR r.team_id IS NULL) AND r.ended_at IS NULL AND r.tested_on IS NOT NULL)
          AND NOT EXISTS (SELECT FROM duty_gap g WHERE g.team_id = t.id AND g.until_at > :now)
        """,
        warns_only=True,
    ),
)
