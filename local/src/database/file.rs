//! The file of a table: which files are accepted, and who may read them.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// The first bytes of every SQLite file (SQLite's "Database File Format", 1.3).
const SQLITE: &[u8] = b"SQLite format 3\0";
/// The tables that the embedded database creates first in a file.
const OWN_TABLES: [&str; 2] = ["_config", "_tables"];
/// The endings of SQLite's files beside a database, which hold the latest writes.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How many tables of another program a message names.
const NAMED: usize = 3;

/// Checks that `file` is one of our tables, or an empty or new file, and that only its owner can read it. Otherwise returns the reason and
/// changes nothing.
pub(crate) fn admit(file: &Path) -> Result<(), String> {
    match std::fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return make(file),
        Err(error) => return Err(error.to_string()),
        Ok(metadata) if metadata.is_dir() => return Err("it is a directory; name a file in it".to_owned()),
        Ok(metadata) if !metadata.is_file() => return Err("it is not a regular file".to_owned()),
        Ok(_) => {}
    }
    if let Some(foreign) = foreign(file).map_err(|error| error.to_string())? {
        return Err(format!("it is {foreign}. It was not changed. Choose another path"));
    }
    make_all_private(file).map_err(|error| format!("only its owner may be able to read it: {error}"))
}

/// Creates an empty file, which SQLite accepts as a new database.
fn make(file: &Path) -> Result<(), String> {
    let made = private(OpenOptions::new().write(true).create_new(true)).open(file);
    made.map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such directory".to_owned(),
        _ => error.to_string(),
    })
}

/// Returns what the file is, if it is not one of our tables. An empty file is accepted: an interrupted start may have left it.
fn foreign(file: &Path) -> io::Result<Option<String>> {
    let mut start = Vec::new();
    File::open(file)?.take(SQLITE.len() as u64).read_to_end(&mut start)?;
    if start.is_empty() {
        return Ok(None);
    }
    if start != SQLITE {
        return Ok(Some("not a table of this service, but a file of another kind".to_owned()));
    }
    let tables = match tables(file) {
        Ok(tables) => tables,
        Err(error) => return Ok(Some(format!("an SQLite file that cannot be read ({error})"))),
    };
    let ours = |own: &&str| tables.iter().any(|table| table == own);
    if tables.is_empty() || OWN_TABLES.iter().all(ours) {
        return Ok(None);
    }
    let more = if tables.len() > NAMED { ", …" } else { "" };
    let named = tables[..tables.len().min(NAMED)].join(", ");
    Ok(Some(format!("an SQLite database of another program, with the tables {named}{more}")))
}

fn tables(file: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut names = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")?;
    names.query_map([], |row| row.get(0))?.collect()
}

/// Makes the file and SQLite's files beside it private. An older version left them readable for everybody.
fn make_all_private(file: &Path) -> io::Result<()> {
    // SQLite follows links before it names the files beside.
    let file = file.canonicalize()?;
    make_private(&file)?;
    for ending in BESIDE {
        match make_private(&beside(&file, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    PathBuf::from(name)
}

/// Removes a file's permissions for everybody except its owner.
#[cfg(unix)]
pub(crate) fn make_private(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    if std::fs::metadata(file)?.permissions().mode() & 0o777 == OWNER_ALONE {
        return Ok(());
    }
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(OWNER_ALONE))
}

/// Does nothing on a system without modes, where the directory decides.
#[cfg(not(unix))]
pub(crate) fn make_private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
const OWNER_ALONE: u32 = 0o600;

/// Makes a new file readable only for its owner, from the first byte on. SQLite gives its files beside the same mode.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, OWNER_ALONE);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh_directory(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("local-file-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    #[test]
    fn a_file_of_another_program_is_refused_and_not_changed() {
        let directory = fresh_directory("foreign");
        let sqlite = directory.join("notes.sqlite");
        Connection::open(&sqlite).unwrap().execute_batch("CREATE TABLE notes (body TEXT)").unwrap();
        let many = directory.join("many.sqlite");
        let tables = "CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE _config (x); CREATE TABLE d (x)";
        Connection::open(&many).unwrap().execute_batch(tables).unwrap();
        let broken = directory.join("broken.sqlite");
        std::fs::write(&broken, [SQLITE, &[0; 200]].concat()).unwrap();
        let text = |name: &str, content: &[u8]| {
            let file = directory.join(name);
            std::fs::write(&file, content).unwrap();
            file
        };
        for (file, said) in [
            (sqlite, "another program, with the tables notes."),
            (many, "with the tables _config, a, b, …"),
            (broken, "cannot be read"),
            (text("text", b"Dear diary"), "a file of another kind"),
            (text("byte", b"S"), "a file of another kind"),
            (text("almost", b"SQLite format 3"), "a file of another kind"),
            (text("json", b"{\"organizations\": []}"), "a file of another kind"),
        ] {
            let before = (std::fs::read(&file).unwrap(), std::fs::metadata(&file).unwrap().permissions());
            let reason = admit(&file).unwrap_err();
            assert!(reason.contains(said) && reason.contains("Choose another path"), "{reason}");
            let after = (std::fs::read(&file).unwrap(), std::fs::metadata(&file).unwrap().permissions());
            assert_eq!(after, before, "{}", file.display());
        }
        assert!(admit(&directory).unwrap_err().contains("a directory"));
        assert!(admit(&directory.join("nowhere/crm.db")).unwrap_err().contains("no such directory"));
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_a_file() {
        assert!(admit(Path::new("/dev/null")).unwrap_err().contains("not a regular file"));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_new_an_empty_and_an_older_file() {
        use std::os::unix::fs::PermissionsExt;

        let directory = fresh_directory("mode");
        let mode = |file: &Path| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
        let open = std::fs::Permissions::from_mode(0o644);
        let (new, empty, old) = (directory.join("new"), directory.join("empty"), directory.join("old"));
        std::fs::write(&empty, "").unwrap();
        std::fs::set_permissions(&empty, open.clone()).unwrap();
        Connection::open(&old).unwrap().execute_batch("CREATE TABLE _config (x); CREATE TABLE _tables (x)").unwrap();
        for file in [old.clone(), beside(&old, "-wal")] {
            OpenOptions::new().append(true).create(true).open(&file).unwrap();
            std::fs::set_permissions(&file, open.clone()).unwrap();
        }
        let link = directory.join("link");
        std::os::unix::fs::symlink(&old, &link).unwrap();
        for file in [&new, &empty, &link] {
            admit(file).unwrap();
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        assert_eq!(mode(&beside(&old, "-wal")), 0o600);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
