//! Builds `data/blocklist.filter` and `data/sample.txt`. Run by `scripts/blocklist`.
//!
//! `build BREACHED COMMON FOLDER` reads one password a line. It takes breached passwords of 12 to 128
//! characters and common ones of 4 to 128, and writes both files to the folder.

use std::{collections::BTreeMap, env, error::Error, fs, path::Path};

use unicode_normalization::UnicodeNormalization as _;
use vestibule_blocklist::key;
use xorf::{BinaryFuse16, DmaSerializable as _};

/// The shortest breached password to take.
const BREACHED_MIN: usize = 12;
/// The shortest common password to take: nobody pads a shorter one into a password of their own.
const COMMON_MIN: usize = 4;
/// The longest password that the service accepts.
const MAX: usize = 128;
/// The number of entries in the sample for tests.
const SAMPLE: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [breached, common, folder] = arguments.as_slice() else {
        return Err("usage: build BREACHED COMMON FOLDER".into());
    };
    let mut entries = BTreeMap::new();
    take(&mut entries, &fs::read_to_string(breached)?, BREACHED_MIN);
    let breached = entries.len();
    take(&mut entries, &fs::read_to_string(common)?, COMMON_MIN);

    let keys: Vec<u64> = entries.keys().copied().collect();
    let filter = BinaryFuse16::try_from(&keys)?;
    let mut file = u32::try_from(keys.len())?.to_le_bytes().to_vec();
    let mut descriptor = [0; BinaryFuse16::DESCRIPTOR_LEN];
    filter.dma_copy_descriptor_to(&mut descriptor);
    file.extend(descriptor);
    file.extend(filter.fingerprints.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()));

    // Entries are ordered by key, so the first ones are a fair sample. Entries with digits are left out:
    // many are a person's telephone number or birthday.
    let sampled =
        |entry: &&String| entry.chars().count() >= BREACHED_MIN && !entry.contains(|c: char| c.is_ascii_digit());
    let sample: Vec<&str> = entries.values().filter(sampled).take(SAMPLE).map(String::as_str).collect();
    fs::write(Path::new(folder).join("sample.txt"), sample.join("\n") + "\n")?;
    fs::write(Path::new(folder).join("blocklist.filter"), &file)?;
    println!("{} entries, {breached} of them breached passwords, in {} bytes", keys.len(), file.len());
    Ok(())
}

/// Adds the lines of `min` to [`MAX`] characters, by key.
fn take(entries: &mut BTreeMap<u64, String>, lines: &str, min: usize) {
    for line in lines.lines() {
        let entry: String = line.nfc().flat_map(char::to_lowercase).collect();
        if (min..=MAX).contains(&entry.chars().count()) {
            entries.entry(key(&entry)).or_insert(entry);
        }
    }
}
