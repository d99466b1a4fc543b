"""What asyncssh sends between our packets, left out.

Before each packet asyncssh sends an empty IGNORE packet, against an attack on ciphers that chain their blocks (CBC). We
speak none of these, and each packet is a system call for us and an awakening for the client. Rests on asyncssh calling
its own `send_packet` for it; where that is otherwise, all is sent as before (Source: RFC 4251, 9.3.1).
"""

import asyncssh
from asyncssh.constants import MSG_IGNORE


def leave_out_ignored(conn: asyncssh.SSHServerConnection) -> None:
    """Send nothing that the other side only throws away."""
    send = conn.send_packet

    def send_packet(pkttype: int, *args: bytes, **options: object) -> None:
        if pkttype != MSG_IGNORE:
            send(pkttype, *args, **options)  # type: ignore[arg-type]

    conn.send_packet = send_packet  # type: ignore[method-assign]
