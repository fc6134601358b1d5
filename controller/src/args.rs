//! Flags and environment of the controller, with Kanister's names; nothing else reads the environment.
//! Must not know what any setting leads to.

use std::time::Duration;

use clap::builder::ArgAction;
use mainstay_functions::context::Siblings;

use crate::health::Paths;
use crate::logging::Format;

/// The image with kando, restic and bash that functions use when a blueprint names none; Kanister's own.
const TOOLS: &str = "ghcr.io/kanisterio/kanister-tools:0.119.0";

/// The image with our agent.
const AGENT: &str = "localhost/mainstay-agent:1";

/// How the controller runs.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
#[group(id = "controller")]
pub struct Arguments {
    /// The controller's own namespace, and the only one whose ActionSets and Blueprints it watches [default: that
    /// of its service account or of the current context]
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAMESPACE")]
    pub pod_namespace: Option<String>,

    /// The service account of pods made in the controller's namespace [default: that of its own pod]
    #[arg(long, env = "POD_SERVICE_ACCOUNT", value_name = "NAME")]
    pub pod_service_account: Option<String>,

    /// The controller's own pod
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub pod_name: Option<String>,

    /// Whether to install the custom resource definitions at start
    #[arg(long, env = "CREATEORUPDATE_CRDS", value_name = "BOOL", default_value = "true", value_parser = truth, action = ArgAction::Set)]
    pub create_or_update_crds: bool,

    /// What is logged: error, warn, info, debug, trace, or directives for single modules
    #[arg(long, env = "LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,

    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT", default_value = "json")]
    pub log_format: Format,

    /// The image with the tools that functions need when a blueprint names none
    #[arg(long, env = "KANISTER_TOOLS", value_name = "IMAGE", default_value = TOOLS)]
    pub tools_image: String,

    /// The image whose mainstay-agent moves data in pods of other images; as `cargo xtask images` names it
    #[arg(long, env = "MAINSTAY_AGENT_IMAGE", value_name = "IMAGE", default_value = AGENT)]
    pub agent_image: String,

    /// Whether `LocationDelete` deletes everything whose key begins with the path, as Kanister does
    #[arg(long, env = "MAINSTAY_DELETE_BY_PREFIX", value_name = "BOOL", default_value = "false", value_parser = truth, action = ArgAction::Set)]
    pub delete_by_prefix: bool,

    /// How many minutes a pod made by a function may take to become ready
    #[arg(
        long,
        env = "TIMEOUT_WORKER_POD_READY",
        value_name = "MINUTES",
        default_value_t = 15
    )]
    pub pod_ready_timeout: u32,

    /// Whether pods made by functions get a restrictive security context
    #[arg(long, env = "SECURE_DEFAULTS_FOR_JOB_PODS", value_name = "BOOL", default_value = "false", value_parser = truth, action = ArgAction::Set)]
    pub secure_defaults_for_job_pods: bool,

    /// The path of the liveness probe
    #[arg(
        long,
        env = "LIVENESS_PATH",
        value_name = "PATH",
        default_value = "/v0/healthz"
    )]
    pub liveness_path: String,

    /// The path of the readiness probe
    #[arg(
        long,
        env = "READINESS_PATH",
        value_name = "PATH",
        default_value = "/v0/readyz"
    )]
    pub readiness_path: String,

    /// The port of probes and metrics; 0 takes any that is free
    #[arg(long, env = "HEALTH_CHECK_PORT", value_name = "PORT", default_value_t = 8000)]
    pub health_check_port: u16,
}

impl Arguments {
    /// Where which probe is answered.
    pub fn health_paths(&self) -> Paths {
        Paths {
            liveness: self.liveness_path.clone(),
            readiness: self.readiness_path.clone(),
        }
    }

    /// What deleting an object means for those whose keys begin with its key.
    pub fn siblings(&self) -> Siblings {
        if self.delete_by_prefix {
            Siblings::Deleted
        } else {
            Siblings::Spared
        }
    }

    /// How long a pod made by a function may take to become ready.
    pub fn pod_ready(&self) -> Duration {
        Duration::from_mins(u64::from(self.pod_ready_timeout))
    }
}

/// Reads a truth value as Go does.
fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    fn command() -> Command {
        // Without the environment of whoever runs the test.
        Arguments::augment_args(Command::new("controller")).mut_args(|argument| argument.env(None::<&str>))
    }

    fn read(words: &[&str]) -> Result<Arguments, String> {
        let words = std::iter::once("controller").chain(words.iter().copied());
        let matches = command()
            .try_get_matches_from(words)
            .map_err(|error| error.to_string())?;
        Arguments::from_arg_matches(&matches).map_err(|error| error.to_string())
    }

    #[test]
    fn every_setting_has_a_flag_a_variable_and_a_default() {
        let command = Arguments::augment_args(Command::new("controller"));
        let settings: Vec<String> = command
            .get_arguments()
            .map(|argument| {
                let variable = argument.get_env().unwrap_or_default().to_string_lossy();
                let default: Vec<_> = argument
                    .get_default_values()
                    .iter()
                    .map(|value| value.to_string_lossy())
                    .collect();
                format!(
                    "--{} {variable} {}",
                    argument.get_long().unwrap_or_default(),
                    default.join(" ")
                )
            })
            .collect();
        insta::assert_snapshot!(settings.join("\n"));
    }

    #[test]
    fn truth_is_read_as_go_reads_it() {
        assert!(
            read(&["--create-or-update-crds", "T"])
                .unwrap()
                .create_or_update_crds
        );
        assert!(
            !read(&["--create-or-update-crds", "0"])
                .unwrap()
                .create_or_update_crds
        );
        insta::assert_snapshot!(read(&["--create-or-update-crds", "yes"]).unwrap_err());
    }

    #[test]
    fn minutes_are_minutes() {
        let arguments = read(&["--pod-ready-timeout", "2"]).unwrap();
        assert_eq!(arguments.pod_ready(), Duration::from_mins(2));
    }
}
