//! The console shows what is done by itself, when it is due, and what failed.

use crate::served::{get, serving, trained, within};
use factory::jobs::JOBS;
use jiff::Timestamp;
use registry::{AttemptState, NewAttempt};

const IMPORT: &str = "does = \"import\"\nowner = \"data team\"\nat = \"30 2 * * *\"\nretries = 0\n";
const TRAINING: &str = "does = \"train\"\nowner = \"shop team\"\nafter = [\"nightly-import\"]\n";

#[test]
fn the_console_shows_how_jobs_stand_and_what_came_of_them() {
    let folder = trained();
    let jobs = folder.path().join("jobs");
    std::fs::create_dir(&jobs).unwrap();
    std::fs::write(jobs.join("nightly-import.toml"), IMPORT).unwrap();
    std::fs::write(jobs.join("training.toml"), TRAINING).unwrap();
    within(folder.path(), async |workshop| {
        let (registry, now) = (&workshop.registry, Timestamp::now());
        let lead = registry.take_lead(JOBS, "4242 on shop-1 @x", None, now);
        let lead = lead.await.unwrap().unwrap();
        for (job, state, told) in [
            ("training", AttemptState::Done, "for-you version 1 answers"),
            ("nightly-import", AttemptState::Failed, "no file <raw>"),
        ] {
            let new = NewAttempt {
                job,
                due_at: now,
                missed: 0,
                now,
            };
            let begun = registry.begin_attempt(&lead, &new).await.unwrap().unwrap();
            assert!(
                registry
                    .end_attempt(&begun, state, told, now)
                    .await
                    .unwrap()
            );
        }
    });
    let served = serving(folder);
    let page = get(served.address, "/jobs", &[]).body;
    for part in [
        "Process 4242 on shop-1 does them.",
        "30 2 * * *",
        "after nightly-import",
        "no file &lt;raw&gt;",
        "The next 24 hours",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    let french = get(served.address, "/jobs?lang=fr", &[]).body;
    for part in [
        "Ce qui se fait tout seul",
        "après nightly-import",
        "échouée",
    ] {
        assert!(french.contains(part), "no {part:?} in {french}");
    }
    let review = get(served.address, "/review", &[]).body;
    assert!(
        review.contains("href=\"/jobs\"") && review.contains("1 failed"),
        "{review}"
    );
    crate::console::fit(&served, &["/jobs".to_owned()].into());
}
