register-title = Sign up
register-email = Email address
register-username = Username
register-username-hint = 3 to 32 characters: a to z, 0 to 9, dot, hyphen or underscore.
register-password-hint = At least { $min } characters. A few unrelated words work well, and spaces are fine.
register-display-name = Display name
register-display-name-hint = The name you like to be called, in any script.
register-known = Already have an account?

email-missing = Enter your email address.
email-invalid = Enter an email address like name@example.com.
email-invisible = That address has an invisible character in it, as pasted text may have. Type it instead.
email-taken = That address belongs to another account. Enter another.
email-too-long = That email address is too long. Enter a shorter one.

username-missing = Choose a username.
username-too-short = Choose a username of at least { $min } characters.
username-too-long = Choose a username of at most { $max } characters.
username-characters = Choose a username of a to z, 0 to 9, dot, hyphen or underscore only.
username-ends = Choose a username that begins and ends with a letter or a digit.
username-official = That name is kept for the people who run this service. Choose another.
username-taken = That username is taken. Choose another.

display-name-too-long = Use at most { $max } characters for your display name.
display-name-characters = Your display name has a hidden character that we cannot show. Type it again without it.
display-name-official = That name is kept for the people who run this service. Choose another.
