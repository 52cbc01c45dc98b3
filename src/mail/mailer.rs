//! The way out.
/// To be replaced.
#[derive(Debug, Default)]
pub struct Mailer;
impl Mailer {
    /// Wakes the job.
    pub fn wake(&self) {}
    /// Full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        false
    }
}
