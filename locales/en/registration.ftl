register-title = Sign up
register-email = Email address
register-username = Username
register-username-hint = 3 to 32 characters: a–z, 0–9, dots, hyphens and underscores.
register-password-hint = At least { $min } characters. A few unrelated words work well, and spaces are fine.
register-display-name = Display name
register-display-name-hint = What others see. Any language is fine.
register-known = Already have an account?

email-missing = Enter your email address.
email-invalid = Enter an email address like name@example.com.
email-invisible = That address has an invisible character in it, perhaps from pasting. Type it instead.
email-taken = Another account uses that address. Enter a different one.
email-too-long = That email address is too long. Enter a shorter one.

username-missing = Choose a username.
username-too-short = Choose a username of at least { $min } characters.
username-too-long = Choose a username of at most { $max } characters.
username-characters = Use only a–z, 0–9, dots, hyphens and underscores.
username-ends = Choose a username that begins and ends with a–z or 0–9.
username-official = That name is reserved for the people who run this service. Choose a different one.
username-taken = That username is taken. Choose a different one.

display-name-too-long = Use at most { $max } characters for your display name.
display-name-characters = Your display name has a hidden character that we can’t show. Type it again without it.
display-name-official = That name is reserved for the people who run this service. Choose a different one.
