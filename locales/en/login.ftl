login-title = Sign in
login-identifier = Username or email address
login-remember = Keep me signed in on this device
login-for-app = Sign in to go on to { $app }.
login-new-here = New here?
login-identifier-missing = Enter your username or email address.

login-refused = That name and password do not match. Check both, then try again.
login-closing = This account is about to be deleted. To keep it, open the link that we just sent to its address again.
