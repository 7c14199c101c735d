"""What must always hold of prompts, red flags, referrals, challenges and actions, as questions over all ages.

Written apart from the engine's own queries on purpose, like `models.db.audit_checks`, which joins these to its own.
"""

from models.db.audit_check import Check

CHECKS: tuple[Check, ...] = (
    Check(
        "indicator_without_verdict",
        "3.1",
        "recorded indicators that are due to nobody and that no rule has looked at, or whose prompt is gone",
        """
        SELECT i.id FROM indicator i
        WHERE i.examine_at IS NULL AND (i.verdict IS NULL OR i.examined_at IS NULL
          OR (i.verdict IN ('prompt', 'merged') AND NOT EXISTS (
              SELECT FROM referral_prompt p WHERE p.id = i.prompt_id AND p.person_id = i.person_id))
          OR (i.verdict = 'review' AND NOT EXISTS (SELECT FROM indicator_review r WHERE r.indicator_id = i.id)))
        """,
    ),
    Check(
        "history_not_looked_at_in_pregnancy",
        "3.1",
        "mental-health histories that nobody has looked at since the pregnancy that now goes on",
        """
        SELECT i.id FROM pregnancy g JOIN indicator i ON i.person_id = g.mother_id
        WHERE g.outcome IN ('unknown', 'continuing') AND i.standing AND i.examined_at < g.created_at
          AND g.created_at < :settled_by
        """,
    ),
    Check(
        "prompt_without_alert",
        "3.2",
        "undecided prompts of which nobody is told",
        """
        SELECT p.id FROM referral_prompt p
        WHERE p.decision IS NULL AND p.times_asked > 0
          AND NOT EXISTS (SELECT FROM alert l WHERE l.referral_prompt_id = p.id AND l.state = 'open')
        """,
    ),
    Check(
        "prompt_review_overdue",
        "3.2",
        "prompts not referred whose review date has passed and that nobody was asked about again",
        "SELECT p.id FROM referral_prompt p WHERE p.review_due_at < :late_by",
    ),
    Check(
        "not_referred_without_review",
        "3.3",
        "prompts closed without a referral that nobody will look at again",
        """
        SELECT p.id FROM referral_prompt p LEFT JOIN referral_prompt main ON main.id = p.answered_with
        WHERE p.decision IN ('already_known', 'not_indicated') AND p.review_due_at IS NULL AND main.id IS NULL
        """,
    ),
    Check(
        "referred_without_referral",
        "3.1",
        "decisions to refer that have no referral to be chased",
        """
        SELECT p.id FROM referral_prompt p
        WHERE p.decision = 'refer' AND p.answered_with IS NULL AND p.decided_at < :settled_by
          AND NOT EXISTS (SELECT FROM referral r WHERE r.prompt_id = p.id)
        """,
    ),
    Check(
        "old_score_on_no_list",
        "3.2",
        "old indicators to read of which no open task tells their owner",
        """
        SELECT r.indicator_id FROM indicator_review r
        WHERE r.reviewed_at IS NULL AND r.listed_at < :settled_by AND NOT EXISTS (
            SELECT FROM alert l WHERE l.state = 'open' AND l.dedupe_key = concat_ws(':', 'alert:indicator_review',
                CASE WHEN r.owner_practitioner_id IS NULL THEN 'team' ELSE 'practitioner' END,
                coalesce(r.owner_practitioner_id, r.owner_team_id), coalesce(CAST(r.team_id AS text), 'none')))
        """,
    ),
    Check(
        "red_flag_not_on_follow_up",
        "3.7",
        "live follow-ups of families with a red flag that do not carry it",
        """
        SELECT f.id FROM flag g
        JOIN household_member m ON m.person_id = g.person_id AND m.valid_until IS NULL
        JOIN follow_up f ON f.household_id = m.household_id
        WHERE g.code = 'red_flag' AND g.ended_at IS NULL AND g.set_at < :settled_by AND f.opened_at < :settled_by
          AND f.next_due_at IS NOT NULL AND NOT f.red_flag
        UNION
        SELECT f.id FROM flag g JOIN follow_up f ON f.person_id = g.person_id
        WHERE g.code = 'red_flag' AND g.ended_at IS NULL AND g.set_at < :settled_by AND f.opened_at < :settled_by
          AND f.next_due_at IS NOT NULL AND NOT f.red_flag
        """,
    ),
    Check(
        "red_flag_never_confirmed",
        "3.2",
        "red flags that nobody will be asked about, or whose time to be asked about has passed",
        """
        SELECT g.id FROM flag g
        WHERE g.code = 'red_flag' AND g.ended_at IS NULL
          AND coalesce(g.review_at, g.set_at) < :late_by AND (g.review_at IS NULL OR g.review_at < :late_by)
        """,
    ),
    Check(
        "referral_hop_not_looked_at",
        "3.1",
        "referrals whose next step is late and that nobody has noticed",
        "SELECT r.id FROM referral r WHERE r.hop_due_at < :late_by AND r.hop_late_at IS NULL",
    ),
    Check(
        "referral_late_and_closed",
        "3.3",
        "referrals whose next step is late though a person closed their follow-up: is that still right?",
        """
        SELECT r.id FROM referral r JOIN follow_up f ON f.referral_id = r.id
        WHERE r.hop_late_at IS NOT NULL AND f.state = 'closed'
        """,
        warns_only=True,
    ),
    Check(
        "challenge_overdue",
        "3.2",
        "open challenges whose time has passed and whose owner was not told, or of which nobody is told",
        """
        SELECT c.id FROM challenge c
        WHERE c.resolved_at IS NULL AND (c.next_due_at IS NULL OR c.next_due_at < :late_by
          OR (c.times_asked > 0 AND NOT EXISTS (
              SELECT FROM alert l WHERE l.state = 'open' AND l.dedupe_key = concat_ws(
                  ':', 'alert:challenge:challenge', c.id, c.state, c.times_asked, 0))))
        """,
    ),
    Check(
        "action_overdue",
        "3.2",
        "agreed actions whose time has passed and whose owner was not told, or of which nobody is told",
        """
        SELECT a.id FROM planned_action a
        WHERE a.ended_at IS NULL AND (a.next_due_at IS NULL OR a.next_due_at < :late_by
          OR (a.times_asked > 0 AND NOT EXISTS (
              SELECT FROM alert l WHERE l.state = 'open' AND l.dedupe_key = concat_ws(
                  ':', 'alert:action_overdue:planned_action', a.id, a.due_on, a.times_asked, 0))))
        """,
    ),
)
