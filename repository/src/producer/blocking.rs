//! The same program for a reader that blocks: a repository reads with threads, not tasks.
//!
//! A silent program is not waited for longer than until somebody cancels.

use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use snafu::ResultExt as _;

use super::tail::{LINE, Tail};
use super::{LAST_WORDS, Producer, judged, kill_group};
use crate::error::{self, Error};
use crate::watch::Watch;

/// How often a reader that waits looks whether somebody cancelled.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

/// A program's standard output. Dropped before [`Output::finish`] was asked, it stops the program.
#[derive(Debug)]
pub(crate) struct Output {
    pipe: ChildStdout,
    program: Arc<Program>,
    watch: Watch,
}

/// What is needed to ask for a program's end.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Mutex<Child>,
    lines: Mutex<mpsc::Receiver<Vec<String>>>,
}

impl Producer {
    /// Starts it for a reader that blocks.
    pub(crate) fn start_blocking(&self, watch: &Watch) -> Result<Output, Error> {
        let name = self.name();
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).process_group(0);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context(error::StartSnafu { program: &name })?;
        let (done, lines) = mpsc::channel();
        if let Some(stderr) = child.stderr.take() {
            let tail = Tail::new(name.clone());
            // Whoever waits for the lines may have given up.
            std::thread::spawn(move || done.send(follow(tail, stderr)).ok());
        }
        let pipe = child
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("its output is not piped"));
        let pipe = pipe.context(error::StartSnafu { program: &name })?;
        let program = Program {
            name,
            child: Mutex::new(child),
            lines: Mutex::new(lines),
        };
        Ok(Output {
            pipe,
            program: Arc::new(program),
            watch: watch.clone(),
        })
    }
}

impl Output {
    /// Who answers how the program ended, to be asked when the output has ended.
    pub(crate) fn program(&self) -> Arc<Program> {
        Arc::clone(&self.program)
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.watch.is_cancelled() {
                return Err(io::Error::other("cancelled"));
            }
            let mut waiting = [PollFd::new(&self.pipe, PollFlags::IN)];
            match poll(&mut waiting, Some(&LOOK)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.pipe.read(buffer),
                Err(cause) => return Err(cause.into()),
            }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let mut child = self.program.child.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was waited for is gone; its number may be somebody else's by now.
        if let Ok(None) = child.try_wait()
            && !self.at_end()
        {
            kill_group(&self.program.name, i32::try_from(child.id()).ok());
            if let Err(cause) = child.wait() {
                tracing::debug!(program = self.program.name, %cause, "the producer cannot be waited for");
            }
        }
    }
}

impl Output {
    /// Whether the program closed its output, so that it is about to end by itself.
    fn at_end(&self) -> bool {
        let mut waiting = [PollFd::new(&self.pipe, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let polled = poll(&mut waiting, Some(&now));
        polled.is_ok()
            && waiting[0].revents().contains(PollFlags::HUP)
            && !waiting[0].revents().contains(PollFlags::IN)
    }
}

impl Program {
    /// Waits for its end; anything but status 0 is a fault.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let status = child.wait().map_err(|source| Error::Stream {
            action: "read",
            source,
        })?;
        let lines = self
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv_timeout(LAST_WORDS);
        judged(&self.name, status, lines.unwrap_or_default())
    }
}

fn follow(mut tail: Tail, stderr: ChildStderr) -> Vec<String> {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return tail.into_lines(),
            Ok(_) => tail.add(&line),
        }
    }
}
