passkey-sign-in = Sign in with a passkey
passkey-use = Use a passkey
passkey-login-title = Sign in with a passkey
passkey-second-title = One more step
passkey-login-why = Unlock your passkey the way you unlock your device: by fingerprint, face or screen lock.
passkey-second-why = Now use your passkey to finish signing in as { $username }.
passkey-reauth-why = This affects the security of your account { $username }. Confirm with your passkey.
passkey-trust = Don’t ask again in this browser for 30 days
passkey-way-totp = Use your authenticator app
passkey-way-recovery-code = Use a recovery code
passkey-somebody-else = Use another account
passkey-password-instead = Sign in with your password

## What the browser may answer, on the page

passkey-cancelled = You didn’t use a passkey. You can try again.
passkey-failed = Your browser couldn’t use a passkey here. Try again, or choose another way.
passkey-slow = Too many tries from your network. Wait a minute, then try again.
passkey-busy = We’re busy right now. Try again in a moment.
passkey-known = This device already has a passkey for your account.
passkey-unsupported = Passkeys need JavaScript on this page and a browser that supports them. You can also choose another way.
passkey-not-offered = Passkeys don’t work here, because this service’s address is a number, not a name. The operator can change that.

## What the server answers

passkey-missing = We didn’t get a passkey. Try again.
passkey-over = That took too long, or was sent twice. Try again.
passkey-refused = That passkey doesn’t work here. Try another one, or choose another way.

## The passkeys of an account

passkeys-title = Passkeys
passkeys-hint = Sign in with your fingerprint, face or screen lock. Nothing to remember, and nothing a fake page can steal.
passkeys-synced = Synced
passkeys-created = Added { $age }
passkeys-used = Last used { $age }
passkeys-never-used = Not used yet
passkeys-rename = Rename
passkeys-new-name = New name
passkeys-save = Save
passkeys-remove = Remove
passkeys-add-title = Add a passkey
passkeys-add-hint = Your device or password manager keeps the passkey and asks you to unlock it.
passkeys-name = Name
passkeys-name-hint = So you can recognise it later.
passkeys-add = Add a passkey
passkeys-back = Back to security
passkeys-add-missing = We didn’t get a passkey. Try again.
passkeys-add-over = That took too long, or was sent twice. Try again.
passkeys-add-refused = We couldn’t add that passkey. Try again, or use another device.
passkeys-full = You have 20 passkeys, the most you can have. Remove one to add another.
passkeys-name-missing = Enter a name for the passkey.
passkeys-name-too-long = Use at most 64 characters for the name.
passkeys-name-characters = That name has a hidden character. Type it again without it.
