//! Backup and restore beside restic, in one run on one machine: only ratios carry over.
//!
//! `cargo bench -p mainstay-repository --bench against_peers`. The peer is the `restic` of the path. Rounds are interleaved, medians
//! printed, and a restored tree that differs fails the bench. Without `--bench` a small set proves that it still runs.

#[path = "shared/measured.rs"]
mod measured;
#[path = "shared/ours.rs"]
mod ours;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use measured::{Measured, Scale, big, change, run, same, say, size, small};

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Program {
    Ours,
    Restic,
}

const PROGRAMS: [Program; 2] = [Program::Ours, Program::Restic];

/// What is measured.
const STEPS: [&str; 3] = ["first", "second", "restore"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(done) = ours::work() {
        return done;
    }
    let scale = Scale::from_arguments();
    let folder = tempfile::tempdir()?;
    let version = Command::new("restic").arg("version").output();
    let version =
        version.map_err(|cause| format!("the peer restic is not there ({cause}): apt-get install restic"))?;
    say(&format!(
        "peer: {}",
        String::from_utf8_lossy(&version.stdout).trim()
    ))?;
    for (name, make) in sets(scale) {
        let source = folder.path().join(name);
        let rounds = if scale == Scale::Full { 5 } else { 1 };
        let mut runs: BTreeMap<(&str, Program), Vec<Measured>> = BTreeMap::new();
        let mut sizes = BTreeMap::new();
        for round in 0..rounds {
            // The same source for all programs of a round; the round's second backup changed it.
            if source.exists() {
                fs::remove_dir_all(&source)?;
            }
            make(&source)?;
            let places: Vec<Place> = PROGRAMS
                .iter()
                .map(|program| Place::new(folder.path(), *program, round))
                .collect();
            for place in &places {
                place.init()?;
                runs.entry(("first", place.program))
                    .or_default()
                    .push(run(&mut place.backup(&source)?)?);
            }
            change(&source)?;
            for place in &places {
                runs.entry(("second", place.program))
                    .or_default()
                    .push(run(&mut place.backup(&source)?)?);
                sizes.insert(place.program, size(&place.repository)?);
            }
            for place in &places {
                runs.entry(("restore", place.program))
                    .or_default()
                    .push(run(&mut place.restore()?)?);
                same(&source, &place.target.join(source.strip_prefix("/")?))?;
                fs::remove_dir_all(&place.target)?;
                fs::remove_dir_all(&place.repository)?;
            }
        }
        report(name, &runs, &sizes)?;
    }
    Ok(())
}

type Make = Box<dyn Fn(&Path) -> io::Result<()>>;

fn sets(scale: Scale) -> Vec<(&'static str, Make)> {
    match scale {
        Scale::Full => vec![
            ("big", Box::new(|folder: &Path| big(folder, 4, 1024))),
            ("small", Box::new(|folder: &Path| small(folder, 100_000))),
        ],
        Scale::Short => vec![
            ("big", Box::new(|folder: &Path| big(folder, 2, 8))),
            ("small", Box::new(|folder: &Path| small(folder, 300))),
        ],
    }
}

/// A program's repository and target of one round.
struct Place {
    program: Program,
    repository: PathBuf,
    target: PathBuf,
}

impl Place {
    fn new(folder: &Path, program: Program, round: u32) -> Self {
        let at = |what: &str| folder.join(format!("{what}-{program:?}-{round}"));
        Self {
            program,
            repository: at("repository"),
            target: at("target"),
        }
    }

    fn restic(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("restic");
        command
            .args(["--no-cache", "--quiet", "--repo"])
            .arg(&self.repository)
            .args(arguments);
        command.env("RESTIC_PASSWORD", ours::PASSWORD);
        command
    }

    /// Ours is made by the first backup, which then pays for it.
    fn init(&self) -> io::Result<()> {
        match self.program {
            Program::Ours => Ok(()),
            Program::Restic => run(&mut self.restic(&["init"])).map(drop),
        }
    }

    fn backup(&self, source: &Path) -> io::Result<Command> {
        match self.program {
            Program::Ours => ours::command("backup", &[&self.repository, source]),
            Program::Restic => {
                let mut command = self.restic(&["backup"]);
                command.arg(source);
                Ok(command)
            }
        }
    }

    fn restore(&self) -> io::Result<Command> {
        match self.program {
            Program::Ours => ours::command("restore", &[&self.repository, &self.target]),
            Program::Restic => {
                let mut command = self.restic(&["restore", "latest", "--target"]);
                command.arg(&self.target);
                Ok(command)
            }
        }
    }
}

fn report(
    set: &str,
    runs: &BTreeMap<(&str, Program), Vec<Measured>>,
    sizes: &BTreeMap<Program, u64>,
) -> io::Result<()> {
    for step in STEPS {
        let of = |program| runs.get(&(step, program)).map(|runs| median(runs));
        if let (Some(ours), Some(restic)) = (of(Program::Ours), of(Program::Restic)) {
            say(&format!(
                "{set} {step}: ours {:.2} s {:.0} MiB, restic {:.2} s {:.0} MiB, ratio {:.2}",
                ours.seconds,
                ours.peak_mib,
                restic.seconds,
                restic.peak_mib,
                restic.seconds / ours.seconds,
            ))?;
        }
    }
    say(&format!("{set} repository: {sizes:?} bytes"))
}

/// The middle one by seconds, with the memory of the hungriest.
fn median(runs: &[Measured]) -> Measured {
    let mut seconds: Vec<f64> = runs.iter().map(|run| run.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let peak_mib = runs.iter().map(|run| run.peak_mib).fold(0.0, f64::max);
    Measured {
        seconds: seconds[seconds.len() / 2],
        peak_mib,
    }
}
