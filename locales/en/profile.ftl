profile-title = Profile
profile-language-hint = For the mails we send you, and for these pages in this browser.
profile-language-browser = As the browser asks
profile-save = Save
profile-fixed = How you sign in
profile-slow-down = That was a lot of changes at once. Wait { $wait }, then save again.
profile-account = Your data and account
