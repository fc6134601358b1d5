//! How long it takes to read and check blueprints: one of common size, and a very large one.

#[path = "../tests/stages/functions.rs"]
mod functions;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mainstay_dsl::check::Mode;
use mainstay_dsl::{Signatures, Source, diagnose};

/// A blueprint with one action of so many phases, each with a script of common size.
fn blueprint(phases: usize) -> String {
    let head = "apiVersion: cr.kanister.io/v1alpha1\nkind: Blueprint\nmetadata: {name: large}\nactions:\n  backup:\n    \
                kind: StatefulSet\n    phases:\n";
    let phases = (0..phases).map(|number| {
        let before = number.saturating_sub(1);
        let path = if number == 0 { "none".to_owned() } else { format!("{{{{ .Phases.dump{before}.Output.path }}}}") };
        format!(
            "    - func: KubeTask
      name: dump{number}
      objects:
        login:
          kind: Secret
          name: '{{{{ .StatefulSet.Name }}}}'
          namespace: '{{{{ .StatefulSet.Namespace }}}}'
      args:
        namespace: '{{{{ .StatefulSet.Namespace }}}}'
        image: ghcr.io/example/tools:1
        command:
        - bash
        - -o
        - errexit
        - -o
        - pipefail
        - -c
        - |
          export PASSWORD='{{{{ index .Phases.dump{number}.Secrets.login.Data \"password\" | toString }}}}'
          path='dumps/{{{{ .StatefulSet.Name }}}}/{{{{ toDate \"2006-01-02T15:04:05.999999999Z07:00\" .Time | date \"2006\" }}}}'
          echo 'after {path}'
          {{{{- if .Profile.Credential.KeyPair }}}}
          export AWS_ACCESS_KEY_ID='{{{{ .Profile.Credential.KeyPair.ID }}}}'
          {{{{- end }}}}
          for database in {{{{ range .StatefulSet.Pods }}}}{{{{ . }}}} {{{{ end }}}}; do
            dump \"$database\" | gzip | kando location push --profile '{{{{ toJson .Profile }}}}' --path \"$path\" -
          done
          kando output path \"$path\"
"
        )
    });
    std::iter::once(head.to_owned()).chain(phases).collect()
}

/// Reads and checks all of `text`, and yields how much was found.
fn check(text: &str, signatures: &Signatures) -> usize {
    let sources = Source::from_yaml("blueprint.yaml", text).expect("the text is YAML");
    sources
        .iter()
        .map(|source| diagnose(source, signatures, Mode::Mainstay).1.len())
        .sum()
}

fn benches(criterion: &mut Criterion) {
    let signatures = functions::signatures();
    let mut group = criterion.benchmark_group("parse and check");
    for (name, phases) in [("common", 3), ("large", 1000)] {
        let text = blueprint(phases);
        assert_eq!(
            check(&text, &signatures),
            0,
            "the benchmark is of a blueprint without mistakes"
        );
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| check(black_box(&text), &signatures));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
