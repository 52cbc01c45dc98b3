//! Makes `data/blocklist.filter` and `data/sample.txt`; `scripts/blocklist` runs it.
//!
//! `build LONG COMMON FOLDER`: a file with breached passwords, one a line, of which those of 12 to
//! 128 characters are taken; one with common passwords of which those from 4 characters are; and
//! where to write.

use std::{collections::BTreeMap, env, error::Error, fs, path::Path};

use unicode_normalization::UnicodeNormalization as _;
use vestibule_blocklist::key;
use xorf::{BinaryFuse16, DmaSerializable as _};

/// From here on the list has every password that the sources have.
const LONG: usize = 12;
/// Shorter common ones are no words that anybody pads.
const SHORT: usize = 4;
/// The service takes no longer ones.
const MAX: usize = 128;
/// How many entries the tests get to see.
const SAMPLE: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [long, common, folder] = arguments.as_slice() else {
        return Err("wanted: LONG COMMON FOLDER".into());
    };
    let mut entries = BTreeMap::new();
    take(&mut entries, &fs::read_to_string(long)?, LONG);
    let breached = entries.len();
    take(&mut entries, &fs::read_to_string(common)?, SHORT);

    let keys: Vec<u64> = entries.keys().copied().collect();
    let filter = BinaryFuse16::try_from(&keys)?;
    let mut file = u32::try_from(keys.len())?.to_le_bytes().to_vec();
    let mut descriptor = [0; BinaryFuse16::DESCRIPTOR_LEN];
    filter.dma_copy_descriptor_to(&mut descriptor);
    file.extend(descriptor);
    file.extend(filter.fingerprints.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()));

    // In the order of their keys, so that any beginning is a fair sample. Without digits, because many
    // of those are somebody's telephone number or birthday.
    let shown = |entry: &&String| entry.chars().count() >= LONG && !entry.contains(|c: char| c.is_ascii_digit());
    let sample: Vec<&str> = entries.values().filter(shown).take(SAMPLE).map(String::as_str).collect();
    fs::write(Path::new(folder).join("sample.txt"), sample.join("\n") + "\n")?;
    fs::write(Path::new(folder).join("blocklist.filter"), &file)?;
    println!("{} entries, {breached} of them of {LONG} characters or more, in {} bytes", keys.len(), file.len());
    Ok(())
}

/// Adds the lines of at least `min` characters, by key.
fn take(entries: &mut BTreeMap<u64, String>, lines: &str, min: usize) {
    for line in lines.lines() {
        let entry: String = line.nfc().flat_map(char::to_lowercase).collect();
        if (min..=MAX).contains(&entry.chars().count()) {
            entries.entry(key(&entry)).or_insert(entry);
        }
    }
}
