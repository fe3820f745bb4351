//! How a question names what it adds up.

/// All series together.
const ALL: &str = "all";

/// What a category can be crossed with.
const WITH: [&str; 2] = ["region", "site"];

/// What a question adds up, as its placement names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total<'a> {
    /// `all`: everything.
    All,
    /// `LEVEL=NAME`: one of a level.
    Of {
        /// The level.
        level: &'a str,
        /// The one of it.
        name: &'a str,
    },
    /// `category=NAME&site=ID` or `category=NAME&region=NAME`, in either order: a category at one site or in one region.
    Crossed {
        /// The category.
        category: &'a str,
        /// `site` or `region`.
        level: &'a str,
        /// The one of it.
        name: &'a str,
    },
}

impl<'a> Total<'a> {
    /// What a placement names; `None` where it names a series.
    ///
    /// Names may hold `&` and `=`: the last `&site=`, `&region=` or, behind one of these, `&category=` tells two apart.
    #[must_use]
    pub fn read(placement: &'a str) -> Option<Self> {
        let (level, name) = match placement.split_once('=') {
            Some(of) => of,
            None => return (placement == ALL).then_some(Self::All),
        };
        if level == "category" {
            let with = |with: &'static str| {
                let at = name.rfind(&format!("&{with}="))?;
                Some((at, with, &name[at + with.len() + 2..]))
            };
            if let Some((at, level, of)) = WITH.into_iter().filter_map(with).max() {
                return Some(Self::Crossed {
                    category: &name[..at],
                    level,
                    name: of,
                });
            }
        } else if WITH.contains(&level)
            && let Some((name, category)) = name.rsplit_once("&category=")
        {
            return Some(Self::Crossed {
                category,
                level,
                name,
            });
        }
        Some(Self::Of { level, name })
    }
}

#[cfg(test)]
mod tests {
    use super::Total;

    #[test]
    fn a_placement_names_one_of_a_level_or_a_category_somewhere() {
        let crossed = |category, level, name| {
            Some(Total::Crossed {
                category,
                level,
                name,
            })
        };
        assert_eq!(Total::read("all"), Some(Total::All));
        assert_eq!(Total::read("paris"), None);
        assert_eq!(
            Total::read("category=tea & coffee"),
            Some(Total::Of {
                level: "category",
                name: "tea & coffee"
            })
        );
        assert_eq!(
            Total::read("category=tea & coffee&site=S=1"),
            crossed("tea & coffee", "site", "S=1")
        );
        assert_eq!(
            Total::read("region=north&category=jam"),
            crossed("jam", "region", "north")
        );
        assert_eq!(Total::read("category=&site="), crossed("", "site", ""));
        assert_eq!(
            Total::read("product=a&site=b"),
            Some(Total::Of {
                level: "product",
                name: "a&site=b"
            })
        );
    }
}
