//! `cargo xtask serve`: serves the site to this machine or, with `--host`, to others.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Component, Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow};
use tiny_http::{Header, Request, Response, Server};

use crate::dist;
use crate::wasm::Effort;

/// A browser opens six connections to a server.
const THREADS: usize = 6;

/// What a worker may do, as in hosting/nginx.conf and hosting/_headers: workers do not inherit the document's policy.
const WORKERS_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
    worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
    require-trusted-types-for 'script'; trusted-types default";

/// What the policy in the document cannot say.
const DOCUMENTS_POLICY: &str =
    "frame-ancestors 'self'; base-uri 'none'; object-src 'none'; form-action 'none'";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Port to listen on
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Address of this machine to listen on: its own in a network, so that tablets and phones see the page,
    /// or 0.0.0.0 for all
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
}

/// Builds the site and serves it until stopped.
pub(crate) fn run(options: &Options) -> Result<()> {
    let address = SocketAddr::new(options.host, options.port);
    // Taken before the build, so that a busy port is reported at once.
    let server = listen(address)?;
    let site = dist::build(Effort::Release)?;
    println!("\n{}", welcome(address));
    serve(&server, &site);
    Ok(())
}

fn serve(server: &Server, site: &Path) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for request in server.incoming_requests() {
                    // A visitor who closes the tab half-way is not an error.
                    let _ = answer(request, site);
                }
            });
        }
    });
}

/// What to type, where, and what to expect.
fn welcome(address: SocketAddr) -> String {
    let host = address.ip();
    let shown = if host.is_unspecified() { own_address().unwrap_or(host) } else { host };
    let shown = SocketAddr::new(shown, address.port());
    let mut text = format!("Inkling is at http://{shown}/ (Ctrl-C stops it)");
    if !host.is_loopback() {
        text += "\nType that address on the other devices. Without https their browsers share no memory between workers, so \
                 training is slower,\nand keep no training images, so each visit downloads them again.";
        if host.is_unspecified() {
            text += &format!(" Here: http://localhost:{}/", address.port());
        }
    }
    text
}

/// This machine's address in its network, found without sending a packet. `None` without a network.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Reserved for documentation by RFC 5737, so it is in no network of this machine.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

fn listen(address: SocketAddr) -> Result<Server> {
    let (host, port) = (address.ip(), address.port());
    Server::http(address).map_err(|error| match error.downcast_ref().map(io::Error::kind) {
        Some(io::ErrorKind::AddrInUse) => anyhow!(
            "port {port} of {host} is in use; take another: cargo xtask serve --port {}{}",
            port.wrapping_add(1).max(1024),
            if host.is_loopback() { String::new() } else { format!(" --host {host}") },
        ),
        Some(io::ErrorKind::AddrNotAvailable) => anyhow!(
            "{host} is no address of this machine; `hostname -I` or the network settings list those that are"
        ),
        Some(io::ErrorKind::PermissionDenied) => anyhow!(
            "port {port} of {host} is kept for root; take another: cargo xtask serve --port 8080"
        ),
        _ => anyhow!("cannot listen on port {port} of {host}: {error}"),
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
                .with_header(header("Content-Security-Policy", policy(&path, site))?)
                .with_header(header("Cache-Control", caching(&path, site))?);
            request.respond(response)?;
        }
        None => request.respond(Response::from_string("not found").with_status_code(404))?,
    }
    Ok(())
}

/// The file for a URL; `None` if it points out of the site or to no file.
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

fn policy(file: &Path, site: &Path) -> &'static str {
    if file.starts_with(site.join("build")) || file.ends_with("service-worker.js") {
        WORKERS_POLICY
    } else {
        DOCUMENTS_POLICY
    }
}

/// As in hosting/nginx.conf: files named by their content are never requested again.
fn caching(file: &Path, site: &Path) -> &'static str {
    if ["build", "data"].iter().any(|folder| file.starts_with(site.join(folder))) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

/// Required by browsers, which refuse modules and streamed wasm of any other type.
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
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

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
    fn a_busy_port_is_said_with_its_host() -> Result<()> {
        let taken = TcpListener::bind("127.0.0.2:0")?;
        let address = taken.local_addr()?;
        let error = listen(address).err().context("the port is taken")?.to_string();
        assert!(error.starts_with(&format!("port {} of 127.0.0.2 is in use", address.port())));
        let error = listen("192.0.2.1:8080".parse()?).err().context("not ours")?.to_string();
        assert!(error.starts_with("192.0.2.1 is no address of this machine"), "{error}");
        Ok(())
    }

    /// All of 127.0.0.0/8 is this machine; 127.0.0.2 stands for its address in a network.
    #[test]
    fn it_answers_at_the_address_asked_for_and_says_what_may_be_kept() -> Result<()> {
        let site = tempfile::tempdir()?;
        std::fs::create_dir_all(site.path().join("build/1f"))?;
        std::fs::write(site.path().join("index.html"), "")?;
        std::fs::write(site.path().join("build/1f/start.js"), "")?;
        let server = listen("127.0.0.2:0".parse()?)?;
        let address = server.server_addr().to_ip().context("an address")?;
        assert_eq!(address.ip(), Ipv4Addr::new(127, 0, 0, 2));
        let ask = |path: &str| -> Result<String> {
            let mut stream = TcpStream::connect(address)?;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        thread::scope(|scope| {
            scope.spawn(|| serve(&server, site.path()));
            let answers = ["/", "/build/1f/start.js", "/build/1f/gone.js"].map(ask);
            for _ in 0..THREADS {
                server.unblock();
            }
            let [document, built, gone] = answers;
            let (document, built) = (document?, built?);
            assert!(document.contains("Cache-Control: no-cache\r\n"));
            assert!(document.contains(DOCUMENTS_POLICY) && !document.contains("script-src"));
            assert!(built.contains("immutable") && built.contains(WORKERS_POLICY), "{built}");
            let gone = gone?;
            assert!(gone.starts_with("HTTP/1.1 404") && !gone.contains("immutable"), "{gone}");
            Ok(())
        })
    }

    #[test]
    fn every_host_says_the_same_policy() -> Result<()> {
        for file in ["hosting/nginx.conf", "hosting/_headers"] {
            let text = std::fs::read_to_string(crate::project::root().join(file))?;
            let count = |policy: &str| text.matches(policy).count();
            // Joined in _headers, where the files of the build and the service worker have one each.
            assert!(count(WORKERS_POLICY) >= 1 && count(DOCUMENTS_POLICY) == 1, "{file}");
            assert_eq!(count("'wasm-unsafe-eval'"), count("unsafe"), "{file}");
        }
        Ok(())
    }

    #[test]
    fn other_devices_hear_what_they_lack() -> Result<()> {
        assert_eq!(
            welcome("127.0.0.1:8080".parse()?),
            "Inkling is at http://127.0.0.1:8080/ (Ctrl-C stops it)"
        );
        let text = welcome("192.0.2.7:80".parse()?);
        assert!(text.contains("http://192.0.2.7:80/") && text.contains("Without https"), "{text}");
        assert!(welcome("0.0.0.0:8080".parse()?).contains("http://localhost:8080/"));
        Ok(())
    }
}
