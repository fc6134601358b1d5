//! How long templates take: to compile, to render once compiled, and both at once, over the recorded templates of
//! blueprints.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mainstay_dsl::template::{Functions, MissingKey, Settings, Template, Value};
use rand::SeedableRng;
use serde_json::Value as Json;

/// One template with its data, as it is recorded.
struct Sample {
    text: String,
    functions: Functions,
    missing_key: MissingKey,
    data: Value,
}

/// The recorded templates that render.
fn samples() -> Vec<Sample> {
    let contexts: BTreeMap<String, Json> =
        serde_json::from_str(include_str!("../tests/vectors/contexts.json")).expect("the contexts are JSON");
    let lines = include_str!("../tests/vectors/blueprint.jsonl").lines();
    let vectors = lines.map(|line| serde_json::from_str::<Json>(line).expect("a vector is JSON"));
    let rendering = vectors.filter(|vector| vector.get("output").is_some());
    rendering
        .filter_map(|vector| sample(&vector, &contexts))
        .collect()
}

fn sample(vector: &Json, contexts: &BTreeMap<String, Json>) -> Option<Sample> {
    let text = |field: &str| vector.get(field).and_then(Json::as_str);
    let context = text("context").map(|name| &contexts[name]);
    let data = match (text("context_kind")?, context) {
        ("kanister", Some(context)) => Value::parameters(context).ok()?,
        ("printer", Some(context)) => Value::printer(context),
        (_, Some(context)) => Value::from_json(context),
        (_, None) => Value::Absent,
    };
    Some(Sample {
        text: text("template")?.to_owned(),
        functions: if text("funcs") == Some("printer") {
            Functions::Printer
        } else {
            Functions::Kanister
        },
        missing_key: match text("missingkey")? {
            "zero" => MissingKey::Zero,
            "default" => MissingKey::Default,
            _ => MissingKey::Error,
        },
        data,
    })
}

/// Renders one sample, and yields how many bytes came out.
fn render(template: &Template, sample: &Sample) -> usize {
    let mut random = rand::rngs::StdRng::seed_from_u64(0);
    let mut settings = Settings::new(jiff::Timestamp::UNIX_EPOCH, &mut random);
    settings.missing_key = sample.missing_key;
    template
        .render(&sample.data, &mut settings)
        .map_or(0, |output| output.len())
}

fn templates(criterion: &mut Criterion) {
    let samples = samples();
    let compile = |sample: &Sample| Template::compile(&sample.text, sample.functions).ok();
    let compiled: Vec<Template> = samples.iter().filter_map(compile).collect();
    assert_eq!(compiled.len(), samples.len(), "every sample compiles");

    let mut group = criterion.benchmark_group("template");
    let count = samples.len() as u64;
    group.throughput(Throughput::Elements(count));
    group.bench_function("compile", |bencher| {
        bencher.iter(|| {
            samples
                .iter()
                .filter_map(|sample| compile(black_box(sample)))
                .count()
        });
    });
    group.bench_function("render", |bencher| {
        bencher.iter(|| {
            let pairs = compiled.iter().zip(&samples);
            pairs
                .map(|(template, sample)| render(black_box(template), sample))
                .sum::<usize>()
        });
    });
    group.bench_function("compile and render", |bencher| {
        bencher.iter(|| {
            let both =
                |sample: &Sample| compile(black_box(sample)).map_or(0, |template| render(&template, sample));
            samples.iter().map(both).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, templates);
criterion_main!(benches);
