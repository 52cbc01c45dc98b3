# Words that several pages share.

sign-in = Sign in
sign-up = Sign up
sign-out = Sign out
skip = Skip to content
language = Language
optional = (optional)
password = Password
new-password = New password
password-missing = Enter your password.
password-wrong = That password isn’t right. Try again, or reset it.
back-to-account = Back to your account

## Below a challenge, for people who can use none of the ways

no-way = Can’t use any of these?
no-way-codes = If you saved recovery codes, each one gets you in once. Look in your password manager, or on paper.
no-way-password = A new password doesn’t help: you’ll still need the second step.
no-way-operator = If you’ve lost all of these, only the operator of { $service } can let you back in.
no-way-contact = Ask for help
password-show = Show
password-show-label = Show password

## Refused forms

title-error = Error:
summary-title = There is a problem
problem-slow-down = Too many tries. Wait { $wait }, then try again.
problem-busy = We’re busy right now. Try again in { $wait }.

## A password that cannot be set

password-error-missing = Choose a password.
password-error-too-short = Choose a password of at least { $min } characters.
password-error-too-long = Choose a password of at most { $max } characters.
password-error-characters = That password has a hidden character that we can’t accept. Type it again without it.
password-error-same = That’s your current password. Choose a different one.
password-error-common = That password is widely used or has leaked, so attackers try it first. Choose a few unrelated words instead.
password-error-padded = That’s a widely used password with a little added, so attackers try it early. Choose a few unrelated words instead.
password-error-own-words = That password is too close to your name, your email address or the name of this service. Choose a few unrelated words instead.
password-error-repetitive = That password repeats the same characters, so it is easy to guess. Choose a few unrelated words instead.
password-error-sequence = That password follows the alphabet or the keyboard, so it is easy to guess. Choose a few unrelated words instead.

## Told once, on the next page

notice-registered = Almost there. One step left.
notice-verification-mailed = If that address is waiting to be confirmed, we’ve sent it a new link.
notice-email-corrected = Your address is changed. We’ve sent it a link to confirm.
notice-signed-out-unsaved = You were signed out, so nothing was saved. Sign in, then fill in the form again.
notice-unsaved = Nothing was saved yet. Finish this step, then fill in the form again.
notice-email-verified = Your email address is confirmed.
notice-recovery-mailed = If that account exists, we’ve emailed it a link. It can take a minute; look in spam too.
notice-password-reset = Your new password is set. Sign in with it.
notice-password-changed = Your password is changed, and you’re signed out everywhere else.
notice-password-common = Your password is on a list of widely used or leaked ones. Please choose a different one.
notice-profile-saved = Saved.
notice-email-change-mailed = If that address is free, we’ve sent it a link to confirm.
notice-email-changed = Your email address is changed.
notice-email-undo-closed = Undo is off. Your previous address can no longer undo the change.
notice-app-removed = That app can no longer use your account.
notice-app-signed-out = You’re signed out of that app. You can sign in to it again at any time.
notice-session-ended = That device is signed out.
notice-other-sessions-ended = You’re signed out on all other devices.
notice-deletion-scheduled = Your account will be deleted in 7 days. We’ve emailed you a link to keep it.
notice-deletion-undone = Your account is kept. Sign in to carry on.
notice-passkey-added = Your passkey is added. You can sign in with it from now on.
notice-first-passkey-added = Your passkey is added. Your password alone no longer signs you in.
notice-first-totp-added = Your authenticator app is added. Your password alone no longer signs you in.
notice-passkey-renamed = Passkey renamed.
notice-passkey-removed = Your passkey is removed, and you’re signed out everywhere else. Delete it from your device or password manager too.
notice-other-sign-in = You started another sign-in in this browser, so we didn’t use what you just sent. Sign in again.
notice-signed-out = You’re signed out.
notice-password-removed = Your password is removed, and you’re signed out everywhere else.
notice-browser-forgotten = That browser no longer skips the second step.
notice-factors-undone = Your address is restored. We removed ways to sign in that were added since it changed.

## On a development machine

dev-mail-hint = No email server is set up, so emails stay on this machine.
dev-mail-link = Read them here

## How long to wait: the rest of a sentence such as “Try again in …”

wait-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
wait-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
wait-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}

## How long ago; $count of age-now is always 0

age-now = just now
age-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
age-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
age-days = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}

date = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }

## What a browser runs on

device-both = { $browser } on { $system }
device-unknown = Unknown browser
