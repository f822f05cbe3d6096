//! What the fuzz targets share. Parsers are checked in `offrecord_forwarder::fuzzing`.

pub mod call;
mod script;
