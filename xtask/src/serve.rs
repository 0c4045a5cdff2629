//! `cargo xtask serve`: the site on this machine, for this machine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow};
use flate2::Compression;
use flate2::write::GzEncoder;
use tiny_http::{Header, Request, Response, Server};

use crate::dist;

/// A browser opens six connections to a server.
const THREADS: usize = 6;

/// Builds the site and serves it until stopped.
pub(crate) fn run(port: u16) -> Result<()> {
    // Taken before the build, so that a busy port is said at once.
    let server = listen(port)?;
    let site = dist::run()?;
    println!("\nInkling is at http://127.0.0.1:{port}/ (Ctrl-C stops it)");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| answer_all(&server, &site));
        }
    });
    Ok(())
}

/// Serves the site on a free port for as long as something is done with its address.
pub(crate) fn during<T>(site: &Path, work: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    let server = listen(0)?;
    let url = format!("http://{}/", server.server_addr());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| answer_all(&server, site));
        }
        let outcome = work(&url);
        for _ in 0..THREADS {
            server.unblock();
        }
        outcome
    })
}

fn answer_all(server: &Server, site: &Path) {
    for request in server.incoming_requests() {
        // A visitor who closes the tab half-way is none of our business.
        let _ = answer(request, site);
    }
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
    let Some(path) = file_of(request.url(), site) else {
        return Ok(request.respond(Response::from_string("not found").with_status_code(404))?);
    };
    let media_type = media_type(&path);
    let headers = [
        header("Content-Type", media_type)?,
        // A rebuilt site keeps its file names, so nothing may be used unasked.
        header("Cache-Control", "no-cache")?,
        header("Vary", "Accept-Encoding")?,
    ];
    if media_type != OTHER && accepts_gzip(&request) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&fs::read(&path)?)?;
        let encoded = header("Content-Encoding", "gzip")?;
        let response = Response::from_data(encoder.finish()?).with_header(encoded);
        return Ok(request.respond(headers.into_iter().fold(response, Response::with_header))?);
    }
    let response = Response::from_file(File::open(&path)?);
    Ok(request.respond(headers.into_iter().fold(response, Response::with_header))?)
}

/// As static hosts do, which compress what they know to be worth it.
fn accepts_gzip(request: &Request) -> bool {
    let accepted = request.headers().iter().find(|header| header.field.equiv("Accept-Encoding"));
    accepted.is_some_and(|header| header.value.as_str().contains("gzip"))
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
        _ => OTHER,
    }
}

/// The type of weights and data, which are compressed already or cannot be.
const OTHER: &str = "application/octet-stream";

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
    fn a_site_is_served_compressed_and_no_longer_than_asked() -> Result<()> {
        let site = tempfile::tempdir()?;
        fs::write(site.path().join("index.html"), "inkling ".repeat(1000))?;
        fs::write(site.path().join("weights.safetensors"), "inkling ".repeat(1000))?;
        let answer = |url: &str, file: &str| -> Result<String> {
            let address = url.trim_start_matches("http://").trim_end_matches('/');
            let mut stream = std::net::TcpStream::connect(address)?;
            let asked = "Accept-Encoding: gzip, br\r\nConnection: close";
            write!(stream, "GET /{file} HTTP/1.1\r\nHost: {address}\r\n{asked}\r\n\r\n")?;
            let mut bytes = vec![];
            io::Read::read_to_end(&mut stream, &mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let (url, page, weights) = during(site.path(), |url| {
            Ok((url.to_owned(), answer(url, "")?, answer(url, "weights.safetensors")?))
        })?;
        assert!(page.contains("Content-Encoding: gzip") && page.len() < 1000, "{page}");
        assert!(!weights.contains("Content-Encoding") && weights.len() > 8000, "{weights}");
        assert!(answer(&url, "").is_err(), "it is over");
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
