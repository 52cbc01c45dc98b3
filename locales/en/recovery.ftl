recover-title = Reset your password
recover-link = Forgot your password?
recover-how = Enter your username or email. If there is an account, we’ll email a link that works for ten minutes.
recover-send = Send the link
recover-link-over = That link was already used or has expired. Send yourself a new one here.
reset-title = Choose a new password
reset-what = For the account { $username }. You’ll be signed out everywhere.
reset-set = Set the password
