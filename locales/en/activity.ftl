activity-title = Your activity
activity-hint = What happened in your account in the last { $days } days.
activity-events = Newest first
activity-when = { $age }
activity-current = This session
activity-address = From { $address }
activity-by-administrator = By an administrator
activity-by-operator = By the operator of this service
activity-by-service = By this service itself
activity-empty = There is nothing here.
activity-older = Older
activity-newest = Back to the newest
activity-back = Your account

## What happened

activity-signed-up = The account was made
activity-email-verified = Email address verified
activity-signed-in = Signed in
activity-sign-in-failed = A sign-in was refused
activity-password-mistyped = The current password was mistyped
activity-passkey-copied = A passkey was refused because it seems to be a copy
activity-signed-out = Signed out
activity-reauthenticated = Identity confirmed again
activity-password-changed = Password changed
activity-password-reset = Password set through an emailed link
activity-recovery-started = A password reset was started
activity-recovery-mailed = A link to get back in was emailed
activity-profile-changed = Profile changed
activity-email-change-mailed = A link to confirm a new email address was sent
activity-email-changed = Email address changed
activity-email-change-undone = Email address changed back
activity-email-corrected = Email address corrected before it was verified
activity-email-undo-closed = The way back to your former address was closed
activity-session-ended = Another session ended
activity-other-sessions-ended = { $count ->
    [one] { $count } other session ended
   *[other] { $count } other sessions ended
}
activity-app-authorized = An app was allowed to use your account
activity-consent-withdrawn = The access of an app was ended
activity-all-sessions-ended = { $count ->
    [one] { $count } session ended
   *[other] { $count } sessions ended
}
activity-data-downloaded = Your data was downloaded
activity-deletion-scheduled = The account was set to be erased
activity-deletion-undone = The account will not be erased after all
activity-erased = The account was erased
activity-disabled = The account was closed
activity-enabled = The account was opened again
activity-made-admin = You became an administrator
activity-made-member = You are no longer an administrator
activity-group-created = The group { $group } was created
activity-group-removed = The group { $group } was removed
activity-added-to-group = You were added to the group { $group }
activity-removed-from-group = You are no longer in the group { $group }
activity-setup-link-issued = A link for the first administrator was made
activity-app-added = An app was added
activity-app-changed = An app was changed
activity-app-removed = An app was removed
activity-app-disabled = An app was disabled
activity-app-enabled = An app was enabled again
activity-app-secret-issued = An app got a new secret
activity-app-secret-revoked = A secret of an app was revoked
activity-sign-up-repeated = Somebody signed up with your email address
activity-refresh-reused = An app was signed out because its access was used in two places
activity-code-reused = An app was signed out because its way in was used twice
activity-signing-key-created = A key that signs tokens was created
activity-signing-key-rotated = The next key that signs tokens was created
activity-signing-key-retired = A key that signs tokens was retired
activity-totp-added = An authenticator app was added
activity-passkey-added = A passkey was added
activity-totp-removed = An authenticator app was removed
activity-passkey-removed = A passkey was removed
activity-factor-asked = The password was right, the second step was asked for
activity-factor-failed = A second step was refused
activity-recovery-codes-made = New recovery codes were made
activity-recovery-code-used = A recovery code was used
activity-password-removed = The password was removed
activity-browser-trusted = A browser was set to skip the second step
activity-gate-ticket-refused = A way into an app was used twice, too late or in another browser, and refused
activity-browser-forgotten = A browser is asked for the second step again
activity-factors-reset = The second step was switched off
activity-factors-undone = Ways to sign in that were added since the email address was changed were removed
activity-audit-pruned = The oldest events were removed
activity-audit-key-added = The audit log got a new key
activity-audit-key-forgotten = An old key of the audit log was given up
activity-unknown = Something that this page has no words for
