//! Batching by load: while one batch is at work the next one gathers. No timer: a lone request goes at
//! once, and under load a batch takes all that queued meanwhile.
//!
//! Owns the queue and the lanes; knows nothing of what is batched. Called by the executor (commits,
//! loads, children) and the API (starts). Failure: a request whose lane is gone gets no answer.

use std::future::Future;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Requests that wait for a place in a batch; beyond that [`Batcher::call`] waits and
/// [`Batcher::try_call`] refuses.
pub const BACKLOG: usize = 8_192;

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// [`BACKLOG`] requests wait already.
    Full,
    /// The lanes have ended.
    Stopping,
}

type Job<T, R> = (T, oneshot::Sender<R>);

/// Gathers single requests into batches.
pub struct Batcher<T, R> {
    jobs: mpsc::Sender<Job<T, R>>,
}

impl<T, R> Clone for Batcher<T, R> {
    fn clone(&self) -> Self {
        Self {
            jobs: self.jobs.clone(),
        }
    }
}

impl<T: Send + 'static, R: Send + 'static> Batcher<T, R> {
    /// Starts `lanes` tasks that each take up to `most` requests at a time and answer all of them,
    /// in order, by one call of `work`. They end when the last handle is dropped.
    pub fn start<F, W>(lanes: usize, most: usize, work: W) -> Self
    where
        W: Fn(Vec<T>) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<R>> + Send + 'static,
    {
        let (jobs, queue) = mpsc::channel::<Job<T, R>>(BACKLOG);
        let queue = Arc::new(Mutex::new(queue));
        let work = Arc::new(work);
        for _ in 0..lanes {
            let queue = Arc::clone(&queue);
            let work = Arc::clone(&work);
            tokio::spawn(async move {
                loop {
                    let mut taken = Vec::new();
                    if queue.lock().await.recv_many(&mut taken, most).await == 0 {
                        return;
                    }
                    let (requests, replies): (Vec<T>, Vec<_>) = taken.into_iter().unzip();
                    // In a task of its own: a panic costs this batch its answers, not the lane.
                    let Ok(answers) = tokio::spawn(work(requests)).await else {
                        continue;
                    };
                    for (reply, answer) in replies.into_iter().zip(answers) {
                        // Whoever asked may be gone; the work is done all the same.
                        drop(reply.send(answer));
                    }
                }
            });
        }
        Self { jobs }
    }

    /// As [`Batcher::call`], but refuses at once when too many requests wait already.
    ///
    /// # Errors
    /// [`Refused`] says whether it was too much or the process is being stopped.
    pub async fn try_call(&self, request: T) -> Result<R, Refused> {
        let (reply, answer) = oneshot::channel();
        self.jobs
            .try_send((request, reply))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Refused::Full,
                mpsc::error::TrySendError::Closed(_) => Refused::Stopping,
            })?;
        answer.await.map_err(|_| Refused::Stopping)
    }

    /// Asks and waits for the answer; none if the process is being stopped.
    pub async fn call(&self, request: T) -> Option<R> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send((request, reply)).await.ok()?;
        answer.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_costs_only_its_own_batch() {
        let batcher = Batcher::start(1, 1, |numbers: Vec<u32>| async move {
            assert!(numbers[0] != 13, "the unlucky one");
            numbers
        });
        assert_eq!(batcher.call(13).await, None);
        assert_eq!(batcher.call(14).await, Some(14));
    }

    #[tokio::test]
    async fn answers_each_request_with_its_own_answer() {
        let batcher = Batcher::start(2, 16, |numbers: Vec<u32>| async move {
            numbers.into_iter().map(|n| n * 2).collect()
        });
        let asked: Vec<_> = (0..200)
            .map(|n| {
                let batcher = batcher.clone();
                tokio::spawn(async move { (n, batcher.call(n).await) })
            })
            .collect();
        for answer in asked {
            let (n, doubled) = answer.await.unwrap();
            assert_eq!(doubled, Some(n * 2));
        }
    }
}
