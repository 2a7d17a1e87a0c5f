//! The sound: a quiet tone, higher for the first tenth of every second of the clock in the picture, so that picture and
//! sound can be held against one another.

use std::f32::consts::TAU;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use str0m::media::{Frequency, MediaTime};
use tokio::sync::broadcast;
use tracing::error;

use super::demand::{Demand, Next};
use super::frame::{Frame, Source};
use super::opus::{CHANNELS, Encoder, OpusError, RATE, SAMPLES};

/// One packet.
const PACKET: Duration = Duration::from_millis(20);

/// A twentieth of full scale.
const VOLUME: f32 = 0.05 * i16::MAX as f32;

/// The tone, in Hz.
const TONE: f32 = 440.0;

/// The tone at the beginning of a second, in Hz.
const BEEP: f32 = 880.0;

/// How long that lasts.
const BEEP_TIME: Duration = Duration::from_millis(100);

/// Encodes until it is stopped. `epoch` is the beginning of the stream's clock.
pub(super) fn run(demand: &Demand, bus: &broadcast::Sender<Arc<Frame>>, epoch: Instant) {
    if let Err(error) = encode_all(demand, bus, epoch) {
        error!(%error, "there is no sound any more");
    }
}

fn encode_all(demand: &Demand, bus: &broadcast::Sender<Arc<Frame>>, epoch: Instant) -> Result<(), OpusError> {
    let mut encoder = Encoder::new()?;
    let mut tone = Tone::default();
    let mut packets = 0;
    loop {
        match demand.wait(epoch + PACKET * packets) {
            Next::Stop => return Ok(()),
            Next::Resume => packets = (epoch.elapsed().as_millis() / PACKET.as_millis()) as u32,
            Next::Encode => {
                let data = encoder.encode(&tone.packet(SystemTime::now()))?.into();
                let time = MediaTime::new(u64::from(packets) * SAMPLES as u64, Frequency::FORTY_EIGHT_KHZ);
                let captured = Instant::now();
                let _ = bus.send(Arc::new(Frame { source: Source::Audio, data, keyframe: true, time, captured }));
                packets += 1;
            }
        }
    }
}

/// A sine whose pitch changes without a click.
#[derive(Debug, Default)]
struct Tone {
    /// Of one turn.
    phase: f32,
}

impl Tone {
    fn packet(&mut self, now: SystemTime) -> [i16; SAMPLES * CHANNELS] {
        let into_second = now.duration_since(UNIX_EPOCH).unwrap_or_default().subsec_millis();
        let pitch = if u128::from(into_second) < BEEP_TIME.as_millis() { BEEP } else { TONE };
        let mut samples = [0; SAMPLES * CHANNELS];
        for both in samples.chunks_exact_mut(CHANNELS) {
            both.fill((VOLUME * (self.phase * TAU).sin()) as i16);
            self.phase = (self.phase + pitch / RATE as f32).fract();
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant, UNIX_EPOCH};

    use tokio::sync::broadcast;

    use super::super::demand::Demand;
    use super::{CHANNELS, Tone, VOLUME, run};

    /// How often the left channel crosses zero upwards.
    fn turns(samples: &[i16]) -> usize {
        let left: Vec<_> = samples.iter().step_by(CHANNELS).collect();
        left.windows(2).filter(|pair| *pair[0] < 0 && *pair[1] >= 0).count()
    }

    #[test]
    fn the_tone_is_quiet_and_beeps_with_the_second() {
        let mut tone = Tone::default();
        let beep = tone.packet(UNIX_EPOCH + Duration::from_millis(5_050));
        let rest = tone.packet(UNIX_EPOCH + Duration::from_millis(5_500));
        assert!(beep.iter().all(|sample| f32::from(*sample).abs() <= VOLUME));
        assert!((16..=18).contains(&turns(&beep)) && (8..=9).contains(&turns(&rest)));
    }

    #[test]
    fn packets_come_every_20_ms_while_somebody_listens() {
        let demand = Arc::new(Demand::default());
        let (bus, mut packets) = broadcast::channel(64);
        let encoding = thread::spawn({
            let demand = Arc::clone(&demand);
            move || run(&demand, &bus, Instant::now())
        });
        let listener = demand.join();
        let received: Vec<_> = (0..10).map(|_| packets.blocking_recv().unwrap()).collect();
        for pair in received.windows(2) {
            assert_eq!(pair[1].time.numer() - pair[0].time.numer(), 960);
        }
        drop(listener);
        demand.stop();
        encoding.join().unwrap();
    }
}
