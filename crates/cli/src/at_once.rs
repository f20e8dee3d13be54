//! Several accounts at the same time: one that is waited for holds up no other.

use futures_util::{StreamExt as _, stream};

/// How many at the same time.
const AT_ONCE: usize = 4;

/// Does all of it, a few at the same time. Gives what came of each, in their own order.
pub async fn at_once<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    stream::iter(all).buffered(AT_ONCE).collect().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_holds_up_no_other_and_the_order_stays() {
        let began = Instant::now();
        // The later the sooner.
        let each = [20, 19, 18, 17];
        let wait = async |seconds| {
            sleep(Duration::from_secs(seconds)).await;
            seconds
        };
        let done = at_once(each.map(wait).into()).await;
        assert_eq!((done, began.elapsed().as_secs()), (each.to_vec(), 20));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_a_few_are_under_way() {
        let under_way = std::cell::Cell::new(0);
        let most = std::cell::Cell::new(0);
        let work = async |()| {
            under_way.set(under_way.get() + 1);
            most.set(most.get().max(under_way.get()));
            sleep(Duration::from_secs(1)).await;
            under_way.set(under_way.get() - 1);
        };
        at_once([(); 10].map(work).into()).await;
        assert_eq!(most.get(), AT_ONCE);
    }
}
