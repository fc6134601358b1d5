//! A folder of its own for each test, and the program run in it with its whole output as one text.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A test's folder. In arguments `$ROOM` stands for it, and in what is shown as well.
pub(crate) struct Room(TempDir);

impl Room {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file in the folder, and the folders it needs.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs the program by its own name.
    pub(crate) fn agent<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        self.run(Path::new(env!("CARGO_BIN_EXE_mainstay-agent")), arguments)
    }

    /// Runs the program by Kanister's name for it.
    pub(crate) fn kando<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        let link = self.path("kando");
        if !link.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mainstay-agent"), &link).unwrap();
        }
        self.run(&link, arguments)
    }

    /// Runs `program` with nothing on its standard input.
    pub(crate) fn run<'a>(&self, program: &Path, arguments: impl IntoIterator<Item = &'a str>) -> String {
        self.run_with_input(program, arguments, b"")
    }

    /// Runs the program by its own name with `input` on its standard input.
    pub(crate) fn agent_reading<'a>(
        &self,
        arguments: impl IntoIterator<Item = &'a str>,
        input: &[u8],
    ) -> String {
        self.run_with_input(Path::new(env!("CARGO_BIN_EXE_mainstay-agent")), arguments, input)
    }

    fn run_with_input<'a>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
        input: &[u8],
    ) -> String {
        let mut child = self
            .command(program, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that does not read its input closes the pipe early, which is no concern of ours.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();

        let mut shown = match output.status.code() {
            Some(code) => format!("exit {code}\n"),
            None => format!("signal {}\n", output.status.signal().unwrap()),
        };
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            for line in String::from_utf8_lossy(bytes).lines() {
                writeln!(shown, "{name}: {line}").unwrap();
            }
        }
        shown.replace(self.0.path().to_str().unwrap(), "$ROOM")
    }

    /// The program, ready to be started.
    pub(crate) fn command<'a>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Command {
        let room = self.0.path().to_str().unwrap();
        let mut command = Command::new(program);
        command.args(
            arguments
                .into_iter()
                .map(|argument| argument.replace("$ROOM", room)),
        );
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.0.path());
        command
    }

    /// Every file below `name` with its size, sorted.
    pub(crate) fn tree(&self, name: &str) -> Vec<String> {
        let root = self.path(name);
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path();
                    let relative = path.strip_prefix(&root).unwrap().display().to_string();
                    files.push(format!("{relative} {}", entry.metadata().unwrap().len()));
                }
            }
        }
        files.sort();
        files
    }
}
