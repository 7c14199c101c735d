"""What a log line may not hold: the words of an error, for a database quotes rows in them."""

import json
import subprocess
import sys

SCRIPT = """
import structlog
from cli.logs import log_to_stderr
log_to_stderr()
try:
    try:
        raise ValueError("Key (number)=(+447700900123) already exists")
    except ValueError as error:
        raise RuntimeError("Ada Example was refused") from error
except RuntimeError:
    structlog.get_logger("here").exception("job failed", job="detect")
"""


class TestALogLine:
    def test_says_where_and_what_kind_and_none_of_its_words(self):
        """No name, number or message text in logs; the place and the kinds are kept."""
        done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
        line = json.loads(done.stderr)
        assert "+447700900123" not in done.stderr
        assert "Ada" not in done.stderr
        assert line["job"] == "detect"
        assert "RuntimeError" in line["exception"]
        assert "ValueError" in line["exception"]
