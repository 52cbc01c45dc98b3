factors-title = How you sign in
factors-must = One more step: { $service } asks for a passkey or an authenticator app on your account. Add one here, and everything else is open to you again.
factors-on = The second step is on: your password alone does not open your account.
factors-off = Your password alone opens your account. Add a passkey or an authenticator app, and somebody who learns your password still stays outside.
factors-without-password = Your account has no password. You sign in with a passkey.
factors-first-then = After this, your password alone no longer signs you in. You get recovery codes in the next step, in case you lose your device.

factors-passkeys = Passkeys
factors-passkeys-hint = You unlock a passkey with your fingerprint, your face or the code of your device. It signs you in by itself, and a fake page cannot trick you out of it.
factors-passkey-add = Add a passkey
factors-apps = Authenticator apps
factors-apps-hint = An app on your phone shows a code that changes every 30 seconds. You enter it after your password.
factors-app-add = Add an authenticator app
factors-synced = On several devices
factors-added = Added { $age }
factors-never-used = Not used yet
factors-rename = Rename
factors-remove = Remove

factors-codes = Recovery codes
factors-codes-hint = For the day on which you have lost everything else: each code replaces the second step once. Keep them on paper, or wherever you keep your passwords.
factors-codes-too-early = They replace the second step on the day you have lost it. First add a passkey or an authenticator app.
factors-codes-left = Left
factors-codes-count = { $count ->
    [one] { $count } code
   *[other] { $count } codes
}
factors-codes-made = · made { $age }
factors-codes-unsaved-warning = You have not told us that you saved your recovery codes. If you have not, create new ones and save those.
factors-codes-make = Make recovery codes
factors-codes-make-new = Make new recovery codes
factors-codes-none-warning = You have no recovery codes. If you lose your second step, you cannot sign in. Make some now.
factors-codes-few-warning = { $count ->
    [one] You have { $count } recovery code left. Make new ones soon.
   *[other] You have { $count } recovery codes left. Make new ones soon.
}

factors-password-change = Change the password
factors-password-may-go = Your passkeys are enough to sign in with.
factors-password-remove = Remove the password
factors-password-needed = With two passkeys, or with one and recovery codes, you can do without a password.
factors-password-none = You have none, and need none.
factors-password-again = Set a password again

## Renaming and removing

factors-rename-title = Rename the passkey
factors-name = Name
factors-name-hint = What you know it by, such as “Phone” or “Key ring”. At most 64 characters.
factors-rename-save = Save the name
factors-back = Back to how you sign in
factors-remove-title = Remove this passkey?
factors-remove-what = The passkey “{ $name }” will no longer open your account. Delete it on your device too, or it will go on offering it.
factors-remove-last = It is your last one: from then on your password alone opens your account, and your recovery codes stop working.
factors-remove-required = { $service } asks for a passkey or an authenticator app on your account. You will have to add another one right away.
factors-remove-needed = Without this passkey you could be locked out: your account has no password, so it needs two passkeys, or one and recovery codes. Add another passkey first, or set a password again.
factors-remove-do = Remove the passkey
factors-remove-follows = You are signed out everywhere else, and browsers that skip the second step are asked for it again.

## Living without a password

passwordless-title = Remove your password
passwordless-then = From then on you sign in to { $username } with a passkey. There is no password any more that somebody could learn or guess.
passwordless-follows = You are signed out everywhere else.
passwordless-lost-title = If a passkey is lost
passwordless-lost-one = You sign in with another one, and remove the lost one.
passwordless-lost-only = You have one passkey, so keep your recovery codes safe: without a passkey you need one of them.
passwordless-recovery = With “Forgot your password?” on the sign-in page you get a link to { $email } that sets a password again. The link alone opens nothing: after it you are still asked for a passkey, a code of an authenticator app, or a recovery code.
passwordless-needed = To do without a password, your account needs two passkeys, or one and recovery codes.
passwordless-remove = Remove the password
factors-connected-apps = See the apps that you signed in to
