//! `cargo xtask serve`: the site on this machine, for this machine.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow};
use tiny_http::{Header, Request, Response, Server};

use crate::dist;
use crate::wasm::Effort;

/// A browser opens six connections to a server.
const THREADS: usize = 6;

/// Builds the site and serves it until stopped.
pub(crate) fn run(port: u16) -> Result<()> {
    // Taken before the build, so that a busy port is said at once.
    let server = listen(port)?;
    let site = dist::build(Effort::Release)?;
    println!("\nInkling is at http://127.0.0.1:{port}/ (Ctrl-C stops it)");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for request in server.incoming_requests() {
                    // A visitor who closes the tab half-way is none of our business.
                    let _ = answer(request, &site);
                }
            });
        }
    });
    Ok(())
}

fn listen(port: u16) -> Result<Server> {
    Server::http(("127.0.0.1", port)).map_err(|error| {
        let busy = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse);
        if busy {
            anyhow!(
                "port {port} of 127.0.0.1 is in use; take another: cargo xtask serve --port {}",
                port.wrapping_add(1).max(1024)
            )
        } else {
            anyhow!("cannot listen on port {port} of 127.0.0.1: {error}")
        }
    })
}

fn answer(request: Request, site: &Path) -> Result<()> {
    let file = file_of(request.url(), site).and_then(|path| {
        let file = File::open(&path).ok()?;
        Some((path, file))
    });
    match file {
        Some((path, file)) => {
            let response = Response::from_file(file)
                .with_header(header("Content-Type", media_type(&path))?)
                // With these two the page's workers may share memory, which is faster.
                .with_header(header("Cross-Origin-Opener-Policy", "same-origin")?)
                .with_header(header("Cross-Origin-Embedder-Policy", "require-corp")?)
                // A rebuilt site keeps its file names, so nothing may be used unasked.
                .with_header(header("Cache-Control", "no-cache")?);
            request.respond(response)?;
        }
        None => request.respond(Response::from_string("not found").with_status_code(404))?,
    }
    Ok(())
}

/// The file that a URL means; none if it points out of the site or to no file.
fn file_of(url: &str, site: &Path) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?.trim_start_matches('/');
    let path = Path::new(path);
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let mut file = site.join(path);
    if file.is_dir() {
        file.push("index.html");
    }
    file.is_file().then_some(file)
}

/// What browsers insist on: modules and streamed wasm are refused under any other type.
fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        _ => "application/octet-stream",
    }
}

fn header(field: &str, value: &str) -> Result<Header> {
    Header::from_bytes(field, value).ok().with_context(|| format!("no header: {field}: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_stay_inside_the_site() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let site = directory.path().join("dist");
        std::fs::create_dir_all(site.join("data"))?;
        std::fs::write(site.join("index.html"), "")?;
        std::fs::write(site.join("data/manifest.json"), "")?;
        std::fs::write(directory.path().join("secret"), "")?;

        let index = Some(site.join("index.html"));
        assert_eq!(file_of("/", &site), index);
        assert_eq!(file_of("/index.html?a#b", &site), index);
        assert_eq!(file_of("/data/manifest.json", &site), Some(site.join("data/manifest.json")));
        assert_eq!(file_of("/data", &site), None);
        assert_eq!(file_of("/../secret", &site), None);
        assert_eq!(file_of("//etc/passwd", &site), None);
        Ok(())
    }

    #[test]
    fn a_busy_port_is_said() -> Result<()> {
        let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
        let port = taken.local_addr()?.port();
        let error = listen(port).err().context("the port is taken")?;
        assert!(error.to_string().contains("in use"), "{error}");
        Ok(())
    }
}
