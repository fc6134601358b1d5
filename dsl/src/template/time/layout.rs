//! Layouts: text in which parts of the reference time, Monday 2 January 2006 15:04:05, stand for what is shown.

use super::{Civil, Time, month_name, weekday_name};

/// A part of a layout that stands for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperNoon,
    LowerNoon,
    Abbreviation,
    /// An offset from UTC.
    Offset(Offset),
    /// `.000` or `,000`: that many digits.
    Fraction(u8, usize),
    /// `.999` or `,999`: that many digits, without zeros at the end, or nothing.
    ShortFraction(u8, usize),
}

/// How an offset is written.
#[expect(clippy::struct_excessive_bools, reason = "each stands for a part of the text")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` instead of no offset.
    pub(super) zulu: bool,
    pub(super) colons: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

/// Hours alone.
const HOURS: Offset = Offset {
    zulu: false,
    colons: false,
    minutes: false,
    seconds: false,
};
const MINUTES: Offset = Offset {
    minutes: true,
    ..HOURS
};
const SECONDS: Offset = Offset {
    seconds: true,
    ..MINUTES
};

const fn colons(offset: Offset) -> Offset {
    Offset {
        colons: true,
        ..offset
    }
}

const fn zulu(offset: Offset) -> Element {
    Element::Offset(Offset { zulu: true, ..offset })
}

/// What stands for what, longer ones before what they begin with.
const ELEMENTS: [(&str, Element); 33] = [
    ("January", Element::LongMonth),
    ("Jan", Element::Month),
    ("Monday", Element::LongWeekday),
    ("Mon", Element::Weekday),
    ("MST", Element::Abbreviation),
    ("01", Element::ZeroMonth),
    ("02", Element::ZeroDay),
    ("03", Element::ZeroHour12),
    ("04", Element::ZeroMinute),
    ("05", Element::ZeroSecond),
    ("06", Element::Year),
    ("002", Element::ZeroYearDay),
    ("15", Element::Hour),
    ("1", Element::NumberMonth),
    ("2006", Element::LongYear),
    ("2", Element::Day),
    ("_2", Element::UnderDay),
    ("__2", Element::UnderYearDay),
    ("3", Element::Hour12),
    ("4", Element::Minute),
    ("5", Element::Second),
    ("PM", Element::UpperNoon),
    ("pm", Element::LowerNoon),
    ("-070000", Element::Offset(SECONDS)),
    ("-07:00:00", Element::Offset(colons(SECONDS))),
    ("-0700", Element::Offset(MINUTES)),
    ("-07:00", Element::Offset(colons(MINUTES))),
    ("-07", Element::Offset(HOURS)),
    ("Z070000", zulu(SECONDS)),
    ("Z07:00:00", zulu(colons(SECONDS))),
    ("Z0700", zulu(MINUTES)),
    ("Z07:00", zulu(colons(MINUTES))),
    ("Z07", zulu(HOURS)),
];

/// The first element of a layout: the text before it, the element, and what follows. Without an element, all of it
/// is text.
pub(super) fn next_element(layout: &str) -> (&str, Option<Element>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        if let Some(after) = rest.strip_prefix("_2006") {
            return (&layout[..=at], Some(Element::LongYear), after);
        }
        let found = ELEMENTS.iter().find(|(text, element)| {
            let short_name = matches!(element, Element::Month | Element::Weekday);
            rest.strip_prefix(text)
                .is_some_and(|after| !short_name || !after.starts_with(|c: char| c.is_ascii_lowercase()))
        });
        if let Some((text, element)) = found {
            return (&layout[..at], Some(*element), &rest[text.len()..]);
        }
        if let Some((element, length)) = fraction(rest) {
            return (&layout[..at], Some(element), &rest[length..]);
        }
    }
    (layout, None, "")
}

/// A fraction of a second at the start of a layout, with its length.
fn fraction(layout: &str) -> Option<(Element, usize)> {
    let bytes = layout.as_bytes();
    let separator = bytes
        .first()
        .copied()
        .filter(|byte| matches!(byte, b'.' | b','))?;
    let digit = bytes.get(1).copied().filter(|byte| matches!(byte, b'0' | b'9'))?;
    let count = bytes[1..].iter().take_while(|byte| **byte == digit).count();
    if bytes.get(1 + count).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let element = if digit == b'0' {
        Element::Fraction
    } else {
        Element::ShortFraction
    };
    Some((element(separator, count), 1 + count))
}

/// A moment by a layout.
pub(super) fn format(time: &Time, layout: &str) -> String {
    let civil = time.civil();
    let mut text = String::new();
    let mut rest = layout;
    while !rest.is_empty() {
        let (before, element, after) = next_element(rest);
        text.push_str(before);
        let Some(element) = element else { break };
        text.push_str(&shown(element, time, &civil));
        rest = after;
    }
    text
}

/// What one element stands for.
fn shown(element: Element, time: &Time, civil: &Civil) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        weekday,
        year_day,
    } = civil;
    let hour12 = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    let is_afternoon = *hour >= 12;
    match element {
        Element::LongMonth => month_name(*month),
        Element::Month => month_name(*month)[..3].to_owned(),
        Element::NumberMonth => month.to_string(),
        Element::ZeroMonth => format!("{month:02}"),
        Element::LongWeekday => weekday_name(*weekday),
        Element::Weekday => weekday_name(*weekday)[..3].to_owned(),
        Element::Day => day.to_string(),
        Element::UnderDay => format!("{day:2}"),
        Element::ZeroDay => format!("{day:02}"),
        Element::UnderYearDay => format!("{year_day:3}"),
        Element::ZeroYearDay => format!("{year_day:03}"),
        Element::Hour => format!("{hour:02}"),
        Element::Hour12 => hour12.to_string(),
        Element::ZeroHour12 => format!("{hour12:02}"),
        Element::Minute => minute.to_string(),
        Element::ZeroMinute => format!("{minute:02}"),
        Element::Second => second.to_string(),
        Element::ZeroSecond => format!("{second:02}"),
        Element::LongYear => format_year(*year),
        Element::Year => format!("{:02}", year.unsigned_abs() % 100),
        Element::UpperNoon => if is_afternoon { "PM" } else { "AM" }.to_owned(),
        Element::LowerNoon => if is_afternoon { "pm" } else { "am" }.to_owned(),
        Element::Offset(form) => format_offset(time.zone.at(time.seconds).0, form),
        Element::Abbreviation => match time.zone.at(time.seconds) {
            (offset, name) if name.is_empty() => format_offset(offset, MINUTES),
            (_, name) => name,
        },
        Element::Fraction(separator, count) => {
            format!(
                "{}{}",
                char::from(separator),
                digits_of_fraction(time.nanoseconds, count)
            )
        }
        Element::ShortFraction(separator, count) => {
            match digits_of_fraction(time.nanoseconds, count).trim_end_matches('0') {
                "" => String::new(),
                digits => format!("{}{digits}", char::from(separator)),
            }
        }
    }
}

fn format_year(year: i64) -> String {
    if year < 0 {
        format!("-{:04}", year.unsigned_abs())
    } else {
        format!("{year:04}")
    }
}

/// The first digits of a fraction, at most nine.
fn digits_of_fraction(nanoseconds: u32, count: usize) -> String {
    let mut digits = format!("{nanoseconds:09}");
    digits.truncate(count);
    digits
}

fn format_offset(offset: i32, form: Offset) -> String {
    if form.zulu && offset == 0 {
        return "Z".to_owned();
    }
    // The sign is that of the whole minutes.
    let sign = if offset / 60 < 0 { '-' } else { '+' };
    let magnitude = offset.unsigned_abs();
    let colon = if form.colons { ":" } else { "" };
    let minutes = if form.minutes {
        format!("{colon}{:02}", magnitude / 60 % 60)
    } else {
        String::new()
    };
    let seconds = if form.seconds {
        format!("{colon}{:02}", magnitude % 60)
    } else {
        String::new()
    };
    format!("{sign}{:02}{minutes}{seconds}", magnitude / 3600)
}
