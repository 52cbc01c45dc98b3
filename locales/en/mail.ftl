# The words of emails. $service is what the service is called.

mail-hello = Hello { $username },
mail-hello-nobody = Hello,
mail-footer = { $service } sent this email by itself. Nobody reads replies to it.
mail-link-bare = If the button does not work, open this address in your browser:
mail-was-you = If this was you, there is nothing to do.
mail-confirm-address = Confirm this address
mail-set-password = Set a new password
mail-change-password = Change the password
mail-undo-email = Take the change back
mail-keep-account = Keep the account

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

## Somebody signed up

mail-verify-subject = Confirm your email address for { $service }
mail-verify-text = One step is left before you can use your { $service } account { $username }: confirm that this email address is yours.
mail-verify-not-you = If you did not sign up, ignore this email. An account that nobody confirms is removed by itself.

mail-taken-subject = You already have an account at { $service }
mail-taken-text = Somebody tried to sign up at { $service } with this email address. It already belongs to your account { $username }, so no other was made. If it was you, just sign in.
mail-taken-forgotten = If you have forgotten your password:
mail-taken-not-you = If it was not you, there is nothing to do. Your account is as it was.

## Passwords

mail-recover-subject = Set a new password for { $service }
mail-recover-text = Somebody asked for a new password for your { $service } account { $username }. If it was you, set one here.
mail-recover-not-you = If it was not you, ignore this email. Your password stays as it is.

mail-password-changed-subject = Your { $service } password was changed
mail-password-changed-text = The password of your { $service } account { $username } was changed.
mail-password-changed-not-you = If it was not you, somebody else may be using your account. Set a new password right away.

mail-failures-subject = A sign-in to your { $service } account after failed tries
mail-failures-text = { $count ->
    [one] Somebody signed in to your { $service } account { $username } after { $count } failed try.
   *[other] Somebody signed in to your { $service } account { $username } after { $count } failed tries.
}
mail-failures-not-you = If it was not you, somebody else knows your password. Change it right away.

## What proves whose the account is

mail-look-at-factors = See how you sign in
mail-factors-subject = The way you sign in to { $service } was changed
mail-totp-added = An authenticator app was added to your { $service } account { $username }.
mail-totp-removed = An authenticator app was removed from your { $service } account { $username }.
mail-passkey-added = A passkey was added to your { $service } account { $username }.
mail-passkey-removed = A passkey was removed from your { $service } account { $username }.
mail-recovery-codes-made = New recovery codes were made for your { $service } account { $username }. The old ones no longer work.
mail-recovery-code-used = { $left ->
    [0] A recovery code of your { $service } account { $username } was used. It was the last one: make new ones soon.
    [one] A recovery code of your { $service } account { $username } was used. { $left } is left.
   *[other] A recovery code of your { $service } account { $username } was used. { $left } are left.
}
mail-password-removed = The password of your { $service } account { $username } was removed. From now on you sign in with a passkey.
mail-factors-reset = The operator of { $service } switched the second step off for your account { $username }.
mail-factors-undone = The change of the email address of your { $service } account { $username } was taken back. Ways to sign in that were added after it were removed.
mail-factors-not-you = If it was not you, somebody else may be using your account. Take out what is not yours and change the password right away.

mail-second-failed-subject = Somebody knows your { $service } password
mail-second-failed-text = Somebody signed in to your { $service } account { $username } with the right password, and failed at the second step several times. They did not get in.
mail-second-failed-you = If this was you, there is nothing to do.
mail-second-failed-not-you = If it was not you, somebody else knows your password. Change it right away.

## Addresses

mail-change-email-subject = Confirm your new email address for { $service }
mail-change-email-text = You asked { $service } to use this email address for your account { $username } from now on. The change is made when you confirm it.
mail-change-email-not-you = If it was not you, ignore this email. Without your confirmation nothing changes.

mail-in-use-subject = Your email address already belongs to your { $service } account
mail-in-use-text = Somebody tried to give this email address to another account at { $service }. It belongs to yours, so nothing was changed.
mail-in-use-was-you = If it was you, sign in to the account that has this address, or choose a different address for the other one.
mail-in-use-not-you = If it was not you, there is nothing to do.

mail-email-changed-subject = The email address of your { $service } account was changed
mail-email-changed-text = Your { $service } account { $username } now has a different email address. Emails about it no longer come to this one.
mail-email-changed-not-you = If it was not you, take the change back and then set a new password.

## The end of an account

mail-deletion-subject = Your { $service } account is going to be deleted
mail-deletion-text = Your { $service } account { $username } will be deleted for good on { $date }, as was asked for.
mail-deletion-was-you = If that is what you want, there is nothing to do.
mail-deletion-not-you = If it was not you, or if you have changed your mind, you can keep it until then.

mail-erased-subject = Your { $service } account was deleted
mail-erased-text = Your { $service } account { $username } and everything that belonged to it were deleted.
mail-erased-last = This is the last email about it.
mail-erased-not-you = If you did not ask for this, get in touch with the people who run { $service }.
