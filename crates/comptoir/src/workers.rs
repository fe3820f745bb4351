//! The threads that answer, each on a processor of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Builder;

/// Keeps each of `workers` threads of a runtime to one processor, where there are as many as the process may use.
///
/// Linux leaves two busy threads on one of two processors for some ten milliseconds, while the other waits: at half of
/// the load that the server bears, these are the slowest hundredth of its answers. With fewer workers than processors
/// nothing is kept: every process on the machine would take the same ones. Threads that workers start for slow work go
/// where there is room.
pub(crate) fn keep_apart(runtime: &mut Builder, workers: usize) {
    let Some(processors) = allowed::Processors::of_this_thread() else {
        return;
    };
    if processors.count() != workers {
        return;
    }
    // A runtime starts its workers first, and all of them when it is built.
    let started = AtomicUsize::new(0);
    runtime.on_thread_start(move || {
        let number = started.fetch_add(1, Ordering::Relaxed);
        if number < workers {
            processors.keep_to(number);
        } else {
            processors.keep_to_all();
        }
    });
}

#[cfg(target_os = "linux")]
mod allowed {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    /// Processors that a thread may use.
    #[derive(Debug)]
    pub(super) struct Processors {
        all: CpuSet,
        numbers: Vec<usize>,
    }

    impl Processors {
        pub(super) fn of_this_thread() -> Option<Self> {
            let all = sched_getaffinity(None).ok()?;
            let numbers = (0..CpuSet::MAX_CPU).filter(|n| all.is_set(*n)).collect();
            Some(Self { all, numbers })
        }

        pub(super) fn count(&self) -> usize {
            self.numbers.len()
        }

        /// Keeps this thread, and those that it starts, to the processor with this place among them.
        pub(super) fn keep_to(&self, place: usize) {
            let mut one = CpuSet::new();
            one.set(self.numbers[place]);
            keep(&one);
        }

        pub(super) fn keep_to_all(&self) {
            keep(&self.all);
        }
    }

    fn keep(to: &CpuSet) {
        // What is refused, in a sandbox say, leaves the thread where it was: slower at worst.
        if let Err(error) = sched_setaffinity(None, to) {
            tracing::debug!(%error, "a thread keeps to no processor");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod allowed {
    /// Nothing is kept anywhere here.
    #[derive(Debug)]
    pub(super) struct Processors;

    impl Processors {
        pub(super) fn of_this_thread() -> Option<Self> {
            None
        }

        pub(super) fn count(&self) -> usize {
            0
        }

        pub(super) fn keep_to(&self, _place: usize) {}

        pub(super) fn keep_to_all(&self) {}
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use rustix::thread::{CpuSet, sched_getaffinity};
    use std::sync::{Arc, Barrier};

    fn processors() -> Vec<usize> {
        let set = sched_getaffinity(None).unwrap();
        (0..CpuSet::MAX_CPU).filter(|n| set.is_set(*n)).collect()
    }

    /// Where the workers of a runtime may run, and a thread that one of them started.
    fn runs_on(workers: usize) -> (Vec<Vec<usize>>, Vec<usize>) {
        let mut builder = Builder::new_multi_thread();
        keep_apart(builder.worker_threads(workers), workers);
        let runtime = builder.build().unwrap();
        // All at once, so that each runs on a worker of its own.
        let together = Arc::new(Barrier::new(workers));
        let tasks: Vec<_> = (0..workers)
            .map(|_| {
                let together = Arc::clone(&together);
                runtime.spawn(async move {
                    together.wait();
                    processors()
                })
            })
            .collect();
        runtime.block_on(async {
            let mut on = Vec::new();
            for task in tasks {
                on.push(task.await.unwrap());
            }
            on.sort();
            let beside = tokio::spawn(async { tokio::task::spawn_blocking(processors).await });
            (on, beside.await.unwrap().unwrap())
        })
    }

    #[test]
    fn as_many_workers_as_processors_get_one_each() {
        let all = processors();
        let (on, beside) = runs_on(all.len());
        let one_each: Vec<Vec<usize>> = all.iter().map(|n| vec![*n]).collect();
        assert_eq!(on, one_each);
        assert_eq!(beside, all);
    }

    #[test]
    fn another_number_of_workers_goes_where_there_is_room() {
        let all = processors();
        let (on, beside) = runs_on(all.len() + 1);
        assert!(on.iter().all(|n| *n == all));
        assert_eq!(beside, all);
    }
}
