"""What the gateway says while it works: one function an event, structlog underneath.

Owns the words of the log. The submission's id is in every line about a file; names, comments and addresses are in none
(Source: SPEC 10; DESIGN 7).
"""

import logging
import sys
from collections.abc import Callable
from functools import cache, partial
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import structlog


class _Lines:
    """Says the lines. structlog is loaded for the first: it takes long, and most commands say none."""

    def __init__(self) -> None:
        self._logger: structlog.stdlib.BoundLogger | None = None
        self._set_up: Callable[[], None] | None = None  # what is to be done first
        self._level = logging.NOTSET  # below which nothing is said, until then

    def begin(self, set_up: Callable[[], None], *, level: int) -> None:
        self._set_up, self._level, self._logger = set_up, level, None
        if "structlog" in sys.modules:
            self.load()

    def info(self, event: str, **said: object) -> None:
        self._say(logging.INFO, event, said)

    def warning(self, event: str, **said: object) -> None:
        self._say(logging.WARNING, event, said)

    def error(self, event: str, **said: object) -> None:
        self._say(logging.ERROR, event, said)

    def _say(self, level: int, event: str, said: dict[str, object]) -> None:
        if self._set_up is not None and level < self._level:
            return
        logger = self._logger if self._logger is not None and self._set_up is None else self.load()
        logger.log(level, event, **said)

    def load(self) -> "structlog.stdlib.BoundLogger":
        import structlog

        if self._set_up is not None:
            self._set_up()
            self._set_up = None
            self._logger = structlog.get_logger("gateway").bind()  # once, and not anew for each line
        if self._logger is None:
            self._logger = structlog.get_logger("gateway")
        return self._logger


_log = _Lines()


def set_up(*, json: bool, level: str = "INFO") -> None:
    """Write to standard error: JSON for a journal, aligned text for a terminal."""
    _log.begin(partial(_configure, json=json, level=level), level=getattr(logging, level))
    # The libraries' own lines carry addresses and commands; only their warnings pass.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)


def get_ready() -> None:
    """Load what lines are made with: it takes long, and the first line comes when somebody waits at a door."""
    _log.load()


def _configure(*, json: bool, level: str) -> None:
    import structlog

    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(_as_json)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _as_json(line: object, *, default: Callable[[Any], Any]) -> str:
    return _encoder(default).encode(line)


@cache
def _encoder(default: Callable[[Any], Any]) -> JSONEncoder:
    """Return what writes JSON: `json.dumps` makes one for each line."""
    return JSONEncoder(default=default)


def started(*, places: int, pid: int) -> None:
    """All listeners are open."""
    _log.info("started", places=places, pid=pid)


def stopping(*, why: str) -> None:
    """No new work is taken."""
    _log.info("stopping", why=why)


def stopped() -> None:
    """Everything is closed."""
    _log.info("stopped")


def reloaded() -> None:
    """New settings and tables are in force."""
    _log.info("reloaded")


def reload_refused(*, faults: list[str]) -> None:
    """A configuration was faulty; nothing changed."""
    _log.error("reload-refused", faults=faults)


def received(*, submission: str, channel: str, size: int) -> None:
    """Bytes are our word now."""
    _log.info("received", submission=submission, channel=channel, size=size)


def refused(*, channel: str, reason: str) -> None:
    """Something was turned away at the door; nothing was kept."""
    _log.info("refused", channel=channel, reason=reason)


def ingested(*, submission: str, files: int, rejected: int) -> None:
    """A submission is recorded."""
    _log.info("ingested", submission=submission, files=files, rejected=rejected)


def published(*, submission: str, documents: int, held: int) -> None:
    """A publication is recorded."""
    _log.info("published", submission=submission, documents=documents, held=held)


def set_aside(*, submission: str, why: str, exception: BaseException | None = None) -> None:
    """A submission can't be worked on by a program."""
    _log.error("set-aside", submission=submission, why=why, exc_info=exception)


def dropped(*, file: str, target: str, attempts: int) -> None:
    """A drop lies where its service reads."""
    _log.info("dropped", file=file, target=target.partition(":")[0], attempts=attempts)


def drop_put_off(*, file: str, target: str, why: str) -> None:
    """A drop failed and is tried again."""
    _log.warning("drop-put-off", file=file, target=target.partition(":")[0], why=why)


def given_up(*, what: str, id: str, why: str) -> None:
    """A person must act."""
    _log.error("given-up", what=what, id=id, why=why)


def notified(*, notice: str, submission: str | None) -> None:
    """The relay took a notice."""
    _log.info("notified", notice=notice, submission=submission)


def notice_put_off(*, notice: str, why: str) -> None:
    """The relay did not take a notice; it is tried again."""
    _log.warning("notice-put-off", notice=notice, why=why)


def purged(*, file: str) -> None:
    """A file's bytes are destroyed."""
    _log.info("purged", file=file)


def recovered(*, state: str, id: str) -> None:
    """Something left over by a stop was put in order."""
    _log.info("recovered", state=state, id=id)


def logged_in(*, channel: str, username: str, how: str) -> None:
    """Somebody came in."""
    _log.info("logged-in", channel=channel, username=username, how=how)


def login_refused(*, channel: str, why: str) -> None:
    """Somebody did not come in."""
    _log.info("login-refused", channel=channel, why=why)


def came_back(*, submission: str, username: str) -> None:
    """A notice that nobody asked for came back: its address is stale."""
    _log.warning("came-back", submission=submission, username=username)


def transient(*, stage: str, why: str) -> None:
    """Something is busy, full or away; the work waits."""
    _log.warning("transient", stage=stage, why=why)


def bug(*, stage: str, exception: BaseException) -> None:
    """A fault of ours."""
    _log.error("bug", stage=stage, exc_info=exception)
