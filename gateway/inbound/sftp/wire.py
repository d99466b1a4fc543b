"""What asyncssh spends on each packet of SSH, left out where it serves nobody here.

Owns the one place that touches asyncssh's private names. Two things:

- Before each packet asyncssh sends an empty IGNORE packet, against an attack on ciphers that chain their blocks. We
  speak none of these, and each packet is a system call for us and an awakening for the client (RFC 4251, 9.3.1).
- Data of a channel under AES-GCM is deciphered and enciphered here: all packets of one read in one go, nothing copied,
  cut or put into the log on the way. Everything else is asyncssh's: every other packet and cipher, key exchange, login,
  limits, and every packet in which anything is amiss. That is handed on before anything was changed, so that asyncssh
  finds it as it came.

Only for releases that it was read against; with any other one, all is asyncssh's (RFC 4253, 6; RFC 5647, 7).
"""

import os
import time
from struct import Struct

import asyncssh
from asyncssh.constants import MSG_CHANNEL_DATA, MSG_IGNORE
from asyncssh.crypto.cipher import GCMCipher
from asyncssh.encryption import GCMEncryption
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KNOWN = ("2.24.",)  # releases whose private names these are
_SIZE = Struct(">I")
_HEAD = Struct(">BBII")  # size of the padding, MSG_CHANNEL_DATA, channel, size of the data
_TAG = 16  # bytes behind a packet
_BLOCK = 16
_LEAST_PADDING = 4


def cut_short(conn: asyncssh.SSHServerConnection, *, release: str = asyncssh.__version__) -> None:
    """Have packets go the short way, in both directions, where this release of asyncssh is known."""
    known = release.startswith(KNOWN)
    send = _Sending(conn).send_packet if known else conn.send_packet

    def send_packet(pkttype: int, *args: bytes, **options: object) -> None:
        if pkttype != MSG_IGNORE:
            send(pkttype, *args, **options)  # type: ignore[arg-type]

    conn.send_packet = send_packet  # type: ignore[method-assign]
    if known:
        conn.data_received = _Receiving(conn).data_received  # type: ignore[method-assign]


class _Cipher:
    """AES-GCM with one direction's key; asyncssh makes it anew for each packet."""

    def __init__(self) -> None:
        self._of: GCMCipher | None = None
        self._aes: AESGCM | None = None

    def of(self, encryption: object) -> tuple[AESGCM, GCMCipher] | None:
        """Return it, with asyncssh's own, which counts; None for another cipher."""
        if type(encryption) is not GCMEncryption:
            return None
        theirs = encryption._cipher
        if theirs is not self._of or self._aes is None:
            self._of, self._aes = theirs, AESGCM(theirs._key)
        return self._aes, theirs


class _Receiving:
    """The data of channels, out of what comes."""

    def __init__(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._theirs = conn.data_received
        self._cipher = _Cipher()

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        """Take what the transport read: data here, any other packet by asyncssh, one at a time."""
        conn, at = self._conn, 0
        if conn._auth_complete:
            self._keep_alive()
        if conn._inpbuf and self._is_between_packets:
            data, conn._inpbuf = conn._inpbuf + data, b""
        view = memoryview(data)
        while self._is_between_packets and (known := self._known()) is not None:
            at = self._take(view, at, *known)
            stop = self._end_of_packet(view, at)
            if stop > len(view):
                conn._inpbuf = bytes(view[at:])
                return
            self._theirs(bytes(view[at:stop]))
            at = stop
            if conn._transport is None:  # asyncssh has ended it
                return
        self._theirs(bytes(view[at:]))

    @property
    def _is_between_packets(self) -> bool:
        return self._conn._recv_handler == self._conn._recv_pkthdr

    def _known(self) -> tuple[AESGCM, GCMCipher] | None:
        """Return what deciphers what comes now; None where that is not ours to do."""
        conn = self._conn
        return None if conn._decompressor or not conn._auth_complete else self._cipher.of(conn._recv_encryption)

    def _end_of_packet(self, view: memoryview, at: int) -> int:
        """Return where a packet ends; behind the view if it has not come whole, at its end if it is none."""
        if len(view) - at < _SIZE.size:
            return len(view) + 1
        size: int = _SIZE.unpack_from(view, at)[0]
        return at + _SIZE.size + size + _TAG if size <= self._conn._max_recv_pktlen else len(view)

    def _take(self, view: memoryview, at: int, aes: AESGCM, cipher: GCMCipher) -> int:
        """Take packets as long as they are data; return where the first begins that isn't."""
        while (stop := self._end_of_packet(view, at)) <= len(view) and self._deliver(view[at:stop], aes, cipher):
            at = stop
        return at

    def _deliver(self, packet: memoryview, aes: AESGCM, cipher: GCMCipher) -> bool:
        """Hand on the data of a packet; False, with nothing changed, if it is anything else."""
        try:
            plain = aes.decrypt(cipher._iv, packet[_SIZE.size :], packet[: _SIZE.size])
        except InvalidTag:
            return False
        if len(plain) < _HEAD.size:
            return False
        padding, kind, number, size = _HEAD.unpack_from(plain)
        channel = self._conn._channels.get(number)
        if kind != MSG_CHANNEL_DATA or channel is None or padding < _LEAST_PADDING:
            return False
        if size != len(plain) - _HEAD.size - padding or channel._recv_state != "open" or size > channel._recv_window:
            return False
        cipher._update_iv()
        self._conn._recv_seq = (self._conn._recv_seq + 1) & 0xFFFFFFFF
        self._conn._auth_final = True
        channel._accept_data(memoryview(plain)[_HEAD.size : _HEAD.size + size])  # type: ignore[arg-type]
        return True

    def _keep_alive(self) -> None:
        """Put the next sign of life off, as asyncssh does for each read, but not for each read."""
        timer = self._conn._keepalive_timer
        if timer is not None and timer.when() - self._conn._loop.time() < 0.9 * self._conn._keepalive_interval:
            self._conn._reset_keepalive_timer()


class _Sending:
    """The data of channels, into what goes."""

    def __init__(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._theirs = conn.send_packet
        self._cipher = _Cipher()

    def send_packet(self, pkttype: int, *args: bytes, **options: object) -> None:
        """Send a packet."""
        known = self._cipher.of(self._conn._send_encryption) if pkttype == MSG_CHANNEL_DATA else None
        if known is None or not self._may_send():
            self._theirs(pkttype, *args, **options)  # type: ignore[arg-type]
        else:
            self._send(*known, b"".join(args))

    def _may_send(self) -> bool:
        """Whether nothing has to go first, and nothing but the cipher lies between."""
        conn = self._conn
        is_used_up = conn._rekey_bytes_sent >= conn._rekey_bytes
        is_old = bool(conn._rekey_seconds) and time.monotonic() >= conn._rekey_time
        is_open = conn._auth_complete and conn._kex_complete and not conn._compressor
        return is_open and not is_used_up and not is_old

    def _send(self, aes: AESGCM, cipher: GCMCipher, said: bytes) -> None:
        padding = -(2 + len(said)) % _BLOCK
        if padding < _LEAST_PADDING:
            padding += _BLOCK
        packet = b"".join((bytes((padding, MSG_CHANNEL_DATA)), said, os.urandom(padding)))
        size = _SIZE.pack(len(packet))
        sealed = aes.encrypt(cipher._iv, packet, size)
        cipher._update_iv()
        conn = self._conn
        conn._send(size + sealed)
        conn._send_seq = (conn._send_seq + 1) & 0xFFFFFFFF
        conn._rekey_bytes_sent += len(packet)
