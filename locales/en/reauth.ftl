reauth-title = Is it you?
reauth-why = You are about to change something that protects the account { $username }. Enter its password once more.
reauth-go-on = Continue
