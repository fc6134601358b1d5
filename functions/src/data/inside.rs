//! A backup made inside a container that runs already: by our agent where it is, else by the container's own restic.
//! Must not know which function asks for it.

use mainstay_engine::function::{Call, Cause, Error as Failure};
use mainstay_engine::sealed::Sealed;
use mainstay_repository::location::RepositoryPath;
use serde_json::{Map, Value as Json};

use super::access::Access;
use super::agent::{self, Order, PROBE, PROGRAMS, Reading};
use super::shell::{self, Script};
use super::{BACKUP_ID, FILE_COUNT, PHYSICAL_SIZE, SIZE, within};
use crate::context::Context;
use crate::exec::{self, Input, Target, Unsuccessful};

/// How much of what restic prints is kept: what it says about the backup comes last.
const KEPT: usize = 64 << 10;

/// What is to be backed up, and where.
pub(super) struct Inside<'a> {
    /// The container.
    pub(super) target: &'a Target,
    /// What opens the repository.
    pub(super) access: &'a Access,
    /// Whether any certificate is accepted.
    pub(super) insecure_tls: bool,
    /// The repository.
    pub(super) repository: &'a RepositoryPath,
    /// A tag that only this backup has.
    pub(super) tag: &'a str,
    /// The folder or file.
    pub(super) path: &'a str,
}

/// How a container can make backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// With the agent, which has this name there.
    Agent(&'static str),
    /// With its own restic and bash.
    Restic,
}

impl Inside<'_> {
    /// Makes the backup and returns what is known about it, by the names of Kanister's outputs.
    pub(super) async fn back_up(&self, context: &Context, call: &Call) -> Result<Map<String, Json>, Failure> {
        match self.means(context).await? {
            Means::Agent(program) => self.with_agent(context, call, program).await,
            Means::Restic => self.with_restic(context).await,
        }
    }

    async fn means(&self, context: &Context) -> Result<Means, Failure> {
        for program in PROGRAMS {
            if self.answers(context, &[program, PROBE[0], PROBE[1]]).await? {
                return Ok(Means::Agent(program));
            }
        }
        if self
            .answers(context, &["bash", "-c", "command -v restic"])
            .await?
        {
            return Ok(Means::Restic);
        }
        let Target {
            namespace,
            pod,
            container,
        } = self.target;
        let container = container.as_deref().unwrap_or_default();
        Err(Failure::new(
            Cause::Mistake,
            format!(
                "container {container} of pod {namespace}/{pod} cannot make backups: it has neither mainstay-agent \
                 nor bash and restic. Give the pod a container with one of them, or use CopyVolumeData"
            ),
        ))
    }

    /// Whether `command` can be run in the container and ends well.
    async fn answers(&self, context: &Context, command: &[&str]) -> Result<bool, Failure> {
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        let (client, target) = (&context.client, self.target);
        match exec::run(
            client,
            target,
            &command,
            Input::None,
            &mut |_| Ok(()),
            &mut |_| Ok(()),
        )
        .await
        {
            Ok(()) => Ok(true),
            Err(unsuccessful) => match unsuccessful.error {
                exec::Error::Exit { .. } | exec::Error::Run { .. } => Ok(false),
                exec::Error::Start { .. }
                | exec::Error::BrokenOff
                | exec::Error::Write { .. }
                | exec::Error::Read { .. }
                | exec::Error::Sink { .. } => Err(Failure::from(*unsuccessful)),
            },
        }
    }

    async fn with_agent(
        &self,
        context: &Context,
        call: &Call,
        program: &str,
    ) -> Result<Map<String, Json>, Failure> {
        let Self {
            target,
            access,
            insecure_tls,
            repository,
            tag,
            path,
        } = *self;
        let order = Order::Backup {
            repository,
            tag,
            host: Some(&target.pod),
            path,
        };
        let mut command = vec![program.to_owned()];
        command.extend(order.words(&["--access", "-", "--attached"], insecure_tls));
        let document = Sealed::new(format!("{}\n", access.document().open()));
        let mut stdout = Reading::new(&order, &call.progress);
        let mut stderr = Reading::new(&order, &call.progress);
        let ran = exec::run(
            &context.client,
            target,
            &command,
            Input::Held(document.open().as_bytes()),
            &mut |piece| Ok(stdout.write(piece)?),
            &mut |piece| Ok(stderr.write(piece)?),
        )
        .await;
        let (outputs, _) = stdout.finish()?;
        let (_, lines) = stderr.finish()?;
        match ran {
            Ok(()) => Ok(outputs),
            Err(unsuccessful) => Err(by_agent(*unsuccessful, lines)),
        }
    }

    async fn with_restic(&self, context: &Context) -> Result<Map<String, Json>, Failure> {
        let script = Script {
            environment: self.access.restic_environment(self.repository)?,
            insecure_tls: self.insecure_tls || self.access.skip_ssl_verify(),
            tag: self.tag,
        };
        if let Some(id) = self.earlier(context, &script).await? {
            return Ok(described(shell::Backup {
                id: Some(id),
                ..shell::Backup::default()
            }));
        }
        let printed = self.run(context, &script.backup(self.path)).await;
        let printed =
            printed.map_err(|failed| within("Failed to create and upload backup", Failure::from(*failed)))?;
        let backup = shell::Backup::read(&printed);
        if backup.id.is_none() {
            let message = format!("Failed to parse the backup ID from logs, backup logs: {printed}");
            return Err(Failure::new(Cause::Failed, message));
        }
        Ok(described(backup))
    }

    /// The backup that an interrupted call had finished already. Makes the repository when there is none.
    async fn earlier(&self, context: &Context, script: &Script<'_>) -> Result<Option<String>, Failure> {
        match self.run(context, &script.list()).await {
            Ok(printed) => {
                let ids = shell::snapshot_ids(&printed).map_err(|error| {
                    Failure::new(
                        Cause::Failed,
                        format!("Failed to read the list of backups: {error}"),
                    )
                })?;
                Ok(ids.into_iter().next_back())
            }
            Err(failed) if shell::is_without_repository(&failed.stderr) => {
                match self.run(context, &script.init()).await {
                    Ok(_) => Ok(None),
                    Err(failed) => Err(within("Failed to create the repository", Failure::from(*failed))),
                }
            }
            Err(failed) => Err(within("Failed to open the repository", Failure::from(*failed))),
        }
    }

    /// Runs a script and returns the end of what it printed.
    async fn run(&self, context: &Context, script: &Sealed<String>) -> Result<String, Box<Unsuccessful>> {
        let command: Vec<String> = shell::COMMAND.iter().map(|&word| word.to_owned()).collect();
        let mut printed = Vec::new();
        exec::run(
            &context.client,
            self.target,
            &command,
            Input::Held(script.open().as_bytes()),
            &mut |piece| {
                printed.extend_from_slice(piece);
                if printed.len() > 2 * KEPT {
                    printed.drain(..printed.len() - KEPT);
                }
                Ok(())
            },
            &mut |_| Ok(()),
        )
        .await?;
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }
}

/// A failure of the agent: what it says itself, where it had a say.
fn by_agent(unsuccessful: Unsuccessful, lines: Vec<String>) -> Failure {
    let said = match unsuccessful.error {
        exec::Error::Exit { code } => {
            agent::message(&lines).map(|said| (said.to_owned(), agent::cause(code)))
        }
        _ => None,
    };
    let failure = Failure {
        last_lines: lines,
        ..Failure::from(unsuccessful)
    };
    let failure = match said {
        Some((message, cause)) => Failure {
            message,
            cause,
            ..failure
        },
        None => failure,
    };
    within("Failed to create and upload backup", failure)
}

fn described(backup: shell::Backup) -> Map<String, Json> {
    let shell::Backup {
        id,
        file_count,
        size,
        physical_size,
    } = backup;
    let values = [
        (BACKUP_ID, id.unwrap_or_default()),
        (FILE_COUNT, file_count),
        (SIZE, size),
        (PHYSICAL_SIZE, physical_size),
    ];
    values
        .into_iter()
        .map(|(output, value)| (output.name.to_owned(), Json::String(value)))
        .collect()
}
