//! What a phase can do to a cluster: one file and one declaration per function.
//!
//! Must not know which plan or phase called.

use mainstay_dsl::signature::{Signature, Signatures};

pub mod arguments;
pub mod output;
pub mod tail;

mod data;
mod location;
mod pods;
mod workload;

/// What every function is called, accepts and returns, in the order of the reference. Needs no cluster.
pub fn signatures() -> Signatures {
    const ALL: &[fn() -> Signature] = &[
        pods::kube_exec::signature,
        pods::kube_exec_all::signature,
        pods::kube_task::signature,
        pods::prepare_data::signature,
        pods::multi_container_run::signature,
        workload::scale_workload::signature,
        workload::wait::signature,
        workload::wait_v2::signature,
        workload::kube_ops::signature,
        data::backup_data::signature,
        data::backup_data_all::signature,
        data::restore_data::signature,
        data::restore_data_all::signature,
        data::copy_volume_data::signature,
        data::delete_data::signature,
        data::delete_data_all::signature,
        data::backup_data_stats::signature,
        data::check_repository::signature,
        location::location_delete::signature,
    ];
    ALL.iter().map(|signature| signature()).collect()
}
