"""What a replay assumes and counts is data: shipped with a source, a trust's own laid over it, faults named."""

from pathlib import Path

import pytest
import yaml

from config.replay_rules import load_replay_rules
from config.rule_files import SHIPPED
from config.yaml_files import RulesError
from models.domain.words import Urgency


class TestReplayRules:
    def test_are_shipped_with_their_source_and_count_every_urgency(self) -> None:
        """Routine counts too: an e-mail interrupts, whatever is in it."""
        rules = load_replay_rules()
        assert rules.source
        assert rules.interrupting == frozenset(Urgency)

    def test_of_a_trust_replace_ours_and_every_fault_is_named(self, tmp_path: Path) -> None:
        """One file replaces the other whole; what departs from the schema is refused by place."""
        content = yaml.safe_load((SHIPPED / "replay.yaml").read_text(encoding="utf-8"))
        content["unfolding"]["booked_days_ahead"] = 14
        (tmp_path / "replay.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        assert load_replay_rules(tmp_path).unfolding.booked_ahead.days == 14
        content["unfolding"]["outcome_known_at"] = "evening"
        del content["load"]["under_years"]
        (tmp_path / "replay.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        with pytest.raises(RulesError) as refused:
            load_replay_rules(tmp_path)
        assert {finding.where.split(".")[0] for finding in refused.value.findings} == {"unfolding", "load"}
