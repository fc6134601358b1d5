//! The object an action is for, and pairs, as flags give them.
//! Must not ask the cluster whether they exist.

use std::str::FromStr;

use mainstay_api::ObjectReference;

use crate::error::{Error, Kind};

/// The object an action is for; exactly one flag.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Target {
    /// A Deployment.
    #[arg(short, long, value_name = "NAMESPACE/NAME")]
    deployment: Option<String>,
    /// A StatefulSet.
    #[arg(short = 't', long, value_name = "NAMESPACE/NAME")]
    statefulset: Option<String>,
    /// A PersistentVolumeClaim.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pvc: Option<String>,
    /// A namespace.
    #[arg(short = 'T', long = "namespace-target", value_name = "NAME")]
    whole_namespace: Option<String>,
    /// Any other object.
    #[arg(short = 'O', long, value_name = "[GROUP/]VERSION/RESOURCE/NAMESPACE/NAME")]
    object: Option<String>,
}

impl Target {
    /// The reference that an ActionSet carries.
    pub(crate) fn reference(&self) -> Result<ObjectReference, Error> {
        let Self {
            deployment,
            statefulset,
            pvc,
            whole_namespace,
            object,
        } = self;
        let workloads = [
            ("deployment", deployment),
            ("statefulset", statefulset),
            ("pvc", pvc),
        ];
        for (kind, value) in workloads {
            if let Some(value) = value {
                let (namespace, name) = value.split_once('/').ok_or_else(|| {
                    Error::new(Kind::Usage, format!("`{value}` does not name a namespace"))
                        .hint(format!("write --{kind} NAMESPACE/{value}"))
                })?;
                return Ok(ObjectReference {
                    kind: kind.to_owned(),
                    name: name.to_owned(),
                    namespace: namespace.to_owned(),
                    ..ObjectReference::default()
                });
            }
        }
        if let Some(name) = whole_namespace {
            return Ok(ObjectReference {
                kind: "namespace".to_owned(),
                name: name.clone(),
                namespace: name.clone(),
                ..ObjectReference::default()
            });
        }
        any_object(object.as_deref().unwrap_or_default())
    }
}

fn any_object(text: &str) -> Result<ObjectReference, Error> {
    let parts: Vec<&str> = text.split('/').collect();
    let (group, version, resource, namespace, name) = match parts.as_slice() {
        [group, version, resource, namespace, name] => (*group, *version, *resource, *namespace, *name),
        [version, resource, namespace, name] => ("", *version, *resource, *namespace, *name),
        _ => {
            return Err(
                Error::new(Kind::Usage, format!("`{text}` does not name an object"))
                    .hint("write --object apps/v1/deployments/NAMESPACE/NAME"),
            );
        }
    };
    Ok(ObjectReference {
        group: group.to_owned(),
        api_version: version.to_owned(),
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        kind: String::new(),
    })
}

/// KEY=VALUE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Before the first `=`.
    pub(crate) key: String,
    /// After it.
    pub(crate) value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("expected KEY=VALUE".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_api::ObjectReference;

    use super::{Pair, any_object};

    #[test]
    fn an_object_is_named_with_and_without_a_group() {
        let reference = |group: &str| ObjectReference {
            group: group.to_owned(),
            api_version: "v1".to_owned(),
            resource: "configmaps".to_owned(),
            namespace: "shop".to_owned(),
            name: "settings".to_owned(),
            kind: String::new(),
        };
        assert_eq!(any_object("v1/configmaps/shop/settings").unwrap(), reference(""));
        assert_eq!(
            any_object("apps/v1/configmaps/shop/settings").unwrap(),
            reference("apps")
        );
        assert_eq!(
            any_object("configmaps/settings").unwrap_err().message,
            "`configmaps/settings` does not name an object"
        );
    }

    #[test]
    fn a_pair_is_split_at_the_first_sign() {
        assert_eq!(
            "a=b=c".parse(),
            Ok(Pair {
                key: "a".to_owned(),
                value: "b=c".to_owned()
            })
        );
        assert_eq!("=b".parse::<Pair>(), Err("expected KEY=VALUE".to_owned()));
    }
}
