recover-title = Set a new password
recover-link = Forgot your password?
recover-how = Enter your username or email address. If there is an account, we send a link to its address. It works for ten minutes.
recover-send = Send the link
recover-link-over = That link was used or is too old. Ask for a new one here.
reset-title = Choose a new password
reset-what = It is for the account { $username }. Wherever you are signed in now, you will be signed out.
reset-set = Set the password
