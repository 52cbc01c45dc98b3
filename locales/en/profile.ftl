profile-title = You
profile-language-hint = For the emails we send you, and for these pages in this browser.
profile-language-browser = Same as my browser
profile-save = Save
profile-fixed = Your sign-in name and email
profile-slow-down = That was a lot of changes at once. Wait { $wait }, then save again.
profile-account = Your data and account
profile-email-change = Change your email address
