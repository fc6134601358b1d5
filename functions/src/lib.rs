//! What a phase can do to a cluster: one file and one declaration per function.
//!
//! Must not know which plan or phase called.

use mainstay_dsl::signature::Signatures;
use mainstay_engine::function::Functions;

use self::context::Context;
use self::declaration::Declaration;

pub mod arguments;
mod cluster;
pub mod context;
mod credential;
mod declaration;
pub mod exec;
mod failure;
pub mod output;
pub mod pod;
mod profile;
mod retry;
mod secrets;
pub mod tail;

mod data;
mod location;
mod pods;
mod snapshot;
mod workload;

#[cfg(test)]
mod test;

/// Every function, in the order of the reference.
static DECLARATIONS: &[&Declaration] = &[
    &pods::kube_exec::DECLARATION,
    &pods::kube_exec_all::DECLARATION,
    &pods::kube_task::DECLARATION,
    &pods::prepare_data::DECLARATION,
    &pods::multi_container_run::DECLARATION,
    &workload::scale_workload::DECLARATION,
    &workload::wait::DECLARATION,
    &workload::wait_v2::DECLARATION,
    &workload::kube_ops::DECLARATION,
    &data::backup_data::DECLARATION,
    &data::backup_data_all::DECLARATION,
    &data::restore_data::DECLARATION,
    &data::restore_data_all::DECLARATION,
    &data::copy_volume_data::DECLARATION,
    &data::delete_data::DECLARATION,
    &data::delete_data_all::DECLARATION,
    &data::backup_data_stats::DECLARATION,
    &data::check_repository::DECLARATION,
    &location::location_delete::DECLARATION,
    &snapshot::create_csi_snapshot::DECLARATION,
    &snapshot::create_csi_snapshot_static::DECLARATION,
    &snapshot::restore_csi_snapshot::DECLARATION,
    &snapshot::delete_csi_snapshot::DECLARATION,
    &snapshot::delete_csi_snapshot_content::DECLARATION,
];

/// The functions in a cluster.
pub fn all(context: &Context) -> Functions {
    DECLARATIONS
        .iter()
        .map(|declaration| declaration.in_cluster(context))
        .collect()
}

/// What every function is called, accepts and returns. Needs no cluster.
pub fn signatures() -> Signatures {
    DECLARATIONS
        .iter()
        .map(|declaration| (declaration.signature)())
        .collect()
}
