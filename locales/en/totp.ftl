totp-title = Set up an authenticator app
totp-what = An app on your phone shows a new code every 30 seconds. When you sign in, you enter one after your password, so that the password alone is of no use to anybody else.
totp-begin = Set up an app
totp-full = You have { $max } authenticator apps, and that is as many as we keep. Remove one first.
totp-back = Back to how you sign in
totp-scan = 1. Add the key to your app
totp-scan-how = Open the app, choose to add an account, and point the camera here.
totp-picture = QR code with the key for your app
totp-key-how = Or type this key into the app:
totp-open-app = Or open an app on this device
totp-show = 2. Show that it works
totp-code = Code from your app
totp-code-hint = Six digits. A new code comes every 30 seconds.
totp-code-unreadable = Enter the six digits that your app shows.
totp-code-wrong = That code is not right, or it was used already. Wait for the next one, then enter it.
totp-name = Name
totp-name-hint = So that you know it in the list, such as the phone it is on.
totp-name-missing = Give it a name.
totp-name-too-long = Choose a name of at most { $max } characters.
totp-name-characters = That name has a hidden character that we cannot accept. Type it again without it.
totp-default-name = Authenticator app
totp-confirm = Finish

totp-rename-title = Rename an authenticator app
totp-rename = Save
totp-remove-title = Remove an authenticator app?
totp-remove-what = Codes from “{ $name }” will not work here any more.
totp-remove-last = It is your last one: only your password will be asked for, and your recovery codes go too.
totp-remove-elsewhere = You are signed out everywhere else.
totp-remove = Remove
totp-keep = Keep it

totp-challenge-title = Enter the code
totp-challenge-why = Open your authenticator app for { $username } and enter the code that it shows now.
totp-trust = Do not ask again in this browser for 30 days
totp-go-on = Continue

## Below a page that asks for a factor

other-way-passkey = Use a passkey instead
other-way-totp = Use an authenticator app instead
other-way-recovery-code = Use a recovery code instead

notice-totp-added = Your authenticator app is set up.
notice-totp-renamed = Saved.
notice-totp-removed = The authenticator app is removed.
