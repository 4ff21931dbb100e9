//! `openapi`: the API's description in each of its forms.

use std::io::{self, Write};

use clap::Args;

use super::Failure;
use crate::{docs_page, openapi, postman};

pub(crate) const EXAMPLES: &str = "\
After a change of a request or an answer:
  cargo run -- openapi > docs/openapi.json
  cargo run -- openapi --version-3-0 > docs/openapi-3.0.json
  cargo run -- openapi --page > docs/api.html
  cargo run -- openapi --postman > docs/postman.json";

/// Options for the form of the description: at most one of them.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Openapi {
    /// Print it as OpenAPI 3.0, for tools that do not read 3.1. This is the content of docs/openapi-3.0.json.
    #[arg(long)]
    version_3_0: bool,
    /// Print it as a page for people. This is the content of docs/api.html.
    #[arg(long)]
    page: bool,
    /// Print a collection for Postman, made of it. This is the content of docs/postman.json.
    #[arg(long)]
    postman: bool,
}

/// Prints the description.
pub(crate) fn run(form: &Openapi) -> Result<(), Failure> {
    let text = match form {
        Openapi { version_3_0: true, .. } => openapi::text_3_0(),
        Openapi { page: true, .. } => docs_page::text(),
        Openapi { postman: true, .. } => postman::text(),
        _ => openapi::text(),
    };
    Ok(io::stdout().write_all(text.map_err(io::Error::from)?.as_bytes())?)
}
