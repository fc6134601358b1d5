//! Functions that run commands in pods.

pub(crate) mod kube_exec;
pub(crate) mod kube_exec_all;
pub(crate) mod kube_task;
pub(crate) mod multi_container_run;
pub(crate) mod prepare_data;
