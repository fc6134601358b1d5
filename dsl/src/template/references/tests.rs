//! Which paths are found in templates of every construct.

use insta::assert_snapshot;

use crate::template::{Access, Functions, Template};

/// The references of a template: fields with a dot, indexed keys in brackets; `?` for guarded, `*` for dynamic.
fn show(text: &str) -> String {
    let template = Template::compile(text, Functions::Printer).expect("the template compiles");
    let references = template.references();
    let lines = references.iter().map(|reference| {
        let path: String = reference
            .segments
            .iter()
            .flat_map(|segment| match segment.access {
                Access::Field => [".", &*segment.name, ""],
                Access::Index => ["[", &*segment.name, "]"],
            })
            .collect();
        let guarded = if reference.guarded { " ?" } else { "" };
        let dynamic = if reference.dynamic { " *" } else { "" };
        format!(
            "    {path}{guarded}{dynamic}    `{}`\n",
            &text[reference.span.range()]
        )
    });
    std::iter::once(format!("{text}\n")).chain(lines).collect()
}

#[test]
fn every_construct() {
    let table: Vec<_> = [
        "{{ .Phases.dump.Output.path }}",
        "{{ $.Options.x }}",
        "{{ . }}",
        "{{ index .Options \"a-b\" }}",
        "{{ (index .Phases \"dump\").Output.path }}",
        "{{ index .Deployment.Pods 0 }}",
        "{{ index .Phases .Options.phase }}",
        "{{ index .Phases.dump.Secrets \"login\" \"x\" }}",
        "{{ .Options.x | print }}",
        "{{ print .Profile .Time }}",
        "{{ if .Options.x }}{{ .Options.x }}{{ .Options.y }}{{ else }}{{ .Options.x }}{{ end }}{{ .Options.x }}",
        "{{ if .Options }}{{ .Options.x }}{{ end }}",
        "{{ if and .Deployment (eq .Options.a \"b\") }}{{ .Deployment.Name }}{{ end }}",
        "{{ if index .Options \"x\" }}{{ .Options.x }}{{ end }}",
        "{{ with .Profile.Location }}{{ .Bucket }}{{ $.Time }}{{ else }}{{ .Time }}{{ end }}",
        "{{ range .Deployment.Pods }}{{ . }}{{ $.Time }}{{ end }}",
        "{{ range $pod, $claims := .Deployment.PersistentVolumeClaims }}{{ $pod }}{{ $claims.x }}{{ end }}",
        "{{ $x := .Options }}{{ $x.a }}{{ $x = .Profile }}{{ $x.b }}",
        "{{ $x := .Options }}{{ if .Time }}{{ $x = .Profile }}{{ end }}{{ $x.b }}",
        "{{ $o := or .Deployment .StatefulSet }}{{ $o.Name }}",
        "{{ define \"a\" }}{{ .Name }}{{ end }}{{ template \"a\" .Deployment }}",
        "{{ \"x\" | index .Options }}",
    ]
    .iter()
    .map(|text| show(text))
    .collect();
    assert_snapshot!(table.concat());
}
