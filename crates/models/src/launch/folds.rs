//! Launches held out in the order of time.

use super::past::Past;

/// From so many launches on, later ones are held out and only earlier ones learnt from.
const TIME_MIN: usize = 40;

/// Below so many launches none can be held out.
const FOLDS_MIN: usize = 8;

/// Blocks that are held out.
const BLOCKS: usize = 5;

/// What is learnt from and what is held out: positions among the launches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fold {
    pub(super) learn: Vec<usize>,
    pub(super) judge: Vec<usize>,
}

/// Holds out the last two thirds of launches in five blocks, each forecast from launches that were over when the block
/// began. Of fewer than 40 launches every fifth is held out in turn; of fewer than eight none.
pub(super) fn folds(past: &[&Past]) -> Vec<Fold> {
    let n = past.len();
    if n < FOLDS_MIN {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|at| past[*at].launch.opens_hour);
    if n < TIME_MIN {
        let held = |fold: usize| {
            let place = |(place, at): (usize, &usize)| (place % BLOCKS == fold, *at);
            let (judge, learn): (Vec<_>, Vec<_>) = order
                .iter()
                .enumerate()
                .map(place)
                .partition(|(held, _)| *held);
            Fold {
                learn: learn.into_iter().map(|(_, at)| at).collect(),
                judge: judge.into_iter().map(|(_, at)| at).collect(),
            }
        };
        return (0..BLOCKS).map(held).collect();
    }
    let first = n / 3;
    let block = |block: usize| {
        let edge = |block: usize| first + (n - first) * block / BLOCKS;
        let judge = order[edge(block)..edge(block + 1)].to_vec();
        let begins = judge.first().map_or(0, |at| past[*at].launch.opens_hour);
        let before = &order[..edge(block)];
        let over = |at: &&usize| past[**at].closed_hour() <= begins;
        let mut learn: Vec<usize> = before.iter().filter(over).copied().collect();
        // Where launches overlap so much that hardly one was over, those that were open are learnt from as well.
        if learn.len() < FOLDS_MIN {
            learn = before.to_vec();
        }
        Fold { learn, judge }
    };
    (0..BLOCKS).map(block).collect()
}

/// The first third, which is learnt from only, forecast from all that came after: nothing is judged by it, but how its
/// errors go together with those of estimates can be learnt. `None` where there are too few.
pub(super) fn early(past: &[&Past]) -> Option<Fold> {
    let n = past.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|at| past[*at].launch.opens_hour);
    let learn = order.split_off(n / 3);
    (n >= TIME_MIN).then_some(Fold {
        learn,
        judge: order,
    })
}

/// The launches at some positions.
pub(super) fn at<'a>(past: &[&'a Past], positions: &[usize]) -> Vec<&'a Past> {
    positions.iter().map(|at| past[*at]).collect()
}
