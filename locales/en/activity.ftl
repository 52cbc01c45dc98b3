activity-title = Activity
activity-hint = What happened in your account in the last { $days } days.
activity-events = Newest first
activity-when = { $age }
activity-current = This browser
activity-address = From { $address }
activity-by-administrator = By an administrator
activity-by-operator = By the operator of this service
activity-by-service = Automatic
activity-empty = Nothing yet.
activity-older = Older
activity-newest = Back to the newest
activity-back = Back to your account

## What happened

activity-signed-up = Account created
activity-email-verified = Email address confirmed
activity-signed-in = Signed in
activity-sign-in-failed = Sign-in failed: wrong password
activity-password-mistyped = Current password mistyped
activity-passkey-copied = Passkey refused: it may be a copy
activity-signed-out = Signed out
activity-reauthenticated = You confirmed it was you
activity-password-changed = Password changed
activity-password-reset = Password reset through an emailed link
activity-recovery-started = Password reset started
activity-recovery-mailed = Password link emailed
activity-profile-changed = Profile changed
activity-email-change-mailed = Link to confirm a new email address sent
activity-email-changed = Email address changed
activity-email-change-undone = Email address restored
activity-email-corrected = Email address corrected before it was confirmed
activity-email-undo-closed = Your previous address can no longer undo the change
activity-session-ended = Signed out of another device
activity-other-sessions-ended = { $count ->
    [one] Signed out of { $count } other device
   *[other] Signed out of { $count } other devices
}
activity-app-authorized = App allowed to use your account
activity-consent-withdrawn = Access of an app ended
activity-all-sessions-ended = { $count ->
    [one] Signed out of { $count } device
   *[other] Signed out of { $count } devices
}
activity-data-downloaded = Your data downloaded
activity-deletion-scheduled = Deletion scheduled
activity-deletion-undone = Deletion cancelled
activity-erased = Account deleted
activity-disabled = Account suspended
activity-enabled = Suspension lifted
activity-made-admin = You became an administrator
activity-made-member = You are no longer an administrator
activity-group-created = Group { $group } created
activity-group-removed = Group { $group } deleted
activity-added-to-group = You were added to the group { $group }
activity-removed-from-group = You were removed from the group { $group }
activity-setup-link-issued = Link for the first administrator created
activity-app-added = App added
activity-app-changed = App changed
activity-app-removed = App removed
activity-app-disabled = App disabled
activity-app-enabled = App enabled again
activity-app-secret-issued = New secret issued to an app
activity-app-secret-revoked = Secret of an app revoked
activity-sign-up-repeated = Someone tried to sign up with your email address
activity-refresh-reused = Signed out of an app: its access was used in two places
activity-code-reused = Signed out of an app: its sign-in code was used twice
activity-signing-key-created = Token signing key created
activity-signing-key-rotated = Next token signing key created
activity-signing-key-retired = Token signing key retired
activity-totp-added = Authenticator app added
activity-passkey-added = Passkey added
activity-totp-removed = Authenticator app removed
activity-passkey-removed = Passkey removed
activity-factor-asked = Password accepted, waiting for the second step
activity-factor-failed = Second step failed
activity-recovery-codes-made = New recovery codes created
activity-recovery-code-used = Recovery code used
activity-password-removed = Password removed
activity-browser-trusted = Browser set to skip the second step
activity-gate-ticket-refused = Link into an app refused: used twice, too late or in another browser
activity-browser-forgotten = Browser no longer skips the second step
activity-factors-reset = Second step turned off
activity-factors-undone = Ways to sign in added since the email address changed were removed
activity-audit-pruned = Oldest activity deleted
activity-audit-key-added = New audit log key added
activity-audit-key-forgotten = Old audit log key given up
activity-unknown = Other activity
