//! Moments from text by a layout.

use super::layout::{Element, Offset, next_element};
use super::{MONTHS, Time, WEEKDAYS, Zone, days_in, is_leap};

/// A moment from text by a layout, in the local zone unless the text says otherwise. Nothing if it does not fit.
pub(crate) fn parse(layout: &str, text: &str) -> Option<Time> {
    let mut found = Found::default();
    let mut value = text;
    let mut rest = layout;
    loop {
        let (before, element, after) = next_element(rest);
        value = skip(value, before)?;
        let Some(element) = element else { break };
        rest = after;
        value = found.read(element, value, rest)?;
    }
    if !value.is_empty() {
        return None;
    }
    found.finish()
}

/// What has been read.
#[derive(Debug, Default)]
struct Found {
    year: i64,
    month: Option<u8>,
    day: Option<u8>,
    year_day: Option<u16>,
    hour: u8,
    minute: u8,
    second: u8,
    nanoseconds: u32,
    before_noon: bool,
    after_noon: bool,
    utc: bool,
    offset: Option<i32>,
    abbreviation: String,
}

/// What follows a text that has to be there. A blank stands for any number of blanks.
fn skip<'t>(mut value: &'t str, mut expected: &str) -> Option<&'t str> {
    while let Some(character) = expected.chars().next() {
        if character == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return None;
            }
            expected = expected.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(character)?;
        expected = &expected[character.len_utf8()..];
    }
    Some(value)
}

/// The position of a name at the start of a text, in any case, and what follows it.
fn look_up<'t>(names: &[&str], length: usize, value: &'t str) -> Option<(u8, &'t str)> {
    (0..).zip(names).find_map(|(position, name)| {
        let name = &name[..name.len().min(length)];
        let start = value.get(..name.len())?;
        start
            .eq_ignore_ascii_case(name)
            .then(|| (position, &value[name.len()..]))
    })
}

/// One or two digits, or exactly two.
fn number(value: &str, fixed: bool) -> Option<(u8, &str)> {
    let digits = value.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || fixed && digits != 2 {
        return None;
    }
    Some((value[..digits].parse().ok()?, &value[digits..]))
}

/// Two digits of an offset.
fn pair(value: &str) -> Option<i32> {
    number(value, true).map(|(number, _)| number.into())
}

/// A text cut into a part of so many bytes and the rest.
fn take(value: &str, bytes: usize) -> Option<(&str, &str)> {
    value.split_at_checked(bytes)
}

/// A separator and digits, as nanoseconds.
fn fraction(text: &str) -> Option<u32> {
    let digits = text.strip_prefix(['.', ','])?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut nine: String = digits.chars().take(9).collect();
    while nine.len() < 9 {
        nine.push('0');
    }
    nine.parse().ok()
}

/// How many bytes of a text are a separator and digits.
fn fraction_length(value: &str) -> usize {
    match value.strip_prefix(['.', ',']) {
        Some(digits) => match digits.bytes().take_while(u8::is_ascii_digit).count() {
            0 => 0,
            count => 1 + count,
        },
        None => 0,
    }
}

impl Found {
    /// Reads one element: what follows it in the text.
    fn read<'t>(&mut self, element: Element, value: &'t str, layout: &str) -> Option<&'t str> {
        match element {
            Element::Year | Element::LongYear => self.read_year(element, value),
            Element::LongMonth | Element::Month => {
                let length = if element == Element::Month { 3 } else { usize::MAX };
                let (position, rest) = look_up(&MONTHS, length, value)?;
                self.month = Some(position + 1);
                Some(rest)
            }
            Element::NumberMonth | Element::ZeroMonth => {
                let (month, rest) = number(value, element == Element::ZeroMonth)?;
                self.month = Some(month).filter(|month| (1..=12).contains(month));
                self.month.map(|_| rest)
            }
            Element::LongWeekday => look_up(&WEEKDAYS, usize::MAX, value).map(|(_, rest)| rest),
            Element::Weekday => look_up(&WEEKDAYS, 3, value).map(|(_, rest)| rest),
            Element::Day | Element::UnderDay | Element::ZeroDay => {
                let blank = element == Element::UnderDay;
                let value = if blank {
                    value.strip_prefix(' ').unwrap_or(value)
                } else {
                    value
                };
                let (day, rest) = number(value, element == Element::ZeroDay)?;
                self.day = Some(day);
                Some(rest)
            }
            Element::UnderYearDay | Element::ZeroYearDay => self.read_year_day(element, value),
            Element::Hour => {
                let (hour, rest) = number(value, false)?;
                self.hour = hour;
                (hour < 24).then_some(rest)
            }
            Element::Hour12 | Element::ZeroHour12 => {
                let (hour, rest) = number(value, element == Element::ZeroHour12)?;
                self.hour = hour;
                (hour <= 12).then_some(rest)
            }
            Element::Minute | Element::ZeroMinute => {
                let (minute, rest) = number(value, element == Element::ZeroMinute)?;
                self.minute = minute;
                (minute < 60).then_some(rest)
            }
            Element::Second | Element::ZeroSecond => self.read_second(element, value, layout),
            Element::UpperNoon | Element::LowerNoon => {
                let (word, rest) = take(value, 2)?;
                let (before, after) = if element == Element::UpperNoon {
                    ("AM", "PM")
                } else {
                    ("am", "pm")
                };
                self.before_noon |= word == before;
                self.after_noon |= word == after;
                (word == before || word == after).then_some(rest)
            }
            Element::Offset(form) => self.read_offset(form, value),
            Element::Abbreviation => self.read_abbreviation(value),
            Element::Fraction(_, count) => {
                let (text, rest) = take(value, 1 + count)?;
                self.nanoseconds = fraction(text)?;
                Some(rest)
            }
            Element::ShortFraction(..) => {
                // Any number of digits, also none.
                let (text, rest) = take(value, fraction_length(value))?;
                if !text.is_empty() {
                    self.nanoseconds = fraction(text)?;
                }
                Some(rest)
            }
        }
    }

    fn read_year<'t>(&mut self, element: Element, value: &'t str) -> Option<&'t str> {
        let long = element == Element::LongYear;
        let (digits, rest) = take(value, if long { 4 } else { 2 })?;
        if long && !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let year: i64 = digits.parse().ok()?;
        self.year = match (long, year) {
            (true, _) => year,
            (false, 69..) => year + 1900,
            (false, _) => year + 2000,
        };
        Some(rest)
    }

    fn read_year_day<'t>(&mut self, element: Element, value: &'t str) -> Option<&'t str> {
        let mut value = value;
        let zeros = element == Element::ZeroYearDay;
        for _ in 0..2 {
            value = if zeros {
                value
            } else {
                value.strip_prefix(' ').unwrap_or(value)
            };
        }
        let digits = value.bytes().take(3).take_while(u8::is_ascii_digit).count();
        if digits == 0 || zeros && digits != 3 {
            return None;
        }
        self.year_day = Some(value[..digits].parse().ok()?);
        Some(&value[digits..])
    }

    fn read_second<'t>(&mut self, element: Element, value: &'t str, layout: &str) -> Option<&'t str> {
        let (second, rest) = number(value, element == Element::ZeroSecond)?;
        self.second = second;
        if second >= 60 {
            return None;
        }
        // A fraction may follow the seconds even if the layout has none.
        let length = fraction_length(rest);
        let expects = matches!(
            next_element(layout).1,
            Some(Element::Fraction(..) | Element::ShortFraction(..))
        );
        if length == 0 || expects {
            return Some(rest);
        }
        self.nanoseconds = fraction(&rest[..length])?;
        Some(&rest[length..])
    }

    fn read_offset<'t>(&mut self, form: Offset, value: &'t str) -> Option<&'t str> {
        if form.zulu
            && let Some(rest) = value.strip_prefix('Z')
        {
            self.utc = true;
            return Some(rest);
        }
        let colon = usize::from(form.colons);
        let (sign, mut rest) = take(value, 1)?;
        let mut parts = [0; 3];
        for (position, part) in parts.iter_mut().enumerate() {
            let present = [true, form.minutes, form.seconds][position];
            if !present {
                continue;
            }
            if position > 0 {
                let (separator, after) = take(rest, colon)?;
                if form.colons && separator != ":" {
                    return None;
                }
                rest = after;
            }
            let (digits, after) = take(rest, 2)?;
            *part = pair(digits)?;
            rest = after;
        }
        let [hours, minutes, seconds] = parts;
        if hours > 24 || minutes > 60 || seconds > 60 {
            return None;
        }
        let offset = (hours * 60 + minutes) * 60 + seconds;
        self.offset = Some(match sign {
            "+" => offset,
            "-" => -offset,
            _ => return None,
        });
        Some(rest)
    }

    fn read_abbreviation<'t>(&mut self, value: &'t str) -> Option<&'t str> {
        if let Some(rest) = value.strip_prefix("UTC") {
            self.utc = true;
            return Some(rest);
        }
        let (name, rest) = take(value, abbreviation_length(value)?)?;
        name.clone_into(&mut self.abbreviation);
        Some(rest)
    }

    /// The moment, if all that was read fits together.
    fn finish(mut self) -> Option<Time> {
        if self.after_noon && self.hour < 12 {
            self.hour += 12;
        } else if self.before_noon && self.hour == 12 {
            self.hour = 0;
        }
        let (month, day) = self.date()?;
        if !(1..=days_in(month, self.year)).contains(&day) {
            return None;
        }
        let clock = (i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second);
        let at = |offset: i32, zone: Zone| Time {
            nanoseconds: self.nanoseconds,
            ..Time::from_civil(self.year, month, day.into(), clock - i64::from(offset), zone)
        };
        if self.utc {
            return Some(at(0, Zone::Utc));
        }
        let is_local =
            |offset: i32| offset == 0 && (self.abbreviation.is_empty() || self.abbreviation == "UTC");
        match self.offset {
            // Go takes minus one second for no offset at all.
            Some(offset) if offset != -1 && is_local(offset) => Some(at(0, Zone::Local)),
            Some(offset) if offset != -1 => Some(at(offset, Zone::Fixed(offset, self.abbreviation.clone()))),
            _ if self.abbreviation.is_empty() => Some(at(0, Zone::Local)),
            _ => {
                // An abbreviation says nothing by itself, except for offsets from Greenwich.
                let offset = self
                    .abbreviation
                    .strip_prefix("GMT")
                    .and_then(|hours| hours.parse::<i32>().ok());
                let zone = Zone::Fixed(offset.unwrap_or(0) * 3600, self.abbreviation.clone());
                Some(at(0, zone))
            }
        }
    }

    /// The month and day, also from the day of the year.
    fn date(&self) -> Option<(u8, u8)> {
        let Some(year_day) = self.year_day else {
            return Some((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        if year_day < 1 || year_day > if is_leap(self.year) { 366 } else { 365 } {
            return None;
        }
        let mut left = year_day;
        let mut month = 1;
        while left > u16::from(days_in(month, self.year)) {
            left -= u16::from(days_in(month, self.year));
            month += 1;
        }
        let day = u8::try_from(left).ok()?;
        let agrees = self.month.is_none_or(|one| one == month) && self.day.is_none_or(|one| one == day);
        agrees.then_some((month, day))
    }
}

/// How many bytes at the start of a text look like the abbreviation of a zone.
fn abbreviation_length(value: &str) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with("ChST") || value.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix("GMT") {
        return Some(3 + signed_offset_length(rest));
    }
    if value.starts_with(['+', '-']) {
        return Some(signed_offset_length(value)).filter(|length| *length > 0);
    }
    let upper = value.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match upper {
        5 if value.as_bytes()[4] == b'T' => Some(5),
        4 if value.as_bytes()[3] == b'T' || value.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// How many bytes are a sign and at most 23 hours.
fn signed_offset_length(value: &str) -> usize {
    let Some(digits) = value.strip_prefix(['+', '-']) else {
        return 0;
    };
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    match digits[..count].parse::<u8>() {
        Ok(hours) if hours <= 23 => 1 + count,
        _ => 0,
    }
}
