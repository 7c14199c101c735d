"""Does everybody who should be looked at for patterns get looked at? Asked of the looks, not of the engine's marks."""

from models.db.audit_check import Check

CHECKS: tuple[Check, ...] = (
    Check(
        "pattern_not_looked_at",
        "3.1",
        "households whose day to be looked at for patterns has passed",
        "SELECT l.id FROM pattern_look l WHERE l.look_at < :late_by",
    ),
    Check(
        "follow_up_without_pattern_look",
        "3.1",
        "live follow-ups of a missed contact whose family nobody has looked at for patterns since they opened",
        """
        WITH unlooked AS MATERIALIZED (
            SELECT f.id, f.person_id, f.opened_at FROM follow_up f
            WHERE f.state IN ('open', 'seen', 'closing') AND f.opened_at < :settled_by
              AND f.trigger IN ('missed', 'cancelled', 'never_booked', 'overdue')
              AND NOT EXISTS (SELECT FROM pattern_look l
                              WHERE l.household_id = f.household_id AND l.looked_at >= f.opened_at)
        )
        -- Counted, so that the few are looked up one by one: a join would read every look, member and story.
        SELECT u.id FROM unlooked u
        WHERE (SELECT count(*) FROM pattern_look l WHERE l.person_id = u.person_id AND l.looked_at >= u.opened_at) = 0
          AND (SELECT count(*) FROM household_member m JOIN pattern_look l ON l.household_id = m.household_id
               WHERE m.person_id = u.person_id AND l.looked_at >= u.opened_at) = 0
          AND (SELECT count(*) FROM follow_up_event e WHERE e.follow_up_id = u.id AND e.at >= :settled_by
               AND e.event IN ('taken_up', 'turned_high_risk', 'reopened')) = 0
        """,
    ),
    Check(
        "cause_without_pattern_look",
        "3.1",
        "flags and prompts whose family nobody has looked at for patterns since they were set or raised",
        """
        SELECT g.id FROM flag g WHERE NOT g.patterns_looked AND g.set_at < :settled_by AND g.ended_at IS NULL
        UNION ALL
        SELECT r.id FROM referral_prompt r WHERE NOT r.patterns_looked AND r.raised_at < :settled_by
        """,
    ),
    Check(
        "pattern_without_story",
        "3.12",
        "patterns found that the story of the follow-up they raised does not tell",
        """
        SELECT p.id FROM pattern_found p
        WHERE p.follow_up_id IS NOT NULL AND (
            SELECT count(*) FROM follow_up_event e WHERE e.follow_up_id = p.follow_up_id AND e.event = 'pattern_found'
              AND e.detail ->> 'pattern_found_id' = CAST(p.id AS text)) = 0
        """,
    ),
)
