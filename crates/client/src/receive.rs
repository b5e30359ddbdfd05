//! How much of a download is taken, and how slow it may be.
//!
//! A total time would cut off an honest package of many gigabytes on a slow line, and none at all would wait for ever on a
//! server that says a byte a minute. So a download may stand still only for so long, and must bring so much in each
//! stretch of time: how long it takes in all is bounded by its size, and its size by the room that there is.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

/// After this many bytes the room on the disk is looked at again: others write there, too.
const LOOK_AGAIN: u64 = 64 * 1024 * 1024;
/// Of the room on the disk so much is left to others, or a tenth where that is less.
#[cfg(unix)]
const LEFT_FREE: u64 = 1024 * 1024 * 1024;

/// What bounds a download.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The most that is taken.
    pub(crate) limit: u64,
    /// How long it may go without a byte.
    pub(crate) stall: Duration,
    /// In each such stretch of time …
    pub(crate) stretch: Duration,
    /// … so many bytes must come.
    pub(crate) least: u64,
}

/// Why a download is given up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GivenUp<E> {
    /// It failed by itself.
    Failed(E),
    /// No byte came in time.
    Stalled,
    /// Too few came.
    Slow { bytes: u64, seconds: u64 },
    /// More came, or were announced, than the limit.
    OverLimit,
    /// More came, or were announced, than there is room for.
    NoRoom { room: u64 },
}

/// A download under way.
pub(crate) struct Receiving {
    bounds: Bounds,
    bytes: u64,
    /// When this stretch began, and what it has brought.
    began: Instant,
    brought: u64,
    /// The most that the disk takes, as it was last seen, and when to look again.
    room: u64,
    look_at: u64,
}

impl Receiving {
    pub(crate) fn begin(bounds: Bounds) -> Self {
        Self {
            bounds,
            bytes: 0,
            began: Instant::now(),
            brought: 0,
            room: u64::MAX,
            look_at: 0,
        }
    }

    /// The bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether so many bytes could be taken, as far as a server announces them.
    pub(crate) fn announced<E>(&mut self, bytes: Option<u64>, folder: &Path) -> Result<(), GivenUp<E>> {
        self.look(folder);
        bytes.map_or(Ok(()), |bytes| self.fits(bytes))
    }

    /// Waits for the next piece. None is the end.
    pub(crate) async fn next<E>(
        &mut self,
        folder: &Path,
        piece: impl Future<Output = Result<Option<Bytes>, E>>,
    ) -> Result<Option<Bytes>, GivenUp<E>> {
        let piece = timeout(self.bounds.stall, piece).await;
        let piece = piece.map_err(|_| GivenUp::Stalled)?.map_err(GivenUp::Failed)?;
        let Some(piece) = piece else { return Ok(None) };
        let length = piece.len() as u64;
        if self.bytes >= self.look_at {
            self.look(folder);
        }
        self.fits(self.bytes.saturating_add(length))?;
        self.bytes += length;
        self.brought += length;
        let elapsed = self.began.elapsed();
        if elapsed >= self.bounds.stretch {
            if self.brought < self.bounds.least {
                return Err(GivenUp::Slow {
                    bytes: self.brought,
                    seconds: elapsed.as_secs(),
                });
            }
            (self.began, self.brought) = (Instant::now(), 0);
        }
        Ok(Some(piece))
    }

    fn look(&mut self, folder: &Path) {
        // what is here already has taken its room
        self.room = room(folder).map_or(u64::MAX, |room| self.bytes.saturating_add(room));
        self.look_at = self.bytes.saturating_add(LOOK_AGAIN);
    }

    fn fits<E>(&self, bytes: u64) -> Result<(), GivenUp<E>> {
        if bytes > self.bounds.limit {
            return Err(GivenUp::OverLimit);
        }
        if bytes > self.room {
            return Err(GivenUp::NoRoom { room: self.room });
        }
        Ok(())
    }
}

/// How much more may be written there; none where the system does not say.
#[cfg(unix)]
fn room(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    // some file systems tell nothing of their size
    (disk.f_blocks > 0).then(|| without_reserve(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<u64> {
    None
}

#[cfg(unix)]
fn without_reserve(free: u64) -> u64 {
    free - LEFT_FREE.min(free / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn bounds() -> Bounds {
        Bounds {
            limit: u64::MAX,
            stall: Duration::from_secs(60),
            stretch: Duration::from_secs(300),
            least: MIB,
        }
    }

    /// Receives pieces of this length, one after each pause, until so many bytes are there.
    async fn receive(
        bounds: Bounds,
        length: u64,
        pause: impl Fn(u64) -> Duration,
        total: u64,
    ) -> Result<u64, GivenUp<&'static str>> {
        let piece = Bytes::from(vec![0; usize::try_from(length).unwrap()]);
        let nowhere = Path::new("/no/such/folder");
        let mut receiving = Receiving::begin(bounds);
        loop {
            let (number, over) = (receiving.bytes() / length, receiving.bytes() >= total);
            let next = async {
                tokio::time::sleep(pause(number)).await;
                Ok((!over).then(|| piece.clone()))
            };
            if receiving.next(nowhere, next).await?.is_none() {
                return Ok(receiving.bytes());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_honest_package_of_many_gigabytes_may_take_days() {
        let begun = Instant::now();
        let slowly = |_| Duration::from_secs(20);
        let got = receive(bounds(), MIB, slowly, 20 * 1024 * MIB).await;
        assert_eq!(got, Ok(20 * 1024 * MIB));
        assert!(begun.elapsed() > Duration::from_secs(4 * 24 * 3600));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stands_still_is_given_up_after_its_time() {
        let begun = Instant::now();
        let pause = |number| Duration::from_secs(if number < 3 { 59 } else { 600 });
        assert_eq!(
            receive(bounds(), MIB, pause, 9 * MIB).await,
            Err(GivenUp::Stalled)
        );
        assert_eq!(begun.elapsed(), Duration::from_secs(3 * 59 + 60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_is_not_enough() {
        let begun = Instant::now();
        let error = receive(bounds(), 1, |_| Duration::from_secs(50), MIB).await;
        assert_eq!(
            error,
            Err(GivenUp::Slow {
                bytes: 6,
                seconds: 300
            })
        );
        assert_eq!(begun.elapsed(), Duration::from_secs(300));
    }

    #[tokio::test(start_paused = true)]
    async fn each_stretch_counts_for_itself_and_a_pause_within_one_is_forgiven() {
        // much at first does not buy a trickle later
        let fades = |number| Duration::from_secs(if number < 100 { 1 } else { 59 });
        let error = receive(bounds(), 100 * 1024, fades, 1024 * MIB).await;
        assert!(matches!(error, Err(GivenUp::Slow { .. })), "{error:?}");
        let bursts = |number| Duration::from_secs(if number % 10 == 0 { 58 } else { 0 });
        assert_eq!(receive(bounds(), MIB, bursts, 200 * MIB).await, Ok(200 * MIB));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_taken_than_the_limit() {
        let bounds = Bounds {
            limit: 3 * MIB,
            ..bounds()
        };
        let at_once = |_| Duration::ZERO;
        assert_eq!(receive(bounds, MIB, at_once, 3 * MIB).await, Ok(3 * MIB));
        assert_eq!(
            receive(bounds, MIB, at_once, 4 * MIB).await,
            Err(GivenUp::OverLimit)
        );
        let nowhere = Path::new("/no/such/folder");
        let mut receiving = Receiving::begin(bounds);
        assert_eq!(receiving.announced::<()>(Some(3 * MIB), nowhere), Ok(()));
        assert_eq!(receiving.announced::<()>(None, nowhere), Ok(()));
        let error = receiving.announced::<()>(Some(3 * MIB + 1), nowhere);
        assert_eq!(error, Err(GivenUp::OverLimit));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn no_more_is_taken_than_the_disk_has_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut receiving = Receiving::begin(bounds());
        let error = receiving.announced::<()>(Some(u64::MAX), folder.path());
        let Err(GivenUp::NoRoom { room }) = error else {
            panic!("{error:?}")
        };
        assert!(room > 0 && room < u64::MAX, "{room}");
        assert_eq!(receiving.announced::<()>(Some(1), folder.path()), Ok(()));
        // The disk fills up meanwhile.
        receiving.room = 2;
        let piece = async { Ok::<_, ()>(Some(Bytes::from_static(b"abc"))) };
        let error = receiving.next(folder.path(), piece).await;
        assert_eq!(error, Err(GivenUp::NoRoom { room: 2 }));
        assert_eq!(receiving.bytes(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn something_is_left_to_others() {
        assert_eq!(without_reserve(100 * LEFT_FREE), 99 * LEFT_FREE);
        assert_eq!(without_reserve(1000), 900);
        assert_eq!(without_reserve(0), 0);
    }
}
