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
password-wrong = That is not the password of this account. Check it, then try again.
back-to-account = Back to your account

## Below a challenge, for somebody who can use none of the ways

no-way = Can’t use any of these?
no-way-codes = If you saved recovery codes, each of them lets you in once. Look where you keep your passwords, or on paper.
no-way-password = A new password does not help: after it you are asked for the same.
no-way-operator = If you have lost all of these, only the operator of { $service } can let you in again.
no-way-contact = Ask for help
password-show = Show
password-show-label = Show password

## Refused forms

title-error = Error:
summary-title = There is a problem
problem-slow-down = Too many tries. Wait { $wait }, then try again.
problem-busy = We are busy right now. Try again in { $wait }.

## A password that cannot be set

password-error-missing = Choose a password.
password-error-too-short = Choose a password of at least { $min } characters.
password-error-too-long = Choose a password of at most { $max } characters.
password-error-characters = That password has a hidden character that we cannot accept. Type it again without it.
password-error-same = That is your present password. Choose another.
password-error-common = That password is widely used or has leaked somewhere, so it is tried first. Choose a few unrelated words instead.
password-error-padded = That is a widely used password with a little added, so it is tried early. Choose a few unrelated words instead.
password-error-own-words = That password is too close to your name, your email address or the name of this service. Choose a few unrelated words instead.
password-error-repetitive = That password repeats the same characters, so it is easy to guess. Choose a few unrelated words instead.
password-error-sequence = That password follows the alphabet or the keyboard, so it is easy to guess. Choose a few unrelated words instead.

## Told once, on the next page

notice-registered = Almost there. One step is left.
notice-verification-mailed = If that address waits to be confirmed, a new link is on its way.
notice-email-corrected = Your address is changed. A link to confirm it is on its way there.
notice-signed-out-unsaved = You are no longer signed in here, so nothing was saved. Sign in, then fill in the form again.
notice-unsaved = Nothing was saved yet. First comes this step; then fill in the form again.
notice-email-verified = Your email address is confirmed.
notice-recovery-mailed = If there is such an account, a link is on its way to its address.
notice-password-reset = Your new password is set. Sign in with it.
notice-password-changed = Your password is changed, and you are signed out everywhere else.
notice-password-common = Your password has turned up on a list of widely used or leaked ones. Please choose another.
notice-profile-saved = Saved.
notice-email-change-mailed = If the new address is free, a link to confirm it is on its way there.
notice-email-changed = Your email address is changed.
notice-email-undo-closed = The way back is closed. That mailbox can no longer undo the change.
notice-app-removed = That app no longer has access to your account.
notice-app-signed-out = You are signed out of that app. You can sign in to it again at any time.
notice-session-ended = That session is ended.
notice-other-sessions-ended = You are signed out everywhere else.
notice-deletion-scheduled = Your account will be deleted in 7 days. We sent you a link to keep it.
notice-deletion-undone = Your account stays. Sign in to use it.
notice-passkey-added = Your passkey is added. You can sign in with it from now on.
notice-first-passkey-added = Your passkey is added. Your password alone no longer signs you in.
notice-first-totp-added = Your authenticator app is added. Your password alone no longer signs you in.
notice-passkey-renamed = The passkey has its new name.
notice-passkey-removed = The passkey is removed, and you are signed out everywhere else. Delete it from your device or password manager too.
notice-other-sign-in = Another sign-in was begun in this browser, so what you sent was not looked at. Sign in again.
notice-signed-out = You are signed out.
notice-password-removed = Your password is removed, and you are signed out everywhere else.
notice-browser-forgotten = That browser is asked for the second step again.
notice-factors-undone = Your email address is back. Ways to sign in that were added since it was changed are removed.

## On a development machine

dev-mail-hint = No mail server is set, so emails stay on this machine.
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
