//! The site served by a real nginx with `hosting/nginx.conf`.
//!
//! nginx serves the files. A file with a simulated failure has a marker, an empty file of its name in a
//! folder beside the configuration, for which nginx asks the built-in server. So a failure takes effect with
//! the next request, without reloading nginx.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::site::{HARNESS, Hit, Host, name_of};

/// The project's configuration, tested with the changes in [`configuration`].
const CONFIGURATION: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../hosting/nginx.conf"));

/// nginx's status for a client that left before the answer.
const CLIENT_GONE: u16 = 499;

/// A running nginx; ended when dropped.
pub(crate) struct Nginx {
    process: Child,
    directory: TempDir,
    prefix: String,
}

impl Nginx {
    /// Serves the folder below the prefix on `port`; files with a marker come from the server on `behind`.
    pub(crate) fn start(
        folder: &Path,
        prefix: &str,
        host: Host,
        port: u16,
        behind: u16,
    ) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("inkling-nginx-").tempdir()?;
        place(folder, prefix, &directory.path().join("root"))?;
        let file = directory.path().join("nginx.conf");
        fs::write(&file, configuration(directory.path(), prefix, host, port, behind)?)?;
        let process = Command::new(program()?)
            // One process, so that ending it leaves no workers running.
            .args(["-e", "stderr", "-g", "daemon off; master_process off;", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting nginx")?;
        let mut nginx = Self { process, directory, prefix: prefix.to_owned() };
        nginx.wait_until_it_listens(port)?;
        for name in HARNESS {
            nginx.mark(name)?;
        }
        Ok(nginx)
    }

    /// Lets the built-in server answer for the file with this name.
    pub(crate) fn mark(&self, name: &str) -> Result<()> {
        let marker = self.marker(name);
        fs::create_dir_all(marker.parent().context("a marker is in a folder")?)?;
        fs::write(&marker, "").with_context(|| format!("writing {}", marker.display()))
    }

    /// Serves the file itself again.
    pub(crate) fn unmark(&self, name: &str) -> Result<()> {
        let marker = self.marker(name);
        match fs::remove_file(&marker) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", marker.display()))
            }
            _ => Ok(()),
        }
    }

    /// The requests so far.
    pub(crate) fn hits(&self) -> Vec<Hit> {
        // It exists from the start; a test that misses a request says so.
        let log = fs::read_to_string(self.directory.path().join("access.log")).unwrap_or_default();
        log.lines().filter_map(|line| hit(line, &self.prefix)).collect()
    }

    fn marker(&self, name: &str) -> PathBuf {
        self.directory.path().join("marked").join(name)
    }

    fn wait_until_it_listens(&mut self, port: u16) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if self.process.try_wait()?.is_some() {
                let mut said = String::new();
                if let Some(pipe) = &mut self.process.stderr {
                    pipe.read_to_string(&mut said)?;
                }
                bail!("nginx does not start: {said}");
            }
            ensure!(start.elapsed() < Duration::from_secs(20), "nginx does not listen");
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Debian installs it where only root's `PATH` looks.
fn program() -> Result<PathBuf> {
    which::which("nginx")
        .or_else(|_| which::which_in("nginx", Some("/usr/sbin:/usr/local/sbin"), "/"))
        .context("nginx is not installed (Debian: nginx)")
}

/// Makes the folder appear below the prefix in nginx's root.
fn place(folder: &Path, prefix: &str, root: &Path) -> Result<()> {
    let place = root.join(prefix.trim_matches('/'));
    fs::create_dir_all(place.parent().context("the root is in a folder")?)?;
    let place = place.components().collect::<PathBuf>();
    symlink(fs::canonicalize(folder)?, &place)
        .with_context(|| format!("linking {}", place.display()))
}

/// The project's configuration with paths and port changed, a log, and the built-in server. For a
/// [`Host::Plain`] without the isolation headers.
fn configuration(
    directory: &Path,
    prefix: &str,
    host: Host,
    port: u16,
    behind: u16,
) -> Result<String> {
    let directory = directory.display();
    let server = format!(
        "root {directory}/root;
        access_log {directory}/access.log inkling;
        if (-f {directory}/marked/$inkling_name) {{ return 418; }}
        error_page 418 = @built_in;
        location @built_in {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_read_timeout 1h;
            proxy_hide_header Content-Security-Policy;
            proxy_hide_header Cross-Origin-Opener-Policy;
            proxy_hide_header Cross-Origin-Embedder-Policy;
        }}"
    );
    let http = format!(
        "log_format inkling '$status $uri';
    map $uri $inkling_name {{
        default '';
        '~^{prefix}(build/[^/]+/)?(?<inkling_rest>.+)$' $inkling_rest;
    }}"
    );
    let mut text = CONFIGURATION.to_owned();
    // Paths first: what is inserted later contains the directory, which is in /tmp as well.
    for (from, to) in [
        (" /tmp/", format!(" {directory}/")),
        ("listen 8080;", format!("listen 127.0.0.1:{port};")),
        ("root /srv/inkling;", server),
        ("access_log off;", http),
    ] {
        ensure!(text.contains(from), "hosting/nginx.conf has no {from:?}");
        text = text.replace(from, &to);
    }
    if host == Host::Plain {
        let plain = text.lines().filter(|line| !line.contains("add_header Cross-Origin-"));
        text = plain.map(|line| format!("{line}\n")).collect();
    }
    Ok(text)
}

/// A line of the log; `None` for what a site does not count: the harness's own files, and requests without an
/// answer.
fn hit(line: &str, prefix: &str) -> Option<Hit> {
    let (status, path) = line.split_once(' ')?;
    let status = status.parse().ok()?;
    let path = path.strip_prefix(prefix).unwrap_or(path);
    let hit = Hit { path: path.to_owned(), name: name_of(path).to_owned(), status };
    (status != CLIENT_GONE && !HARNESS.contains(&hit.name.as_str())).then_some(hit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_host_says_nothing_of_isolation() -> Result<()> {
        let of = |host| configuration(Path::new("/tmp/d"), "/", host, 1, 2);
        assert!(of(Host::Isolated)?.contains("pid /tmp/d/inkling-nginx.pid;"));
        assert!(of(Host::Isolated)?.contains("root /tmp/d/root;"));
        assert!(of(Host::Isolated)?.contains("Cross-Origin-Opener-Policy same-origin"));
        assert!(!of(Host::Plain)?.contains("add_header Cross-Origin"));
        assert!(of(Host::Plain)?.contains("add_header Content-Security-Policy"));
        Ok(())
    }

    #[test]
    fn what_was_never_answered_is_no_hit() {
        let hit = |line| hit(line, "/a/").map(|hit| (hit.path, hit.name, hit.status));
        let expected = Some(("build/1f/start.js".into(), "start.js".into(), 200));
        assert_eq!(hit("200 /a/build/1f/start.js"), expected);
        assert_eq!(hit("404 /b"), Some(("/b".into(), "/b".into(), 404)));
        assert_eq!(hit("499 /a/index.html"), None);
        assert_eq!(hit("200 /a/e2e-console.js"), None);
        assert_eq!(hit("204 /a/build/1f/e2e-console"), None);
    }
}
