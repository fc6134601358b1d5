//! Megabytes a second and peak memory of each way through the data path, without a peer.
//!
//! `cargo bench -p mainstay-repository --bench throughput`; without `--bench` a small set proves that it still runs.

#[path = "shared/measured.rs"]
mod measured;
#[path = "shared/ours.rs"]
mod ours;

use std::path::Path;

use measured::{Scale, big, change, run, same, say, size, small};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(done) = ours::work() {
        return done;
    }
    let (files, mib, many) = match Scale::from_arguments() {
        Scale::Full => (2, 1_024, 50_000),
        Scale::Short => (2, 12, 300),
    };
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    big(&at("big"), files, mib)?;
    small(&at("small"), many)?;
    for set in ["big", "small"] {
        let (source, repository, target) = (
            at(set),
            at(&format!("{set} repository")),
            at(&format!("{set} target")),
        );
        let bytes = size(&source)?;
        measure(set, "backup", bytes, &[&repository, &source])?;
        change(&source)?;
        measure(set, "backup again", bytes, &[&repository, &source])?;
        measure(set, "restore", bytes, &[&repository, &target])?;
        same(&source, &target.join(source.strip_prefix("/")?))?;
    }
    let dump = at("big").join("0");
    let bytes = std::fs::metadata(&dump)?.len();
    measure("stream", "stream", bytes, &[&at("stream repository"), &dump])?;
    measure("stream", "push", bytes, &[&at("objects"), &dump])?;
    Ok(())
}

fn measure(set: &str, what: &str, bytes: u64, paths: &[&Path]) -> Result<(), Box<dyn std::error::Error>> {
    let operation = what.split(' ').next().unwrap_or(what);
    let measured = run(&mut ours::command(operation, paths)?)?;
    let mib = f64::from(u32::try_from(bytes >> 10)?) / 1024.0;
    say(&format!(
        "{set} {what}: {:.2} s, {:.0} MiB/s, peak {:.0} MiB",
        measured.seconds,
        mib / measured.seconds,
        measured.peak_mib,
    ))?;
    Ok(())
}
