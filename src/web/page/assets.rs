//! Addresses of this build's files, which are in a folder that the document names.

use super::dom::{self, DomError};

/// Attribute of `<body>` with the build's ID.
pub(super) const BUILD: &str = "data-build";

/// The address of a file of this build.
pub(super) fn url(file: &str) -> Result<String, DomError> {
    let body = dom::document()?.body().ok_or(DomError::NoDocument)?;
    let build = body.get_attribute(BUILD).unwrap_or_default();
    Ok(["./build/", &build, "/", file].concat())
}
