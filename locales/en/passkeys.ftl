passkey-sign-in = Sign in with a passkey
passkey-use = Use a passkey
passkey-login-title = Sign in with a passkey
passkey-login-why = Unlock your passkey the way you unlock your device: by fingerprint, face or screen lock.
passkey-second-why = Your password is right. Show a passkey of the account { $username } to go on.
passkey-reauth-why = You are about to change something that protects the account { $username }. Show one of its passkeys once more.
passkey-trust = Do not ask again in this browser for 30 days
passkey-way-totp = Use a code from your authenticator app
passkey-way-recovery-code = Use a recovery code
passkey-somebody-else = Sign in as somebody else
passkey-password-instead = Sign in with a password

## What the browser may answer, on the page

passkey-cancelled = No passkey was used. Try again whenever you like.
passkey-failed = Your browser could not use a passkey here. Try again, or choose another way.
passkey-slow = Too many tries from your network. Wait a minute, then try again.
passkey-busy = The service is busy. Try again in a moment.
passkey-known = This device already has a passkey for your account.
passkey-unsupported = A passkey needs JavaScript on this page, and a browser that supports passkeys. You can also choose another way.
passkey-not-offered = Passkeys do not work here, because the address of this service is a number and not a name. Its operator can change that.

## What the server answers

passkey-missing = No passkey arrived. Try again.
passkey-over = That took too long, or was sent twice. Try again.
passkey-refused = That passkey does not open an account here. Try another one, or choose another way.

## The passkeys of an account

passkeys-title = Passkeys
passkeys-hint = With a passkey you sign in by fingerprint, face or screen lock. Nothing can be guessed, and it works on this site alone.
passkeys-synced = Synced
passkeys-created = Added { $age }
passkeys-used = Last used { $age }
passkeys-never-used = Not used yet
passkeys-rename = Rename
passkeys-new-name = New name
passkeys-save = Save
passkeys-remove = Remove
passkeys-add-title = Add a passkey
passkeys-add-hint = Your device or password manager keeps it, and asks you to unlock it.
passkeys-name = Name
passkeys-name-hint = To recognize it later.
passkeys-add = Add a passkey
passkeys-back = Back to how you sign in
passkeys-add-missing = No passkey arrived. Try again.
passkeys-add-over = That took too long, or was sent twice. Try again.
passkeys-add-refused = That passkey could not be added. Try again, or use another device.
passkeys-full = You have 20 passkeys, which is the most. Remove one to add another.
passkeys-name-missing = Enter a name for the passkey.
passkeys-name-too-long = Use at most 64 characters for the name.
passkeys-name-characters = That name has a hidden character. Type it again without it.
