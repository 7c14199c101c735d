"""A nudge is a doorbell: it reaches its lane's queue, and a dead broker is no error."""

from redis import Redis

from config.nudge import Doorbell
from tests.conftest import free_port


class TestANudge:
    def test_lies_in_the_queue_of_its_lane_until_it_expires(self, redis_url: str) -> None:
        """It names a lane's task and has an end, so that old nudges don't pile up."""
        client: Redis = Redis.from_url(redis_url)
        client.delete("engine")
        assert Doorbell(redis_url).ring("engine")
        [message] = client.lrange("engine", 0, -1)  # type: ignore[misc]
        assert b"steadfast.drain.engine" in message
        assert b'"expires"' in message

    def test_is_lost_without_harm_when_redis_is_gone(self) -> None:
        """The sweep covers it; the ringer goes on."""
        assert not Doorbell(f"redis://127.0.0.1:{free_port()}/0").ring("engine")
        assert not Doorbell(None).ring("engine")
