//! How long a call may last: clients give calls up (NocoBase's AI at 60.0 s, seen on 2.2.15), and what they give up they
//! never learn.
//!
//! Work that goes on by itself, a run or a download, is none of this: a call only starts it or looks at it.

use std::time::Duration;

use tokio::time::Instant;

/// A call is answered by then.
const LONGEST_CALL: Duration = Duration::from_secs(45);
/// What is kept of it for the answer itself.
const FOR_THE_ANSWER: Duration = Duration::from_secs(1);

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Lets a call know when it began; none where it did not end in time.
pub(crate) async fn bounded<T>(call: impl Future<Output = T>) -> Option<T> {
    let deadline = Instant::now() + LONGEST_CALL;
    tokio::time::timeout_at(deadline, DEADLINE.scope(deadline, call))
        .await
        .ok()
}

/// The same without an end, for the call that waits for a person.
pub(crate) async fn unbounded<T>(call: impl Future<Output = T>) -> T {
    DEADLINE.scope(Instant::now() + LONGEST_CALL, call).await
}

/// When a call that would wait so long must stop waiting.
pub(crate) fn waiting_ends(wait: Duration) -> Instant {
    let wanted = Instant::now() + wait;
    DEADLINE
        .try_with(|deadline| wanted.min(*deadline - FOR_THE_ANSWER))
        .unwrap_or(wanted)
}
