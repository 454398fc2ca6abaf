"""What a policy says, day by day: part of the oracle, written from the rules alone.

Instants are naive ``datetime`` values in UTC, days are days of the policy's standard time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

ONE_DAY = timedelta(days=1)

# Standard time, all year, as Windows says it of each zone: hours and minutes from UTC.
OFFSETS = {
    "UTC": timedelta(0),
    "Pacific Standard Time": timedelta(hours=-8),
    "Newfoundland Standard Time": -timedelta(hours=3, minutes=30),
    "W. Europe Standard Time": timedelta(hours=1),
    "India Standard Time": timedelta(hours=5, minutes=30),
    "Nepal Standard Time": timedelta(hours=5, minutes=45),
    "Cen. Australia Standard Time": timedelta(hours=9, minutes=30),
    "Tonga Standard Time": timedelta(hours=13),
}
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
RULES = ["Daily", "Weekly", "Monthly", "Yearly"]

Tags = list[str]


@dataclass(frozen=True)
class DaysOfMonth:
    """Some days of a month: weekdays of its weeks (First to Fourth, Last), or dates of it."""

    weekdays: tuple[str, ...] = ()
    weeks: tuple[str, ...] = ()
    dates: tuple[int, ...] = ()
    last_day: bool = False

    def has(self, day: date) -> bool:
        """Tell whether a day is one of them."""
        if day.day in self.dates or (self.last_day and is_last_of_month(day)):
            return True
        return weekday(day) in self.weekdays and any(week in self.weeks for week in weeks(day))


@dataclass(frozen=True)
class Window:
    """Backups every so many hours from a time on, for so many hours."""

    every: int
    hours: int


@dataclass(frozen=True)
class Policy:
    """A policy; ``run_days`` is empty where it backs up every day.

    ``weekly``, ``monthly`` and ``yearly`` say which days they keep, and for how many weeks,
    months or years; ``daily`` and ``instant`` are days. ``at`` is the time of its backups or,
    with a ``window``, of the first one.
    """

    at: time
    zone: str = "UTC"
    run_days: tuple[str, ...] = ()
    instant: int = 2
    daily: int | None = None
    weekly: tuple[tuple[str, ...], int] | None = None
    monthly: tuple[DaysOfMonth, int] | None = None
    yearly: tuple[tuple[str, ...], DaysOfMonth, int] | None = None
    enhanced: bool = False
    window: Window | None = None

    def times(self) -> list[time]:
        """Return its times of a day, in their order; a window may go on into the next day."""
        if self.window is None:
            return [self.at]
        found = []
        for passed in range(0, self.window.hours + 1, self.window.every):
            at = time((self.at.hour + passed) % 24, self.at.minute)
            if at not in found:
                found.append(at)
        return sorted(found)

    def slots(self, day: date) -> list[datetime]:
        """Return when a day is backed up; the last of a day is the one that is vaulted."""
        if self.run_days and weekday(day) not in self.run_days:
            return []
        return [datetime.combine(day, at) - OFFSETS[self.zone] for at in self.times()]

    def tags(self, day: date) -> Tags:
        """Return the rules that a day's vaulted backup falls under."""
        found = []
        if self.daily is not None:
            found.append("Daily")
        if self.weekly is not None and weekday(day) in self.weekly[0]:
            found.append("Weekly")
        if self.monthly is not None and self.monthly[0].has(day):
            found.append("Monthly")
        if self.yearly is not None:
            months, days, _ = self.yearly
            if MONTHS[day.month - 1] in months and days.has(day):
                found.append("Yearly")
        return found

    def length(self, rule: str, day: date) -> timedelta | None:
        """Return how long a rule keeps a day's point; none if the policy has no such rule."""
        if rule == "Daily" and self.daily is not None:
            return self.daily * ONE_DAY
        if rule == "Weekly" and self.weekly is not None:
            return self.weekly[1] * 7 * ONE_DAY
        if rule == "Monthly" and self.monthly is not None:
            return months_later(day, self.monthly[1]) - day
        if rule == "Yearly" and self.yearly is not None:
            return months_later(day, 12 * self.yearly[2]) - day
        return None


def weekday(day: date) -> str:
    """Return a day's name."""
    return WEEKDAYS[day.weekday()]


def is_last_of_month(day: date) -> bool:
    """Tell whether the day after it is in another month."""
    return (day + ONE_DAY).month != day.month


def weeks(day: date) -> list[str]:
    """Return which of its month's such weekdays a day is: the fourth may be the last as well."""
    found = []
    for name, first, last in [
        ("First", 1, 7),
        ("Second", 8, 14),
        ("Third", 15, 21),
        ("Fourth", 22, 28),
    ]:
        if first <= day.day <= last:
            found.append(name)
    if (day + 7 * ONE_DAY).month != day.month:
        found.append("Last")
    return found


def months_later(day: date, count: int) -> date:
    """Return the same day some months on; where there is no such day, the month's last."""
    year, month, number = day.year, day.month, day.day
    for _ in range(count):
        month += 1
        if month > 12:
            year, month = year + 1, 1
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1
