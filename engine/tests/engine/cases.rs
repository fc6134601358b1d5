//! Whole runs: every file of `cases/` is planned and driven, and all that can be seen of it is a snapshot.
//! Most of them are cases of Kanister's recorded behaviour with scripted functions in place of the real ones.

use std::fmt::Write;
use std::sync::Arc;

use mainstay_engine::driver::{Ending, Records};
use mainstay_engine::run::Run;
use mainstay_engine::status::Status;

use crate::fixture::{Case, Memory, World, dawn, finish, functions, line, live, runtime, tell};

#[test]
fn whole_runs() {
    insta::glob!("cases/*.yaml", |path| {
        let case = Case::read(&std::fs::read_to_string(path).unwrap());
        insta::assert_snapshot!(show(&case));
    });
}

/// Everything that can be seen of a case.
fn show(case: &Case) -> String {
    let world = Arc::new(World::default());
    let plan = match case.plan(&functions(&world)) {
        Ok(plan) => plan,
        Err(refusal) => {
            return format!(
                "{}\n\n{}\n",
                tell(&refusal.announcement()),
                line(&refusal.status(dawn()))
            );
        }
    };
    let mut shown = plan.to_string();
    let records = runtime().block_on(async {
        let mut life = live(
            case,
            &world,
            Memory::default(),
            Records::EveryChange,
            Run::new(plan),
        );
        let ending = finish(case, &world, &mut life).await.unwrap();
        let records = std::mem::take(&mut *life.journal.records.lock().unwrap());
        let last = records.last().cloned().map(Box::new);
        assert_eq!(
            Some(ending),
            last.map(Ending::Finished),
            "the last status is recorded"
        );
        records
    });
    section(&mut shown, "records", records.iter().map(line));
    section(
        &mut shown,
        "announcements",
        world.announcements.lock().unwrap().iter(),
    );
    section(&mut shown, "calls", world.calls.lock().unwrap().iter());
    let last = records.last().expect("something was recorded");
    section(&mut shown, "outputs and artifacts", results(last));
    writeln!(
        shown,
        "\nrecord\n{}",
        serde_yaml::to_string(&last.record).unwrap()
    )
    .unwrap();
    shown
}

fn section(shown: &mut String, title: &str, lines: impl Iterator<Item = impl ToString>) {
    writeln!(shown, "\n{title}").unwrap();
    for line in lines {
        writeln!(shown, "  {}", line.to_string().replace('\n', "\n  ")).unwrap();
    }
}

fn results(status: &Status) -> impl Iterator<Item = String> {
    status.actions.iter().flat_map(|action| {
        let phases = action.phases.iter().chain(&action.defer).map(|phase| {
            let sizes = phase.progress.sizes;
            format!(
                "{}: {:?} {} of {} bytes up, output {}",
                phase.name,
                phase.progress.percent,
                sizes.uploaded,
                sizes.to_upload,
                serde_json::to_string(&phase.output).unwrap()
            )
        });
        let artifacts = action
            .artifacts
            .iter()
            .map(|(name, artifact)| format!("{name} = {}", serde_json::to_string(artifact).unwrap()));
        phases.chain(artifacts).collect::<Vec<_>>()
    })
}
