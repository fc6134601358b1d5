//! Moments. What is no moment and no number of seconds is the present moment, which surprises whoever formats the
//! text `.Time`.

use std::sync::Arc;

use crate::template::Value;
use crate::template::function::{Arguments, Context, Function, Parameter};
use crate::template::shape::Width;
use crate::template::time::{self, Time, Zone, format_duration, parse_duration, round_duration};

const ANY: &[Parameter] = &[Parameter::Any];
const LAYOUT_AND_DATE: &[Parameter] = &[Parameter::TEXT, Parameter::Any];
const LAYOUT_DATE_AND_ZONE: &[Parameter] = &[Parameter::TEXT, Parameter::Any, Parameter::TEXT];
const DATE: &str = "2006-01-02";

/// The family.
pub(super) static FUNCTIONS: [Function; 11] = [
    Function::new("now", &[], None, |context, _| {
        Ok(Value::Time(Arc::new(Time::of(context.settings.now))))
    }),
    Function::new("date", LAYOUT_AND_DATE, None, |context, arguments| {
        Ok(format(context, &arguments.lossy(0), arguments.any(1), "Local"))
    }),
    Function::new("dateInZone", LAYOUT_DATE_AND_ZONE, None, |context, arguments| {
        Ok(format(
            context,
            &arguments.lossy(0),
            arguments.any(1),
            &arguments.lossy(2),
        ))
    }),
    Function::new(
        "date_in_zone",
        LAYOUT_DATE_AND_ZONE,
        None,
        |context, arguments| {
            Ok(format(
                context,
                &arguments.lossy(0),
                arguments.any(1),
                &arguments.lossy(2),
            ))
        },
    ),
    Function::new("htmlDate", ANY, None, |context, arguments| {
        Ok(format(context, DATE, arguments.any(0), "Local"))
    }),
    Function::new(
        "htmlDateInZone",
        &[Parameter::Any, Parameter::TEXT],
        None,
        |context, arguments| Ok(format(context, DATE, arguments.any(0), &arguments.lossy(1))),
    ),
    Function::new(
        "dateModify",
        &[Parameter::TEXT, Parameter::TIME],
        None,
        |_, arguments| Ok(modified(arguments)),
    ),
    Function::new(
        "date_modify",
        &[Parameter::TEXT, Parameter::TIME],
        None,
        |_, arguments| Ok(modified(arguments)),
    ),
    Function::new("ago", ANY, None, |context, arguments| {
        let now = Time::of(context.settings.now);
        let passed = now.since(&moment(context, arguments.any(0)));
        Ok(Value::text(format_duration(round_duration(
            passed,
            1_000_000_000,
        ))))
    }),
    Function::new("toDate", &[Parameter::TEXT; 2], None, |_, arguments| {
        // What does not fit the layout is Go's zero time.
        let time = time::parse(&arguments.lossy(0), &arguments.lossy(1)).unwrap_or(Time::ZERO);
        Ok(Value::Time(Arc::new(time)))
    }),
    Function::new("unixEpoch", &[Parameter::TIME], None, |_, arguments| {
        Ok(Value::text(arguments.time(0).seconds.to_string()))
    }),
];

fn moment(context: &Context<'_, '_>, value: &Value) -> Time {
    match value {
        Value::Time(time) => (**time).clone(),
        Value::Int(seconds, Width::Int | Width::Int64) => Time::unix(*seconds),
        _ => Time::of(context.settings.now),
    }
}

/// An unknown zone is UTC.
fn format(context: &Context<'_, '_>, layout: &str, value: &Value, zone: &str) -> Value {
    let zone = Zone::load(zone).unwrap_or(Zone::Utc);
    Value::text(moment(context, value).in_zone(zone).format(layout))
}

/// What is no duration changes nothing.
fn modified(arguments: Arguments<'_>) -> Value {
    let time = arguments.time(1);
    Value::Time(Arc::new(match parse_duration(&arguments.lossy(0)) {
        Some(nanoseconds) => time.add(nanoseconds),
        None => time.clone(),
    }))
}
