//! The generated half of the `api` crate: written by `codegen`, proven fresh by `codegen --check`.
//!
//! The generator itself sits behind the feature `codegen`; an xtask built without it calls cargo for one
//! built with it. It must never need protoc.

use std::path::Path;

use anyhow::Result;

/// What is generated lies here, and nothing else does.
#[cfg(feature = "codegen")]
const GENERATED: &str = "crates/api/src/generated";

/// The folders of the proto packages, below `proto`.
#[cfg(feature = "codegen")]
const PACKAGES: [&str; 2] = ["flyttbud/v1", "journal/v1"];

/// Has an xtask with the generator do it.
#[cfg(not(feature = "codegen"))]
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let mut cargo = crate::process::cargo(root);
    cargo.args([
        "run",
        "--quiet",
        "--package",
        "xtask",
        "--features",
        "codegen",
        "--",
        "codegen",
    ]);
    if check {
        cargo.arg("--check");
    }
    crate::process::run(&mut cargo)
}

/// Writes the generated files, or, with `check`, compares them with what would be written.
#[cfg(feature = "codegen")]
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let committed = root.join(GENERATED);
    if !check {
        generate(root, &committed)?;
        println!("generated {GENERATED}");
        return Ok(());
    }
    let fresh = crate::process::target_dir(root).join("xtask/generated");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh)?;
    }
    generate(root, &fresh)?;
    let stale = differences(&committed, &fresh)?;
    anyhow::ensure!(
        stale.is_empty(),
        "{GENERATED} is not what proto says ({}); run `cargo xtask codegen`",
        stale.join(", ")
    );
    Ok(())
}

/// Compiles both packages: one Rust file each, and one descriptor set for reflection.
#[cfg(feature = "codegen")]
fn generate(root: &Path, out: &Path) -> Result<()> {
    use anyhow::Context as _;

    std::fs::create_dir_all(out)?;
    let proto = root.join("proto");
    let mut files = Vec::new();
    for package in PACKAGES {
        let folder = proto.join(package);
        for file in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            files.push(file?.path());
        }
    }
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "proto")
    });
    files.sort();

    let mut compiler = protox::Compiler::new([&proto])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    // With comments, which become the documentation of the Rust code.
    tonic_prost_build::configure()
        .out_dir(out)
        .emit_rerun_if_changed(false)
        .compile_fds(compiler.file_descriptor_set())?;
    // Without them: reflection tells names and shapes.
    let descriptors = compiler
        .include_source_info(false)
        .encode_file_descriptor_set();
    std::fs::write(out.join("descriptor.bin"), descriptors)?;
    Ok(())
}

/// The names of files that one side lacks or that differ, sorted.
#[cfg(feature = "codegen")]
fn differences(committed: &Path, fresh: &Path) -> Result<Vec<String>> {
    let mut names = std::collections::BTreeSet::new();
    for folder in [committed, fresh] {
        for file in std::fs::read_dir(folder)? {
            names.insert(file?.file_name());
        }
    }
    // A file that cannot be read counts as absent.
    names.retain(|name| {
        let read = |folder: &Path| std::fs::read(folder.join(name)).ok();
        read(committed) != read(fresh)
    });
    Ok(names
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}
