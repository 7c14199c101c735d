"""What protects every page: tokens, headers, bounds, and answers that tell nothing."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from config.settings import Settings
from models.domain.gate import Reason
from tests.web.conftest import SECRET, Browser
from tests.web.test_scope import ACTS
from web import template_words, words
from web.app import create_app

TEMPLATES = sorted((Path(__file__).parents[2] / "web" / "templates").glob("*.html"))


class TestEveryForm:
    @pytest.mark.parametrize("act", ACTS)
    def test_without_its_token_is_refused(self, world, browser, act):
        """CSRF: a form from elsewhere does nothing."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        opened = browser("grace")
        path = f"/follow-ups/{row}/{act}"
        for form in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 43}):
            assert opened.client.post(path, data={"row_version": "1", **form}).status_code == 403

    @pytest.mark.parametrize(
        "path",
        [
            "/logout",
            "/alerts/1/done",
            "/prompts/1",
            "/prompts/1/acknowledge",
            "/people/1/record",
            "/people/1/concern",
            "/older-scores/1",
            "/referrals/1/hop",
            "/challenges/new",
            "/challenges/1/raise",
            "/families/1/actions",
            "/families/1/actions/1/end",
        ],
    )
    def test_elsewhere_too(self, world, browser, path):
        """All of them."""
        world.account()
        assert browser("grace").client.post(path, data={}).status_code == 403

    def test_with_another_sessions_token_is_refused(self, world, browser):
        """A token belongs to one session."""
        world.account("grace")
        world.account("nina")
        row = world.missed(world.family("Isla Marsh"))
        grace, nina = browser("grace"), browser("nina")
        token = nina.token(nina.get("/").text)
        answer = grace.client.post(f"/follow-ups/{row}/acknowledge", data={"csrf_token": token, "row_version": "1"})
        assert answer.status_code == 403

    def test_without_a_session_goes_to_the_login_page(self, world, browser):
        """An expired login is no error."""
        row = world.missed(world.family("Isla Marsh"))
        assert browser().client.post(f"/follow-ups/{row}/close", data={}).headers["location"] == "/login"


class TestEveryResponse:
    @pytest.mark.parametrize("path", ["/login", "/", "/nowhere", "/livez", "/static/steadfast.css", "/follow-ups/x"])
    def test_carries_the_headers(self, world, browser, path):
        """Nothing from elsewhere runs, frames or sniffs; pages are not stored."""
        answer = browser().get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        stored = "public" if path.startswith("/static/") else "no-store"
        assert answer.headers["cache-control"].startswith(stored)

    def test_over_https_says_so_and_marks_its_cookies(self, world, engine, rules):
        """HSTS and Secure, with the prefix that no other host can set."""
        world.account()
        world.session.commit()
        settings = Settings(secret_key=SECRET, public_url="https://steadfast.example", data_dir="/nonexistent")
        opened = Browser(create_app(settings, engine, rules))
        opened.client = TestClient(opened.client.app, base_url="https://steadfast.example", follow_redirects=False)
        answer = opened.log_in("grace")
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert answer.headers["set-cookie"].startswith("__Host-steadfast=")
        assert "Secure" in answer.headers["set-cookie"]

    def test_to_a_body_too_large_is_a_refusal(self, world, browser):
        """Bounded as it comes in, whatever length was announced."""
        opened, form = browser(), {"content-type": "application/x-www-form-urlencoded"}
        assert opened.client.post("/login", content=b"x" * 70_000).status_code == 413
        pieces = (b"a=" + b"x" * 1000 for _ in range(70))
        assert opened.client.post("/login", content=pieces, headers=form).status_code == 413

    def test_to_an_error_tells_nothing_of_it(self, world, app, monkeypatch):
        """No trace, no query, no name."""
        world.account()
        world.session.commit()
        opened = Browser(app)
        opened.log_in("grace")
        opened.client = TestClient(
            app, follow_redirects=False, raise_server_exceptions=False, cookies=opened.client.cookies
        )
        monkeypatch.setattr("web.worklist.worklist.page", _broken)
        answer = opened.get("/")
        assert answer.status_code == 500
        assert "secret detail" not in answer.text
        assert "Something went wrong" in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def _broken(*args: object, **options: object) -> None:
    raise RuntimeError("secret detail")


class TestTheTemplates:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_hold_no_inline_script_or_style_and_no_remote_host(self, path):
        """The policy forbids them; the source must not need them."""
        html = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", html)
        assert not re.search(r"\son\w+=|\sstyle=|<style", html)
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", html)

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_put_their_token_into_every_form_that_posts(self, path):
        """A form without one would be refused."""
        html = path.read_text()
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", html, re.DOTALL):
            assert "csrf_token" in form or "hidden()" in form


class TestTheWords:
    def test_exist_for_every_value_a_page_can_meet(self):
        """No code of ours is shown to a person."""
        for name, known in template_words._LISTS.items():
            if name in ("closed", "held"):
                continue
            assert set(known) == set(type(next(iter(known)))), name
        assert set(words.HELD_BECAUSE) == {*Reason, "own_fault", "hold", "split"}

    def test_never_blame_a_family(self):
        """Never DNA for a child, never failed, never non-compliant (design 7)."""
        shown = " ".join(path.read_text() for path in TEMPLATES)
        shown += " ".join(label for known in template_words._LISTS.values() for label in known.values())
        shown += " ".join(label for label, *_ in words.OUTCOMES.values())
        assert not re.search(
            r"\b(DNA|failed to|non-compliant|disengaged|low risk|hard to reach)\b", shown, re.IGNORECASE
        )
