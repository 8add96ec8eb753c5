//! Shell scripts: by the interpreter that they name if they may be executed, else by `/bin/sh`.

use super::{Program, executable};
use std::io::Read;
use std::path::{Path, PathBuf};

pub(super) fn program(entry: PathBuf) -> Program {
    if executable(&entry) && names_interpreter(&entry) {
        return Program {
            path: entry,
            ..Program::default()
        };
    }
    Program {
        path: PathBuf::from("/bin/sh"),
        arguments: vec![entry.into_os_string()],
        ..Program::default()
    }
}

fn names_interpreter(path: &Path) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok_and(|()| start == *b"#!")
}
