//! Methods that templates can call on values: those of moments, durations, versions and the like.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Value;
use super::function::{Arguments, Implementation, Parameter, Stop};
use super::semver::{self, Version};
use super::shape::Type;
use super::time::{Time, Zone, format_duration, month_name, round_duration, weekday_name};

/// A method. Its implementation gets the receiver before the arguments.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) call: Implementation,
}

/// The method of a value by its name.
pub(super) fn find(value: &Value, name: &str) -> Option<&'static Method> {
    let methods: &'static [Method] = match value {
        Value::Time(_) | Value::MetaTime(_) => &TIME,
        Value::Duration(_) => &DURATION,
        Value::Month(_) | Value::Weekday(_) | Value::Location(_) => &NAMED,
        Value::Version(_) => &VERSION,
        Value::Absent
        | Value::Nil
        | Value::Bool(_)
        | Value::Int(..)
        | Value::Float(_)
        | Value::Complex(..)
        | Value::Text(..)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Struct(_)
        | Value::Pointer(..)
        | Value::BoolPointer(_) => return None,
    };
    methods.iter().find(|method| method.name == name)
}

const fn method(name: &'static str, parameters: &'static [Parameter], call: Implementation) -> Method {
    Method {
        name,
        parameters,
        call,
    }
}

const DURATION_PARAMETER: Parameter = Parameter::Typed(Type::Duration);
const VERSION_PARAMETER: Parameter = Parameter::Typed(Type::Version);
const ZONE_PARAMETER: Parameter = Parameter::Typed(Type::Location);

fn time_value(time: Time) -> Value {
    Value::Time(Arc::new(time))
}

/// The whole number that a wider one is cut to, as Go's arithmetic wraps.
fn wrapped(number: i128) -> i64 {
    i64::try_from(number & i128::from(u64::MAX))
        .unwrap_or_else(|_beyond| i64::try_from((number & i128::from(u64::MAX)) - (1 << 64)).unwrap_or(0))
}

fn order(arguments: Arguments<'_>) -> Ordering {
    arguments
        .time(0)
        .total_nanoseconds()
        .cmp(&arguments.time(1).total_nanoseconds())
}

static TIME: [Method; 34] = [
    method("Year", &[], |_, arguments| {
        Ok(Value::int(arguments.time(0).civil().year))
    }),
    method("Month", &[], |_, arguments| {
        Ok(Value::Month(arguments.time(0).civil().month))
    }),
    method("Day", &[], |_, arguments| {
        Ok(Value::int(arguments.time(0).civil().day.into()))
    }),
    method("Hour", &[], |_, arguments| {
        Ok(Value::int(arguments.time(0).civil().hour.into()))
    }),
    method("Minute", &[], |_, arguments| {
        Ok(Value::int(arguments.time(0).civil().minute.into()))
    }),
    method("Second", &[], |_, arguments| {
        Ok(Value::int(arguments.time(0).civil().second.into()))
    }),
    method("Nanosecond", &[], |_, arguments| {
        Ok(Value::int(arguments.time(0).nanoseconds.into()))
    }),
    method("Weekday", &[], |_, arguments| {
        Ok(Value::Weekday(arguments.time(0).civil().weekday))
    }),
    method("YearDay", &[], |_, arguments| {
        Ok(Value::int(arguments.time(0).civil().year_day.into()))
    }),
    method("Unix", &[], |_, arguments| {
        Ok(Value::int64(arguments.time(0).seconds))
    }),
    method("UnixMilli", &[], |_, arguments| {
        Ok(Value::int64(wrapped(
            arguments.time(0).total_nanoseconds().div_euclid(1_000_000),
        )))
    }),
    method("UnixMicro", &[], |_, arguments| {
        Ok(Value::int64(wrapped(
            arguments.time(0).total_nanoseconds().div_euclid(1_000),
        )))
    }),
    method("UnixNano", &[], |_, arguments| {
        Ok(Value::int64(wrapped(arguments.time(0).total_nanoseconds())))
    }),
    method("IsZero", &[], |_, arguments| {
        Ok(Value::Bool(arguments.time(0).is_zero()))
    }),
    method("IsDST", &[], |_, arguments| {
        Ok(Value::Bool(arguments.time(0).is_summer()))
    }),
    method("String", &[], |_, arguments| {
        Ok(Value::text(arguments.time(0).to_string()))
    }),
    method("GoString", &[], |_, arguments| {
        Ok(Value::text(arguments.time(0).go_string()))
    }),
    method("UTC", &[], |_, arguments| {
        Ok(time_value(arguments.time(0).in_zone(Zone::Utc)))
    }),
    method("Local", &[], |_, arguments| {
        Ok(time_value(arguments.time(0).in_zone(Zone::Local)))
    }),
    method("Location", &[], |_, arguments| {
        Ok(Value::Location(Arc::new(arguments.time(0).zone.clone())))
    }),
    method("In", &[ZONE_PARAMETER], |_, arguments| match arguments.any(1) {
        Value::Location(zone) => Ok(time_value(arguments.time(0).in_zone((**zone).clone()))),
        _ => Err(Stop::because("time: missing Location in call to Time.In")),
    }),
    method("Format", &[Parameter::TEXT], |_, arguments| {
        Ok(Value::text(arguments.time(0).format(&arguments.lossy(1))))
    }),
    method("Add", &[DURATION_PARAMETER], |_, arguments| {
        Ok(time_value(arguments.time(0).add(arguments.int(1))))
    }),
    method("AddDate", &[Parameter::INT; 3], |_, arguments| {
        Ok(time_value(arguments.time(0).add_date(
            arguments.int(1),
            arguments.int(2),
            arguments.int(3),
        )))
    }),
    method("Sub", &[Parameter::TIME], |_, arguments| {
        Ok(Value::Duration(arguments.time(0).since(arguments.time(1))))
    }),
    method("After", &[Parameter::TIME], |_, arguments| {
        Ok(Value::Bool(order(arguments).is_gt()))
    }),
    method("Before", &[Parameter::TIME], |_, arguments| {
        Ok(Value::Bool(order(arguments).is_lt()))
    }),
    method("Equal", &[Parameter::TIME], |_, arguments| {
        Ok(Value::Bool(order(arguments).is_eq()))
    }),
    method("Compare", &[Parameter::TIME], |_, arguments| {
        Ok(Value::int(sign(order(arguments))))
    }),
    method("Truncate", &[DURATION_PARAMETER], |_, arguments| {
        Ok(time_value(arguments.time(0).truncate(arguments.int(1))))
    }),
    method("Round", &[DURATION_PARAMETER], |_, arguments| {
        Ok(time_value(arguments.time(0).round(arguments.int(1))))
    }),
    method("MarshalText", &[], |_, arguments| marshal(arguments.time(0), "")),
    method("MarshalJSON", &[], |_, arguments| {
        marshal(arguments.time(0), "\"")
    }),
    method(
        "AppendFormat",
        &[Parameter::Typed(super::shape::BYTES), Parameter::TEXT],
        |_, arguments| {
            let Value::Bytes(bytes) = arguments.any(1) else {
                return Err(Stop::because("no bytes to append to"));
            };
            let text = arguments.time(0).format(&arguments.lossy(2));
            let bytes = [bytes.as_deref().unwrap_or_default(), text.as_bytes()].concat();
            Ok(Value::Bytes(Some(bytes.into())))
        },
    ),
];

fn sign(order: Ordering) -> i64 {
    match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

fn marshal(time: &Time, quote: &str) -> Result<Value, Stop> {
    let text = time
        .json()
        .ok_or_else(|| Stop::because("the year is outside of 0 to 9999"))?;
    Ok(Value::Bytes(Some(
        format!("{quote}{text}{quote}").into_bytes().into(),
    )))
}

static DURATION: [Method; 10] = [
    method("String", &[], |_, arguments| {
        Ok(Value::text(format_duration(arguments.int(0))))
    }),
    method("Nanoseconds", &[], |_, arguments| {
        Ok(Value::int64(arguments.int(0)))
    }),
    method("Microseconds", &[], |_, arguments| {
        Ok(Value::int64(arguments.int(0) / 1_000))
    }),
    method("Milliseconds", &[], |_, arguments| {
        Ok(Value::int64(arguments.int(0) / 1_000_000))
    }),
    method("Seconds", &[], |_, arguments| {
        Ok(in_units(arguments.int(0), 1_000_000_000))
    }),
    method("Minutes", &[], |_, arguments| {
        Ok(in_units(arguments.int(0), 60_000_000_000))
    }),
    method("Hours", &[], |_, arguments| {
        Ok(in_units(arguments.int(0), 3_600_000_000_000))
    }),
    method("Abs", &[], |_, arguments| {
        Ok(Value::Duration(arguments.int(0).saturating_abs()))
    }),
    method("Round", &[DURATION_PARAMETER], |_, arguments| {
        Ok(Value::Duration(round_duration(
            arguments.int(0),
            arguments.int(1),
        )))
    }),
    method("Truncate", &[DURATION_PARAMETER], |_, arguments| {
        let (duration, unit) = (arguments.int(0), arguments.int(1));
        Ok(Value::Duration(if unit <= 0 {
            duration
        } else {
            duration - duration % unit
        }))
    }),
];

/// Whole units and the rest are divided apart, as Go does it, because that rounds differently.
fn in_units(nanoseconds: i64, unit: i64) -> Value {
    use super::number::float_of_int;
    Value::Float(float_of_int(nanoseconds / unit) + float_of_int(nanoseconds % unit) / float_of_int(unit))
}

static NAMED: [Method; 1] = [method("String", &[], |_, arguments| {
    Ok(match arguments.any(0) {
        Value::Month(month) => Value::text(month_name(*month)),
        Value::Weekday(weekday) => Value::text(weekday_name(*weekday)),
        Value::Location(zone) => Value::text(zone.name()),
        other => other.clone(),
    })
})];

fn version_order(arguments: Arguments<'_>) -> Ordering {
    semver::compare(arguments.version(0), arguments.version(1))
}

/// A version that is not behind a pointer, which is what changing one gives.
fn changed(version: &Version) -> Value {
    Value::Struct(Arc::new(version.structure()))
}

static VERSION: [Method; 17] = [
    method("Major", &[], |_, arguments| {
        Ok(Value::int64(arguments.version(0).numbers[0]))
    }),
    method("Minor", &[], |_, arguments| {
        Ok(Value::int64(arguments.version(0).numbers[1]))
    }),
    method("Patch", &[], |_, arguments| {
        Ok(Value::int64(arguments.version(0).numbers[2]))
    }),
    method("Prerelease", &[], |_, arguments| {
        Ok(Value::text(&arguments.version(0).prerelease))
    }),
    method("Metadata", &[], |_, arguments| {
        Ok(Value::text(&arguments.version(0).metadata))
    }),
    method("Original", &[], |_, arguments| {
        Ok(Value::text(&arguments.version(0).original))
    }),
    method("String", &[], |_, arguments| {
        Ok(Value::text(arguments.version(0).to_string()))
    }),
    method("IncMajor", &[], |_, arguments| {
        Ok(changed(&arguments.version(0).increment(0)))
    }),
    method("IncMinor", &[], |_, arguments| {
        Ok(changed(&arguments.version(0).increment(1)))
    }),
    method("IncPatch", &[], |_, arguments| {
        Ok(changed(&arguments.version(0).increment(2)))
    }),
    method("SetPrerelease", &[Parameter::TEXT], |_, arguments| {
        let changed_version = arguments.version(0).with_suffix(Some(&arguments.lossy(1)), None);
        changed_version
            .as_ref()
            .map(changed)
            .ok_or_else(|| Stop::because("Invalid Prerelease string"))
    }),
    method("SetMetadata", &[Parameter::TEXT], |_, arguments| {
        let changed_version = arguments.version(0).with_suffix(None, Some(&arguments.lossy(1)));
        changed_version
            .as_ref()
            .map(changed)
            .ok_or_else(|| Stop::because("Invalid Metadata string"))
    }),
    method("Compare", &[VERSION_PARAMETER], |_, arguments| {
        Ok(Value::int(sign(version_order(arguments))))
    }),
    method("LessThan", &[VERSION_PARAMETER], |_, arguments| {
        Ok(Value::Bool(version_order(arguments).is_lt()))
    }),
    method("GreaterThan", &[VERSION_PARAMETER], |_, arguments| {
        Ok(Value::Bool(version_order(arguments).is_gt()))
    }),
    method("Equal", &[VERSION_PARAMETER], |_, arguments| {
        Ok(Value::Bool(version_order(arguments).is_eq()))
    }),
    method("MarshalJSON", &[], |_, arguments| {
        let text = format!("\"{}\"", arguments.version(0));
        Ok(Value::Bytes(Some(text.into_bytes().into())))
    }),
];
