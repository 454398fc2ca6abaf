"""Retention rules: which days' points they tag, and how long they keep them (docs/decisions/0042).

Dates are those of the policy's standard time; lengths are whole days.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKS = ("First", "Second", "Third", "Fourth", "Last")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
LAST_DAY = 0
"""What stands for the last day of a month among days of the month, as on the wire."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One category of a retention policy: Daily, Weekly, Monthly or Yearly.

    ``count`` is in days, weeks, months or years. A point is tagged if its date is among all of
    the weekdays, weeks of the month, days of the month and months; ``None`` is any.
    """

    name: str
    count: int
    weekdays: frozenset[str] | None = None
    weeks: frozenset[str] | None = None
    month_days: frozenset[int] | None = None
    months: frozenset[str] | None = None

    @property
    def tag(self) -> str:
        """The letter that points keep of the rule: D, W, M or Y."""
        return self.name[0]

    def tags(self, day: date) -> bool:
        """Tell whether the point of a date belongs to this category."""
        return (
            (self.weekdays is None or WEEKDAYS[day.weekday()] in self.weekdays)
            and (self.weeks is None or not self.weeks.isdisjoint(_weeks(day)))
            and (self.month_days is None or not self.month_days.isdisjoint(_month_days(day)))
            and (self.months is None or MONTHS[day.month - 1] in self.months)
        )

    def days(self, day: date) -> int:
        """Return for how many days the point of a date is kept; months go by the calendar."""
        if self.tag in "DW":
            return self.count * (7 if self.tag == "W" else 1)
        months = self.count * (12 if self.tag == "Y" else 1)
        return (months_later(day, months) - day).days

    @property
    def shortest_days(self) -> int:
        """The least number of days for which a point is kept, whatever its date."""
        return self.count * {"D": 1, "W": 7, "M": 28, "Y": 365}[self.tag]

    @property
    def most_points(self) -> int:
        """No more points than this are ever kept by the rule alone."""
        weekdays = len(WEEKDAYS) if self.weekdays is None else len(self.weekdays)
        if self.tag in "DW":
            return self.count * (weekdays if self.tag == "W" else 1)
        in_a_month = (
            len(self.month_days or ()) if self.weeks is None else weekdays * len(self.weeks)
        )
        return self.count * in_a_month * (len(self.months) if self.months is not None else 1)


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, or that month's last day if it is shorter.

    Past the end of the calendar it is the calendar's last day.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _weeks(day: date) -> list[str]:
    """Return which weeks of its month a date is in: the fourth may also be the last."""
    weeks = list(WEEKS[(day.day - 1) // 7 : (day.day - 1) // 7 + 1]) if day.day <= 28 else []
    if day.day + 7 > monthrange(day.year, day.month)[1]:
        weeks.append("Last")
    return weeks


def _month_days(day: date) -> list[int]:
    """Return which days of its month a date is: by number, and the last one."""
    is_last = day.day == monthrange(day.year, day.month)[1]
    return [day.day, LAST_DAY] if is_last else [day.day]
