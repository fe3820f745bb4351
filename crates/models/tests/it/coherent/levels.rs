//! What a hierarchy is made of.

use models::coherent::{Hierarchy, LEAVES, Level, Parents};

use super::{Uniform, shop};

fn some<'a>(of: &[&'a str]) -> Parents<'a> {
    Parents::OfLeaves(of.iter().copied().map(Some).collect())
}

/// Three leaves under nested categories and products, and under sites.
fn market() -> Hierarchy {
    let pairs = vec![
        ("tea", "drinks"),
        ("coffee", "drinks"),
        ("bread", "food"),
        ("unsold", "other"),
    ];
    Hierarchy::new(
        &["bread lyon", "tea lyon", "tea paris"],
        &[
            Level {
                name: "category",
                parents: Parents::OfGroups {
                    level: "product",
                    pairs,
                },
            },
            Level {
                name: "product",
                parents: some(&["bread", "tea", "tea"]),
            },
            Level {
                name: "site",
                parents: some(&["lyon", "lyon", "paris"]),
            },
            Level {
                name: "total",
                parents: Parents::One("all"),
            },
        ],
    )
    .unwrap()
}

#[test]
fn nodes_are_numbered_by_level_and_leaves_come_last() {
    let hierarchy = market();
    let names: Vec<&str> = hierarchy.level_names().collect();
    assert_eq!(names, ["category", "product", "site", "total", LEAVES]);
    let labels: Vec<&str> = (0..hierarchy.n_nodes())
        .map(|node| hierarchy.label(node))
        .collect();
    let expected = [
        "food",
        "drinks",
        "bread",
        "tea",
        "lyon",
        "paris",
        "all",
        "bread lyon",
        "tea lyon",
        "tea paris",
    ];
    assert_eq!(labels, expected);
    assert_eq!(
        (
            hierarchy.n_leaves(),
            hierarchy.first_leaf(),
            hierarchy.n_levels()
        ),
        (3, 7, 5)
    );
    assert_eq!(
        (hierarchy.nodes(1), hierarchy.nodes(4), hierarchy.nodes(5)),
        (2..4, 7..10, 0..0)
    );
    assert_eq!(hierarchy.node("site", "paris"), Some(5));
    assert_eq!(hierarchy.node(LEAVES, "tea paris"), Some(9));
    assert_eq!(hierarchy.node("site", "tea"), None);
    assert_eq!(hierarchy.node("shelf", "tea"), None);
    assert_eq!(hierarchy.label(10), "");
    assert_eq!(hierarchy.above(2).collect::<Vec<_>>(), [1, 3, 5, 6]);
    assert_eq!(hierarchy.above(3).count(), 0);
    let sums = hierarchy
        .sum_up(&[1.0, 10.0, 2.0, 20.0, 4.0, 40.0], 2)
        .unwrap();
    let of = |node: usize| &sums[2 * node..2 * node + 2];
    assert_eq!(
        (of(1), of(4), of(6), of(9)),
        (
            &[6.0, 60.0][..],
            &[3.0, 30.0][..],
            &[7.0, 70.0][..],
            &[4.0, 40.0][..]
        )
    );
}

#[test]
fn a_tree_of_parents_is_the_same_as_its_levels() {
    let leaves = [("a", "tea"), ("b", "tea"), ("c", "bread")];
    let parents = [
        ("drinks", Some("all")),
        ("tea", Some("drinks")),
        ("all", None),
        ("bread", Some("food")),
        ("food", Some("all")),
    ];
    let tree = Hierarchy::tree(&leaves, &parents, &["kind", "category", "total"]).unwrap();
    let levels = [
        Level {
            name: "kind",
            parents: some(&["tea", "tea", "bread"]),
        },
        Level {
            name: "category",
            parents: some(&["drinks", "drinks", "food"]),
        },
        Level {
            name: "total",
            parents: Parents::One("all"),
        },
    ];
    assert_eq!(tree, Hierarchy::new(&["a", "b", "c"], &levels).unwrap());
}

#[test]
fn each_leaf_is_once_in_each_level() {
    let hierarchy = shop(30, 5, &mut Uniform(6));
    let ones = vec![1.0; hierarchy.n_leaves()];
    let sums = hierarchy.sum_up(&ones, 1).unwrap();
    for level in 0..hierarchy.n_levels() {
        let sum: f64 = sums[hierarchy.nodes(level)].iter().sum();
        assert_eq!(sum, hierarchy.n_leaves() as f64);
    }
}
