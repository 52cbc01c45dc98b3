login-title = Sign in
login-identifier = Username or email
login-remember = Keep me signed in on this device
login-for-app = Sign in to go on to { $app }.
login-new-here = New here?
login-identifier-missing = Enter your username or email.

login-refused = Wrong username, email or password. Try again, or reset your password.
login-closing = This account is about to be deleted. To keep it, open the link we have just emailed you.
