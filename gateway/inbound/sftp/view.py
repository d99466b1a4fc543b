"""What a person sees: a tree of rooms and leaves, computed from records when somebody looks.

Owns where each person starts. No folder of the disk stands behind any of it, and nothing here changes anything: what
can be done to what is shown is `portal` (Source: SPEC 5).
"""

from gateway.core.register import Role
from gateway.inbound.sftp.accountroom import AccountRoom, WithAccount
from gateway.inbound.sftp.rooms import Fixed, Room, Sight
from gateway.inbound.sftp.schoolview import SchoolRoom
from gateway.inbound.sftp.serviceview import ServiceRoom
from gateway.inbound.sftp.shown import room_name

__all__ = ["Sight", "root_of"]


def root_of(sight: Sight) -> Room:
    """Return the room that a person starts in: their services or schools, and their own account."""
    rooms = _services(sight) if sight.account.role is Role.OFFICER else _schools(sight)
    return WithAccount(rooms, AccountRoom(sight))


def _services(sight: Sight) -> Room:
    catalogue = sight.policy.current.catalogue
    found = [service for code in sight.account.services if (service := catalogue.get(code))]
    return Fixed("", tuple(ServiceRoom(sight, service) for service in found))


def _schools(sight: Sight) -> Room:
    """Return the one school's own rooms, or a room for each of several."""
    directory = sight.directory.current
    schools = [school for number in sight.account.schools if (school := directory.school(number))]
    if len(schools) == 1:
        return SchoolRoom("", sight, schools[0])
    return Fixed("", tuple(SchoolRoom(room_name(school), sight, school) for school in schools))
