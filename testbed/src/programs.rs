//! The programs of the test bed that Go builds: built once for each content of their sources, then kept.
//! Must not know how any of them is run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use snafu::{ResultExt, Snafu};
use tokio::process::Command;

use crate::folder::{self, Folder};
use crate::process;

/// Why a program cannot be had.
#[derive(Debug, Snafu)]
pub enum Error {
    /// Go is not there.
    #[snafu(display("missing: the Go toolchain (the program go), which builds {program}"))]
    NoGo {
        /// What was to be built.
        program: &'static str,
        /// Why go does not start.
        source: process::Error,
    },
    /// The sources cannot be read.
    #[snafu(display("failed to read {}", path.display()))]
    Source {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The build failed.
    #[snafu(display("failed to build {program}"))]
    Build {
        /// What was built.
        program: &'static str,
        /// What go said.
        source: process::Error,
    },
    /// The result cannot be kept.
    #[snafu(display("failed to keep {}", path.display()))]
    Keep {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder of the test bed cannot be used.
    #[snafu(display("failed to use the folder of the test bed"))]
    Folder {
        /// Why.
        source: folder::Error,
    },
}

/// One Go module of this crate and what is built from it.
struct Module {
    /// The module's folder below this crate, and the name in messages.
    name: &'static str,
    /// Name of each program, and its package.
    programs: &'static [(&'static str, &'static str)],
    /// Values set in the linked program, as `package.variable=value`.
    variables: &'static [&'static str],
    /// Names under which the first program acts as another.
    links: &'static [&'static str],
    /// Files of a dependency to keep beside the programs.
    data: Option<Data>,
}

/// Files that a module among the dependencies carries.
#[derive(Debug)]
struct Data {
    module: &'static str,
    folder: &'static str,
    /// How the names of the wanted files begin.
    prefix: &'static str,
    /// The folder to keep them in.
    name: &'static str,
}

/// Without these, components take each other for a development version and kubectl complains.
const KUBERNETES_VERSION: [&str; 6] = [
    "k8s.io/component-base/version.gitVersion=v1.37.2",
    "k8s.io/component-base/version.gitMajor=1",
    "k8s.io/component-base/version.gitMinor=37",
    "k8s.io/component-base/version.gitTreeState=clean",
    "k8s.io/component-base/version.gitCommit=0000000000000000000000000000000000000000",
    "k8s.io/component-base/version.buildDate=2026-01-01T00:00:00Z",
];

const KUBERNETES: Module = Module {
    name: "kubernetes",
    programs: &[("kubernetes", "."), ("pause", "./pause")],
    variables: &KUBERNETES_VERSION,
    links: &["kubectl"],
    data: Some(Data {
        module: "github.com/kubernetes-csi/external-snapshotter/client/v8",
        folder: "config/crd",
        prefix: "snapshot.storage.k8s.io_",
        name: "crds",
    }),
};

const MINIO: Module = Module {
    name: "minio",
    programs: &[("minio", "github.com/minio/minio")],
    variables: &[],
    links: &[],
    data: None,
};

const HELM: Module = Module {
    name: "helm",
    programs: &[("helm", "helm.sh/helm/v3/cmd/helm")],
    variables: &["helm.sh/helm/v3/internal/version.version=v3.22.0"],
    links: &[],
    data: None,
};

/// Kubernetes as it was built.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    folder: PathBuf,
}

impl Kubernetes {
    /// The one program that is every component; its first argument says which.
    pub fn program(&self) -> PathBuf {
        self.folder.join("kubernetes")
    }

    /// The same program under the name `kubectl`.
    pub fn kubectl(&self) -> PathBuf {
        self.folder.join("kubectl")
    }

    /// The program that holds the namespaces of a pod, for the image of that name.
    pub fn pause(&self) -> PathBuf {
        self.folder.join("pause")
    }

    /// Folder with the definitions of the snapshot kinds, as YAML.
    pub fn snapshot_definitions(&self) -> PathBuf {
        self.folder.join("crds")
    }
}

/// Gives Kubernetes, building it when these sources were not built before: some ten minutes of work for the compiler.
pub async fn kubernetes(folder: &Folder) -> Result<Kubernetes, Error> {
    Ok(Kubernetes {
        folder: get(folder, &KUBERNETES).await?,
    })
}

/// Gives the object store's program, building it when needed.
pub async fn minio(folder: &Folder) -> Result<PathBuf, Error> {
    Ok(get(folder, &MINIO).await?.join("minio"))
}

/// Gives helm, building it when needed.
pub async fn helm(folder: &Folder) -> Result<PathBuf, Error> {
    Ok(get(folder, &HELM).await?.join("helm"))
}

/// Gives the folder of a module's programs. Of several callers one builds and the others wait for it.
async fn get(folder: &Folder, module: &Module) -> Result<PathBuf, Error> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join(module.name);
    let version = process::run(
        Command::new("go")
            .args(["env", "GOVERSION"])
            .current_dir(&sources),
    )
    .await
    .context(NoGoSnafu { program: module.name })?;
    let key = key(module, &sources, &version.stdout)?;
    let result = folder.programs().join(format!("{}-{key}", module.name));
    if result.is_dir() {
        return Ok(result);
    }
    let _lock = folder
        .lock(&format!("build-{}", module.name))
        .await
        .context(FolderSnafu)?;
    if result.is_dir() {
        return Ok(result);
    }
    tracing::info!(
        program = module.name,
        "building, which takes minutes the first time"
    );
    let half = folder.programs().join(format!("{}-half", module.name));
    if half.exists() {
        fs::remove_dir_all(&half).context(KeepSnafu { path: &half })?;
    }
    fs::create_dir_all(&half).context(KeepSnafu { path: &half })?;
    build(module, &sources, &half).await?;
    fs::rename(&half, &result).context(KeepSnafu { path: &result })?;
    Ok(result)
}

/// Everything that decides what the programs are.
fn key(module: &Module, sources: &Path, version: &[u8]) -> Result<String, Error> {
    let mut files = Vec::new();
    list(sources, &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    hash.update(version);
    for path in files {
        let contents = fs::read(&path).context(SourceSnafu { path: &path })?;
        let name = path.strip_prefix(sources).unwrap_or(&path);
        hash.update(format!("{} {}\n", name.display(), contents.len()));
        hash.update(contents);
    }
    for (name, package) in module.programs {
        hash.update(format!("{name} {package} {}\n", flags(module).join(" ")));
    }
    hash.update(format!("{:?} {:?}\n", module.links, module.data));
    Ok(data_encoding::HEXLOWER.encode(&hash.finalize()[..8]))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).context(SourceSnafu { path: folder })? {
        let path = entry.context(SourceSnafu { path: folder })?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "go" || extension == "mod" || extension == "sum")
        {
            files.push(path);
        }
    }
    Ok(())
}

fn flags(module: &Module) -> Vec<String> {
    let mut linker = "-s -w".to_owned();
    for variable in module.variables {
        linker.push_str(" -X ");
        linker.push_str(variable);
    }
    vec![
        "-trimpath".into(),
        "-buildvcs=false".into(),
        format!("-ldflags={linker}"),
    ]
}

async fn build(module: &Module, sources: &Path, target: &Path) -> Result<(), Error> {
    let program = module.name;
    for (name, package) in module.programs {
        // With a low priority: whatever else is being built at the same time is somebody's who waits for it.
        let mut command = Command::new("nice");
        command
            .args(["-n", "10", "go", "build"])
            .args(flags(module))
            .arg("-o")
            .arg(target.join(name))
            .arg(package);
        // Without the C compiler the programs are static and the same everywhere.
        command.current_dir(sources).env("CGO_ENABLED", "0");
        process::run(&mut command).await.context(BuildSnafu { program })?;
    }
    let (first, _) = module.programs[0];
    for link in module.links {
        let path = target.join(link);
        std::os::unix::fs::symlink(first, &path).context(KeepSnafu { path: &path })?;
    }
    if let Some(data) = &module.data {
        let mut command = Command::new("go");
        command
            .args(["list", "-m", "-f", "{{.Dir}}", data.module])
            .current_dir(sources);
        let output = process::run(&mut command).await.context(BuildSnafu { program })?;
        let from = Path::new(String::from_utf8_lossy(&output.stdout).trim()).join(data.folder);
        copy(&from, data.prefix, &target.join(data.name))?;
    }
    Ok(())
}

/// Copies those files of a folder whose names begin with the prefix.
fn copy(from: &Path, prefix: &str, to: &Path) -> Result<(), Error> {
    fs::create_dir(to).context(KeepSnafu { path: to })?;
    for entry in fs::read_dir(from).context(SourceSnafu { path: from })? {
        let entry = entry.context(SourceSnafu { path: from })?;
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        // Read and written, because the module cache is read-only and copying a file copies its mode.
        let contents = fs::read(entry.path()).context(SourceSnafu { path: entry.path() })?;
        let path = to.join(entry.file_name());
        fs::write(&path, contents).context(KeepSnafu { path })?;
    }
    Ok(())
}
