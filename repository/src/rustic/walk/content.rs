//! Reads one file for a backup: exactly as many bytes as were announced, holes without touching the disk.
//!
//! The tree says how long a file is before it is read. A file that grows meanwhile is cut off there, one that shrinks is filled
//! up with zeros, and both are listed as changed.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{SeekFrom, Stat, fstat, seek};
use rustix::io::Errno;

use super::findings::Findings;
use crate::restic::{OnChange, Remark};
use crate::watch::Watch;

/// What a reader must report, and to whom.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(super) path: PathBuf,
    pub(super) seen: Stat,
    pub(super) on_change: OnChange,
    pub(super) findings: Arc<Findings>,
}

/// The content of a file.
#[derive(Debug)]
pub(crate) struct Content {
    file: File,
    origin: Origin,
    watch: Watch,
    size: u64,
    at: u64,
    /// Bytes from `at` on that are known to be data or to be a hole.
    run: Run,
    shrunk: bool,
    done: bool,
}

#[derive(Debug)]
enum Run {
    Data(Range<u64>),
    Hole(Range<u64>),
}

impl Run {
    fn end(&self) -> u64 {
        match self {
            Self::Data(range) | Self::Hole(range) => range.end,
        }
    }
}

impl Content {
    pub(super) fn new(file: File, origin: Origin, watch: Watch) -> Self {
        let size = u64::try_from(origin.seen.st_size).unwrap_or_default();
        let run = Run::Data(0..0);
        Self {
            file,
            origin,
            watch,
            size,
            at: 0,
            run,
            shrunk: false,
            done: false,
        }
    }

    /// The run that begins at `at`. A file system that cannot tell holes has none.
    fn next_run(&self) -> io::Result<Run> {
        let blocks = u64::try_from(self.origin.seen.st_blocks).unwrap_or_default();
        if blocks * 512 >= self.size {
            return Ok(Run::Data(self.at..self.size));
        }
        let data = match seek(&self.file, SeekFrom::Data(self.at)) {
            Ok(data) => data.min(self.size),
            // Nothing but a hole from here on.
            Err(Errno::NXIO) => self.size,
            Err(Errno::INVAL) => return Ok(Run::Data(self.at..self.size)),
            Err(cause) => return Err(cause.into()),
        };
        if data > self.at {
            return Ok(Run::Hole(self.at..data));
        }
        match seek(&self.file, SeekFrom::Hole(self.at)) {
            Ok(hole) => Ok(Run::Data(self.at..hole.clamp(self.at + 1, self.size))),
            Err(Errno::NXIO) => Ok(Run::Hole(self.at..self.size)),
            Err(cause) => Err(cause.into()),
        }
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.watch.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        if self.run.end() <= self.at {
            self.run = self.next_run()?;
        }
        let room = usize::try_from(self.run.end() - self.at)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let buffer = &mut buffer[..room];
        let filled = match &self.run {
            Run::Hole(_) => 0,
            Run::Data(_) if self.shrunk => 0,
            Run::Data(_) => self.file.read_at(buffer, self.at)?,
        };
        if filled > 0 {
            self.at += filled as u64;
            return Ok(filled);
        }
        self.shrunk |= matches!(self.run, Run::Data(_));
        buffer.fill(0);
        self.at += room as u64;
        Ok(room)
    }

    /// Whether the file is the one that was seen.
    fn finish(&mut self) -> io::Result<()> {
        self.done = true;
        let Stat {
            st_size: size,
            st_mtime: seconds,
            st_mtime_nsec: nanoseconds,
            ..
        } = self.origin.seen;
        let now = fstat(&self.file)?;
        let same = (now.st_size, now.st_mtime, now.st_mtime_nsec) == (size, seconds, nanoseconds);
        if same && !self.shrunk {
            return Ok(());
        }
        let Origin {
            path,
            on_change,
            findings,
            ..
        } = &self.origin;
        match on_change {
            OnChange::List => findings.remark(Remark::Changed(path.clone())),
            OnChange::Fail => findings.record(path.clone(), "it changed while it was read".to_owned()),
        }
        Ok(())
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = if self.at < self.size {
            self.read_some(buffer)
        } else if self.done {
            Ok(0)
        } else {
            self.finish().map(|()| 0)
        };
        read.inspect_err(|cause| {
            if !self.watch.is_cancelled() {
                self.origin.findings.unreadable_file(&self.origin.path, cause);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, Timespec, Timestamps, stat, utimensat};

    use super::*;

    /// Reads a file that was seen before `change` happened to it.
    fn read(
        content: &[u8],
        on_change: OnChange,
        change: impl FnOnce(&std::path::Path),
    ) -> (Vec<u8>, Arc<Findings>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        // Times of files have the kernel's tick; a change within it would not show.
        let past = Timespec {
            tv_sec: 1_000,
            tv_nsec: 0,
        };
        let past = Timestamps {
            last_access: past,
            last_modification: past,
        };
        utimensat(CWD, &path, &past, rustix::fs::AtFlags::empty()).unwrap();
        let seen = stat(&path).unwrap();
        change(&path);
        let findings: Arc<Findings> = Arc::default();
        let origin = Origin {
            path: "file".into(),
            seen,
            on_change,
            findings: Arc::clone(&findings),
        };
        let mut read = Vec::new();
        Content::new(File::open(&path).unwrap(), origin, Watch::new())
            .read_to_end(&mut read)
            .unwrap();
        (read, findings)
    }

    #[test]
    fn a_quiet_file_is_read_as_it_is() {
        let (read, findings) = read(b"content", OnChange::Fail, |_| {});
        assert_eq!(read, b"content");
        assert_eq!((findings.remarks(), findings.failures()), (vec![], (vec![], 0)));
    }

    #[test]
    fn a_file_keeps_the_length_it_was_seen_with() {
        let append = |path: &std::path::Path| std::fs::write(path, b"content and more").unwrap();
        let truncate = |path: &std::path::Path| std::fs::write(path, b"con").unwrap();
        let (grown, findings) = read(b"content", OnChange::List, append);
        assert_eq!(grown, b"content");
        assert_eq!(findings.remarks(), [Remark::Changed("file".into())]);
        let (shrunk, findings) = read(b"content", OnChange::List, truncate);
        assert_eq!(shrunk, b"con\0\0\0\0");
        assert_eq!(findings.remarks(), [Remark::Changed("file".into())]);
        let (_, findings) = read(b"content", OnChange::Fail, append);
        assert_eq!(findings.failures().1, 1);
    }

    #[test]
    fn holes_are_zeros() {
        let (read, _) = read(b"", OnChange::Fail, |_| {});
        assert_eq!(read, b"");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let file = File::create(&path).unwrap();
        file.set_len(3 << 20).unwrap();
        file.write_all_at(b"middle", 1 << 20).unwrap();
        let origin = Origin {
            path: "sparse".into(),
            seen: stat(&path).unwrap(),
            on_change: OnChange::Fail,
            findings: Arc::default(),
        };
        let mut content = Vec::new();
        Content::new(File::open(&path).unwrap(), origin, Watch::new())
            .read_to_end(&mut content)
            .unwrap();
        assert!(content == std::fs::read(&path).unwrap());
    }
}
