//! Which claims the pods of the action's workload mount, and where.
//! Must not know what becomes of them.

use std::collections::BTreeMap;

use mainstay_engine::function::{Cause, Error as Failure};
use mainstay_engine::scope::{Scope, Target, Workload};

/// Mount paths by claim.
pub(super) type Mounts = BTreeMap<String, String>;

/// The workload of the action.
pub(super) fn workload(scope: &Scope) -> Result<&Workload, Failure> {
    match &scope.target {
        Some(
            Target::StatefulSet(workload) | Target::Deployment(workload) | Target::DeploymentConfig(workload),
        ) => Ok(workload),
        Some(Target::Pvc(_) | Target::Namespace(_)) | None => {
            Err(Failure::new(Cause::Mistake, "Invalid Template Params"))
        }
    }
}

/// The claims of `pod`, as they were when the action started.
pub(super) fn of_pod(scope: &Scope, pod: &str) -> Result<Mounts, Failure> {
    match workload(scope)?.claims.get(pod) {
        Some(mounts) if !mounts.is_empty() => Ok(mounts.clone()),
        Some(_) | None => {
            let message = format!("Failed to find volumes for the Pod: {pod}");
            Err(Failure::new(Cause::Mistake, message))
        }
    }
}

/// The pods that an argument names with blanks between them, or all of the workload.
pub(super) fn pods(scope: &Scope, given: Option<String>) -> Result<Vec<String>, Failure> {
    let pods = match given {
        Some(given) => given.split_whitespace().map(str::to_owned).collect(),
        None => workload(scope)?.pods.clone(),
    };
    if pods.is_empty() {
        return Err(Failure::new(
            Cause::Mistake,
            "Failed to get pods: the workload has no running pod",
        ));
    }
    Ok(pods)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(target: fn(Workload) -> Target, claims: &[(&str, &[(&str, &str)])]) -> Scope {
        let claims = claims.iter().map(|(pod, mounts)| {
            let mounts = mounts
                .iter()
                .map(|(claim, path)| ((*claim).to_owned(), (*path).to_owned()));
            ((*pod).to_owned(), mounts.collect())
        });
        let workload = Workload {
            claims: claims.collect(),
            ..Workload::default()
        };
        Scope {
            target: Some(target(workload)),
            ..Scope::default()
        }
    }

    #[test]
    fn volumes_of_pods() {
        let deployment = scope(Target::Deployment, &[("pod1", &[("pvc1", "path1")])]);
        let stateful = scope(
            Target::StatefulSet,
            &[("pod2", &[("pvc2", "path2"), ("pvc3", "path3")])],
        );
        let bare = scope(Target::Deployment, &[]);
        let shown: Vec<_> = [
            (&deployment, "pod1"),
            (&stateful, "pod2"),
            (&deployment, "pod3"),
            (&stateful, "pod4"),
            (&bare, "pod1"),
            (&Scope::default(), "pod1"),
        ]
        .into_iter()
        .map(|(scope, pod)| of_pod(scope, pod).map_err(|failure| failure.message))
        .collect();
        insta::assert_debug_snapshot!(shown);
    }
}
