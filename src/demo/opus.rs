//! Opus (RFC 6716), behind a safe face. The one module with `unsafe` in it: the library is C that was translated to
//! Rust and kept C's signatures.
#![allow(unsafe_code, reason = "unsafe-libopus offers raw pointers only; every call is argued for here")]

use std::ptr::NonNull;

use unsafe_libopus::{
    OPUS_APPLICATION_AUDIO, OPUS_OK, OpusEncoder, opus_encode, opus_encoder_create, opus_encoder_destroy,
};

/// Samples per second.
pub(super) const RATE: u32 = 48_000;

/// Channels, interleaved.
pub(super) const CHANNELS: usize = 2;

/// Samples per channel in a packet: 20 ms.
pub(super) const SAMPLES: usize = 960;

/// The longest packet (RFC 6716 §3.2.1).
const MAX_PACKET: usize = 1275;

/// The library refused, with its error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Opus says {0}")]
pub(super) struct OpusError(i32);

/// A stereo encoder at 48 kHz.
#[derive(Debug)]
pub(super) struct Encoder(NonNull<OpusEncoder>);

// SAFETY: the encoder is memory that belongs to this value alone; the library keeps no pointer to it elsewhere and
// nothing in it is bound to a thread.
unsafe impl Send for Encoder {}

impl Encoder {
    /// An encoder for music and speech.
    ///
    /// # Errors
    /// The library has no memory for it.
    pub(super) fn new() -> Result<Self, OpusError> {
        let mut error = OPUS_OK;
        // SAFETY: `error` is valid for a write. The result is null or an initialised encoder that is ours to destroy.
        let encoder =
            unsafe { opus_encoder_create(RATE as i32, CHANNELS as i32, OPUS_APPLICATION_AUDIO, &raw mut error) };
        NonNull::new(encoder).filter(|_| error == OPUS_OK).map(Self).ok_or(OpusError(error))
    }

    /// Encodes 20 ms: [`SAMPLES`] samples of each of the [`CHANNELS`].
    ///
    /// # Errors
    /// The library refuses the samples.
    pub(super) fn encode(&mut self, samples: &[i16; SAMPLES * CHANNELS]) -> Result<Vec<u8>, OpusError> {
        let mut packet = vec![0; MAX_PACKET];
        // SAFETY: the encoder is initialised and borrowed for this call alone. `samples` holds SAMPLES × CHANNELS
        // values, which is what the library reads for a frame of SAMPLES; it writes at most `packet.len()` bytes.
        let length = unsafe {
            opus_encode(self.0.as_ptr(), samples.as_ptr(), SAMPLES as i32, packet.as_mut_ptr(), packet.len() as i32)
        };
        packet.truncate(usize::try_from(length).map_err(|_| OpusError(length))?);
        Ok(packet)
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: made by `opus_encoder_create`, destroyed once, not used after.
        unsafe { opus_encoder_destroy(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use unsafe_libopus::{opus_packet_get_nb_channels, opus_packet_get_nb_samples};

    use super::{CHANNELS, Encoder, RATE, SAMPLES};

    #[test]
    fn a_packet_is_20_ms_of_stereo() {
        let mut encoder = Encoder::new().unwrap();
        let samples = std::array::from_fn(|index| (index % 200 * 100) as i16);
        for _ in 0..5 {
            let packet = encoder.encode(&samples).unwrap();
            assert!(packet.len() > 10, "{}", packet.len());
            // SAFETY: the pointer and the length are those of one live vector.
            let (channels, length) = unsafe {
                (
                    opus_packet_get_nb_channels(packet.as_ptr()),
                    opus_packet_get_nb_samples(packet.as_ptr(), packet.len() as i32, RATE as i32),
                )
            };
            assert_eq!((channels, length), (CHANNELS as i32, SAMPLES as i32));
        }
    }
}
