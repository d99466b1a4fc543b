"""What `gateway check` asks of the programs around: the relay for notices, the scanner, the name servers.

Every question is bounded: an answer, or none within five seconds. Sends no mail and scans no file (Source: SPEC 13).
"""

import asyncio
import ssl
from typing import TYPE_CHECKING

from gateway.cli.verdict import Finding, fault, ok, unavailable, warning
from gateway.core.endpoint import Address, Scanner
from gateway.errors import ConfigError, Transient

if TYPE_CHECKING:
    from aiosmtplib import SMTP

    from gateway.mailsettings import DnsSettings
    from gateway.settings import NoticesSettings

PATIENCE = 5.0  # seconds for a neighbour's answer


async def check_relay(settings: "NoticesSettings", *, patience: float = PATIENCE) -> Finding:
    """Connect, greet, verify the certificate, log in where there is a name, and leave."""
    what, relay = "relay", settings.relay
    try:
        context = _context(settings)
    except (OSError, ssl.SSLError) as error:
        return fault(
            what, f"[notices] ca_file {settings.ca_file} can't be used: {error}; expected certificates in PEM."
        )
    try:
        async with asyncio.timeout(patience):
            return await _talk(settings, context)
    except TimeoutError:
        return unavailable(what, f"{relay} gave no answer within {patience:g} seconds. Notices wait meanwhile.")
    except ConfigError as error:  # of the password's file
        return fault(what, f"{relay} answers, and the login can't be tried. {error}.")
    except ssl.SSLCertVerificationError as error:
        return fault(
            what,
            f"{relay} shows a certificate that can't be verified ({error.verify_message}); "
            "expected one for this name, signed by a known authority or by one in [notices] ca_file.",
        )
    except OSError as error:
        return unavailable(what, f"{relay} can't be reached: {error.strerror or error}. Notices wait meanwhile.")


async def check_names(settings: "DnsSettings", domain: str) -> Finding:
    """Ask the name servers for a record; whether there is one does not matter."""
    from gateway.inbound.smtp.strangers import name_server

    what, ours = "name servers", ", ".join(settings.servers) or "the host's own"
    try:
        await name_server(settings).texts(domain)
    except ConfigError as error:
        return fault(what, str(error.faults[0]))
    except Transient:
        return unavailable(
            what, f"{ours}: no answer about {domain}. Senders who don't sign in are told to try again meanwhile."
        )
    return ok(what, f"{ours}: an answer about {domain}")


async def _talk(settings: "NoticesSettings", context: ssl.SSLContext | None) -> Finding:
    import aiosmtplib

    relay = settings.relay
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.security == "tls",
        start_tls=relay.security == "starttls",
        tls_context=context,
        timeout=PATIENCE,
    )
    try:
        await client.connect()
        return await _greet(client, settings)
    except aiosmtplib.SMTPAuthenticationError as error:
        return fault("relay", f"{relay} refused [notices] username and password: {error.message}")
    except aiosmtplib.SMTPException as error:
        if isinstance(cause := error.__cause__, OSError):  # a certificate, no answer, no connection
            raise cause from None
        return unavailable("relay", f"{relay}: {error}. Notices wait meanwhile.")
    finally:
        client.close()


async def _greet(client: "SMTP", settings: "NoticesSettings") -> Finding:
    from gateway.parameters import relay_password

    relay = settings.relay
    await client.ehlo()
    if settings.username:
        await client.login(settings.username, relay_password(settings))
    await client.quit()
    how = "in plain, on this host" if relay.security == "plain" else "over TLS, its certificate verified"
    return ok("relay", f"{relay} answers {how}{', and the login works' if settings.username else ''}")


def _context(settings: "NoticesSettings") -> ssl.SSLContext | None:
    if settings.relay.security == "plain":
        return None
    return ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)


async def check_scanner(scanner: Scanner | None, *, patience: float = PATIENCE) -> Finding:
    """Ask clamd whether it is there."""
    what = "scanner"
    if scanner is None:
        return warning(what, '[inspect] scanner = "none": nothing looks for malware, and each file says "not scanned".')
    try:
        async with asyncio.timeout(patience):
            answer = await _ping(scanner)
    except TimeoutError:
        return unavailable(what, f"{scanner} gave no answer within {patience:g} seconds. Files wait meanwhile.")
    except OSError as error:
        return unavailable(what, f"{scanner} can't be reached: {error.strerror or error}. Files wait meanwhile.")
    if answer != b"PONG":
        return unavailable(what, f"{scanner} answers, but not as clamd does. Files wait meanwhile.")
    return ok(what, f"{scanner} answers")


async def _ping(scanner: Scanner) -> bytes:
    if isinstance(scanner.at, Address):
        reader, writer = await asyncio.open_connection(scanner.at.host, scanner.at.port)
    else:
        reader, writer = await asyncio.open_unix_connection(scanner.at.path)
    try:
        writer.write(b"zPING\0")
        await writer.drain()
        return (await reader.read(64)).rstrip(b"\0")
    finally:
        writer.close()
