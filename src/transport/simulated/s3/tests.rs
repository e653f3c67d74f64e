//! The S3 semantics, asked by the real SDK: its requests are signed, sent to the service in this
//! process and answered through the gate and the store, without a socket.

mod admin;
mod client;
mod objects;
mod policies;
mod sockets;
