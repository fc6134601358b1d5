//! The data that Kanister hands to templates: `TemplateParams` and everything it holds, as types, and the way
//! from JSON into values of these types.
//!
//! Must not know where the JSON comes from.

use std::sync::Arc;

use super::base64;
use super::shape::{ANY_MAP, BYTES, Field, Json, StructType, TEXT, TEXT_MAP, TEXTS, TextKind, Type, Width};
use super::time::{self, Zone};
use super::value::{List, Map, Structure, Value};

/// A field whose JSON name is its Go name.
const fn plain(name: &'static str, ty: Type) -> Field {
    Field {
        name,
        json: Json::Always(name),
        embedded: false,
        ty,
    }
}

/// A field with a JSON name of its own that is always written.
const fn always(name: &'static str, json: &'static str, ty: Type) -> Field {
    Field {
        name,
        json: Json::Always(json),
        embedded: false,
        ty,
    }
}

/// A field that is left out of JSON when it is empty.
const fn optional(name: &'static str, json: &'static str, ty: Type) -> Field {
    Field {
        name,
        json: Json::UnlessEmpty(json),
        embedded: false,
        ty,
    }
}

/// Names and claims of a running workload; Kanister has the same shape three times.
const WORKLOAD: [Field; 5] = [
    plain("Name", TEXT),
    plain("Namespace", TEXT),
    plain("Pods", TEXTS),
    plain("Containers", Type::List(&TEXTS)),
    plain("PersistentVolumeClaims", Type::Map(&TEXT_MAP)),
];

/// A name in a namespace; Kanister has the same shape twice.
const PLACE: [Field; 2] = [plain("Name", TEXT), plain("Namespace", TEXT)];

static STATEFUL_SET: StructType = StructType {
    name: "param.StatefulSetParams",
    fields: &WORKLOAD,
};
static DEPLOYMENT: StructType = StructType {
    name: "param.DeploymentParams",
    fields: &WORKLOAD,
};
static DEPLOYMENT_CONFIG: StructType = StructType {
    name: "param.DeploymentConfigParams",
    fields: &WORKLOAD,
};
static CLAIM: StructType = StructType {
    name: "param.PVCParams",
    fields: &PLACE,
};
static NAMESPACE: StructType = StructType {
    name: "param.NamespaceParams",
    fields: &PLACE,
};

static ARTIFACT: StructType = StructType {
    name: "v1alpha1.Artifact",
    fields: &[
        optional("KeyValue", "keyValue", TEXT_MAP),
        optional("KopiaSnapshot", "kopiaSnapshot", TEXT),
    ],
};

static LOCATION: StructType = StructType {
    name: "v1alpha1.Location",
    fields: &[
        always("Type", "type", Type::Text(TextKind::LocationType)),
        always("Bucket", "bucket", TEXT),
        always("Endpoint", "endpoint", TEXT),
        always("Prefix", "prefix", TEXT),
        always("Region", "region", TEXT),
    ],
};

static KEY_PAIR: StructType = StructType {
    name: "param.KeyPair",
    fields: &[plain("ID", TEXT), plain("Secret", TEXT)],
};

static KOPIA: StructType = StructType {
    name: "param.KopiaServerCreds",
    fields: &[
        plain("Username", TEXT),
        plain("Hostname", TEXT),
        plain("Password", TEXT),
        plain("Cert", TEXT),
        plain("ConnectOptions", Type::Map(&Type::Int(Width::Int))),
    ],
};

static CREDENTIAL: StructType = StructType {
    name: "param.Credential",
    fields: &[
        plain("Type", Type::Text(TextKind::CredentialType)),
        plain("KeyPair", Type::Pointer(&KEY_PAIR)),
        plain("Secret", Type::Pointer(&SECRET)),
        plain("KopiaServerSecret", Type::Pointer(&KOPIA)),
    ],
};

static PROFILE: StructType = StructType {
    name: "param.Profile",
    fields: &[
        plain("Location", Type::Struct(&LOCATION)),
        plain("Credential", Type::Struct(&CREDENTIAL)),
        plain("SkipSSLVerify", Type::Bool),
    ],
};

static PHASE: StructType = StructType {
    name: "param.Phase",
    fields: &[
        plain("Secrets", Type::Map(&Type::Struct(&SECRET))),
        plain("ConfigMaps", Type::Map(&Type::Struct(&CONFIG_MAP))),
        plain("Output", ANY_MAP),
    ],
};

static TYPE_META: StructType = StructType {
    name: "v1.TypeMeta",
    fields: &[
        optional("Kind", "kind", TEXT),
        optional("APIVersion", "apiVersion", TEXT),
    ],
};

static OBJECT_META: StructType = StructType {
    name: "v1.ObjectMeta",
    fields: &[
        optional("Name", "name", TEXT),
        optional("GenerateName", "generateName", TEXT),
        optional("Namespace", "namespace", TEXT),
        optional("SelfLink", "selfLink", TEXT),
        optional("UID", "uid", TEXT),
        optional("ResourceVersion", "resourceVersion", TEXT),
        optional("Generation", "generation", Type::Int(Width::Int64)),
        always("CreationTimestamp", "creationTimestamp", Type::MetaTime),
        optional("Labels", "labels", TEXT_MAP),
        optional("Annotations", "annotations", TEXT_MAP),
    ],
};

const META: [Field; 2] = [
    Field {
        name: "TypeMeta",
        json: Json::Inline,
        embedded: true,
        ty: Type::Struct(&TYPE_META),
    },
    Field {
        name: "ObjectMeta",
        json: Json::Always("metadata"),
        embedded: true,
        ty: Type::Struct(&OBJECT_META),
    },
];

static SECRET: StructType = StructType {
    name: "v1.Secret",
    fields: &[
        META[0],
        META[1],
        optional("Immutable", "immutable", Type::BoolPointer),
        optional("Data", "data", Type::Map(&BYTES)),
        optional("StringData", "stringData", TEXT_MAP),
        optional("Type", "type", Type::Text(TextKind::SecretType)),
    ],
};

static CONFIG_MAP: StructType = StructType {
    name: "v1.ConfigMap",
    fields: &[
        META[0],
        META[1],
        optional("Immutable", "immutable", Type::BoolPointer),
        optional("Data", "data", TEXT_MAP),
        optional("BinaryData", "binaryData", Type::Map(&BYTES)),
    ],
};

/// The type of `.` in every template of a blueprint.
pub(super) static TEMPLATE_PARAMS: StructType = StructType {
    name: "param.TemplateParams",
    fields: &[
        plain("StatefulSet", Type::Pointer(&STATEFUL_SET)),
        plain("DeploymentConfig", Type::Pointer(&DEPLOYMENT_CONFIG)),
        plain("Deployment", Type::Pointer(&DEPLOYMENT)),
        plain("PVC", Type::Pointer(&CLAIM)),
        plain("Namespace", Type::Pointer(&NAMESPACE)),
        plain("ArtifactsIn", Type::Map(&Type::Struct(&ARTIFACT))),
        plain("ConfigMaps", Type::Map(&Type::Struct(&CONFIG_MAP))),
        plain("Secrets", Type::Map(&Type::Struct(&SECRET))),
        plain("Time", TEXT),
        plain("Profile", Type::Pointer(&PROFILE)),
        plain("Options", TEXT_MAP),
        plain("Object", ANY_MAP),
        plain("CurrentPhase", Type::Pointer(&PHASE)),
        plain("Phases", Type::Map(&Type::Pointer(&PHASE))),
        plain("DeferPhase", Type::Pointer(&PHASE)),
        plain("PodOverride", Type::JsonMap),
        plain("PodAnnotations", TEXT_MAP),
        plain("PodLabels", TEXT_MAP),
    ],
};

/// JSON that does not have the form of `TemplateParams`.
#[derive(Debug, Clone, PartialEq, Eq, snafu::Snafu)]
#[snafu(display("failed to read the parameters of a template: {path} should be {wanted}"))]
pub struct Error {
    /// Where in the JSON, as fields and keys with dots.
    pub path: String,
    /// What should be there.
    pub wanted: String,
}

/// A value in which objects are maps of anything, null is nil, and a number is whole if it is written so and fits.
pub(super) fn from_json(json: &serde_json::Value) -> Value {
    untyped(json, false)
}

/// The same with every number a fraction, as `WaitV2` conditions see an object.
pub(super) fn printer(json: &serde_json::Value) -> Value {
    untyped(json, true)
}

fn untyped(json: &serde_json::Value, floats: bool) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) if !floats => Value::int64(whole),
            _ => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::text(text),
        serde_json::Value::Array(items) => {
            Value::list(items.iter().map(|item| untyped(item, floats)).collect())
        }
        serde_json::Value::Object(entries) => Value::map(untyped_entries(entries, floats)),
    }
}

fn untyped_entries(
    entries: &serde_json::Map<String, serde_json::Value>,
    floats: bool,
) -> impl Iterator<Item = (Arc<[u8]>, Value)> {
    entries
        .iter()
        .map(move |(key, value)| (key.as_bytes().into(), untyped(value, floats)))
}

/// The data of a blueprint's templates: a `TemplateParams` from JSON whose names are those of its table. What is
/// missing has its zero value.
pub(super) fn parameters(json: &serde_json::Value) -> Result<Value, Error> {
    typed(json, Type::Struct(&TEMPLATE_PARAMS), "")
}

fn typed(json: &serde_json::Value, ty: Type, path: &str) -> Result<Value, Error> {
    let mismatch = || Error {
        path: if path.is_empty() {
            "the whole".to_owned()
        } else {
            path.to_owned()
        },
        wanted: ty.to_string(),
    };
    if json.is_null() {
        return Ok(Value::zero(ty));
    }
    match ty {
        Type::Any => Ok(from_json(json)),
        Type::Bool => json.as_bool().map(Value::Bool).ok_or_else(mismatch),
        Type::BoolPointer => json
            .as_bool()
            .map(|truth| Value::BoolPointer(Some(truth)))
            .ok_or_else(mismatch),
        Type::Int(width) => json
            .as_i64()
            .map(|number| Value::Int(number, width))
            .ok_or_else(mismatch),
        Type::Float => json.as_f64().map(Value::Float).ok_or_else(mismatch),
        Type::Text(kind) => {
            let text = json.as_str().ok_or_else(mismatch)?;
            Ok(Value::Text(text.as_bytes().into(), kind))
        }
        BYTES => {
            let text = json.as_str().ok_or_else(mismatch)?;
            let bytes = base64::decode(text.as_bytes()).map_err(|_corrupt| mismatch())?;
            Ok(Value::Bytes(Some(bytes.into())))
        }
        Type::List(element) => {
            let items = json.as_array().ok_or_else(mismatch)?.iter().enumerate();
            let items = items.map(|(position, item)| typed(item, *element, &format!("{path}[{position}]")));
            Ok(Value::List(Arc::new(List::new(
                element,
                items.collect::<Result<_, _>>()?,
            ))))
        }
        Type::Map(value) => {
            let entries = json.as_object().ok_or_else(mismatch)?.iter();
            let entries = entries
                .map(|(key, entry)| Ok((key.as_bytes().into(), typed(entry, *value, &join(path, key))?)));
            Ok(Value::Map(Arc::new(Map::new(
                value,
                entries.collect::<Result<Vec<_>, _>>()?,
            ))))
        }
        Type::JsonMap => {
            let entries = json.as_object().ok_or_else(mismatch)?;
            Ok(Value::Map(Arc::new(Map::json(untyped_entries(entries, false)))))
        }
        Type::Struct(kind) => Ok(Value::Struct(structure(json, kind, path)?)),
        Type::Pointer(kind) => Ok(Value::Pointer(kind, Some(structure(json, kind, path)?))),
        Type::MetaTime | Type::Time => {
            let text = json.as_str().ok_or_else(mismatch)?;
            let time = time::parse("2006-01-02T15:04:05.999999999Z07:00", text).ok_or_else(mismatch)?;
            // Kubernetes shows its moments in the local zone.
            let time = Arc::new(time.in_zone(Zone::Local));
            Ok(if ty == Type::Time {
                Value::Time(time)
            } else {
                Value::MetaTime(time)
            })
        }
        Type::Complex | Type::Duration | Type::Month | Type::Weekday | Type::Location | Type::Version => {
            Err(mismatch())
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn structure(
    json: &serde_json::Value,
    kind: &'static StructType,
    path: &str,
) -> Result<Arc<Structure>, Error> {
    let object = json.as_object().ok_or_else(|| Error {
        path: path.to_owned(),
        wanted: kind.name.to_owned(),
    })?;
    let fields = kind.fields.iter().map(|field| match field.json {
        // The fields of the inner struct stand in the same object.
        Json::Inline => typed(json, field.ty, path),
        Json::Always(name) | Json::UnlessEmpty(name) => match object.get(name) {
            Some(value) => typed(value, field.ty, &join(path, name)),
            None => Ok(Value::zero(field.ty)),
        },
        Json::Hidden => Ok(Value::zero(field.ty)),
    });
    let fields = fields.collect::<Result<_, _>>()?;
    Ok(Arc::new(Structure { kind, fields }))
}
