totp-title = Set up an authenticator app
totp-what = An authenticator app (such as Google Authenticator) shows a new code every 30 seconds. You enter it after your password, so the password alone is no use to anyone else.
totp-begin = Set up an app
totp-full = You have { $max } authenticator apps, the most you can have. Remove one first.
totp-back = Back to security
totp-scan = 1. Add the key to your app
totp-scan-how = Open the app, choose to add an account, and point the camera here.
totp-picture = QR code with the key for your app
totp-key-how = Or type this key into the app:
totp-open-app = Or open an app on this device
totp-show = 2. Enter the code it shows
totp-code = Code from your app
totp-code-hint = Six digits. They change every 30 seconds.
totp-code-unreadable = Enter the six digits that your app shows.
totp-code-wrong = That code isn’t right, or was already used. Wait for the next one, then enter it.
totp-name = Name
totp-name-hint = For example, the phone it is on.
totp-name-missing = Enter a name.
totp-name-too-long = Choose a name of at most { $max } characters.
totp-name-characters = That name has a hidden character that we can’t accept. Type it again without it.
totp-default-name = Authenticator app
totp-confirm = Finish

totp-rename-title = Rename your authenticator app
totp-rename = Save
totp-remove-title = Remove this authenticator app?
totp-remove-what = Codes from “{ $name }” will no longer work here.
totp-remove-last = This is your last one. After this, anyone with your password can get in, and your recovery codes stop working.
totp-remove-elsewhere = You’ll be signed out everywhere else.
totp-remove = Remove the app
totp-keep = Keep it

totp-challenge-title = Enter the code
totp-challenge-why = Open your authenticator app and enter the code it shows for { $username }.
totp-trust = Don’t ask again in this browser for 30 days
totp-go-on = Continue

## Below a page that asks for a factor

other-way-passkey = Use a passkey
other-way-totp = Use your authenticator app
other-way-recovery-code = Use a recovery code

notice-totp-added = Your authenticator app is added.
notice-totp-renamed = Saved.
notice-totp-removed = Your authenticator app is removed.
