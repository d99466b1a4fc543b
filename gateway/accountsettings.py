"""What `gateway.toml` says of people: their accounts, their passwords, guessers, the acceptable use policy.

Owns these keys and their ranges; they stand in `settings` with all the others (Source: SPEC 9, 13).
"""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from gateway.configfile import Table
from gateway.configkinds import Count, CountOrNone


class AccountsSettings(Table):
    """How accounts are begun."""

    promised_days: Count = 14  # from the request to the account
    activation_hours: Count = 336  # for which the code of the first login is valid
    code_minutes: Count = 15  # for which the code beside an expired password is valid
    code_tries: Count = 5
    codes_a_day: Count = 5  # beside an expired password
    login_minutes: Count = 15  # for reading the policy and choosing a password


class PasswordsSettings(Table):
    """What a password must be."""

    min_length: Count = 8
    min_upper: CountOrNone = 1
    min_lower: CountOrNone = 1
    min_digits: CountOrNone = 1
    min_strength: Annotated[CountOrNone, Field(le=4)] = 2  # zxcvbn's scale; 0 asks for none
    expire_days: CountOrNone = 90  # 0 is never
    remind_day: CountOrNone = 80
    remind_daily_from_day: CountOrNone = 85
    hash_passes: Count = 2
    hash_memory_kib: Annotated[Count, Field(ge=8)] = 19 * 1024  # a hash that is being made or compared
    hash_threads: Annotated[Count, Field(le=32)] = 2

    @field_validator("remind_daily_from_day")
    @classmethod
    def _reminds_in_time(cls, value: int, info: ValidationInfo) -> int:
        first, last = info.data.get("remind_day"), info.data.get("expire_days")
        if last and first is not None and not first <= value < last:
            raise ValueError(f"expected a day from remind_day ({first}) to the one before expire_days ({last})")
        return value


class GuessingSettings(Table):
    """When a guesser is shut out."""

    max_failures_per_account: Count = 10
    max_failures_per_address: Count = 50
    window_seconds: Count = 600
    shut_out_seconds: Count = 900


class PolicySettings(Table):
    """How the acceptable use policy comes in."""

    grace_days: CountOrNone = 14
