"""The family's page in Chromium: recording a death, deciding on it, a move with its acceptance, and a separation."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.web.test_browser import check, chromium, context, log_in, pytestmark, site  # noqa: F401

TODAY = datetime.now(UTC).date()


@pytest.fixture
def household(site, world, session) -> int:  # noqa: F811
    """The Marsh family of the team's day, with a father."""
    found: int = session.scalar(
        text("SELECT household_id FROM follow_up f JOIN person p ON p.id = f.person_id WHERE p.name = 'Isla Marsh'")
    )
    world.member("Dan Marsh", {"household": found}, role="father", number="+447700900999")
    world.session.commit()
    return found


class TestTheFamilysPage:
    def test_of_a_loss_a_move_and_a_separation(self, site, context, household):  # noqa: F811
        """Each act by its form, each page clean for axe."""
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site}/families/{household}")
        check(page)
        page.get_by_text("They have moved out", exact=True).click()
        page.locator("#move-person").select_option(label="The whole family")
        page.locator("#moved-to").fill("Leeds")
        page.locator("#move-note").fill("Rosa rang")
        check(page)
        page.get_by_role("button", name="Record the move").click()
        expect(page.get_by_text("Moved out", exact=True)).to_be_visible()
        page.get_by_text("Another service has accepted them", exact=True).click()
        page.get_by_label("Which service, and where").fill("Leeds health visiting")
        page.get_by_label("Who there accepted").fill("Sam Reed, team lead")
        page.get_by_label("On which day", exact=True).first.fill((TODAY - timedelta(days=1)).isoformat())
        page.get_by_label("How they said so").select_option(label="By phone")
        check(page)
        page.get_by_role("button", name="Record the acceptance").click()
        expect(page.get_by_text("Moved out, accepted by another service", exact=True)).to_be_visible()
        check(page)
        page.get_by_text("Somebody has died", exact=True).click()
        page.locator("#death-person").select_option(label="Isla Marsh (child)")
        page.locator("#death-note").fill("The ward rang")
        page.get_by_role("button", name="Record the death").click()
        expect(page.get_by_role("heading", name="What stands now: no texts to this family")).to_be_visible()
        page.get_by_text("Decide on this").first.click()
        check(page)
        page.get_by_text("The household has separated, or a child was placed in care", exact=True).click()
        page.get_by_label("Dan Marsh (father)").check()
        page.locator("#split-reason").select_option(label="The relationship has ended")
        page.locator("#split-note").fill("Rosa said so")
        page.get_by_role("button", name="Look at what this does").first.click()
        expect(page.get_by_role("heading", name="Separate this household?")).to_be_visible()
        check(page)
        page.get_by_role("button", name="Separate the household").click()
        expect(page.get_by_text("This household was separated from another")).to_be_visible()
        expect(page.get_by_text("Dan Marsh")).to_have_count(0)
        check(page)

    def test_fits_320_pixels_without_scrolling_sideways(self, site, chromium, household):  # noqa: F811
        narrow = chromium.new_context(viewport={"width": 320, "height": 640})
        page = narrow.new_page()
        log_in(page, site)
        page.goto(f"{site}/families/{household}")
        page.get_by_text("Somebody has died", exact=True).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        narrow.close()
