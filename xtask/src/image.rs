//! `cargo xtask image`: a container image of the backend or the sandbox. Its base is a Debian root that mmdebstrap makes here, so that no registry of
//! images is needed: the C library and, where wanted, certificates. There is no shell and no package manager inside.
//!
//! The result is started as it is meant to run: without network, read-only, without capabilities, as a user without rights, until it is healthy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, output, succeed};
use crate::tools;

/// Of what an image is made.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum What {
    /// The confidential backend.
    Backend,
    /// The sandbox.
    Sandbox,
}

/// What differs between the images. `packaging/<package>/Containerfile` has the rest.
struct Image {
    /// The package, its program and the image's name.
    package: &'static str,
    /// Whether the program speaks TLS to others.
    certificates: bool,
    /// Folders that the container file copies beside the program, empty.
    folders: &'static [&'static str],
    /// The cargo profile that the program is built with.
    profile: &'static str,
    /// What `podman run` is told for the trial.
    trial: &'static [&'static str],
}

const BACKEND: Image =
    Image { package: "connect-backend", certificates: true, folders: &[], profile: tools::SERVICE_PROFILE, trial: &MADE_UP_VALUES };
const SANDBOX: Image = Image { package: "monei-sandbox", certificates: false, folders: &["state"], profile: "release", trial: &[] };

/// The backend doesn't start without values. These are of a sandbox that isn't there.
const MADE_UP_VALUES: [&str; 8] = [
    "--env",
    "MONEI_ENVIRONMENT=sandbox",
    "--env",
    "MONEI_CLIENT_ID=mc_sim_trial",
    "--env",
    "MONEI_CLIENT_SECRET=mcs_sim_made_up",
    "--env",
    "CONNECT_SEALING_KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
];

/// So long an image may take until it is healthy.
const HEALTHY_WITHIN: Duration = Duration::from_secs(30);
/// Pause between two looks at a container's health.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Makes the image. `base` names another base image in place of the Debian root.
pub fn image(what: What, base: Option<&str>) -> Result<()> {
    let image = match what {
        What::Backend => BACKEND,
        What::Sandbox => SANDBOX,
    };
    let mut steps = Steps::new(5);
    steps.step("System packages", || install_missing(For::Images))?;
    steps.step("Build the release program", || {
        let mut build = command("cargo", &["build", "--profile", image.profile, "--locked", "-p", image.package, "--bin", image.package]);
        succeed(tools::without_builders_paths(&mut build)?)
    })?;
    let base = match base {
        Some(base) => base.to_owned(),
        None => steps.step("A Debian root", || image.root())?,
    };
    steps.step("Build the image", || image.build(&base))?;
    steps.step("Run it read-only and without capabilities", || image.try_out())?;
    eprintln!("\nThe image is {}:{VERSION} in podman's store, and {} for others.", image.package, image.archive().display());
    Ok(())
}

/// All packages have one version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Image {
    fn folder(&self) -> PathBuf {
        Path::new("target/images").join(self.package)
    }

    /// As `podman load` and `docker load` take it.
    fn archive(&self) -> PathBuf {
        Path::new("target/images").join(format!("{}.tar", self.package))
    }

    /// The base image: what the program needs of Debian. Gives its name.
    fn root(&self) -> Result<String> {
        fs::create_dir_all(self.folder())?;
        let archive = self.folder().join("root.tar");
        let mut make = command("mmdebstrap", &["--variant=extract", "--quiet", "--skip=output/dev"]);
        make.arg(if self.certificates { "--include=libc6,libgcc-s1,ca-certificates" } else { "--include=libc6,libgcc-s1" });
        // Licences stay. What certificates depend on is there to install them, which isn't done here.
        for option in ["path-exclude=/usr/*", "path-include=/usr/share/doc/*/copyright", "path-include=/usr/share/ca-certificates/*"] {
            make.arg(format!("--dpkgopt={option}"));
        }
        for hook in HOOKS {
            make.arg(format!("--extract-hook={hook}"));
        }
        succeed(make.arg(debian_release()?).arg(&archive))?;
        let name = format!("localhost/{}-base", self.package);
        succeed(command("podman", &["import", "--quiet"]).arg(&archive).arg(&name))?;
        Ok(name)
    }

    fn build(&self, base: &str) -> Result<()> {
        let context = self.folder();
        for folder in self.folders {
            fs::create_dir_all(context.join(folder))?;
        }
        fs::copy(Path::new("target").join(self.profile).join(self.package), context.join(self.package)).context("the release program")?;
        // The OCI form has no HEALTHCHECK.
        let mut build = command("podman", &["build", "--format", "docker", "--build-arg"]);
        build.arg(format!("BASE={base}")).arg("--tag").arg(self.tag(VERSION)).arg("--tag").arg(self.tag("latest"));
        succeed(build.arg("--file").arg(format!("packaging/{}/Containerfile", self.package)).arg(&context))?;
        let archive = self.archive();
        if archive.exists() {
            fs::remove_file(&archive)?;
        }
        succeed(command("podman", &["save", "--quiet", "--output"]).arg(&archive).arg(self.tag(VERSION)))
    }

    fn tag(&self, version: &str) -> String {
        format!("localhost/{}:{version}", self.package)
    }

    /// Starts the image as it is meant to run, and waits until it says that it is healthy.
    fn try_out(&self) -> Result<()> {
        let mut run = command("podman", &HARDENED);
        let id = output(run.args(self.trial).arg(self.tag(VERSION)))?;
        let healthy = wait_until_healthy(&id);
        if healthy.is_err() {
            // What it says of itself; the failure to come is the one above.
            succeed(&mut command("podman", &["logs", &id]))?;
        }
        succeed(&mut command("podman", &["rm", "--force", "--volumes", &id]))?;
        healthy
    }
}

/// How the trial runs an image. Limits are named because the usual ones are above what some machines allow; crun wants cgroups of one version.
const HARDENED: [&str; 15] = [
    "--runtime",
    "runc",
    "run",
    "--detach",
    "--read-only",
    "--cap-drop",
    "all",
    "--security-opt",
    "no-new-privileges",
    "--network",
    "none",
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "nproc=1024:1024",
];

/// Done in the root once the packages are unpacked; `$1` is its folder. Packages aren't configured, so that nothing of theirs is run.
const HOOKS: [&str; 4] = [
    // The bundle that installing ca-certificates would make.
    r#"if [ -d "$1/usr/share/ca-certificates" ]; then cat "$1"/usr/share/ca-certificates/mozilla/*.crt > "$1/etc/ssl/certs/ca-certificates.crt"; fi"#,
    r#"printf 'root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n' > "$1/etc/passwd""#,
    r#"printf 'root:x:0:\nnogroup:x:65534:\n' > "$1/etc/group""#,
    r#"rm -rf "$1/etc/debconf.conf" "$1/etc/ssl/private" "$1/etc/hostname""#,
];

/// The release of Debian that the program was built on: its C library must be no older than the one that the program was linked with.
fn debian_release() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").context("/etc/os-release")?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_matches('"').to_owned());
    match (value("ID="), value("VERSION_CODENAME=")) {
        (Some(id), Some(release)) if id == "debian" => Ok(release),
        _ => bail!("the root is made on Debian alone; elsewhere name a base image with a C library that is new enough: --base IMAGE"),
    }
}

fn wait_until_healthy(id: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        if Command::new("podman").args(["healthcheck", "run", id]).output()?.status.success() {
            eprintln!("Healthy after {:.1} s.", began.elapsed().as_secs_f64());
            return Ok(());
        }
        if began.elapsed() > HEALTHY_WITHIN {
            bail!("the image isn't healthy after {} s", HEALTHY_WITHIN.as_secs());
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}
