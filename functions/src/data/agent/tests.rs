//! Words of every order, and what lines of an agent become.

use super::*;

fn repository() -> RepositoryPath {
    RepositoryPath::as_given("bucket/volumes/db")
}

#[test]
fn words_of_orders() {
    let repository = &repository();
    let (id, tag) = (Which::Id("1a2b3c4d".into()), Which::Tag("t".into()));
    let backups = [
        (repository.clone(), id.clone()),
        (repository.below("db-1"), id.clone()),
    ];
    let orders = [
        Order::Backup {
            repository,
            tag: "t",
            host: Some("db-0"),
            path: "/var/data",
        },
        Order::Backup {
            repository,
            tag: "t",
            host: None,
            path: "-x",
        },
        Order::Restore {
            repository,
            backup: &id,
            subtree: None,
            target: "/",
        },
        Order::Restore {
            repository,
            backup: &tag,
            subtree: Some("/var/data"),
            target: "/mnt",
        },
        Order::Delete {
            backups: &backups,
            reclaim_space: true,
            allow_missing: true,
        },
        Order::Delete {
            backups: &[(repository.clone(), tag.clone())],
            reclaim_space: false,
            allow_missing: false,
        },
        Order::Stats {
            repository,
            id: "1a2b3c4d",
            mode: "raw-data",
        },
        Order::Check { repository },
    ];
    let shown: Vec<String> = orders
        .iter()
        .flat_map(|order| {
            [
                order.words(&["--access", "-"], false),
                order.words(&["--access", "-"], true),
            ]
        })
        .map(|words| words.join(" "))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn lines_become_outputs_progress_and_the_rest() {
    let repository = repository();
    let order = Order::Restore {
        repository: &repository,
        backup: &Which::Id("a".into()),
        subtree: None,
        target: "/",
    };
    let (reporter, seen) = Reporter::new();
    let mut reading = Reading::new(&order, &reporter);
    let text = "###Mainstay-progress###: {\"bytes\":5,\"total\":20,\"files\":1}\n\
         WARN something\n\
         ###Phase-output###: {\"key\":\"backupID\",\"value\":\"1a2b3c4d\"}\n\
         ###Mainstay-progress###: not JSON\n\
         ###Mainstay-progress###: {\"bytes\":15,\"total\":20,\"files\":3,\"more\":true}\n\
         Error: no space left\n";
    for piece in text.as_bytes().chunks(7) {
        reading.write(piece).unwrap();
    }
    let (outputs, lines) = reading.finish().unwrap();
    insta::assert_debug_snapshot!((outputs, message(&lines), &lines, seen.borrow()));
}

#[test]
fn agents_side_by_side_add_up() {
    let repository = repository();
    let backup = Which::Id("a".into());
    let order = Order::Restore {
        repository: &repository,
        backup: &backup,
        subtree: None,
        target: "/",
    };
    let (reporter, seen) = Reporter::new();
    let mut readings = [(); 2].map(|()| Reading::new(&order, &reporter));
    for (reading, bytes, total, files) in [(0, 5, 20, 1), (1, 10, 30, 2), (0, 20, 20, 4)] {
        let line = format!("{PROGRESS} {{\"bytes\":{bytes},\"total\":{total},\"files\":{files}}}\n");
        let reading: &mut Reading<'_> = &mut readings[reading];
        reading.write(line.as_bytes()).unwrap();
    }
    let sum = seen.borrow();
    assert_eq!((sum.downloaded_bytes, sum.download_size), (Some(30), Some(50)));
    assert_eq!((sum.files, sum.percent), (Some(6), Some(60)));
}

#[test]
fn exit_codes_become_causes() {
    let shown: Vec<_> = [1, 3, 10, 11, 12, 13, 14, 15, 16, 69, 130, 137]
        .map(|code| (code, cause(code)))
        .into();
    insta::assert_debug_snapshot!(shown);
}
