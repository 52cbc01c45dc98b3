password-title = Change your password
password-what = Wherever else you are signed in, you will be signed out.
password-present-set = The present password was set { $age }.
password-present = Current password
password-change = Change the password
