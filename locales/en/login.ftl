login-title = Sign in
login-identifier = Username or email address
login-remember = Keep me signed in on this device
login-new-here = New here?
login-identifier-missing = Enter your username or email address.
login-password-missing = Enter your password.
login-refused = That name and password do not match. Check both, then try again.
