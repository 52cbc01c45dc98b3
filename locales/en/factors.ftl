factors-title = Security
factors-must = One more step: { $service } requires a passkey or an authenticator app on your account. Add one here, and you can use everything else again.
factors-on = The second step is on: your password alone doesn’t sign you in.
factors-off = Anyone with your password can get in. Add a passkey or an authenticator app to keep them out.
factors-without-password = Your account has no password. You sign in with a passkey.
factors-first-then = After this, your password alone no longer signs you in. Next, you get recovery codes in case you lose your device.

factors-passkeys = Passkeys
factors-passkeys-hint = Sign in with your fingerprint, face or screen lock. Nothing to remember, and nothing a fake page can steal.
factors-passkey-add = Add a passkey
factors-apps = Authenticator apps
factors-apps-hint = An app on your phone shows a code that changes every 30 seconds. You enter it after your password.
factors-app-add = Add an authenticator app
factors-synced = Synced
factors-added = Added { $age }
factors-never-used = Not used yet
factors-rename = Rename
factors-remove = Remove

factors-codes = Recovery codes
factors-codes-hint = If you lose your phone or passkey, each code gets you in once. Keep them on paper or in a password manager.
factors-codes-too-early = Add a passkey or an authenticator app first; then you can create recovery codes.
factors-codes-left = Left
factors-codes-count = { $count ->
    [one] { $count } code
   *[other] { $count } codes
}
factors-codes-made = · created { $age }
factors-codes-unsaved-warning = You haven’t confirmed that you saved your recovery codes. If you didn’t save them, create new ones and save those.
factors-codes-make = Create recovery codes
factors-codes-make-new = Create new recovery codes
factors-codes-none-warning = You have no recovery codes. If you lose your phone or passkey, you can’t sign in. Create some now.
factors-codes-few-warning = { $count ->
    [one] You have { $count } recovery code left. Create new ones soon.
   *[other] You have { $count } recovery codes left. Create new ones soon.
}

factors-password-change = Change your password
factors-password-may-go = You can sign in with passkeys alone.
factors-password-remove = Remove your password
factors-password-needed = With two passkeys, or one passkey and recovery codes, you can do without a password.
factors-password-none = No password. You sign in with a passkey.
factors-password-again = Set a password again

## Renaming and removing

factors-rename-title = Rename your passkey
factors-name = Name
factors-name-hint = A name you’ll recognise, such as “Phone” or “Security key”. At most 64 characters.
factors-rename-save = Save
factors-back = Back to security
factors-remove-title = Remove this passkey?
factors-remove-what = The passkey “{ $name }” will no longer sign you in. Delete it on your device too, so that it is no longer offered.
factors-remove-last = This is your last one. After this, anyone with your password can get in, and your recovery codes stop working.
factors-remove-required = { $service } requires a passkey or an authenticator app on your account, so you’ll have to add another one right away.
factors-remove-needed = Without this passkey you could be locked out. Your account has no password, so it needs two passkeys, or one passkey and recovery codes. Add another passkey first, or set a password again.
factors-remove-do = Remove the passkey
factors-remove-follows = You’ll be signed out everywhere else, and no browser skips the second step any more.

## Living without a password

passwordless-title = Remove your password
passwordless-then = You’ll sign in to { $username } with a passkey. There will be no password left to guess or steal.
passwordless-follows = You’ll be signed out everywhere else.
passwordless-lost-title = If you lose a passkey
passwordless-lost-one = Sign in with another one, then remove the lost one.
passwordless-lost-only = You have one passkey, so keep your recovery codes safe. Without the passkey you’ll need one of them.
passwordless-recovery = “Forgot your password?” on the sign-in page emails a link to { $email } that sets a password again. The link alone doesn’t sign you in: you’ll still need a passkey, a code from an authenticator app, or a recovery code.
passwordless-needed = To do without a password, you need two passkeys, or one passkey and recovery codes.
passwordless-remove = Remove your password
factors-connected-apps = See the apps that you signed in to
