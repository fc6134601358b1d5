//! The CustomResourceDefinitions: names, scope, columns and schemas.
//! Must not know how they reach a cluster.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceValidation, JSONSchemaProps,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;

use crate::{ActionSet, Blueprint, GROUP, Profile, VERSION, actionset, blueprint, profile};

/// Every definition, in the order of their names.
///
/// None has a status subresource: Kanister's clients write status through the main resource.
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![
        define::<ActionSet>(actionset::schema(), Some(progress_columns())),
        define::<Blueprint>(blueprint::schema(), None),
        define::<Profile>(profile::schema(), None),
    ]
}

fn define<K: Resource<DynamicType = ()>>(
    schema: JSONSchemaProps,
    columns: Option<Vec<CustomResourceColumnDefinition>>,
) -> CustomResourceDefinition {
    let kind = K::kind(&()).into_owned();
    let plural = K::plural(&()).into_owned();
    CustomResourceDefinition {
        metadata: ObjectMeta {
            name: Some(format!("{plural}.{GROUP}")),
            ..ObjectMeta::default()
        },
        spec: CustomResourceDefinitionSpec {
            group: GROUP.to_owned(),
            names: CustomResourceDefinitionNames {
                list_kind: Some(format!("{kind}List")),
                singular: Some(kind.to_lowercase()),
                kind,
                plural,
                ..CustomResourceDefinitionNames::default()
            },
            scope: "Namespaced".to_owned(),
            versions: vec![CustomResourceDefinitionVersion {
                name: VERSION.to_owned(),
                served: true,
                storage: true,
                additional_printer_columns: columns,
                schema: Some(CustomResourceValidation {
                    open_api_v3_schema: Some(schema),
                }),
                ..CustomResourceDefinitionVersion::default()
            }],
            ..CustomResourceDefinitionSpec::default()
        },
        status: None,
    }
}

/// What `kubectl get actionsets` shows beside the name. There is no age.
fn progress_columns() -> Vec<CustomResourceColumnDefinition> {
    let column = |name: &str, path: &str, type_: &str, format: Option<&str>| CustomResourceColumnDefinition {
        name: name.to_owned(),
        json_path: path.to_owned(),
        type_: type_.to_owned(),
        format: format.map(str::to_owned),
        ..CustomResourceColumnDefinition::default()
    };
    let bytes =
        |name: &str, member: &str| column(name, &format!(".status.progress.{member}"), "integer", None);
    vec![
        column("Progress", ".status.progress.percentCompleted", "string", None),
        bytes("SizeDownloadedB", "sizeDownloadedB"),
        bytes("SizeUploadedB", "sizeUploadedB"),
        bytes("EstimatedDownloadSizeB", "estimatedDownloadSizeB"),
        bytes("EstimatedUploadSizeB", "estimatedUploadSizeB"),
        column("Running Phase", ".status.progress.runningPhase", "string", None),
        column(
            "Last Transition Time",
            ".status.progress.lastTransitionTime",
            "string",
            Some("date-time"),
        ),
        column("State", ".status.state", "string", None),
    ]
}
