"""Versions of the ladders in the database: stored once, never changed, signed by a person."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from config.pathways_loader import pathway_from
from config.rules import load_rules
from models.db import pathway_versions as versions

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = load_rules(config_dir=None, nation="england", today=NOW.date())
CONTENTS = list(RULES.pathway_contents.values())


class TestLoading:
    def test_stores_each_version_once(self, session):
        """A second start finds them there."""
        assert len(versions.load(session, CONTENTS, now=NOW)) == len(CONTENTS)
        assert versions.load(session, CONTENTS, now=NOW) == []

    def test_gives_back_the_same_ladder(self, session):
        """A follow-up whose file is gone still climbs the ladder it began with."""
        versions.load(session, CONTENTS, now=NOW)
        stored = versions.contents(session)
        assert stored == {key: dict(content) for key, content in RULES.pathway_contents.items()}

    def test_builds_a_version_stored_before_a_key_was_known(self):
        """What was stored is never rewritten: a ladder of the first files, with no pace by age, still climbs."""
        (content,) = (one for one in CONTENTS if one["code"] == "family-review")
        assert content["faster_under_months"] is None
        older = {key: value for key, value in content.items() if key not in ("faster_under_months", "overlays")}
        assert asdict(pathway_from(older)) == asdict(pathway_from(content))

    def test_refuses_new_content_under_an_old_version(self, session):
        """Running follow-ups would be bent half-way."""
        versions.load(session, CONTENTS, now=NOW)
        changed = [{**content, "title": "Something else"} for content in CONTENTS[:1]]
        with pytest.raises(versions.PathwayChanged, match=f"{CONTENTS[0]['code']} version 1"):
            versions.load(session, changed, now=NOW)

    def test_by_two_processes_at_once_is_harmless(self, engine):
        """Two schedulers start together."""

        def load(_: int) -> None:
            with Session(engine) as session, session.begin():
                versions.load(session, CONTENTS, now=NOW)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(load, range(4)))
        with Session(engine) as session:
            assert len(versions.listed(session)) == len(CONTENTS)


class TestSigning:
    def test_lets_texts_through_for_that_version_alone(self, session):
        """Unsigned pathways block texts."""
        versions.load(session, CONTENTS, now=NOW)
        assert versions.signed_keys(session) == frozenset()
        versions.approve(session, "universal-review", 2, by="Named nurse", now=NOW)
        assert versions.signed_keys(session) == {("universal-review", 2)}

    def test_is_never_replaced(self, session):
        """Who signed first has signed."""
        versions.load(session, CONTENTS, now=NOW)
        versions.approve(session, "universal-review", 2, by="Named nurse", now=NOW)
        with pytest.raises(versions.PathwayAlreadySigned, match="already signed by Named nurse"):
            versions.approve(session, "universal-review", 2, by="Somebody else", now=NOW)

    def test_of_what_is_not_loaded_is_refused(self, session):
        """You sign what is there."""
        with pytest.raises(versions.PathwayNotLoaded, match="pathways load"):
            versions.approve(session, "universal-review", 9, by="Named nurse", now=NOW)

    def test_in_a_trusts_file_signs_the_version_already_loaded(self, session):
        """The signature is no part of what the ladder does."""
        versions.load(session, CONTENTS, now=NOW)
        signed = [{**content, "signed_by": "Named nurse", "signed_on": str(date(2026, 11, 22))} for content in CONTENTS]
        versions.load(session, signed, now=NOW)
        assert len(versions.signed_keys(session)) == len(CONTENTS)
