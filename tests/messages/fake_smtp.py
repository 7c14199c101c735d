"""A counting SMTP server, hand-written, that can hold its answer after it took a letter."""

import socketserver
import threading
from dataclasses import dataclass, field


@dataclass
class FakeSmtp:
    """The fake; `url` is its address. `letters` holds what it took. Use as a context manager."""

    hold_next: bool = False
    refuse_with: int | None = None
    letters: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._gate = threading.Event()
        self._arrived = threading.Semaphore(0)

    def __enter__(self) -> "FakeSmtp":
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._server.server_address[1]}"

    def wait_for_letter(self, seconds: float = 60) -> None:
        if not self._arrived.acquire(timeout=seconds):
            raise TimeoutError("no letter arrived")

    def took(self, letter: str) -> None:
        self.letters.append(letter)
        held, self.hold_next = self.hold_next, False
        self._arrived.release()
        if held:
            self._gate.wait(60)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed leaves a broken pipe; that is what some tests are about."""


class _Handler(socketserver.StreamRequestHandler):
    fake: FakeSmtp

    def handle(self) -> None:
        self._say("220 fake")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "QUIT":
                return self._say("221 bye")
            if word == "RCPT" and self.fake.refuse_with:
                self._say(f"{self.fake.refuse_with} no")
            elif word == "DATA":
                self._say("354 go on")
                letter = ""
                while (part := self.rfile.readline().decode()) not in (".\r\n", ""):
                    letter += part
                self.fake.took(letter)
                self._say("250 taken")
            else:
                self._say("250 fine")
        return None

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
