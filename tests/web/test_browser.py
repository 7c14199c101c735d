"""The pages in Chromium: the team lead's day from login to closing, by mouse and by keyboard, with axe on each page."""

import itertools
import os
import shutil
import threading
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import text

from config.settings import Settings
from tests.conftest import free_port
from tests.web.conftest import SECRET
from tests.web.families import PASSWORD
from web.main import server

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None and os.environ.get("CI") != "true", reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the module; a clean context for each test."""
    assert CHROMIUM is not None, "CI needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(engine, rules, world) -> Iterator[str]:
    """The real server over a team's day."""
    fill(world)
    yield from running_site(engine, rules)


def running_site(engine, rules) -> Iterator[str]:
    """The real server on a free port, until whoever asked is done with it."""
    port = free_port()
    running = server(Settings(secret_key=SECRET, data_dir="/nonexistent"), engine, rules, host="127.0.0.1", port=port)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not running.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(timeout=15)


def fill(world) -> None:
    """Some of everything that a page can show."""
    world.account("grace", practitioner="lead")
    marsh = world.family("Isla Marsh")
    world.missed(marsh, days_ago=3, held_text=True)
    banks = world.family("Theo Banks")
    world.flag(banks["mother"], "domestic_abuse")
    world.missed(banks, contact="HV-NBV", days_ago=4, high_risk=True, subtype="nav_no_answer", misses=2)
    world.missed(world.family("Ava Lindqvist", safe="unknown"), contact="HV-2Y", days_ago=9, red_flag=True)
    hart = world.family("Leo Hart")
    seen = world.missed(hart, contact="HV-6M", days_ago=6, state="seen")
    world.text(seen, hart, state="delivered", body="Northside health visitors would like to hear from you.")
    world.missed(
        world.family("Noah Quinn"), trigger="outcome_not_recorded", status="outcome_due", subtype=None, days_ago=1
    )
    for n in range(25):
        world.missed(world.family(f"Kit Long{n}"), days_ago=12 + n)
    world.missed(world.family("Sam Old"), days_ago=300, state="backlog", step=None)
    world.alert("feed_late", source_id=world.source)
    world.alert(
        "family_reply", household_id=marsh["household"], person_id=marsh["mother"], team_id=world.teams["north"]
    )
    world.session.commit()


@pytest.fixture
def context(chromium) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


def log_in(page: Page, site: str) -> None:
    page.goto(f"{site}/login")
    page.get_by_label("User name").fill("grace")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Open follow-ups")).to_be_visible()


def check(page: Page) -> None:
    """No violation that axe knows of, at WCAG 2.2 AA."""
    found = Axe().run(page, options=WCAG)
    said = [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found.response["violations"]]
    assert said == []


class TestTheDay:
    def test_of_a_team_lead_from_login_to_closing(self, site, context, session):
        """Log in, filter, open, acknowledge, release the text, record the outcome, close: each page clean for axe."""
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: errors.append(request.url) if not request.url.startswith(site) else None)
        page.goto(f"{site}/login")
        check(page)
        log_in(page, site)
        check(page)
        page.get_by_text("Show only some of them").click()
        boxes = [field.bounding_box() for field in page.locator(".app-filter .nhsuk-select").all()]
        assert not [(a, b) for a, b in itertools.pairwise(boxes) if a["y"] == b["y"] and a["x"] + a["width"] > b["x"]]
        page.get_by_label("Contact", exact=True).select_option(label="6 to 8 week review")
        page.get_by_label("Why it is here").select_option(label="Missed")
        page.get_by_role("button", name="Show", exact=True).click()
        check(page)
        page.goto(f"{site}/?contact=HV-NBV")
        expect(page.get_by_role("link", name="Theo Banks")).to_be_visible()
        expect(page.get_by_role("link", name="Isla Marsh")).to_have_count(0)
        page.goto(f"{site}/?who=nobody&kind=missed")
        page.get_by_role("link", name="Next page").click()
        page.get_by_role("link", name="Isla Marsh").click()
        check(page)
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_text("You have taken this on.")).to_be_visible()
        check(page)
        page.get_by_text("Release the text", exact=True).first.click()
        for label in ("still needs a follow-up", "are alive", "is safe for her", "number is right"):
            page.get_by_label(label).check()
        check(page)
        page.get_by_role("button", name="Release the text").click()
        expect(page.get_by_text("The text is released.")).to_be_visible()
        page.get_by_text("Record what happened at the appointment").click()
        page.get_by_label("Nobody answered the door").check()
        page.get_by_role("button", name="Record it").click()
        expect(page.get_by_text("The outcome is recorded.")).to_be_visible()
        page.get_by_text("Close it", exact=True).first.click()
        page.get_by_role("button", name="Close it").click()
        expect(page.get_by_role("alert").get_by_text("Choose why it ends.")).to_be_visible()
        check(page)
        page.get_by_label("Why it ends").select_option(label="The person who had to be seen was seen")
        page.get_by_label("Who was seen, when and by whom").fill("Seen awake at clinic by Amira today")
        page.get_by_role("button", name="Close it").click()
        expect(page.get_by_text("The follow-up is closed.")).to_be_visible()
        check(page)
        assert session.scalar(text("SELECT count(*) FROM follow_up WHERE state = 'closed'")) == 1
        assert [one for one in errors if "422" not in one] == []

    @pytest.mark.parametrize(
        "path", ["/texts", "/needs-a-person", "/running", "/?state=backlog", "/families/1", "/nowhere"]
    )
    def test_has_no_barrier_on_the_other_pages(self, site, context, path):
        """WCAG 2.2 AA, as far as axe can tell."""
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site}{path}")
        check(page)


class TestTheKeyboard:
    def test_is_enough_to_log_in_open_a_follow_up_and_acknowledge_it(self, site, context):
        """No mouse: tab to each control, see where you are, press Enter."""
        page = context.new_page()
        page.goto(f"{site}/login")
        self._tab_to(page, "User name")
        page.keyboard.type("grace")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Open follow-ups")).to_be_visible()
        self._tab_to(page, "Ava Lindqvist")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Ava Lindqvist").first).to_be_visible()
        self._tab_to(page, "Acknowledge")
        page.keyboard.press("Enter")
        expect(page.get_by_text("You have taken this on.")).to_be_visible()

    def test_reaches_the_content_with_one_press(self, site, context):
        """The skip link is the first stop."""
        page = context.new_page()
        log_in(page, site)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()

    @staticmethod
    def _tab_to(page: Page, name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "() => { const e = document.activeElement;"
                " return (e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText || '').trim() }"
            )
            if focused.startswith(name):
                return
        raise AssertionError(f"{name} was not reached by keyboard")


class TestNarrowAndPlain:
    @pytest.mark.parametrize(
        "path", ["/login", "/", "/follow-ups/2", "/families/1", "/texts", "/needs-a-person", "/running"]
    )
    def test_pages_fit_320_pixels_without_scrolling_sideways(self, site, chromium, path):
        """Reflow, WCAG 1.4.10."""
        context = chromium.new_context(viewport={"width": 320, "height": 640})
        page = context.new_page()
        if path != "/login":
            log_in(page, site)
        page.goto(f"{site}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        check(page)
        context.close()

    def test_pages_work_with_javascript_off(self, site, chromium):
        """Log in, open, acknowledge, close: plain forms."""
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site}/?state=seen")
        page.get_by_role("link", name="Leo Hart").click()
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_text("You have taken this on.")).to_be_visible()
        page.get_by_label("Why it ends").select_option(label="The person who had to be seen was seen")
        page.get_by_label("Who was seen, when and by whom").fill("Seen at home")
        page.get_by_role("button", name="Close it").click()
        expect(page.get_by_text("The follow-up is closed.")).to_be_visible()
        context.close()


class TestTwoPeople:
    def test_who_press_at_once_are_told_the_truth(self, site, chromium, session):
        """The later sees what the earlier did; nothing is done twice."""
        pages = []
        for _ in range(2):
            page = chromium.new_context().new_page()
            log_in(page, site)
            page.get_by_role("link", name="Theo Banks").click()
            pages.append(page)
        for page in pages:
            page.get_by_text("Ask to close it", exact=True).first.click()
            page.get_by_label("Why it ends").select_option(label="A clinician decided so")
            page.get_by_label("Who was seen, when and by whom").fill("Discussed at supervision")
        pages[0].get_by_role("button", name="Ask a second person").click()
        expect(pages[0].get_by_text("You have asked to close it.")).to_be_visible()
        pages[1].get_by_role("button", name="Acknowledge").click()
        expect(pages[1].get_by_role("heading", name="Somebody was here before you")).to_be_visible()
        expect(pages[1].get_by_role("alert").get_by_text("asked to close it")).to_be_visible()
        check(pages[1])
        for page in pages:
            page.context.close()


class TestARedFlag:
    def test_is_recorded_by_keyboard_and_fills_the_screen_with_whom_to_phone(self, context, site):
        """From the follow-up to the card: each page without a fault that axe knows of, on a telephone too."""
        page = context.new_page()
        log_in(page, site)
        page.get_by_role("link", name="Theo Banks").click()
        page.get_by_text("Record a score, a history or a concern").click()
        page.get_by_role("link", name="For Rosa Banks").click()
        check(page)
        page.get_by_label("Red flag").check()
        page.get_by_role("button", name="Continue").press("Enter")
        check(page)
        page.get_by_role("group", name="Signs of psychosis").get_by_label("Yes").check()
        page.get_by_role("button", name="Record it").press("Enter")
        expect(page.get_by_text("Write what you saw or heard: it says more than the box.")).to_be_visible()
        page.get_by_label("What you saw or heard").fill("Hears somebody speak")
        page.get_by_role("button", name="Record it").press("Enter")
        expect(page.get_by_role("heading", name="Act now: phone")).to_be_visible()
        expect(page.get_by_text("999", exact=True)).to_be_visible()
        check(page)
        page.set_viewport_size({"width": 360, "height": 740})
        check(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    def test_leaves_the_familys_page_and_its_plan_without_a_fault(self, context, site):
        """An action is agreed on the family's page, with all its forms open."""
        page = context.new_page()
        log_in(page, site)
        page.get_by_role("link", name="Theo Banks").click()
        page.get_by_role("link", name="The family's own page").click()
        page.get_by_text("Agree an action", exact=True).click()
        page.get_by_label("What is to be done").fill("Visit together")
        page.get_by_label("Who of us answers for it").select_option(label="Amira Bell")
        page.get_by_label("By when").fill("2031-07-14")
        page.get_by_role("button", name="Agree it").click()
        expect(page.get_by_role("heading", name="Visit together")).to_be_visible()
        page.get_by_text("It is done, not needed, or needs another day").click()
        check(page)
