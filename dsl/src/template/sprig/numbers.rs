//! Numbers: conversions, arithmetic that wraps around, rounding, counting.

use super::conversions::{to_float, to_int};
use crate::template::Value;
use crate::template::error::Limit;
use crate::template::function::{Arguments, Function, Meter, Parameter, Stop};
use crate::template::number::{Unreadable, parse_int};
use crate::template::print;
use crate::template::shape::{Type, Width};
use crate::template::value::List;

const ANY: &[Parameter] = &[Parameter::Any];
const TWO: &[Parameter] = &[Parameter::Any, Parameter::Any];
const MANY: Option<Parameter> = Some(Parameter::Any);

/// The family.
pub(super) static FUNCTIONS: [Function; 19] = [
    Function::new("atoi", &[Parameter::TEXT], None, |_, arguments| {
        Ok(Value::int(match parse_int(&arguments.lossy(0), 10) {
            Ok(number) | Err(Unreadable::Range(number)) => number,
            Err(Unreadable::Syntax) => 0,
        }))
    }),
    Function::new("int64", ANY, None, |_, arguments| {
        Ok(Value::int64(to_int(arguments.any(0))))
    }),
    Function::new("int", ANY, None, |_, arguments| {
        Ok(Value::int(to_int(arguments.any(0))))
    }),
    Function::new("float64", ANY, None, |_, arguments| {
        Ok(Value::Float(to_float(arguments.any(0))))
    }),
    Function::new("toDecimal", ANY, None, |context, arguments| {
        let digits = print::print(arguments.rest(0), context.meter)?;
        let octal = std::str::from_utf8(&digits)
            .ok()
            .and_then(|digits| parse_int(digits, 8).ok());
        Ok(Value::int64(octal.unwrap_or(0)))
    }),
    Function::new("add1", ANY, None, |_, arguments| {
        Ok(Value::int64(to_int(arguments.any(0)).wrapping_add(1)))
    }),
    Function::new("add", &[], MANY, |_, arguments| {
        Ok(fold(arguments, i64::wrapping_add))
    }),
    Function::new("sub", TWO, None, |_, arguments| {
        Ok(fold(arguments, i64::wrapping_sub))
    }),
    Function::new("mul", ANY, MANY, |_, arguments| {
        Ok(fold(arguments, i64::wrapping_mul))
    }),
    Function::new("div", TWO, None, |_, arguments| {
        divided(arguments, i64::wrapping_div)
    }),
    Function::new("mod", TWO, None, |_, arguments| {
        divided(arguments, i64::wrapping_rem)
    }),
    Function::new("max", ANY, MANY, |_, arguments| Ok(fold(arguments, Ord::max))),
    Function::new("biggest", ANY, MANY, |_, arguments| Ok(fold(arguments, Ord::max))),
    Function::new("min", ANY, MANY, |_, arguments| Ok(fold(arguments, Ord::min))),
    Function::new("ceil", ANY, None, |_, arguments| {
        Ok(Value::Float(to_float(arguments.any(0)).ceil()))
    }),
    Function::new("floor", ANY, None, |_, arguments| {
        Ok(Value::Float(to_float(arguments.any(0)).floor()))
    }),
    Function::new(
        "round",
        &[Parameter::Any, Parameter::INT],
        Some(Parameter::FLOAT),
        |_, arguments| {
            let up_from = if arguments.rest(2).is_empty() {
                0.5
            } else {
                arguments.float(2)
            };
            Ok(Value::Float(round(
                to_float(arguments.any(0)),
                arguments.int(1),
                up_from,
            )))
        },
    ),
    Function::new("until", &[Parameter::INT], None, |context, arguments| {
        let end = arguments.int(0);
        Ok(count(context.meter, 0, end, if end < 0 { -1 } else { 1 })?)
    }),
    Function::new("untilStep", &[Parameter::INT; 3], None, |context, arguments| {
        Ok(count(
            context.meter,
            arguments.int(0),
            arguments.int(1),
            arguments.int(2),
        )?)
    }),
];

/// All arguments as whole numbers, combined from left to right.
fn fold(arguments: Arguments<'_>, combine: impl Fn(i64, i64) -> i64) -> Value {
    Value::int64(arguments.rest(0).iter().map(to_int).reduce(combine).unwrap_or(0))
}

fn divided(arguments: Arguments<'_>, divide: impl Fn(i64, i64) -> i64) -> Result<Value, Stop> {
    let (number, divisor) = (to_int(arguments.any(0)), to_int(arguments.any(1)));
    if divisor == 0 {
        return Err(Stop::because("integer divide by zero"));
    }
    Ok(Value::int64(divide(number, divisor)))
}

/// To so many places, up if what is cut off is at least that much.
fn round(number: f64, places: i64, up_from: f64) -> f64 {
    let power = power_of_ten(places);
    let shifted = power * number;
    let rest = shifted - shifted.trunc();
    (if rest >= up_from {
        shifted.ceil()
    } else {
        shifted.floor()
    }) / power
}

/// Go multiplies by repeated squaring, which differs from the nearest power in the last digit now and then.
fn power_of_ten(places: i64) -> f64 {
    if places.unsigned_abs() > 400 {
        return if places > 0 { f64::INFINITY } else { 0.0 };
    }
    let (mut result, mut result_exponent) = (1.0f64, 0i32);
    let (mut base, mut exponent) = (0.625f64, 4i32);
    let mut left = places.unsigned_abs();
    while left != 0 {
        if left & 1 == 1 {
            result *= base;
            result_exponent += exponent;
        }
        base *= base;
        exponent <<= 1;
        if base < 0.5 {
            base += base;
            exponent -= 1;
        }
        left >>= 1;
    }
    if places < 0 {
        result = 1.0 / result;
        result_exponent = -result_exponent;
    }
    // In two halves, so that neither is out of range by itself.
    let half = result_exponent / 2;
    result * 2f64.powi(half) * 2f64.powi(result_exponent - half)
}

/// The numbers from one to another, without the last. A step in the wrong direction gives none.
fn count(meter: &mut Meter, start: i64, end: i64, step: i64) -> Result<Value, Limit> {
    let mut numbers = Vec::new();
    let mut next = Some(start);
    let is_down = end < start;
    if step != 0 && is_down == (step < 0) {
        while let Some(number) = next.filter(|number| if is_down { *number > end } else { *number < end }) {
            if numbers.len() >= meter.limits.items {
                return Err(Limit::Items);
            }
            meter.spend(1)?;
            numbers.push(Value::int(number));
            next = number.checked_add(step);
        }
    }
    Ok(Value::List(List::new(&Type::Int(Width::Int), numbers).into()))
}
