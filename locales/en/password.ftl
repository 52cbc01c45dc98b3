password-title = Password
password-what = Changing your password signs you out everywhere else.
password-present-set = Last changed { $age }.
password-present = Current password
password-change = Change your password
