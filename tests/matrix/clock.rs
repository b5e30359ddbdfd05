//! Time as the matrix has it: it stands still while anything can run, and goes on by a beat when nothing can.
//!
//! Every case has a runtime of one thread whose clock is paused. Servers, client and engine sleep on that clock alone,
//! so a machine that is slow, or busy with something else, changes no order of events and no verdict, and nobody waits
//! for a sleep. The beat keeps the clock from leaping to the next deadline past answers that are on their way:
//! before each, the runtime looks at its sockets a few times. What blocks (files, packages being opened) holds
//! the clock by itself. What happens in a case is left to `case`.

use std::time::Duration;

/// How far the clock goes at once. Everything in a case takes a multiple of it.
pub(crate) const BEAT: Duration = Duration::from_millis(4);
/// Looks at the sockets between two beats.
const LOOKS: usize = 3;

/// Runs a future to its end in a time of its own.
pub(crate) fn in_its_own_time<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    // a case is larger than a test thread's stack has room for
    let future = Box::pin(future);
    let value = runtime.block_on(async {
        let beat = tokio::spawn(beat());
        let value = future.await;
        beat.abort();
        value
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    value
}

async fn beat() {
    loop {
        for _ in 0..LOOKS {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(BEAT).await;
    }
}
