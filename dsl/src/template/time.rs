//! Moments as Go has them: the calendar, zones, formatting and parsing by example layouts, durations.
//!
//! Makes text from moments and back. Must not know the present moment, and reads no zone from the file system:
//! the database is part of the program.

mod duration;
mod layout;
mod parse;

use std::fmt;
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::Value;
use super::shape::{Field, Json, StructType, Type, Width};
use super::value::Structure;

pub(super) use duration::{format_duration, parse_duration, round_duration};
pub(super) use parse::parse;

/// Seconds from the year 1, which is Go's zero time, to 1970.
const ZERO_SECONDS: i64 = -62_135_596_800;

const DAY_SECONDS: i64 = 86_400;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A moment with the zone in which it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Time {
    /// Seconds since 1970, also negative.
    pub seconds: i64,
    /// Nanoseconds after the second.
    pub nanoseconds: u32,
    /// Where it is shown.
    pub zone: Zone,
}

/// Where a moment is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Zone {
    /// UTC.
    Utc,
    /// The local zone, which is UTC here and yet another zone to Go.
    Local,
    /// An offset in seconds with the name it was written with, which may be empty.
    Fixed(i32, String),
    /// A zone of the time zone database.
    Named(TimeZone),
}

/// A moment on the calendar and the clock of its zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// January is 1.
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    /// Sunday is 0.
    pub(super) weekday: u8,
    /// The first of January is 1.
    pub(super) year_day: u16,
}

impl Zone {
    /// A zone by its name in the database; nothing if there is none. Names are exact.
    pub(super) fn load(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" => Some(Self::Utc),
            "Local" => Some(Self::Local),
            _ => {
                let zone = ZONES.get(name).ok()?;
                (zone.iana_name() == Some(name)).then_some(Self::Named(zone))
            }
        }
    }

    /// The offset in seconds and the abbreviation at a moment.
    pub(super) fn at(&self, seconds: i64) -> (i32, String) {
        match self {
            Self::Utc | Self::Local => (0, "UTC".to_owned()),
            Self::Fixed(offset, name) => (*offset, name.clone()),
            Self::Named(zone) => {
                let (least, most) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
                let moment = jiff::Timestamp::from_second(seconds.clamp(least, most)).unwrap_or_default();
                let info = zone.to_offset_info(moment);
                (info.offset().seconds(), info.abbreviation().to_owned())
            }
        }
    }

    /// The name of the zone itself.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Utc | Self::Local => "UTC".to_owned(),
            Self::Fixed(_, name) => name.clone(),
            Self::Named(zone) => zone.iana_name().unwrap_or_default().to_owned(),
        }
    }
}

impl Time {
    /// Go's zero time.
    pub const ZERO: Self = Self {
        seconds: ZERO_SECONDS,
        nanoseconds: 0,
        zone: Zone::Utc,
    };

    /// A moment of a clock, shown in the local zone.
    pub(super) fn of(moment: jiff::Timestamp) -> Self {
        let nanoseconds = moment.as_nanosecond();
        let seconds = nanoseconds.div_euclid(1_000_000_000);
        Self {
            seconds: i64::try_from(seconds).unwrap_or(0),
            nanoseconds: u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).unwrap_or(0),
            zone: Zone::Local,
        }
    }

    /// Seconds since 1970, shown in the local zone.
    pub(super) fn unix(seconds: i64) -> Self {
        Self {
            seconds,
            nanoseconds: 0,
            zone: Zone::Local,
        }
    }

    /// A moment from the calendar and clock of UTC, shown in another zone. Days may be beyond their month.
    pub(super) fn from_civil(year: i64, month: u8, day: i64, clock: i64, zone: Zone) -> Self {
        let days = days_from_civil(year, month, 1).wrapping_add(day - 1);
        Self {
            seconds: days.wrapping_mul(DAY_SECONDS).wrapping_add(clock),
            nanoseconds: 0,
            zone,
        }
    }

    /// The same moment in another zone.
    pub(super) fn in_zone(&self, zone: Zone) -> Self {
        Self { zone, ..self.clone() }
    }

    /// The moment so many nanoseconds later.
    pub(super) fn add(&self, nanoseconds: i64) -> Self {
        let total = i64::from(self.nanoseconds) + nanoseconds.rem_euclid(1_000_000_000);
        let carried = total.div_euclid(1_000_000_000);
        Self {
            seconds: self
                .seconds
                .wrapping_add(nanoseconds.div_euclid(1_000_000_000))
                .wrapping_add(carried),
            nanoseconds: u32::try_from(total.rem_euclid(1_000_000_000)).unwrap_or(0),
            zone: self.zone.clone(),
        }
    }

    /// Nanoseconds from another moment to this one, or the nearest that fit.
    pub(super) fn since(&self, other: &Self) -> i64 {
        let difference = self.total_nanoseconds() - other.total_nanoseconds();
        i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
    }

    /// Nanoseconds since 1970.
    pub(super) fn total_nanoseconds(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }

    /// The date so many years, months and days later, at the same time of day. Days beyond their month run over
    /// into the next.
    pub(super) fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let civil = self.civil();
        let months = i64::from(civil.month) - 1 + months.clamp(-1_000_000_000, 1_000_000_000);
        let year = civil
            .year
            .wrapping_add(years.clamp(-1_000_000_000, 1_000_000_000))
            + months.div_euclid(12);
        let month = u8::try_from(months.rem_euclid(12) + 1).unwrap_or(1);
        let days = days.clamp(-1_000_000_000_000, 1_000_000_000_000);
        let clock = (i64::from(civil.hour) * 60 + i64::from(civil.minute)) * 60 + i64::from(civil.second);
        let (offset, _) = self.zone.at(self.seconds);
        let moved = Self::from_civil(year, month, i64::from(civil.day) + days, clock, self.zone.clone());
        // The offset there can differ: try the present one first, then the one that holds there.
        let guess = moved.seconds - i64::from(offset);
        let (offset, _) = self.zone.at(guess);
        Self {
            seconds: moved.seconds - i64::from(offset),
            nanoseconds: self.nanoseconds,
            zone: moved.zone,
        }
    }

    /// Down to a multiple of a duration since Go's zero time.
    pub(super) fn truncate(&self, unit: i64) -> Self {
        self.less_rest(unit, |rest, _| -rest)
    }

    /// To the nearest multiple of a duration since Go's zero time, halves up.
    pub(super) fn round(&self, unit: i64) -> Self {
        self.less_rest(
            unit,
            |rest, unit| if rest * 2 < unit { -rest } else { unit - rest },
        )
    }

    fn less_rest(&self, unit: i64, change: impl Fn(i128, i128) -> i128) -> Self {
        if unit <= 0 {
            return self.clone();
        }
        let since_zero = self.total_nanoseconds() - i128::from(ZERO_SECONDS) * 1_000_000_000;
        let rest = since_zero.rem_euclid(i128::from(unit));
        self.add(i64::try_from(change(rest, i128::from(unit))).unwrap_or(0))
    }

    /// Whether summer time holds.
    pub(super) fn is_summer(&self) -> bool {
        match &self.zone {
            Zone::Utc | Zone::Local | Zone::Fixed(..) => false,
            Zone::Named(zone) => jiff::Timestamp::from_second(self.seconds)
                .is_ok_and(|moment| zone.to_offset_info(moment).dst().is_dst()),
        }
    }

    /// Whether it is Go's zero time.
    pub(super) fn is_zero(&self) -> bool {
        self.seconds == ZERO_SECONDS && self.nanoseconds == 0
    }

    /// On the calendar of its zone.
    pub(super) fn civil(&self) -> Civil {
        let (offset, _) = self.zone.at(self.seconds);
        let local = self.seconds.wrapping_add(offset.into());
        let (days, clock) = (local.div_euclid(DAY_SECONDS), local.rem_euclid(DAY_SECONDS));
        let (year, month, day) = civil_from_days(days);
        let narrow = |number: i64| u8::try_from(number).unwrap_or(0);
        Civil {
            year,
            month,
            day,
            hour: narrow(clock / 3600),
            minute: narrow(clock / 60 % 60),
            second: narrow(clock % 60),
            weekday: narrow((days + 4).rem_euclid(7)),
            year_day: u16::try_from(days - days_from_civil(year, 1, 1) + 1).unwrap_or(0),
        }
    }

    /// By a layout that shows how the reference time would look.
    pub(super) fn format(&self, layout: &str) -> String {
        layout::format(self, layout)
    }

    /// As Go's source code would make it.
    pub(super) fn go_string(&self) -> String {
        let civil = self.civil();
        let zone = match &self.zone {
            Zone::Utc => "time.UTC".to_owned(),
            Zone::Local => "time.Local".to_owned(),
            zone => format!("time.Location(\"{}\")", zone.name()),
        };
        format!(
            "time.Date({}, time.{}, {}, {}, {}, {}, {}, {zone})",
            civil.year,
            month_name(civil.month),
            civil.day,
            civil.hour,
            civil.minute,
            civil.second,
            self.nanoseconds,
        )
    }

    /// In JSON: RFC 3339 with the fraction it has. Nothing outside of the years that this format knows.
    pub(super) fn json(&self) -> Option<String> {
        let year = self.civil().year;
        (0..10_000)
            .contains(&year)
            .then(|| self.format("2006-01-02T15:04:05.999999999Z07:00"))
    }

    /// The fields that Go keeps inside, which a wrong verb brings to light.
    pub(super) fn structure(&self) -> Structure {
        let location = match &self.zone {
            Zone::Utc => Value::Pointer(&LOCATION, None),
            zone => Value::Location(zone.clone().into()),
        };
        let seconds = self.seconds.wrapping_sub(ZERO_SECONDS);
        let fields = vec![
            Value::Int(self.nanoseconds.into(), Width::Uint64),
            Value::int64(seconds),
            location,
        ];
        Structure {
            kind: &INSIDE,
            fields,
        }
    }
}

static LOCATION: StructType = StructType {
    name: "time.Location",
    fields: &[],
};

static INSIDE: StructType = StructType {
    name: "time.Time",
    fields: &[
        Field {
            name: "wall",
            json: Json::Hidden,
            embedded: false,
            ty: Type::Int(Width::Uint64),
        },
        Field {
            name: "ext",
            json: Json::Hidden,
            embedded: false,
            ty: Type::Int(Width::Int64),
        },
        Field {
            name: "loc",
            json: Json::Hidden,
            embedded: false,
            ty: Type::Location,
        },
    ],
};

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The name of a month. January is 1.
pub(super) fn month_name(month: u8) -> String {
    match usize::from(month)
        .checked_sub(1)
        .and_then(|position| MONTHS.get(position))
    {
        Some(name) => (*name).to_owned(),
        None => format!("%!Month({month})"),
    }
}

/// The name of a day of the week. Sunday is 0.
pub(super) fn weekday_name(weekday: u8) -> String {
    match WEEKDAYS.get(usize::from(weekday)) {
        Some(name) => (*name).to_owned(),
        None => format!("%!Weekday({weekday})"),
    }
}

/// Days since 1970 of a date of the Gregorian calendar, also before it was introduced. Counts in eras of 400
/// years that begin in March, so that the leap day is the last of its year.
fn days_from_civil(year: i64, month: u8, day: i64) -> i64 {
    let month = i64::from(month);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let shifted = days.wrapping_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        year,
        u8::try_from(month).unwrap_or(1),
        u8::try_from(day).unwrap_or(1),
    )
}

fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

fn days_in(month: u8, year: i64) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}
