//! A static file server for the built page, like a plain host, that can simulate failures. With
//! `INKLING_SERVER=nginx` a real nginx is in front of it.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::browser::{ConsoleMessage, runtime};
use crate::nginx::Nginx;

/// What the server does to a file.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 404, as if it had not been uploaded.
    Missing,
    /// 503 this many times, as a server under load answers.
    Unavailable(usize),
    /// The first half only.
    Truncated,
    /// One bit in the middle flipped.
    Altered,
    /// No answer until [`Site::heal`].
    Held,
    /// This script in front of the file's own.
    Prefixed(&'static str),
    /// With another media type.
    Typed(&'static str),
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Path below the site's folder, or the whole path if it is outside.
    pub path: String,
    /// The tests' name for the file: its path without the build's folder, `start.js` for `build/ID/start.js`.
    pub name: String,
    /// The status of the answer.
    pub status: u16,
}

/// A folder served on a free port of the loopback interface: an origin of its own, so that nothing a browser
/// has stored for another site is visible. Stops when dropped.
pub struct Site {
    state: Arc<State>,
    port: u16,
    server: JoinHandle<()>,
    nginx: Option<Nginx>,
}

/// A host's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Cross-origin isolation, as from `cargo xtask serve`: pages have shared memory. And the content
    /// security policy of our page.
    Isolated,
    /// The policy only, for hosts that set no headers.
    Plain,
    /// Isolation for pages that are not ours and do what the policy forbids.
    Lenient,
}

struct State {
    folder: PathBuf,
    prefix: String,
    listens: bool,
    host: Host,
    policy: HeaderValue,
    shared: Mutex<Shared>,
    healed: Notify,
}

#[derive(Default)]
struct Shared {
    faults: HashMap<String, Fault>,
    hits: Vec<Hit>,
    /// Open connections end too.
    stopped: bool,
    console: Vec<ConsoleMessage>,
}

/// A document of the harness: the page in a frame of a phone's size.
pub(crate) const PHONE: &str = "e2e-phone.html";

/// Files that the harness adds to the site.
pub(crate) const HARNESS: [&str; 3] = [PHONE, CONSOLE, CONSOLE_SCRIPT];

/// Where the console script sends messages.
const CONSOLE: &str = "e2e-console";

/// The console script.
const CONSOLE_SCRIPT: &str = "e2e-console.js";

/// The files with the console script.
const INSTRUMENTED: [&str; 2] = ["index.html", "worker-start.js"];

const PHONE_DOCUMENT: &str = "<!doctype html>
<meta charset=utf-8>
<link rel=icon href=icon.svg>
<title>phone</title>
<body style='margin: 0'>
<iframe style='border: 0; width: 360px; height: 740px'></iframe>
<script>document.querySelector('iframe').src = './' + location.hash;</script>
";

/// Sends the console messages of a page or a worker to the server, for engines whose driver does not read
/// them.
const LISTENER: &str = r#"(() => {
    const tell = (level, ...parts) => fetch(new URL("e2e-console", location.href), {
        method: "POST",
        keepalive: true,
        body: JSON.stringify([level, parts.map(part => part?.stack ? `${part}\n${part.stack}` : String(part)).join(" ")]),
    });
    for (const [call, level] of [["warn", "warning"], ["error", "error"], ["assert", "error"]]) {
        const original = console[call];
        console[call] = (...parts) => {
            original.apply(console, parts);
            if (call !== "assert" || !parts[0]) tell(level, ...parts);
        };
    }
    addEventListener("error", event => tell("error", event.message, event.filename, event.error ?? ""));
    addEventListener("unhandledrejection", event => tell("error", "unhandled rejection:", event.reason));
    addEventListener("securitypolicyviolation", event =>
        tell("error", "content security policy:", event.violatedDirective, event.blockedURI));
})();
"#;

impl Site {
    /// Serves the folder at `/`.
    pub fn serve(folder: &Path, host: Host) -> Result<Self> {
        Self::start(folder, "/", host, false)
    }

    /// Serves the folder below a path that begins and ends with a slash. With `listens`, documents and
    /// `worker-start.js` get a script that reports their console to [`Site::take_console`].
    pub fn start(folder: &Path, prefix: &str, host: Host, listens: bool) -> Result<Self> {
        ensure!(folder.is_dir(), "{} is no folder", folder.display());
        let state = Arc::new(State {
            folder: folder.to_owned(),
            prefix: prefix.to_owned(),
            listens,
            host,
            policy: policy(folder)?,
            shared: Mutex::default(),
            healed: Notify::new(),
        });
        let (listener, port) = runtime().block_on(new_origin())?;
        let server = runtime().spawn(accept(listener, Arc::clone(&state)));
        let mut site = Self { state, port, server, nginx: None };
        // A lenient host serves pages that are not ours, and nginx's configuration is for ours.
        if host != Host::Lenient && over_nginx()? {
            site.set_before(folder, prefix, host)?;
        }
        Ok(site)
    }

    /// Lets nginx answer in this server's place.
    fn set_before(&mut self, folder: &Path, prefix: &str, host: Host) -> Result<()> {
        let (listener, port) = runtime().block_on(new_origin())?;
        drop(listener);
        let nginx = Nginx::start(folder, prefix, host, port, self.port)?;
        if self.state.listens {
            INSTRUMENTED.iter().try_for_each(|name| nginx.mark(name))?;
        }
        self.port = port;
        self.nginx = Some(nginx);
        Ok(())
    }

    /// The folder that is served.
    pub(crate) fn folder(&self) -> &Path {
        &self.state.folder
    }

    /// The address of the site's document.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.state.prefix)
    }

    /// From now on applies a fault to the file with this name (see [`Hit::name`]).
    pub fn inject(&self, name: &str, fault: Fault) {
        self.state.shared().faults.insert(name.to_owned(), fault);
        if let Some(nginx) = &self.nginx {
            nginx.mark(name).expect("a temporary folder can be written to");
        }
    }

    /// Serves this file unchanged again.
    pub fn heal(&self, name: &str) {
        self.state.shared().faults.remove(name);
        self.state.healed.notify_waiters();
        if let Some(nginx) = self.nginx.as_ref().filter(|_| !self.is_instrumented(name)) {
            nginx.unmark(name).expect("a temporary folder can be written to");
        }
    }

    fn is_instrumented(&self, name: &str) -> bool {
        self.state.listens && INSTRUMENTED.contains(&name)
    }

    /// The requests so far.
    pub fn hits(&self) -> Vec<Hit> {
        match &self.nginx {
            Some(nginx) => nginx.hits(),
            None => self.state.shared().hits.clone(),
        }
    }

    /// Number of requests for files whose names have this prefix.
    pub fn count(&self, name: &str) -> usize {
        self.hits().iter().filter(|hit| hit.name.starts_with(name)).count()
    }

    /// Messages from the console script since the last call.
    pub fn take_console(&self) -> Vec<ConsoleMessage> {
        std::mem::take(&mut self.state.shared().console)
    }
}

impl Site {
    /// From now on nobody answers at this address.
    pub fn stop(&mut self) {
        self.state.shared().stopped = true;
        self.server.abort();
        self.nginx = None;
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl State {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let path = if path == self.prefix.trim_end_matches('/') {
            // Without its slash, a folder's document, as on some hosts.
            "index.html"
        } else if let Some(path) = path.strip_prefix(&self.prefix) {
            path
        } else {
            return self.log(&path, status(StatusCode::NOT_FOUND));
        };
        // A worker's address is in the build's folder, and so are its requests.
        if self.listens && name_of(path) == CONSOLE && request.method() == Method::POST {
            return self.hear(request).await;
        }
        if self.listens && path == CONSOLE_SCRIPT {
            return self.file(path, LISTENER.into());
        }
        let folders_page = format!("{path}index.html");
        let path = if path.is_empty() || path.ends_with('/') { &folders_page } else { path };
        if path == PHONE {
            return self.file(path, PHONE_DOCUMENT.into());
        }
        let fault = self.fault(name_of(path)).await;
        let response = match self.read(path) {
            Ok(_) if matches!(fault, Some(Fault::Unavailable(_))) => {
                status(StatusCode::SERVICE_UNAVAILABLE)
            }
            Ok(body) if !matches!(fault, Some(Fault::Missing)) => {
                let mut response =
                    self.file(path, self.instrument(path, spoil(body, fault.as_ref())));
                if let Some(Fault::Typed(media_type)) = fault {
                    response
                        .headers_mut()
                        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
                }
                response
            }
            _ => status(StatusCode::NOT_FOUND),
        };
        self.log(path, response)
    }

    fn log(&self, path: &str, response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
        let status = response.status().as_u16();
        let hit = Hit { path: path.to_owned(), name: name_of(path).to_owned(), status };
        self.shared().hits.push(hit);
        response
    }

    /// The file's fault, once it is no longer held.
    async fn fault(&self, name: &str) -> Option<Fault> {
        loop {
            let healed = self.healed.notified();
            let fault = match self.shared().faults.get_mut(name) {
                Some(Fault::Unavailable(0)) => None,
                Some(Fault::Unavailable(times)) => {
                    *times -= 1;
                    Some(Fault::Unavailable(*times))
                }
                other => other.cloned(),
            };
            match fault {
                Some(Fault::Held) => healed.await,
                other => return other,
            }
        }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>> {
        let path = Path::new(path);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(inside, "{} leaves the folder", path.display());
        Ok(std::fs::read(self.folder.join(path))?)
    }

    fn instrument(&self, path: &str, body: Vec<u8>) -> Vec<u8> {
        if !self.listens {
            return body;
        }
        match name_of(path) {
            "index.html" => {
                let text = String::from_utf8_lossy(&body);
                text.replacen("<meta", "<script src=\"e2e-console.js\"></script><meta", 1)
                    .into_bytes()
            }
            "worker-start.js" => [LISTENER.as_bytes(), &body].concat(),
            _ => body,
        }
    }

    /// The policy is sent for workers too, which do not inherit the page's: a request to another origin is
    /// refused, and the console reports it. And HTTP may cache nothing: what a second visit does not request,
    /// the page itself has stored.
    fn file(&self, path: &str, body: Vec<u8>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(body)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.host != Host::Lenient && path != PHONE {
            headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        }
        if self.host != Host::Plain {
            for (name, value) in [
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-embedder-policy", "require-corp"),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        response
    }

    async fn hear(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let message = async {
            let body = request.into_body().collect().await?.to_bytes();
            let (level, text): (String, String) = serde_json::from_slice(&body)?;
            let level = if level == "warning" { "warning" } else { "error" };
            anyhow::Ok(ConsoleMessage { level, text })
        };
        match message.await {
            Ok(message) => {
                self.shared().console.push(message);
                status(StatusCode::NO_CONTENT)
            }
            Err(_) => status(StatusCode::BAD_REQUEST),
        }
    }
}

/// The policy in the site's document, as a header.
fn policy(folder: &Path) -> Result<HeaderValue> {
    let document = std::fs::read_to_string(folder.join("index.html")).unwrap_or_default();
    let policy = document
        .split_once("Content-Security-Policy")
        .and_then(|(_, rest)| rest.split_once("content=\""))
        .and_then(|(_, policy)| policy.split_once('"'))
        .map_or("default-src 'self'", |(policy, _)| policy);
    HeaderValue::from_str(policy).context("the document's policy is no header")
}

/// Whether `INKLING_SERVER` asks for nginx.
fn over_nginx() -> Result<bool> {
    match std::env::var("INKLING_SERVER") {
        Ok(name) if name == "nginx" => Ok(true),
        Ok(name) if name != "built-in" => bail!("no server is called {name:?}: built-in or nginx"),
        _ => Ok(false),
    }
}

/// A file's path without its build's folder.
pub(crate) fn name_of(path: &str) -> &str {
    let in_build = path.strip_prefix("build/").and_then(|rest| rest.split_once('/'));
    in_build.map_or(path, |(_, name)| name)
}

/// Listens on a port that no site of this process has had: the system reuses free ports, and what a browser
/// stored for an earlier site would still be there.
async fn new_origin() -> Result<(TcpListener, u16)> {
    static USED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        if USED.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return Ok((listener, port));
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(&state)));
    }
}

async fn converse(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(|request| async {
        if state.shared().stopped {
            return Err(io::Error::from(io::ErrorKind::ConnectionReset));
        }
        Ok(state.answer(request).await)
    });
    // A browser may close the connection in the middle of an answer.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

fn spoil(mut body: Vec<u8>, fault: Option<&Fault>) -> Vec<u8> {
    let middle = body.len() / 2;
    match fault {
        Some(Fault::Truncated) => body.truncate(middle),
        Some(Fault::Altered) => {
            if let Some(byte) = body.get_mut(middle) {
                *byte ^= 1;
            }
        }
        Some(Fault::Prefixed(script)) => body.splice(..0, script.bytes()).for_each(drop),
        Some(Fault::Missing | Fault::Unavailable(_) | Fault::Held | Fault::Typed(_)) | None => {}
    }
    body
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    response
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

/// The built page that `INKLING_DIST` names.
pub fn dist() -> Result<PathBuf> {
    let path = std::env::var_os("INKLING_DIST").context(
        "INKLING_DIST is not set: run these tests with `cargo xtask test`, or name the built dist folder in it",
    )?;
    let path = PathBuf::from(path);
    ensure!(
        path.join("index.html").is_file(),
        "INKLING_DIST is {}, which holds no index.html: run `cargo xtask dist` first",
        path.display()
    );
    Ok(path)
}

/// The path on the site of a file of the build, `build/ID/start.js` for `start.js`.
pub fn built(name: &str) -> Result<String> {
    let document = std::fs::read_to_string(dist()?.join("index.html"))?;
    let build = document
        .split_once("data-build=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(build, _)| build)
        .context("index.html names no build")?;
    Ok(format!("build/{build}/{name}"))
}
