//! `RestoreCSISnapshot`: a new claim with what a snapshot holds.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedLocalObjectReference, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::core::ObjectMeta;
use mainstay_dsl::signature::{Argument, Kind, Outputs, Rendering, Signature};
use mainstay_engine::function::{Error as Failure, Outputs as Returned, Recovery};

use super::{GROUP, mistake};
use crate::arguments::{optional, required};
use crate::cluster::MADE_BY;
use crate::declaration::{Declaration, Work, keeps_nothing};
use crate::pod::Identity;

const NAME: Argument = required("name", Kind::Text, "The snapshot.");
const PVC: Argument = required("pvc", Kind::Text, "The name of the new claim.");
const NAMESPACE: Argument = required(
    "namespace",
    Kind::Text,
    "Namespace of the snapshot and of the claim.",
);
const STORAGE_CLASS: Argument = required("storageClass", Kind::Text, "The storage class of the claim.");
const RESTORE_SIZE: Argument = required(
    "restoreSize",
    Kind::Text,
    "The size of the claim, as a Kubernetes quantity; not 0.",
);
const ACCESS_MODES: Argument = optional(
    "accessModes",
    Kind::TextList,
    "`ReadWriteOnce`",
    "Access modes of the claim: `ReadWriteOnce`, `ReadOnlyMany`, `ReadWriteMany`.",
);
const VOLUME_MODE: Argument = optional(
    "volumeMode",
    Kind::Text,
    "`Filesystem`",
    "`Filesystem` or `Block`.",
);
const LABELS: Argument = optional("labels", Kind::TextMap, "none", "Labels of the claim.");

/// The function. It does not wait for the claim to be bound: that may take a pod.
pub(crate) static DECLARATION: Declaration = Declaration {
    signature,
    recovery: Recovery::Reattach,
    call: |work| Box::pin(call(work)),
    settle: keeps_nothing,
};

async fn call(work: Work<'_>) -> Result<Returned, Failure> {
    let namespace = work.arguments.text_or_empty(&NAMESPACE)?;
    let claim = claim(work, &namespace)?;
    let claims = super::claims(&work.context.client, &namespace);
    super::create(
        &claims,
        &claim,
        "Failed to restore CSI snapshot: Failed to create PVC",
    )
    .await?;
    Ok(None)
}

fn claim(work: Work<'_>, namespace: &str) -> Result<PersistentVolumeClaim, Failure> {
    let arguments = work.arguments;
    let size = arguments.text_or_empty(&RESTORE_SIZE)?;
    if is_zero(&size) {
        return Err(mistake(
            "Failed to restore CSI snapshot. restoreSize argument cannot be zero",
        ));
    }
    let mut access_modes = arguments.text_list(&ACCESS_MODES)?;
    if access_modes.is_empty() {
        access_modes.push(String::from("ReadWriteOnce"));
    }
    let known = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"];
    if let Some(other) = access_modes.iter().find(|mode| !known.contains(&mode.as_str())) {
        let message = format!(
            "Failed to validate accessModes: {other:?} is none of {}",
            known.join(", ")
        );
        return Err(mistake(message));
    }
    let volume_mode = arguments
        .filled_text(&VOLUME_MODE)?
        .unwrap_or_else(|| String::from("Filesystem"));
    if !["Filesystem", "Block"].contains(&volume_mode.as_str()) {
        let message =
            format!("Failed to validate volumeMode: {volume_mode:?} is neither Filesystem nor Block");
        return Err(mistake(message));
    }
    Ok(PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(arguments.text_or_empty(&PVC)?),
            namespace: Some(namespace.to_owned()),
            labels: Some(arguments.text_map(&LABELS)?),
            annotations: Some(BTreeMap::from([(
                MADE_BY.to_owned(),
                Identity::of(&work.call.key).label(),
            )])),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(access_modes),
            data_source: Some(TypedLocalObjectReference {
                api_group: Some(GROUP.to_owned()),
                kind: super::Kind::Snapshot.name().to_owned(),
                name: arguments.text_or_empty(&NAME)?,
            }),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([(String::from("storage"), Quantity(size))])),
                limits: None,
            }),
            storage_class_name: Some(arguments.text_or_empty(&STORAGE_CLASS)?),
            volume_mode: Some(volume_mode),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    })
}

/// Whether a quantity is 0 in whatever unit.
fn is_zero(quantity: &str) -> bool {
    let is_part = |character: char| character.is_ascii_digit() || matches!(character, '.' | '+' | '-');
    let number = quantity.trim_end_matches(|character| !is_part(character));
    number.parse() == Ok(0.0)
}

fn signature() -> Signature {
    Signature {
        function: "RestoreCSISnapshot".into(),
        summary: "Makes a claim whose volume begins with what a snapshot holds.",
        arguments: vec![
            NAME,
            PVC,
            NAMESPACE,
            STORAGE_CLASS,
            RESTORE_SIZE,
            ACCESS_MODES,
            VOLUME_MODE,
            LABELS,
        ],
        outputs: Outputs::None,
        rendering: Rendering::Engine,
        needs_profile: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_nothing_in_any_unit() {
        for zero in ["0", "0Gi", "0.0", "-0", "0m"] {
            assert!(is_zero(zero), "{zero}");
        }
        for other in ["1", "5Gi", "0.5", "", "Gi", "<nil>"] {
            assert!(!is_zero(other), "{other}");
        }
    }
}
