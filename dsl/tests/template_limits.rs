//! What a template may cost: every way to make a renderer run, grow or recurse without end stops at a limit, with an
//! error that says which.

use mainstay_dsl::template::{Functions, Kind, Limit, Limits, Settings, Template, Value};
use rand::SeedableRng;
use serde_json::json;

/// The stack of a worker of an asynchronous runtime, which is the smallest that templates are rendered on.
const STACK: usize = 2 << 20;

/// Renders on a small stack.
#[expect(clippy::unwrap_in_result, reason = "a test fails by panicking")]
fn render(text: &str, limits: Limits) -> Result<String, Kind> {
    let text = text.to_owned();
    let work = move || {
        let template = Template::compile(&text, Functions::Kanister).map_err(|error| error.kind)?;
        let mut random = rand::rngs::StdRng::seed_from_u64(0);
        let mut settings = Settings::new(jiff::Timestamp::UNIX_EPOCH, &mut random);
        settings.limits = limits;
        template
            .render(&Value::from_json(&json!({"m": {}})), &mut settings)
            .map_err(|error| error.kind)
    };
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .expect("a thread starts")
        .join()
        .expect("the work does not panic")
}

fn check(text: &str, limit: Limit) {
    // Fewer steps than by default, so that an unoptimised program is through with them soon.
    let fuel = if limit == Limit::Fuel {
        200_000
    } else {
        Limits::default().fuel
    };
    assert_eq!(
        render(
            text,
            Limits {
                fuel,
                ..Limits::default()
            }
        ),
        Err(Kind::LimitReached { limit }),
        "{}",
        &text[..text.len().min(80)]
    );
}

#[test]
fn loops_use_up_steps() {
    check("{{ range 10000000000 }}{{ end }}", Limit::Fuel);
    check(
        "{{ range until 1000000 }}{{ range until 1000 }}{{ end }}{{ end }}",
        Limit::Fuel,
    );
}

#[test]
fn sharing_does_not_make_printing_cheap() {
    // Sixty doublings: a text that no machine can hold.
    let text = "{{ $l := list \"x\" }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}";
    for print in [
        "{{ $l }}",
        "{{ toJson $l }}",
        "{{ print $l }}",
        "{{ deepCopy $l | len }}",
    ] {
        check(&format!("{text}{print}"), Limit::Fuel);
    }
    check(
        &format!(
            "{text}{{{{ $k := list \"x\" }}}}{{{{ range until 60 }}}}{{{{ $k = list $k $k }}}}{{{{ end }}}}{{{{ deepEqual $l $k }}}}"
        ),
        Limit::Fuel,
    );
}

#[test]
fn output_is_bounded() {
    check(
        "{{ $s := repeat 1000000 \"0123456789\" }}{{ range 3 }}{{ $s }}{{ end }}",
        Limit::Output,
    );
    check(
        "{{ $s := \"x\" }}{{ range 60 }}{{ $s = print $s $s }}{{ end }}",
        Limit::Output,
    );
    check(
        "{{ $s := repeat 100000 \"x\" }}{{ replace \"x\" $s $s }}",
        Limit::Output,
    );
    check(
        "{{ $s := repeat 100000 \"x\" }}{{ regexReplaceAll \"x\" $s $s }}",
        Limit::Output,
    );
    check(
        "{{ $s := repeat 100000 \"x\" }}{{ join $s (until 100000) }}",
        Limit::Output,
    );
    check(
        "{{ printf \"%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d\" 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 }}",
        Limit::Output,
    );
}

#[test]
fn calls_that_make_elements_are_capped() {
    check("{{ until 100000000 }}", Limit::Items);
    check("{{ untilStep 0 9223372036854775807 1 }}", Limit::Items);
    check("{{ repeat 100000000 \"\" }}", Limit::Items);
    check("{{ indent 100000000 \"x\" }}", Limit::Items);
    check("{{ randAlphaNum 100000000 }}", Limit::Items);
}

#[test]
fn recursion_is_bounded() {
    check(
        "{{ define \"T\" }}{{ template \"T\" }}{{ end }}{{ template \"T\" }}",
        Limit::Depth,
    );
    check("{{ template \"config\" }}", Limit::Depth);
    let parentheses = |depth: usize| format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(render(&parentheses(90), Limits::default()), Ok("1".to_owned()));
    check(&parentheses(10_000), Limit::Nesting);
    check(&parentheses(30_000), Limit::Nesting);
    let blocks = |depth: usize| format!("{}x{}", "{{ if true }}".repeat(depth), "{{ end }}".repeat(depth));
    assert_eq!(render(&blocks(90), Limits::default()), Ok("x".to_owned()));
    check(&blocks(10_000), Limit::Nesting);
}

#[test]
fn deep_values_are_neither_printed_nor_a_danger() {
    let deep = "{{ $l := list }}{{ range until 100000 }}{{ $l = list $l }}{{ end }}";
    // Dropping it must not recurse either.
    assert_eq!(render(deep, Limits::default()), Ok(String::new()));
    for print in [
        "{{ $l }}",
        "{{ toJson $l }}",
        "{{ deepCopy $l }}",
        "{{ deepEqual $l (list $l) }}",
    ] {
        let text = format!("{deep}{print}");
        let expected = if print.contains("deepEqual") {
            Ok("false".to_owned())
        } else {
            Err(Kind::LimitReached {
                limit: Limit::ValueDepth,
            })
        };
        let outcome = render(&text, Limits::default());
        assert!(
            outcome == expected
                || outcome
                    == Err(Kind::LimitReached {
                        limit: Limit::ValueDepth
                    }),
            "{print}: {outcome:?}"
        );
    }
    let maps = "{{ $d := dict }}{{ range until 100000 }}{{ $d = dict \"x\" $d }}{{ end }}";
    assert_eq!(render(maps, Limits::default()), Ok(String::new()));
}

#[test]
fn data_is_the_same_after_a_rendering_that_changes_it() {
    let data = Value::from_json(&json!({"m": {"inner": {}}}));
    let template =
        Template::compile("{{ $_ := set .m.inner \"a\" 1 }}{{ .m }}", Functions::Kanister).unwrap();
    let plain = Template::compile("{{ .m }}", Functions::Kanister).unwrap();
    let mut random = rand::rngs::StdRng::seed_from_u64(0);
    let mut settings = Settings::new(jiff::Timestamp::UNIX_EPOCH, &mut random);
    assert_eq!(
        template.render(&data, &mut settings).unwrap(),
        "map[inner:map[a:1]]"
    );
    assert_eq!(plain.render(&data, &mut settings).unwrap(), "map[inner:map[]]");
}
