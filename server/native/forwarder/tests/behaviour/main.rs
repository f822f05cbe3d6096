//! The packet core as its peers see it: a file per behaviour, a virtual clock, a seeded network.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod camera;
mod crypto;
mod peer;
mod world;

mod address_change;
mod audio;
mod candidates;
mod ciphers;
mod commands;
mod connections;
mod consent;
mod continuity;
mod demultiplexing;
mod discontinuous;
mod downlink;
mod endings;
mod extensions;
mod flood;
mod garbage;
mod key_frames;
mod layered;
mod layers;
mod lip_sync;
mod loss;
mod loudest;
mod nack_storm;
mod nonce_reuse;
mod pause;
mod playout_delay;
mod quality;
mod receivers;
mod red;
mod replay;
mod reports;
mod residence;
mod restart;
mod retransmission;
mod round_trip;
mod rtx;
mod scene;
mod shedding;
mod silent_subscriber;
mod spatial_layers;
mod speakers;
mod strangers;
mod temporal_layers;
mod transport_feedback;
mod turnover;
mod unwatched;
mod viewer;
mod wrap;
