//! The WebDriver server as a child process, and the display for WebKit.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::engine::Engine;

/// A running WebDriver server; ended when dropped.
pub(crate) struct Driver {
    process: Child,
    display: Option<Child>,
    port: u16,
    output: Arc<Mutex<Vec<String>>>,
}

impl Driver {
    /// Starts the engine's driver on a free port and waits until it listens.
    pub(crate) fn start(engine: Engine) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let program = engine.driver()?;
        let mut command = Command::new(&program);
        command.args(engine.driver_arguments(port));
        let mut display = None;
        if engine == Engine::WebKit {
            let (server, number) = start_display()?;
            display = Some(server);
            command
                .env("DISPLAY", format!(":{number}"))
                .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
        }
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                anyhow!("{} does not start ({error}): {}", program.display(), engine.advice())
            })?;
        let mut driver = Self { process, display, port, output: Arc::default() };
        let stdout = driver.process.stdout.take().map(|pipe| driver.collect(pipe));
        let stderr = driver.process.stderr.take().map(|pipe| driver.collect(pipe));
        let readers = [stdout, stderr].into_iter().flatten().collect();
        driver
            .wait_until_it_listens(readers)
            .map_err(|error| anyhow!("{} {error}: {}", program.display(), engine.advice()))?;
        Ok(driver)
    }

    /// Address for commands.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The lines printed by the driver and its browser since the last call.
    pub(crate) fn take_output(&self) -> Vec<String> {
        std::mem::take(&mut self.output.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn collect(&self, pipe: impl Read + Send + 'static) -> JoinHandle<()> {
        let output = Arc::clone(&self.output);
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                output.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        })
    }

    /// `readers` read what it prints; the last words of a driver that has ended may not have arrived yet.
    fn wait_until_it_listens(&mut self, readers: Vec<JoinHandle<()>>) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                readers.into_iter().for_each(|reader| drop(reader.join()));
                let said = self.take_output().pop().unwrap_or_else(|| "without a word".to_owned());
                bail!("ended at once ({status}, {said})");
            }
            ensure!(start.elapsed() < Duration::from_secs(20), "does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        for process in [Some(&mut self.process), self.display.as_mut()].into_iter().flatten() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Starts an X server without a screen, on the first free display; returns the display's number.
fn start_display() -> Result<(Child, String)> {
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("starting Xvfb, which WebKit needs (Debian: xvfb)")?;
    let mut number = String::new();
    if let Some(pipe) = server.stdout.take() {
        BufReader::new(pipe).read_line(&mut number)?;
    }
    Ok((server, number.trim().to_owned()))
}
