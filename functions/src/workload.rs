//! Functions that change workloads and other objects, or wait for them.

mod conditions;
mod jsonpath;
mod kind;

pub(crate) mod kube_ops;
pub(crate) mod scale_workload;
pub(crate) mod wait;
pub(crate) mod wait_v2;
