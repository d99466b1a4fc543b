"""What of a house has settings of its own, and is given others at a reload: templates, relay, limits, looks into files.

Owns that a reload changes all of it or nothing; what settings become is `parameters` (Source: SPEC 11).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.core.mail import Mail, Posted
from gateway.core.steps import Steps
from gateway.inbound.smtp.unpacker import MessageUnpacker
from gateway.parameters import archive_limits_of, courier_of, guess_limits_of, message_limits_of, scanner_of
from gateway.pipeline.inspect import Inspect
from gateway.pipeline.people.login import Login
from gateway.ports import Clock, Courier, Rendered
from gateway.settings import Settings
from gateway.store.contents import FileContents
from gateway.store.threads import DiskThreads
from gateway.tables import Tables


class LiveTemplates:
    """The Renderer port, by the templates in force; `current` is replaced at a reload."""

    def __init__(self, tables: Tables) -> None:
        """Start with these."""
        self.current = tables.templates

    def write(self, template: str, context: Mapping[str, object]) -> Steps[Rendered]:
        """Write the notice, in steps."""
        return self.current.write(template, context)


class LiveCourier:
    """The Courier port, by the relay in force; `current` is replaced at a reload."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Start with this relay."""
        self.current = courier_of(settings, clock)

    async def send(self, mails: Sequence[Mail]) -> list[Posted]:
        """Send, over the relay that was in force at the beginning."""
        return await self.current.send(mails)


class LiveSettings:
    """The settings in force, for what is made anew each time it is needed; replaced at a reload."""

    def __init__(self, settings: Settings) -> None:
        """Start with these."""
        self.current = settings


@dataclass(frozen=True)
class Live:
    """The parts with settings of their own, for a reload."""

    settings: LiveSettings
    login: Login
    inspect: Inspect
    unpacker: MessageUnpacker
    courier: Courier
    threads: DiskThreads
    clock: Clock

    def prepare(self, settings: Settings) -> Callable[[], None]:
        """Return what puts new settings in force. Raises ConfigError, and changes nothing yet."""
        courier = courier_of(settings, self.clock) if isinstance(self.courier, LiveCourier) else None

        def put_in_force() -> None:
            self.settings.current = settings
            self.login.limit(guess_limits_of(settings))
            contents = FileContents(self.threads.run, archive_limits_of(settings))
            self.inspect.look_with(contents, scanner_of(settings, self.threads))
            self.unpacker.limits = message_limits_of(settings)
            if isinstance(self.courier, LiveCourier) and courier is not None:
                self.courier.current = courier

        return put_in_force
