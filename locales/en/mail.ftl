# The words of emails. $service is what the service is called. A subject names it; the title in the email does not.

mail-hello = Hello { $name },
mail-footer = Automatic email from { $service }. Replies aren't read.
mail-link-bare = If the button does not work, open this address in your browser:
mail-was-you = If this was you, there is nothing to do.
mail-confirm-address = Confirm this address
mail-set-password = Set a new password
mail-change-password = Change the password
mail-undo-email = Undo the change
mail-keep-account = Keep the account

## What happened

mail-when = When
mail-moment = { $date }, { $time } { $zone }
mail-browser = Browser
mail-network = Network
mail-name = Name

## How long a link works

mail-works-minutes = { $count ->
    [one] The link works once, within { $count } minute.
   *[other] The link works once, within { $count } minutes.
}
mail-works-hours = { $count ->
    [one] The link works once, within { $count } hour.
   *[other] The link works once, within { $count } hours.
}
mail-works-days = { $count ->
    [one] The link works once, within { $count } day.
   *[other] The link works once, within { $count } days.
}

## Sign-up

mail-verify-subject = Confirm your email address for { $service }
mail-verify-title = Confirm your email address
mail-verify-text = One step is left before you can use your { $service } account { $username }: confirm that this email address is yours.
mail-verify-not-you = If you did not sign up, ignore this email. We delete accounts that nobody confirms.

mail-taken-subject = You already have an account at { $service }
mail-taken-title = You already have an account
mail-taken-preheader = We did not create a second one.
mail-taken-text = Someone tried to sign up at { $service } with this email address. It already belongs to your account { $username }, so we did not create another. If it was you, just sign in.
mail-taken-forgotten = If you have forgotten your password:
mail-taken-not-you = If it was not you, there is nothing to do. Your account has not changed.

## Sign-in

mail-look-at-sessions = See where you're signed in
mail-new-browser-subject = New sign-in to your { $service } account
mail-new-browser-title = New sign-in to your account
mail-new-browser-text = Someone signed in to your { $service } account { $username } with a browser that we have not seen there before.
mail-new-browser-not-you = If it was not you, sign that browser out and change your password right away.

mail-failures-subject = { $count ->
    [one] New sign-in to { $service } after { $count } failed try
   *[other] New sign-in to { $service } after { $count } failed tries
}
mail-failures-title = { $count ->
    [one] New sign-in after { $count } failed try
   *[other] New sign-in after { $count } failed tries
}
mail-failures-text = { $count ->
    [one] Someone signed in to your { $service } account { $username } after { $count } failed try.
   *[other] Someone signed in to your { $service } account { $username } after { $count } failed tries.
}
mail-failures-not-you = If it was not you, someone else knows your password. Change it right away.

mail-second-failed-subject = Someone knows your { $service } password
mail-second-failed-title = Someone knows your password
mail-second-failed-text = Someone entered the right password of your { $service } account { $username }, and then failed two-step verification several times. They did not get in.
mail-second-failed-not-you = If it was not you, someone else knows your password. Change it right away.

## Passwords

mail-recover-subject = Set a new password for { $service }
mail-recover-title = Set a new password
mail-recover-text = We were asked for a new password for your { $service } account { $username }. If it was you, set one here.
mail-recover-not-you = If it was not you, ignore this email. Your password stays as it is.

mail-password-changed-subject = Your { $service } password was changed
mail-password-changed-title = Your password was changed
mail-password-changed-text = The password of your { $service } account { $username } was changed.
mail-password-changed-not-you = If it was not you, someone else may be using your account. Set a new password right away.

## Ways to sign in

mail-look-at-factors = See how you sign in
mail-totp-added-subject = An authenticator app was added to your { $service } account
mail-totp-added-title = An authenticator app was added
mail-totp-added = An authenticator app was added to your { $service } account { $username }.
mail-totp-removed-subject = An authenticator app was removed from your { $service } account
mail-totp-removed-title = An authenticator app was removed
mail-totp-removed = An authenticator app was removed from your { $service } account { $username }.
mail-passkey-added-subject = A passkey was added to your { $service } account
mail-passkey-added-title = A passkey was added
mail-passkey-added = A passkey was added to your { $service } account { $username }.
mail-passkey-removed-subject = A passkey was removed from your { $service } account
mail-passkey-removed-title = A passkey was removed
mail-passkey-removed = A passkey was removed from your { $service } account { $username }.
mail-recovery-codes-made-subject = New recovery codes for your { $service } account
mail-recovery-codes-made-title = New recovery codes
mail-recovery-codes-made = New recovery codes were created for your { $service } account { $username }. The old ones no longer work.
mail-recovery-code-used-subject = A recovery code of your { $service } account was used
mail-recovery-code-used-title = A recovery code was used
mail-recovery-code-used = { $left ->
    [0] Someone used a recovery code of your { $service } account { $username }. It was the last one: create new ones soon.
    [one] Someone used a recovery code of your { $service } account { $username }. { $left } is left.
   *[other] Someone used a recovery code of your { $service } account { $username }. { $left } are left.
}
mail-password-removed-subject = The password of your { $service } account was removed
mail-password-removed-title = Your password was removed
mail-password-removed = The password of your { $service } account { $username } was removed. You now sign in with a passkey.
mail-factors-reset-subject = Two-step verification of your { $service } account was turned off
mail-factors-reset-title = Two-step verification was turned off
mail-factors-reset = The operator of { $service } turned off two-step verification for your account { $username }.
mail-factors-undone-subject = New ways to sign in to your { $service } account were removed
mail-factors-undone-title = New ways to sign in were removed
mail-factors-undone = The email address of your { $service } account { $username } was restored. Ways to sign in that were added since it changed are removed.
mail-factors-not-you = If it was not you, someone else may be using your account. Remove what isn't yours and change the password right away.

## Addresses

mail-change-email-subject = Confirm your new email address for { $service }
mail-change-email-title = Confirm your new email address
mail-change-email-text = You asked { $service } to use this email address for your account { $username } from now on. It changes when you confirm.
mail-change-email-not-you = If it was not you, ignore this email. Without your confirmation nothing changes.

mail-in-use-subject = Your email address already belongs to your { $service } account
mail-in-use-title = Your email address is already in use
mail-in-use-preheader = We changed nothing.
mail-in-use-text = Someone tried to give this email address to another account at { $service }. It belongs to yours, so nothing changed.
mail-in-use-was-you = If it was you, sign in to the account that has this address, or choose a different address for the other one.
mail-in-use-not-you = If it was not you, there is nothing to do.

mail-email-changed-subject = The email address of your { $service } account was changed
mail-email-changed-title = Your email address was changed
mail-email-changed-text = Your { $service } account { $username } now has a different email address. Emails about it no longer come to this one.
mail-email-changed-not-you = If it was not you, undo the change and then set a new password.

## The end of an account

mail-deletion-subject = Your { $service } account is going to be deleted
mail-deletion-title = Your account is going to be deleted
mail-deletion-text = We will delete your { $service } account { $username } for good on { $date }, because you asked us to.
mail-deletion-was-you = If that is what you want, there is nothing to do.
mail-deletion-not-you = If it was not you, or if you have changed your mind, you can keep it until then.

mail-erased-subject = Your { $service } account was deleted
mail-erased-title = Your account was deleted
mail-erased-text = Your { $service } account { $username } and everything that belonged to it were deleted.
mail-erased-last = This is the last email about it.
mail-erased-not-you = If you did not ask for this, get in touch with the people who run { $service }.
