//! Drives the built page in a real browser through WebDriver.
//!
//! | module | what is in it |
//! | --- | --- |
//! | `engine` | Chromium, Firefox and WebKit: their programs and their capabilities |
//! | `driver` | the WebDriver server as a child process |
//! | `browser` | a session: window, pointer, keys, console |
//! | `site` | a static file server over `dist/` that can simulate failures |
//! | `nginx` | a real nginx in front of it, with `hosting/nginx.conf` |
//! | `page` | the page's contract |
//! | [`digits`] | strokes to draw |
//! | `weight` | the bytes before the first prediction |

mod browser;
pub mod digits;
mod driver;
mod engine;
mod nginx;
mod page;
mod site;
mod weight;

pub use browser::{Browser, ConsoleMessage, Pointer};
pub use engine::Engine;
pub use page::{Page, Status};
pub use site::{Fault, Hit, Host, Site, built, dist};
pub use weight::Weight;
