//! The text that `bash` reads.

use std::fmt::Write as _;

use mainstay_engine::sealed::Sealed;

use crate::data::access::Environment;

/// What reads the script: the options are Kanister's.
pub(crate) const COMMAND: [&str; 6] = ["bash", "-o", "errexit", "-o", "pipefail", "-s"];

/// What all scripts about one backup have in common.
pub(crate) struct Script<'a> {
    /// Its environment.
    pub(crate) environment: Environment,
    /// Whether any certificate is accepted.
    pub(crate) insecure_tls: bool,
    /// The tag of the one backup that this call makes.
    pub(crate) tag: &'a str,
}

impl Script<'_> {
    /// Lists the backups that an earlier, interrupted call made.
    pub(crate) fn list(&self) -> Sealed<String> {
        self.text(&["snapshots", "--json", "--tag", self.tag])
    }

    /// Makes the repository.
    pub(crate) fn init(&self) -> Sealed<String> {
        self.text(&["init"])
    }

    /// Backs up `path`.
    pub(crate) fn backup(&self, path: &str) -> Sealed<String> {
        self.text(&["backup", "--tag", self.tag, path])
    }

    /// `restic` with `arguments`, interrupted when standard input ends: when the controller dies or cancels, the end of
    /// the stream is all that reaches the container, and an interrupted `restic` takes its lock away.
    fn text(&self, arguments: &[&str]) -> Sealed<String> {
        let mut script = String::new();
        for (name, value) in &self.environment.0 {
            line(&mut script, &format!("export {name}={}", quoted(value.open())));
        }
        let mut command = String::from("restic");
        if self.insecure_tls {
            command.push_str(" --insecure-tls");
        }
        for argument in arguments {
            command.push(' ');
            command.push_str(&quoted(argument));
        }
        // The braces make bash read all of it before it begins: the watcher reads on from there.
        line(&mut script, "{");
        // Without job control, what runs in the background would ignore the interrupt.
        line(&mut script, "set -m; exec 3<&0");
        line(&mut script, &format!("{command} </dev/null 3<&- & restic=$!"));
        // The watcher must not hold the streams of the exec, or it would never end.
        line(
            &mut script,
            r#"{ while read -r _ <&3; do :; done; kill -INT "$restic"; } >/dev/null 2>&1 & watcher=$!"#,
        );
        line(&mut script, r#"wait "$restic" && status=0 || status=$?"#);
        line(&mut script, r#"kill "$watcher" 2>/dev/null || true"#);
        line(&mut script, r#"exit "$status""#);
        line(&mut script, "}");
        Sealed::new(script)
    }
}

fn line(script: &mut String, text: &str) {
    writeln!(script, "{text}").expect("writing to a text cannot fail");
}

/// `text` as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

    use tempfile::TempDir;

    use super::*;

    fn script() -> Script<'static> {
        Script {
            environment: Environment(vec![
                (
                    "RESTIC_REPOSITORY",
                    Sealed::new("s3:http://minio/bucket/it's".to_owned()),
                ),
                ("RESTIC_PASSWORD", Sealed::new("$HOME `id` \"x\"\n\\".to_owned())),
            ]),
            insecure_tls: true,
            tag: "abc",
        }
    }

    #[test]
    fn whole_script() {
        insta::assert_snapshot!(script().backup("/var/my data").open());
    }

    #[test]
    fn values_reach_the_program_as_they_are() {
        let restic = "#!/bin/sh\nprintf '%s|' \"$RESTIC_REPOSITORY\" \"$RESTIC_PASSWORD\" \"$@\"\nexit 3\n";
        let mut running = Running::start(restic, &script().backup("/it's & more"));
        let printed = running.output();
        let expected =
            "s3:http://minio/bucket/it's|$HOME `id` \"x\"\n\\|--insecure-tls|backup|--tag|abc|/it's & more|";
        assert_eq!((printed.as_str(), running.end()), (expected, Some(3)));
    }

    #[test]
    fn the_end_of_the_input_interrupts_the_program() {
        let restic = "#!/bin/bash\ntrap 'kill $!; exit 130' INT\necho begun\nsleep 1000 & wait\n";
        let mut running = Running::start(restic, &script().init());
        assert_eq!(running.line(), "begun\n");
        assert_eq!(running.end(), Some(130));
    }

    /// A script that runs, with a `restic` of ours in its path.
    struct Running {
        child: Child,
        stdin: Option<ChildStdin>,
        stdout: BufReader<ChildStdout>,
        _folder: TempDir,
    }

    impl Running {
        fn start(restic: &str, script: &Sealed<String>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let program = folder.path().join("restic");
            std::fs::write(&program, restic).unwrap();
            std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
            // Who runs tests in the background may have SIGINT ignored, which a shell cannot take back.
            let mut child = Command::new("env")
                .arg("--default-signal=INT")
                .args(COMMAND)
                .env_clear()
                .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(script.open().as_bytes()).unwrap();
            let stdout = BufReader::new(child.stdout.take().unwrap());
            Self {
                child,
                stdin: Some(stdin),
                stdout,
                _folder: folder,
            }
        }

        fn line(&mut self) -> String {
            let mut line = String::new();
            self.stdout.read_line(&mut line).unwrap();
            line
        }

        fn output(&mut self) -> String {
            let mut output = String::new();
            self.stdout.read_to_string(&mut output).unwrap();
            output
        }

        /// Ends its input and waits for its exit code.
        fn end(&mut self) -> Option<i32> {
            self.stdin = None;
            self.child.wait().unwrap().code()
        }
    }
}
