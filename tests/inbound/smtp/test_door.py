"""Who is let in, by count and by address (Source: SPEC 4)."""

from ipaddress import ip_network

import pytest

from gateway.inbound.smtp.desk import SmtpLimits
from gateway.inbound.smtp.door import Door, address_key, is_among, plain_address
from gateway.inbound.smtp.replies import MADE_ROOM, SHUTTING_DOWN, TOO_MANY_HERE, TOO_MANY_OF_YOURS
from tests.fakes import ManualClock


class Guest:
    """Somebody with a connection."""

    def __init__(self, origin="192.0.2.1", idle_since=None):
        self.at, self.since, self.told = origin, idle_since, []

    def origin(self):
        return self.at

    def idle_since(self):
        return self.since

    def show_out(self, reply):
        self.told.append(reply)

    def retire(self):
        self.told.append("retire")


LIMITS = SmtpLimits(
    max_connections=3, max_connections_per_address=2, max_auth_failures_per_address=2, auth_window_seconds=10
)


def test_an_address_has_its_share():
    door = Door(ManualClock())
    guests = [Guest() for _ in range(3)]
    assert [door.enter(guest, LIMITS) for guest in guests] == [None, None, TOO_MANY_OF_YOURS]
    assert door.enter(Guest("192.0.2.2"), LIMITS) is None
    door.leave(guests[0])
    door.leave(guests[0])
    assert door.enter(Guest(), LIMITS) is None


def test_when_all_are_at_work_nobody_is_shown_out():
    door = Door(ManualClock())
    for number in range(3):
        assert door.enter(Guest(f"192.0.2.{number}"), LIMITS) is None
    assert door.enter(Guest("192.0.2.9"), LIMITS) is TOO_MANY_HERE


def test_the_longest_idle_makes_room_and_a_newcomer_is_not_idle():
    clock = ManualClock()
    clock.advance(100)
    door = Door(clock)
    old, older, fresh = Guest("a", 50), Guest("b", 20), Guest("c", 99.5)
    for guest in (old, older, fresh):
        door.enter(guest, LIMITS)
    assert door.enter(Guest("d"), LIMITS) is None
    assert (older.told, old.told, fresh.told) == ([MADE_ROOM], [], [])
    assert door.enter(Guest("e"), LIMITS) is None
    assert door.enter(Guest("f"), LIMITS) is TOO_MANY_HERE


def test_only_an_addresses_own_idle_make_room_for_it():
    clock = ManualClock()
    clock.advance(100)
    door = Door(clock)
    other, mine = Guest("b", 0), Guest("a", 50)
    for guest in (other, mine, Guest("a")):
        door.enter(guest, LIMITS)
    assert door.enter(Guest("a"), LIMITS) is None
    assert (other.told, mine.told) == ([], [MADE_ROOM])


async def test_a_closed_door_lets_nobody_in_and_shows_the_rest_out():
    door = Door(ManualClock())
    guest = Guest()
    door.enter(guest, LIMITS)
    await door.close(grace=0.01)
    assert guest.told == ["retire", SHUTTING_DOWN]
    assert door.enter(Guest(), LIMITS) is SHUTTING_DOWN


def test_wrong_passwords_are_forgotten_after_a_while():
    clock = ManualClock()
    door = Door(clock)
    door.note_wrong_password("a")
    assert not door.is_shut_out("a", LIMITS)
    clock.advance(6)
    door.note_wrong_password("a")
    assert door.is_shut_out("a", LIMITS)
    assert not door.is_shut_out("b", LIMITS)
    clock.advance(5)
    assert not door.is_shut_out("a", LIMITS)


def test_no_limit_on_wrong_passwords_is_none():
    door = Door(ManualClock())
    for _ in range(2000):
        door.note_wrong_password("a")
    assert not door.is_shut_out("a", SmtpLimits(max_auth_failures_per_address=0))


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:1:2:3:4:5", "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("", "", ""),
    ],
)
def test_an_address_is_one_whatever_it_wears(text, address, key):
    assert plain_address(text) == address
    assert address_key(address) == key


@pytest.mark.parametrize(
    ("address", "inside"), [("192.0.2.7", True), ("192.0.3.7", False), ("2001:db8::1", False), ("", False)]
)
def test_a_relay_is_known_by_its_networks(address, inside):
    assert is_among(address, [ip_network("192.0.2.0/24")]) == inside


def test_who_comes_by_a_socket_of_this_host_is_on_this_host():
    assert is_among("", [ip_network("127.0.0.0/8")])
