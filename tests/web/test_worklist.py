"""The list of everything open."""


class TestTheList:
    def test_shows_red_flags_first_then_high_risk_then_overdue_longest(self, world, browser):
        """Design 7: the order of the list, with the reason for each place."""
        world.account()
        plain_old = world.missed(world.family("Old Plain"), days_ago=30)
        plain_new = world.missed(world.family("New Plain"), days_ago=2)
        high = world.missed(world.family("High Risk"), days_ago=1, high_risk=True)
        red = world.missed(world.family("Red Flag"), days_ago=0.5, red_flag=True)
        page = browser("grace").get("/").text
        places = [page.index(f"/follow-ups/{row}\"") for row in (red, high, plain_old, plain_new)]
        assert places == sorted(places)
        assert "red flag, overdue for" in page
        assert "overdue for 29 days" in page or "overdue for 30 days" in page
