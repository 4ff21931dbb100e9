//! The targets.

mod bodies;
mod canaries;
mod cursors;
mod headers;
mod ids;
mod redactor;
#[cfg(feature = "campaign")]
mod service;

pub use bodies::BODIES;
pub use canaries::CANARIES;
pub use cursors::CURSORS;
pub use headers::HEADERS;
pub use ids::IDS;
pub use redactor::REDACTOR;
#[cfg(feature = "campaign")]
pub use service::SERVICE;

/// Texts as bytes.
fn seeds(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
