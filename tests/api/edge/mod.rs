//! The HTTP edge: bodies, answers, logs, limits, and the description of all of it.

mod addresses;
mod cors;
mod described;
mod docs;
mod envelopes;
mod events;
mod log_lines;
mod openapi;
mod openapi_3_0;
mod released;
mod request_edges;
mod time_limits;
