//! A bad network on loopback, in front of relays: `offrecord-netem [SEED]`, told what to do by lines of JSON.
//!
//! Clients send to ports of the proxy instead of a relay's; each of their addresses gets a socket of its own
//! towards the relay. [`proxy::words`] has what may be said, one object a line on standard input; each is
//! answered by one line on standard output. The program ends when its input does.

mod proxy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let seed = match std::env::args().nth(1).map(|word| word.parse()) {
        None => 1,
        Some(Ok(seed)) => seed,
        Some(Err(_)) => {
            eprintln!("offrecord-netem: the seed is a whole number");
            return ExitCode::FAILURE;
        }
    };
    match proxy::run(seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("offrecord-netem: {error}");
            ExitCode::FAILURE
        }
    }
}
