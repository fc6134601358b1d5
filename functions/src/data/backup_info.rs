//! `BackupAllInfo`: which backup each pod has, as `BackupDataAll` hands it to `RestoreDataAll` and `DeleteDataAll`.
//! Must not know what the backups hold.

use std::collections::BTreeMap;

use mainstay_engine::function::{Cause, Error as Failure};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One pod's backup. The names are Kanister's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Backup {
    /// The pod.
    #[serde(rename = "PodName")]
    pub(super) pod: String,
    /// Its backup's identifier.
    #[serde(rename = "BackupID")]
    pub(super) id: String,
    /// Its backup's tag.
    #[serde(rename = "BackupTag")]
    pub(super) tag: String,
}

/// Backups by pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct BackupInfo(BTreeMap<String, Backup>);

impl BackupInfo {
    /// Reads the argument: a JSON text, or the map that such a text means.
    pub(super) fn read(value: Option<&Json>) -> Result<Self, Failure> {
        let info = match value {
            Some(Json::String(text)) => serde_json::from_str(text),
            Some(value) => serde_json::from_value(value.clone()),
            None => Ok(Self::default()),
        };
        info.map_err(|error| {
            Failure::new(
                Cause::Mistake,
                format!("Failed to decode arg `backupInfo`: {error}"),
            )
        })
    }

    /// The backup of one pod, which must be there.
    pub(super) fn of_pod(&self, pod: &str) -> Result<&Backup, Failure> {
        let backup = self.0.get(pod).filter(|backup| !backup.id.is_empty());
        backup.ok_or_else(|| Failure::new(Cause::Mistake, format!("backupInfo has no backup of pod {pod}")))
    }

    /// All of them, in the order of the pods' names.
    pub(super) fn pods(&self) -> impl Iterator<Item = (&String, &Backup)> {
        self.0.iter()
    }

    /// The JSON text.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("texts under texts are always JSON")
    }
}

impl FromIterator<Backup> for BackupInfo {
    fn from_iter<I: IntoIterator<Item = Backup>>(backups: I) -> Self {
        Self(
            backups
                .into_iter()
                .map(|backup| (backup.pod.clone(), backup))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_map_mean_the_same() {
        let backup = Backup {
            pod: "db-0".into(),
            id: "1a2b3c4d".into(),
            tag: "t".into(),
        };
        let info: BackupInfo = [backup].into_iter().collect();
        let text = r#"{"db-0":{"PodName":"db-0","BackupID":"1a2b3c4d","BackupTag":"t"}}"#;
        assert_eq!(info.text(), text);
        assert_eq!(BackupInfo::read(Some(&json!(text))), Ok(info.clone()));
        let map = json!({"db-0": {"PodName": "db-0", "BackupID": "1a2b3c4d", "BackupTag": "t", "other": 1}});
        assert_eq!(BackupInfo::read(Some(&map)), Ok(info));
    }

    #[test]
    fn what_is_missing_is_named() {
        let info = BackupInfo::read(Some(&json!({"db-0": {"PodName": "db-0"}}))).unwrap();
        let message = |pod| info.of_pod(pod).unwrap_err().message;
        assert_eq!(message("db-0"), "backupInfo has no backup of pod db-0");
        assert_eq!(message("db-1"), "backupInfo has no backup of pod db-1");
        assert!(BackupInfo::read(Some(&json!("no JSON"))).is_err());
    }
}
