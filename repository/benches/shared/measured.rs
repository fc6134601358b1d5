//! Runs a program and measures it: seconds, and the most memory it had. Makes the sets of files that are backed up.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How large a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Seconds, in any build: so that benches cannot rot.
    Short,
    /// The sizes of the published figures.
    Full,
}

impl Scale {
    /// `cargo bench` asks for the full one, `cargo test --benches` for the short one.
    pub(crate) fn from_arguments() -> Self {
        if std::env::args().any(|argument| argument == "--bench") {
            Self::Full
        } else {
            Self::Short
        }
    }
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) peak_mib: f64,
}

/// Runs a command to its end. One that fails ends the bench.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench measures time, and looks at memory from time to time"
)]
pub(crate) fn run(command: &mut Command) -> io::Result<Measured> {
    let begun = std::time::Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    let ended = loop {
        // The kernel keeps the highest mark, so the last look is the one that counts.
        peak = peak.max(high_mark(&status).unwrap_or(0));
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let seconds = begun.elapsed().as_secs_f64();
    if !ended.success() {
        return Err(io::Error::other(format!("{command:?} ended with {ended}")));
    }
    let peak_mib = f64::from(u32::try_from(peak).unwrap_or(u32::MAX)) / 1024.0;
    Ok(Measured { seconds, peak_mib })
}

fn high_mark(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// One line for people.
pub(crate) fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Bytes that no compression makes smaller, in pieces, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Text that compresses like a dump.
pub(crate) fn words(seed: u64, length: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(length + 64);
    let mut number = seed;
    while text.len() < length {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.extend_from_slice(format!("INSERT INTO t VALUES ({number}, 'row', NULL);\n").as_bytes());
    }
    text.truncate(length);
    text
}

/// Few large files of noise.
pub(crate) fn big(folder: &Path, files: u64, mib: u64) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for file in 0..files {
        let mut out = fs::File::create(folder.join(format!("{file}")))?;
        for piece in 0..mib {
            out.write_all(&noise(file * 100_000 + piece, 1 << 20))?;
        }
    }
    Ok(())
}

/// Many small files, half noise and half words.
pub(crate) fn small(folder: &Path, files: u64) -> io::Result<()> {
    for file in 0..files {
        let parent = folder.join(format!("{}", file / 100));
        fs::create_dir_all(&parent)?;
        let length = usize::try_from(
            noise(file, 2)
                .iter()
                .fold(0, |sum, byte| sum * 256 + u64::from(*byte))
                % 43_000,
        );
        let length = length.unwrap_or_default();
        let content = if file % 2 == 0 {
            noise(file, length)
        } else {
            words(file, length)
        };
        fs::write(parent.join(format!("{file}")), content)?;
    }
    Ok(())
}

/// Changes every hundredth file, or a hundredth of each when there are few.
pub(crate) fn change(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    let few = files.len() < 100;
    for (number, file) in files
        .iter()
        .enumerate()
        .filter(|(number, _)| few || number % 100 == 0)
    {
        use std::os::unix::fs::FileExt as _;
        let length = fs::metadata(file)?.len();
        let changed = usize::try_from(length / 100).unwrap_or(1).max(1);
        let out = fs::OpenOptions::new().write(true).open(file)?;
        out.write_all_at(&noise(number as u64 + 7, changed), length / 2)?;
    }
    Ok(())
}

/// Fails unless two trees are equal.
pub(crate) fn same(one: &Path, other: &Path) -> io::Result<()> {
    let compared = Command::new("diff")
        .args(["--recursive", "--no-dereference", "--brief"])
        .arg(one)
        .arg(other)
        .output()?;
    if compared.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&compared.stdout).into_owned();
    Err(io::Error::other(format!(
        "{} and {} differ: {said}",
        one.display(),
        other.display()
    )))
}

/// Bytes below a folder.
pub(crate) fn size(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        total += if found.is_dir() {
            size(&entry.path())?
        } else {
            found.len()
        };
    }
    Ok(total)
}
